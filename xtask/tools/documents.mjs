// Makes the documents of the npm package: documents.mjs ROOT PACKAGE
//
// ROOT is the repository, PACKAGE holds package.json already. The guide's pages
// go into guide/, and README.md gets links that work where it is read: npm's
// site resolves a relative link against a repository, which package.json does
// not name, so a link leads to the file of the published package.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown } from './pages.mjs';

const [root, target] = process.argv.slice(2);
const { name, version } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
/** Where the files of a published version are, each as it is. */
const FILES = `https://unpkg.com/${name}@${version}/`;

/**
 * Without what says which test runs a block.
 * @param {string} text
 */
const untested = (text) => text.replaceAll(/^<!-- test: \S+ -->\n/gm, '');

const pages = join(root, 'www/guide');
mkdirSync(join(target, 'guide'), { recursive: true });
for (const [page, text] of markdown(pages, join(root, 'pkg-template/index.d.ts'), join(root, 'tests/README.md'))) {
  writeFileSync(join(target, `guide/${page}.md`), untested(text));
}
copyFileSync(join(pages, 'turn.svg'), join(target, 'guide/turn.svg'));

const readme = untested(readFileSync(join(root, 'README.md'), 'utf8'))
  // What is in the repository alone.
  .replaceAll(/\[([^\]]+)\]\(www\/examples\/[^)]*\)/g, '`$1`')
  .replaceAll(/\]\((?:www\/|pkg-template\/)?((?!https?:|#)[^)]+)\)/g, `](${FILES}$1)`);
writeFileSync(join(target, 'README.md'), readme);

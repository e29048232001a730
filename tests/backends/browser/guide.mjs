// The code blocks of the guides, which are what the tests run.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// What the package is built with takes the types out of the pages' modules.
const { transform } = createRequire(new URL('../../../xtask/tools/package.json', import.meta.url))('esbuild');

export const GUIDES = join(import.meta.dirname, '../../../www/guide');
/** Where the guides say that the API is. */
const PLACEHOLDER = 'https://api.example.com';

/** The fenced blocks of a guide: `{ language, title, text }`, where a block's first comment is its title. */
export async function blocksOf(name) {
  const guide = await readFile(join(GUIDES, `${name}.md`), 'utf8');
  return [...guide.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text]) => ({
    language,
    title: /^\s*\/\/ (.+)\n/.exec(text)?.[1] ?? null,
    text,
  }));
}

/** The page's module with this title, in JavaScript, for the API at `url`. */
export async function moduleOf(name, title, url) {
  const blocks = (await blocksOf(name)).filter((block) => block.language === 'ts' && block.title === title);
  if (blocks.length !== 1) throw new Error(`${name}.md: found ${blocks.length} blocks "// ${title}", expected one`);
  const parts = blocks[0].text.split(PLACEHOLDER);
  if (parts.length !== 2) throw new Error(`${name}.md: "// ${title}" has to name ${PLACEHOLDER} once`);
  return (await transform(parts.join(url), { loader: 'ts' })).code;
}

// The code blocks of the guides, which are what the tests run.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

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

/** The page's module with this title, for the API at `url`. */
export async function moduleOf(name, title, url) {
  const blocks = (await blocksOf(name)).filter((block) => block.language === 'js' && block.title === title);
  if (blocks.length !== 1) throw new Error(`${name}.md: found ${blocks.length} blocks "// ${title}", expected one`);
  const parts = blocks[0].text.split(PLACEHOLDER);
  if (parts.length !== 2) throw new Error(`${name}.md: "// ${title}" has to name ${PLACEHOLDER} once`);
  return parts.join(url);
}

// The examples of a page of the guide as files in JavaScript, by the names
// that stand before them.
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';

const text = readFileSync(new URL('../../../www/guide/server-rendering.md', import.meta.url), 'utf8');
const blocks = new Map([...text.matchAll(/<!-- test: (\S+) -->\n```(\w+)\n([^]*?)^```/gm)].map(([, name, language, code]) => [name, { language, code }]));

/** An example without its types; a component of Svelte as it stands. */
export function guide(name) {
  if (!blocks.has(name)) throw new Error(`server-rendering.md: no example has <!-- test: ${name} --> before it`);
  const { language, code } = blocks.get(name);
  return language === 'svelte' ? code : transformSync(code, { loader: language, jsx: 'preserve' }).code;
}

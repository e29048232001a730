// The examples of README.md and of www/guide/libraries.md, by the names that
// stand before them.
import { readFileSync } from 'node:fs';

const blocks = (path) => {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  return new Map([...text.matchAll(/<!-- test: (\S+) -->\n```\w+\n([^]*?)```/g)].map(([, name, code]) => [name, code]));
};

function examples(path) {
  const found = blocks(path);
  const example = (name) => {
    if (!found.has(name)) throw new Error(`${path}: no example has <!-- test: ${name} --> before it`);
    return found.get(name);
  };
  return Object.assign(example, { names: [...found.keys()] });
}

export const readme = examples('README.md');
export const recipe = examples('www/guide/libraries.md');

// The Markdown of the guide's pages, with what is made of other files.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { options } from './options.mjs';

/**
 * The section of a document below a heading of the second level.
 * @param {string} file
 * @param {string} heading
 */
function section(file, heading) {
  const found = readFileSync(file, 'utf8').split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (!found) throw new Error(`${file} has no section "${heading}"`);
  return found.slice(heading.length).replaceAll(/\]\(\.\.?\/[^)]*\)/g, ']()');
}

/** Where the core's errors and their texts are. */
const ERRORS = new URL('../../src/core/error.rs', import.meta.url);

/** A table of the core's messages, by code. */
function messages() {
  const codes = new Map([...readFileSync(ERRORS, 'utf8').matchAll(/Self::(\w+) => "([a-z]+-[a-z]+|disposed)"/g)].map(([, name, code]) => [name, code]));
  const list = readFileSync(ERRORS, 'utf8').split('faults! {')[1];
  /** @type {[code: string | undefined, retryable: string, text: string][]} */
  const rows = [...list.matchAll(/^ {4}\w+: (\w+), (true|false),\n\s+"([^"]*)"/gm)].map(([, kind, retryable, text]) => [codes.get(kind), retryable, text]);
  if (rows.length < 20 || rows.some(([code]) => !code)) throw new Error('src/core/error.rs: the list of faults is not as it was');
  const lines = rows.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0)).map(([code, retryable, text]) => `| \`${code}\` | ${text} | ${retryable === 'true' ? 'yes' : 'no'} |`);
  return ['| code | message | worth another try |', '|---|---|---|', ...lines].join('\n');
}

/**
 * The Markdown of each page, by its name.
 * @param {string} pages the folder of the files
 * @param {string} types index.d.ts, of which the reference of the options is made
 * @param {string} failures the document with the table of peers' failures
 */
export function markdown(pages, types, failures) {
  /** @type {Record<string, () => string>} */
  const generated = {
    messages,
    options: () => options(types),
    failures: () => section(failures, 'Failures of others').slice(1).split('\n\n').filter((part) => part.trim().startsWith('|')).join('\n'),
  };
  const names = readdirSync(pages).filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -3));
  return new Map(
    names.map((name) => {
      const text = readFileSync(join(pages, `${name}.md`), 'utf8');
      return [name, text.replaceAll(/<!-- generated: (\w+) -->/g, (_, what) => generated[what]())];
    }),
  );
}

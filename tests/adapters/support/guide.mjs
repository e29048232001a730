// The examples of the guide, by the names that stand before them, and how
// each becomes a module of an application.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { compile as compileSvelte } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';

const folder = fileURLToPath(new URL('../../../www/guide', import.meta.url));
// Those of the backends are run with the backends.
const backends = readdirSync(new URL('../../backends', import.meta.url));
const CODE = /^(?:js|jsx|ts|tsx|vue|svelte)$/;

/** `{ language, code, page }` by name. */
export const blocks = new Map();
/** Examples without a name, as `page: first line`. */
export const unmarked = [];
for (const page of readdirSync(folder).filter((file) => file.endsWith('.md') && !backends.includes(file.slice(0, -3)))) {
  const text = readFileSync(join(folder, page), 'utf8');
  for (const [, name, language, code] of text.matchAll(/(?:<!-- test: (\S+) -->\n)?^```(\w+)\n([^]*?)^```/gm)) {
    if (!CODE.test(language)) continue;
    if (!name) unmarked.push(`${page}: ${code.split('\n')[0]}`);
    assert.ok(!blocks.has(name), `two examples are called ${name}`);
    if (name) blocks.set(name, { language, code, page });
  }
}

export function example(name) {
  assert.ok(blocks.has(name), `no example is called ${name}`);
  return blocks.get(name);
}

/** The script of a single-file component of Vue, its template compiled into it. */
export function vueScript(code, name) {
  const { descriptor } = parse(code, { filename: `${name}.vue` });
  return compileScript(descriptor, { id: name, inlineTemplate: true }).content;
}

/** An example as a module in JavaScript. */
export async function javascript(name) {
  const { code, language } = example(name);
  if (language === 'svelte') return compileSvelte(code, { filename: `${name}.svelte`, generate: 'client' }).js.code;
  const script = language === 'vue' ? vueScript(code, name) : code;
  const tsconfigRaw = { compilerOptions: { jsx: 'react-jsx', experimentalDecorators: true, useDefineForClassFields: false } };
  return (await transform(script, { loader: language === 'vue' ? 'ts' : language, tsconfigRaw, jsx: 'automatic' })).code;
}

/** An esbuild plugin with an example as the module `guide`, other examples by
 * the paths that it imports, and further modules by their texts. */
export const parts = (name, { examples = {}, texts = {} } = {}) => ({
  name: 'guide',
  setup(build) {
    const names = { guide: name, ...examples };
    build.onResolve({ filter: /.*/ }, ({ path, resolveDir }) => {
      if (path in names || path in texts) return { path, namespace: 'guide', pluginData: resolveDir };
    });
    build.onLoad({ filter: /.*/, namespace: 'guide' }, async ({ path, pluginData: resolveDir }) => ({
      contents: path in names ? await javascript(names[path]) : texts[path],
      resolveDir,
    }));
  },
});

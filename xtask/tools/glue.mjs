// How wasm-bindgen's engine.js gets into the bundle: as a function that makes
// an instance, so that after a trap there can be another one. What of it this
// package has no use for is left out. An edit that finds nothing, as with
// another version of wasm-bindgen, fails the build.
import { readFile } from 'node:fs/promises';

/**
 * What it is about, where it is, and what takes its place.
 * @typedef {[name: string, pattern: RegExp, replacement: string | ((...found: string[]) => string)]} Edit
 */

/** A view is made for each text: there are few, and memory that grows without
 * WebAssembly leaves the old views as they were. */
/** @type {Edit} */
const VIEW = ['cached view', /let (cached(\w+)Memory0) = null;\n(function \w+\(\) \{)[^]*?\n\}/g, '$3 return new $2(wasm.memory.buffer); }'];

/** @type {Edit[]} */
const EDITS = [
  ['import of the module', /import source wasmModule from "\.\/engine_bg\.wasm";/, ''],
  [
    'instance',
    /let wasmInstance = new WebAssembly\.Instance\(wasmModule, __wbg_get_imports\(\)\);\nlet wasm = wasmInstance\.exports;/,
    'const made = await machine.instantiate(source, __wbg_get_imports());\nconst wasm = (made.instance ?? made).exports;',
  ],
  // esbuild puts the number in the place of an enum's member.
  [
    'enum',
    /^export const (\w+) = Object\.freeze\(\{\n([^}]*)\}\);/gm,
    (_, name, members) => `export enum ${name} {\n${members.replace(/^ *(\w+): (\d+), "\2": "\1",$/gm, '$1 = $2,')}}`,
  ],
  // The host frees its engine, and a module that trapped is let go as a whole.
  ['finalization', /const EngineFinalization = [^;]*;/, ''],
  ['registration', /EngineFinalization\.(?:un)?register\([^)]*\);/g, ''],
  ['disposal', /if \(Symbol\.dispose\) Engine\.prototype\[Symbol\.dispose\] = Engine\.prototype\.free;/, ''],
  // The platform encodes a text: no path of its own for ASCII is needed where
  // a refresh has a few.
  ['reallocation', /, wasm\.__wbindgen_realloc\)/g, ')'],
  ['path without reallocation', /if \(realloc === undefined\) (\{[^}]*\})[^]*?\n\}/, '$1\n}'],
  VIEW,
  // What the module imports of the shell is the shell's own file, not the copy
  // that wasm-bindgen makes of it.
  ['import of the shell', /(['"])\.\/snippets\/[^'"]*\/src\/web\//, '$1./'],
  ['object without a prototype', /__proto__: null,/g, ''],
  ['decoder that is tried', /cachedTextDecoder\.decode\(\);/, ''],
];

/**
 * Gives imports and exports the short names that wasm-opt gave them.
 * @param {string} text
 * @param {{ imports: [from: string, name: string, short: string][], exports: [name: string, short: string][] }} names
 */
function renamed(text, { imports, exports }) {
  const short = new Map(exports);
  const calls = text.replace(/\bwasm\.(\w+)/g, (_, name) => {
    if (!short.has(name)) throw new Error(`glue.mjs: the module has no export ${name}`);
    return `wasm.${short.get(name)}`;
  });
  return imports.reduce((text, [from, name, short]) => {
    if (!text.includes(`${name}: function`)) throw new Error(`glue.mjs: engine.js has no import ${name}`);
    // The minified name of the only module that something is imported from.
    return text.replace(`${name}: function`, `${short}: function`).replace(`"${from}":`, 'a:');
  }, calls);
}

/**
 * Makes the edits, each of which has to find its place.
 * @param {string} text
 * @param {Edit[]} edits
 */
function edited(text, edits) {
  return edits.reduce((text, [name, pattern, replacement]) => {
    if (text.search(pattern) < 0) throw new Error(`glue.mjs: the generated code has changed, found no place for: ${name}`);
    return text.replace(pattern, /** @type {string} */ (replacement));
  }, text);
}

/** @param {string} text */
const uncommented = (text) => text.replace(/\/\*\*[^]*?\*\//g, '');

/**
 * The text of a module in which `instantiate(source)` gives what wasm-bindgen
 * exports, and `module`.
 * @param {string} text
 * @param {string} module
 */
function factory(text, module) {
  /** @type {string[]} */
  const outside = [];
  /** @type {string[]} */
  const exported = [];
  const body = text
    .replace(/^(?:import .*;|export enum [^}]*\})$/gm, (declaration) => (outside.push(declaration), ''))
    .replace(/^export (class|function) (\w+)/gm, (_, kind, name) => (exported.push(name), `${kind} ${name}`));
  return `${outside.join('\n')}
export async function instantiate(source, machine = WebAssembly) {
${body}
return { ${exported.join(', ')}, module: ${module} };
}`;
}

/** @type {import('esbuild').Plugin} */
export const glue = {
  name: 'glue',
  setup(build) {
    build.onLoad({ filter: /[\\/]engine\.js$/ }, async ({ path }) => {
      const names = JSON.parse(await readFile(path.replace(/js$/, 'names.json'), 'utf8'));
      const text = edited(uncommented(await readFile(path, 'utf8')), EDITS);
      // The enums are TypeScript's.
      return { contents: factory(renamed(text, names), 'made.module ?? source'), loader: 'ts' };
    });
  },
};

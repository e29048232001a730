// How pkg-template/machine gets into the bundle: with the numeric instructions
// that the module has which it is to run, and no others.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Module, decoded } from '../../pkg-template/machine/machine.js';
import { OPERATIONS } from '../../pkg-template/machine/operations.js';

/**
 * The opcodes of a module.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
function opcodes(bytes) {
  const module = /** @type {import('../../pkg-template/machine/machine.js').Sections} */ (/** @type {object} */ (new Module(bytes)));
  return module[10].flatMap((body) => decoded(body, module[1]).code.map(({ code }) => code));
}

/** @type {import('esbuild').Plugin} */
export const machine = {
  name: 'machine',
  setup(build) {
    build.onLoad({ filter: /[\\/]machine[\\/]operations\.js$/ }, async ({ path }) => {
      const used = new Set(opcodes(await readFile(join(dirname(path), '../engine.wasm'))));
      const text = await readFile(path, 'utf8');
      const kept = text.replace(/^ {2}(0x\w+): .*\n/gm, (line, op) => (used.has(Number(op)) ? line : ''));
      const count = kept.split(/^ {2}0x/m).length - 1;
      if (count !== [...used].filter((op) => op in OPERATIONS).length) throw new Error('machine.mjs: operations.js is not one instruction a line');
      return { contents: kept };
    });
  },
};

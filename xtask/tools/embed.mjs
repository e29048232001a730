// How the module gets into the bundle: `import packed from './engine.wasm'`
// gives its text, as pack.mjs makes it, and `import unpacker from
// './unpack.wat'` the base64url of what makes the module of that.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import binaryen from 'binaryen';
import { unpack } from '../../pkg-template/machine/unpack.js';
import { pack } from './pack.mjs';

/** @type {import('esbuild').Plugin} */
export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
      const { text, module } = pack(await readFile(path));
      const unpacker = await assembled(join(dirname(path), 'unpack.wat'));
      for (const [name, made] of /** @type {const} */ ([
        ['unpack.wat', unpacked(text, unpacker)],
        ['unpack.js', unpack(text)],
      ])) {
        if (Buffer.compare(made, module)) throw new Error(`embed.mjs: ${name} does not make ${basename(path)} of its text`);
      }
      return { contents: JSON.stringify(text), loader: 'json' };
    });
    build.onLoad({ filter: /\.wat$/ }, async ({ path }) => ({
      contents: JSON.stringify((await assembled(path)).toString('base64url')),
      loader: 'json',
    }));
  },
};

/**
 * The module of a text in WebAssembly's own format.
 * @param {string} path
 */
export async function assembled(path) {
  const module = binaryen.parseText(await readFile(path, 'utf8'));
  try {
    binaryen.setOptimizeLevel(2);
    binaryen.setShrinkLevel(2);
    module.optimize();
    return Buffer.from(module.emitBinary());
  } finally {
    module.dispose();
  }
}

/**
 * As pkg-template/packed.js does it.
 * @param {string} text
 * @param {Buffer<ArrayBuffer>} unpacker
 */
function unpacked(text, unpacker) {
  // The types of Node.js have no constructors for it.
  const { Instance, Module } = Reflect.get(globalThis, 'WebAssembly');
  const { exports } = new Instance(new Module(unpacker));
  const memory = Buffer.from(exports.memory.buffer);
  const end = 0x400 + memory.write(text, 0x400, 'ascii');
  return memory.subarray(0x2_0000, exports.unpack(end));
}

import { bytesOf } from './document.js';
// Last: brotli makes more of the text where it does not come first.
import packed from './engine.wasm';
import unpacker from './unpack.wat';

export { packed };

/** The module's bytes out of the text that xtask/tools/pack.mjs makes. */
export function unpacked() {
  const { exports } = /** @type {any} */ (new WebAssembly.Instance(new WebAssembly.Module(bytesOf(unpacker))));
  const memory = new Uint8Array(exports.memory.buffer);
  const { written } = new TextEncoder().encodeInto(packed, memory.subarray(0x400));
  return memory.slice(0x2_0000, exports.unpack(0x400 + written));
}

// Where the engine comes from: the module that is packed into this file or one
// that the application names; fallback.js, the same engine in JavaScript, where
// WebAssembly cannot run.

import { bytesOf } from './document.js';
import { instantiate } from './engine.js';
// Last: brotli makes more of the text where it does not come first.
import packed from './engine.wasm';
import unpacker from './unpack.wat';

/** What is said where neither can be had. */
export const WHERE =
  "neither the WebAssembly module nor fallback.js could be loaded: a Content-Security-Policy has to allow 'wasm-unsafe-eval' or that file; where there is no such file, as in a service worker, import 'evertoken/js'";

/** Gives an engine; `module` is what the one before it was made of. */
export async function begin(source, module) {
  if (source === undefined) {
    try {
      return await instantiate(module ?? unpacked());
    } catch {
      // Missing, or forbidden by a Content-Security-Policy.
      const { instantiate } = await import('./fallback.js');
      return instantiate();
    }
  }
  let found = await (typeof source === 'string' || source instanceof URL ? fetch(source) : source);
  if (found instanceof Response) {
    if (!found.ok) throw new Error(`${found.url}: expected a module, found status ${found.status}`);
    found = await found.arrayBuffer();
  }
  return instantiate(found);
}

/** The module's bytes out of the text that xtask/tools/pack.mjs makes. */
function unpacked() {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(unpacker)));
  const memory = new Uint8Array(exports.memory.buffer);
  const { written } = new TextEncoder().encodeInto(packed, memory.subarray(0x400));
  return memory.slice(0x2_0000, exports.unpack(0x400 + written));
}

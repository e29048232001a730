// Where the engine comes from: the module that is packed into this file or one
// that the application names. Where WebAssembly cannot run it, fallback.js does.

import { unpacked } from './packed.js';
import { instantiate } from './engine.js';

/** What is said where neither can be had. */
export const WHERE =
  "neither the WebAssembly module nor fallback.js could be loaded: a Content-Security-Policy has to allow 'wasm-unsafe-eval' or that file; where there is no such file, as in a service worker, import 'evertoken/js'";

/** Gives an engine; `module` is what the one before it was made of. */
export async function begin(source, module) {
  if (source === undefined) {
    try {
      return await instantiate(module ?? unpacked(WebAssembly));
    } catch {
      // Missing, or forbidden by a Content-Security-Policy.
      const machine = await import('./fallback.js');
      return { ...(await instantiate(new machine.Module(unpacked(machine)), machine)), module: undefined };
    }
  }
  let found = await (typeof source === 'string' || source instanceof URL ? fetch(source) : source);
  if (found instanceof Response) {
    if (!found.ok) throw new Error(`${found.url}: expected a module, found status ${found.status}`);
    found = await found.arrayBuffer();
  }
  return instantiate(found);
}

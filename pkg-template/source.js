// Where the engine comes from: the module that is packed into this file or one
// that the application names. Where WebAssembly cannot run it, fallback.js does.

import { packed, unpacked } from './packed.js';
import { instantiate } from './engine.js';

/** What is said where neither can be had. */
export const WHERE =
  "neither the WebAssembly module nor fallback.js could be loaded: a Content-Security-Policy has to allow 'wasm-unsafe-eval' or that file; a service worker has to import it at its start, or 'evertoken/js' in place of 'evertoken'";

/**
 * Gives an engine; `module` is what the one before it was made of.
 * @param {unknown} source
 * @param {WebAssembly.Module} [module]
 * @returns {Promise<import('./engine.js').Instance>}
 */
export async function begin(source, module) {
  if (source === undefined) {
    try {
      return await instantiate(module ?? unpacked());
    } catch {
      // Missing, or forbidden by a Content-Security-Policy.
      const machine = Reflect.get(globalThis, Symbol.for(`evertoken.fallback ${VERSION}`)) ?? (await import('./fallback.js'));
      return { ...(await instantiate(new machine.Module(machine.unpack(packed)), machine)), module: undefined };
    }
  }
  let found = await (typeof source === 'string' || source instanceof URL ? fetch(source) : source);
  if (found instanceof Response) {
    if (!found.ok) throw new Error(`${found.url}: expected a module, found status ${found.status}`);
    found = await found.arrayBuffer();
  }
  return instantiate(found);
}

// Loading: one module for all managers of a page, made when the first one is.

import packed from './engine.wasm';
import * as engine from './engine.js';
import { TokenError } from './error.js';
import { TokenManager } from './manager.js';

export { TokenError };

let loading;
const managers = new Set();

/** Loads the module; see index.d.ts. */
export function init(source) {
  loading ??= load(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source) {
  if (typeof WebAssembly !== 'object') {
    throw new TokenError('not-supported', { message: 'WebAssembly is not available here' });
  }
  try {
    await engine.default({ module_or_path: source ?? unpacked() });
  } catch (cause) {
    const message = "the WebAssembly module could not be loaded; a Content-Security-Policy has to allow 'wasm-unsafe-eval'";
    throw new TokenError('not-supported', { message, cause });
  }
}

/** The module's bytes, of which each is a character of the text. */
function unpacked() {
  const { alphabet, text } = packed;
  const byteOf = new Uint8Array(0x200);
  for (let byte = 0; byte < 256; byte++) byteOf[alphabet.charCodeAt(byte)] = byte;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = byteOf[text.charCodeAt(at)];
  return bytes;
}

/** Makes a manager; see index.d.ts. */
export async function createTokenManager(config) {
  await init();
  const make = (config, host, page, now) => new engine.Engine(config, host, page, now, Math.random());
  const manager = await TokenManager.create(config, make, crashed);
  for (const reference of managers) if (!reference.deref()) managers.delete(reference);
  managers.add(new WeakRef(manager));
  return manager;
}

/** A trap leaves the module in no state to be used: every manager on it ends
 * with an error, and the next one is made on a new instance. */
function crashed(error) {
  for (const reference of managers) {
    const manager = reference.deref();
    if (manager) TokenManager.crash(manager, error);
  }
  managers.clear();
  engine.__wbg_reset_state();
}

/** Decodes a token; see index.d.ts. */
export function decodeJwt(token) {
  const json = typeof token === 'string' ? engine.decode(token) : undefined;
  try {
    return json === undefined ? null : JSON.parse(json);
  } catch {
    return null; // nested deeper than JSON.parse can follow
  }
}

// Loading: one instance of the engine for all managers of a page, made when
// the first one is. Where it comes from says source.js, and in the entry
// evertoken/js source-js.js.

import { decode } from './document.js';
import { TokenError } from './error.js';
import { TokenManager } from './manager.js';
import { WHERE, begin } from './source.js';

export { TokenError };

/**
 * @typedef {import('./engine.js').Instance} Instance
 * @typedef {import('./host.js').Host} Host
 */

/** @type {Promise<void> | undefined} */
let loading;
/** @type {Instance | undefined} */
let engine;
/**
 * The hosts of the managers that are on the present instance.
 * @type {Set<Host>}
 */
const hosts = new Set();

/**
 * Loads the module; see index.d.ts.
 * @param {unknown} [source]
 * @returns {Promise<void>}
 */
export function init(source) {
  loading ??= begin(source, engine?.module).then(
    (begun) => void (engine = begun),
    (cause) => {
      loading = undefined;
      throw new TokenError('not-supported', { message: WHERE, cause });
    },
  );
  return loading;
}

/** What a test's environment or an engine may not have, and all of this needs. */
const NEEDED = ['AbortController', 'Headers', 'TextDecoder', 'TextEncoder', 'URL'];

/**
 * Makes a manager; see index.d.ts.
 * @param {unknown} config
 */
export async function createTokenManager(config) {
  const lacking = NEEDED.filter((name) => !(name in globalThis));
  if (lacking.length) throw new TokenError('not-supported', { message: `this environment has no ${lacking.join(', ')}: bring a polyfill, in Jest jest-fixed-jsdom` });
  const loaded = init().then(() => ({ kind: /** @type {Instance} */ (engine).module ? 'wasm' : 'js', make, closed: (/** @type {Host} */ host) => hosts.delete(host), trapped }));
  // Where the configuration cannot be read either, only that is told.
  loaded.catch(() => {});
  return TokenManager.create(config, loaded);
}

/** @type {(host: Host, policy: unknown, wall: number, mono: number) => import('./engine.js').Engine} */
function make(host, policy, wall, mono) {
  const made = new /** @type {Instance} */ (engine).Engine(host, policy, wall, mono, Math.random());
  hosts.add(host);
  return made;
}

/**
 * A trap leaves the module in no state to be used: every manager on it ends
 * with an error, and the next one is made on a new instance.
 * @param {TokenError} error
 */
function trapped(error) {
  for (const host of hosts) host.crash(error);
  hosts.clear();
  loading = undefined;
  init().catch(() => {}); // createTokenManager rejects with it
}

/**
 * Decodes a token; see index.d.ts.
 * @param {unknown} token
 */
export function decodeJwt(token) {
  return typeof token === 'string' ? decode(token) : null;
}

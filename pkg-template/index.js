// Loading: one instance of the module for all managers of a page, made when
// the first one is. Where WebAssembly cannot run, fallback.js has the same
// engine in JavaScript.

import { bytesOf, decode } from './document.js';
import { instantiate } from './engine.js';
import { TokenError } from './error.js';
import { TokenManager } from './manager.js';
// Last: brotli makes more of the text where it does not come first.
import packed from './engine.wasm';
import unpacker from './unpack.wat';

export { TokenError };

let loading;
let engine;
/** The hosts of the managers that are on the present instance. */
const hosts = new Set();

/** Loads the module; see index.d.ts. */
export function init(source) {
  loading ??= load(source).catch((cause) => {
    loading = undefined;
    const message = "neither the WebAssembly module nor fallback.js could be loaded; a Content-Security-Policy has to allow 'wasm-unsafe-eval' or that file";
    throw new TokenError('not-supported', { message, cause });
  });
  return loading;
}

async function load(source) {
  if (source === undefined) {
    try {
      engine = await instantiate(engine?.module ?? unpacked());
    } catch {
      // Missing, or forbidden by a Content-Security-Policy.
      const { instantiate } = await import('./fallback.js');
      engine = await instantiate();
    }
    return;
  }
  let found = await (typeof source === 'string' || source instanceof URL ? fetch(source) : source);
  if (found instanceof Response) {
    if (!found.ok) throw new Error(`${found.url}: expected a module, found status ${found.status}`);
    found = await found.arrayBuffer();
  }
  engine = await instantiate(found);
}

/** The module's bytes out of the text that xtask/tools/pack.mjs makes. */
function unpacked() {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(unpacker)));
  const memory = new Uint8Array(exports.memory.buffer);
  const { written } = new TextEncoder().encodeInto(packed, memory.subarray(0x400));
  return memory.slice(0x2_0000, exports.unpack(0x400 + written));
}

/** Makes a manager; see index.d.ts. */
export async function createTokenManager(config) {
  const loaded = init().then(() => ({ kind: engine.module ? 'wasm' : 'js', make, closed: (host) => hosts.delete(host), trapped }));
  // Where the configuration cannot be read either, only that is told.
  loaded.catch(() => {});
  return TokenManager.create(config, loaded);
}

function make(host, policy, wall, mono) {
  const made = new engine.Engine(host, policy, wall, mono, Math.random());
  hosts.add(host);
  return made;
}

/** A trap leaves the module in no state to be used: every manager on it ends
 * with an error, and the next one is made on a new instance. */
function trapped(error) {
  for (const host of hosts) host.crash(error);
  hosts.clear();
  loading = undefined;
  init().catch(() => {}); // who makes a manager hears of it
}

/** Decodes a token; see index.d.ts. */
export function decodeJwt(token) {
  return typeof token === 'string' ? decode(token) : null;
}

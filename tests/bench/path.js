// What the path of a request does not do: each thing that it could do is
// counted, in a page where everything else is as it is elsewhere.
import { makeWorld } from './world.js';

const WARM_UP = 5000;

/** Counts the calls of some methods. */
function counted(counts, name, owner, ...methods) {
  counts[name] = 0;
  for (const method of methods) {
    const original = owner[method];
    owner[method] = function (...given) {
      counts[name]++;
      return Reflect.apply(original, this, given);
    };
  }
}

/** Counts the calls into modules that are made from now on. */
function countCallsInto(counts) {
  const { instantiate } = WebAssembly;
  counts['calls into the module'] = 0;
  WebAssembly.instantiate = async (...given) => {
    const { module, instance } = await instantiate(...given);
    const exports = {};
    for (const [name, value] of Object.entries(instance.exports)) {
      exports[name] = typeof value !== 'function' ? value : (...args) => (counts['calls into the module']++, value(...args));
    }
    return { module, instance: { exports } };
  };
}

async function manager(world) {
  globalThis.fetch = world.fetch;
  const { createTokenManager } = await import('/named.js');
  const auth = await createTokenManager({ baseUrl: world.api, refresh: '/refresh', refreshToken: { in: 'body' }, proactive: false });
  await auth.setTokens({ accessToken: world.access, refreshToken: world.refresh, expiresIn: world.lifetime });
  return auth;
}

/** What was called in so many requests. */
export async function calls(requests) {
  const counts = {};
  countCallsInto(counts);
  counted(counts, 'JSON.parse', JSON, 'parse');
  counted(counts, 'JSON.stringify', JSON, 'stringify');
  counted(counts, 'texts into the module', TextEncoder.prototype, 'encode', 'encodeInto');
  counted(counts, 'texts out of the module', TextDecoder.prototype, 'decode');
  counts['URLs taken apart'] = 0;
  globalThis.URL = new Proxy(URL, {
    construct: (target, given) => (counts['URLs taken apart']++, new target(...given)),
  });
  counts['Headers or Request made'] = 0;
  for (const name of ['Headers', 'Request']) {
    globalThis[name] = new Proxy(globalThis[name], {
      construct: (target, given) => (counts['Headers or Request made']++, new target(...given)),
    });
  }
  const auth = await manager(makeWorld({ lifetime: 600 }));
  const before = { ...counts };
  if (!before['calls into the module'] || !before['JSON.parse'] || !before['texts into the module'] || !before['texts out of the module']) {
    throw new Error(`a start that does none of it, the counters count nothing: ${JSON.stringify(before)}`);
  }
  for (let i = 0; i < requests; i++) await auth.fetch('/data');
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - before[name]]));
}

/** Makes ready for a profile; gives what then runs so many requests. */
export async function prepared() {
  const world = makeWorld({ lifetime: 600 });
  const auth = await manager(world);
  const run = async (requests) => {
    for (let i = 0; i < requests; i++) await auth.fetch('/data');
  };
  await run(WARM_UP);
  globalThis.runRequests = run;
}

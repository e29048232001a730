// Rule 15: importing does nothing, and a server can use the manager.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { ENGINE, PKG, skipped, suite } from './support/suite.mjs';

const rule = suite();
/** A test of the loading of a module, which no page without WebAssembly has. */
const moduleRule = ENGINE === 'wasm' ? rule : () => {};

moduleRule('rule 15: importing touches no DOM, storage, network, timer or WebAssembly', async ({ open, said }) => {
  const page = await open('/blank');
  const touched = await page.evaluate(async () => {
    const touched = [];
    const watch = (object, name) => {
      const descriptor = Object.getOwnPropertyDescriptor(object, name);
      if (!descriptor?.configurable) return void touched.push(`${name} cannot be watched`);
      const note = () => touched.push(`${name} ${new Error().stack.split('\n')[3] ?? ''}`);
      Object.defineProperty(object, name, {
        configurable: true,
        get() {
          note();
          return descriptor.get ? descriptor.get.call(this) : descriptor.value;
        },
      });
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'WebAssembly', 'BroadcastChannel', 'setTimeout', 'setInterval', 'fetch', 'navigator', 'Worker']) watch(window, name);
    for (const name of ['cookie', 'visibilityState', 'head', 'body']) watch(Document.prototype, name);
    EventTarget.prototype.addEventListener = new Proxy(EventTarget.prototype.addEventListener, { apply: (f, self, args) => (touched.push(`addEventListener ${args[0]}`), Reflect.apply(f, self, args)) });
    const names = Object.keys(await import('/pkg/index.js'));
    if (!names.includes('createTokenManager')) touched.push('it was not imported');
    return touched;
  });
  assert.deepEqual(touched, []);
  assert.deepEqual(said, []);
});

rule('rule 15: a page whose storage and WebAssembly are forbidden can import it (L7)', async ({ open }) => {
  const page = await open('/');
  const seen = await page.evaluate(async () => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException('denied', 'SecurityError'); } });
    }
    delete window.WebAssembly;
    const { TokenError } = await import('/pkg/index.js');
    const auth = await kit.create();
    return { TokenError: typeof TokenError, engine: auth.inspect().engine };
  });
  assert.deepEqual(seen, { TokenError: 'function', engine: 'js' });
});

moduleRule('rule 15: a load that failed can be tried again, and init() may come first', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const { init, createTokenManager } = await import('/pkg/index.js');
    const first = await kit.outcome(init(new Uint8Array([1, 2, 3])));
    const second = await kit.outcome(init());
    const auth = await createTokenManager({ baseUrl: kit.api, refresh: '/refresh' });
    return { first: first.error?.code, second: second.value, status: auth.snapshot.status };
  });
  assert.deepEqual(seen, { first: 'not-supported', second: 'undefined', status: 'unknown' });
});

for (const [name, source] of [
  ['a string', (bytes) => URL.createObjectURL(new Blob([bytes]))],
  ['a URL', (bytes) => new URL(URL.createObjectURL(new Blob([bytes])))],
  ['bytes', (bytes) => bytes.buffer],
  ['a module', (bytes) => WebAssembly.compile(bytes)],
  ['a response', (bytes) => new Response(bytes)],
]) {
  moduleRule(`rule 15: init() takes the module as ${name}`, async ({ page }) => {
    const seen = await page.evaluate(async (source) => {
      const { instantiate } = WebAssembly;
      const given = [];
      WebAssembly.instantiate = (module, imports) => (given.push(module), instantiate(module, imports));
      const inner = await import('/pkg/index.js?bytes');
      await inner.init();
      const bytes = given.pop();
      const { init, createTokenManager } = await import('/pkg/index.js');
      await init(await eval(source)(bytes));
      const auth = await createTokenManager({ baseUrl: kit.api, refresh: '/refresh' });
      return { loads: given.length, own: given[0] === bytes, status: auth.snapshot.status };
    }, `(${source})`);
    assert.deepEqual(seen, { loads: 1, own: false, status: 'unknown' });
  });
}

moduleRule('rule 15: a response that is no module says which status it had', async ({ page }) => {
  const { error } = await page.evaluate(async () => kit.outcome((await import('/pkg/index.js')).init('/nothing.wasm')));
  assert.equal(error.code, 'not-supported');
  assert.match(error.cause.message, /nothing\.wasm: expected a module, found status 404/);
});

/** A test that has no page. */
const nodeRule = (name, run) => test(name, { timeout: 60_000, skip: skipped(name) }, run);

/** Runs a module in a Node.js of its own, which has to end by itself. */
async function run(code, ...args) {
  const source = `const index = ${JSON.stringify(pathToFileURL(`${PKG}/index.js`).href)};\n${code}`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args, '--input-type=module', '--eval', source], { timeout: 30_000 });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

nodeRule('rule 15: importing in Node.js touches nothing (L1)', async () => {
  const touched = await run(`
    const touched = [];
    for (const name of ['WebAssembly', 'fetch', 'setTimeout', 'setInterval', 'BroadcastChannel', 'navigator', 'document', 'window', 'localStorage', 'location']) {
      const value = globalThis[name];
      Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); return value; } });
    }
    const names = Object.keys(await import(index));
    const seen = touched.slice();
    console.log(JSON.stringify({ seen, names }));
  `);
  assert.deepEqual(touched.seen, []);
  assert.ok(touched.names.includes('createTokenManager'));
});

nodeRule('rule 15: on a server the manager works with memory storage and the given fetch, and keeps no process (L1)', async () => {
  const seen = await run(`
    const { createTokenManager } = await import(index);
    const calls = [];
    let tokens = 0;
    const auth = await createTokenManager({
      baseUrl: 'https://api.example',
      login: '/login', refresh: '/refresh', logout: '/logout',
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const { pathname } = new URL(request.url);
        calls.push(pathname + ' ' + (request.headers.get('authorization') ?? '-'));
        if (pathname === '/api' && request.headers.get('authorization') === 'Bearer t1') return new Response(null, { status: 401 });
        return pathname === '/api' ? new Response('ok') : Response.json({ token: 't' + ++tokens, refreshToken: 'r', expiresIn: 600 });
      },
    });
    const start = auth.snapshot.status;
    await auth.login({ user: 'alice' });
    const answer = await auth.fetch('/api');
    const inspection = auth.inspect();
    console.log(JSON.stringify({ start, status: answer.status, calls, storage: inspection.storage, lock: inspection.lock, due: inspection.nextRefreshAt > Date.now(), signedIn: auth.snapshot.status }));
    // No dispose: the process has to end although a refresh is planned.
  `);
  assert.deepEqual(seen, { start: 'unknown', status: 200, calls: ['/login -', '/api Bearer t1', '/refresh -', '/api Bearer t2'], storage: 'memory', lock: 'none', due: true, signedIn: 'signed-in' });
});

nodeRule('rule 15: on a server a storage that only browsers have degrades to memory', async () => {
  const seen = await run(`
    const { createTokenManager } = await import(index);
    const seen = [];
    for (const storage of ['local', 'session', 'indexeddb']) {
      const auth = await createTokenManager({ baseUrl: 'https://api.example', refresh: '/refresh', storage, fetch: async () => new Response() });
      await auth.setTokens({ accessToken: 'a', expiresIn: 60 });
      seen.push([await auth.getToken(), auth.inspect().storage, auth.inspect().degraded.length > 0]);
    }
    console.log(JSON.stringify(seen));
  `);
  assert.deepEqual(seen, [['a', 'memory', true], ['a', 'memory', true], ['a', 'memory', true]]);
});

nodeRule('rule 15: without a page a relative URL is no error until it is used, and is one then', async () => {
  const seen = await run(`
    const { createTokenManager } = await import(index);
    const auth = await createTokenManager({ refresh: '/refresh', singleUser: true });
    const error = await auth.refresh().catch((error) => error);
    console.log(JSON.stringify([error.code, error.retryable, error.message]));
  `);
  assert.deepEqual(seen.slice(0, 2), ['refresh-unavailable', false]);
  assert.match(seen[2], /^refresh: expected an absolute URL/);
});

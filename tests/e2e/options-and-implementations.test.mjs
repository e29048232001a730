// Options that the platform does not know reach the configured fetch, and other
// implementations of fetch work: without `cancel`, `clone` or streams, with
// Requests of their own (rule 3).
import assert from 'node:assert/strict';
import { Agent as HttpAgent } from 'node:http';
import { test } from 'node:test';
import crossFetch from 'cross-fetch';
import nodeFetch, { Request as NodeFetchRequest } from 'node-fetch';
import { Agent, fetch as undiciFetch, Request as UndiciRequest } from 'undici';
import { isReactive, reactive, ref } from 'vue';
import { createTokenManager, signedIn, startApi } from './support/api.mjs';

const ORIGIN = 'https://api.example';
const symbol = Symbol('of the application');
const OPTIONS = { next: { tags: ['a'] }, dispatcher: {}, cf: { cacheTtl: 5 }, proxy: 'http://proxy.example', priority: 'high', [symbol]: 1 };

/** A fetch in memory that refuses a token once, and what it was given. */
function memory() {
  const sent = [];
  const fetch = async (input, init) => {
    const request = typeof input === 'string' ? undefined : input;
    if ((request?.url ?? input).endsWith('/refresh')) return Response.json({ accessToken: 'new', refreshToken: 'r' });
    const headers = new Headers(request?.headers ?? init?.headers);
    sent.push({ input, init, authorization: headers.get('authorization'), csrf: headers.get('x-csrf') });
    return new Response(null, { status: headers.get('authorization') === 'Bearer new' ? 200 : 401 });
  };
  return { sent, fetch };
}

const form = new FormData();
form.append('a', 'b');
const INPUTS = {
  'a path': () => ['/x'],
  'a URL': () => [new URL('/x', ORIGIN)],
  'a string body': () => ['/x', { method: 'POST', body: 'x' }],
  'a form': () => ['/x', { method: 'POST', body: form }],
  'bytes': () => ['/x', { method: 'POST', body: new Uint8Array([1]) }],
  'a Request': () => [new Request(`${ORIGIN}/x`)],
  'a Request with a body': () => [new Request(`${ORIGIN}/x`, { method: 'POST', body: 'x' })],
  'a Request and a method': () => [new Request(`${ORIGIN}/x`), { method: 'DELETE' }],
};

for (const [name, make] of Object.entries(INPUTS)) {
  test(`options that no platform knows reach the fetch at each sending, with ${name}`, async (t) => {
    const { sent, fetch } = memory();
    const auth = await signedIn(t, ORIGIN, { fetch });
    const [input, init] = make();
    assert.equal((await auth.fetch(input, { ...init, ...OPTIONS })).status, 200);
    assert.deepEqual(sent.map(({ authorization }) => authorization), ['Bearer old', 'Bearer new']);
    for (const { init } of sent) for (const key of Reflect.ownKeys(OPTIONS)) assert.equal(init[key], OPTIONS[key], String(key));
  });
}

test('options that are inherited, or of another kind of object, are options too', async (t) => {
  const { sent, fetch } = memory();
  const auth = await signedIn(t, ORIGIN, { fetch });
  class Options {
    get method() {
      return 'PUT';
    }
  }
  for (const [make, method] of [[() => new Options(), 'PUT'], [() => Object.create({ method: 'PATCH' }), 'PATCH'], [() => new Request(`${ORIGIN}/`, { method: 'DELETE' }), 'DELETE']]) {
    sent.length = 0;
    await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
    assert.equal((await auth.fetch('/x', make())).status, 200);
    assert.deepEqual(sent.map(({ init }) => init.method), [method, method]);
  }
});

const PEERS = { 'node-fetch': nodeFetch, 'cross-fetch': crossFetch, undici: undiciFetch, 'the platform': undefined };
for (const [name, fetch] of Object.entries(PEERS)) {
  test(`${name}: a refused request is repaired, whatever its body`, async (t) => {
    const api = await startApi(t);
    for (const body of ['text', new URLSearchParams({ a: '1' }), new Uint8Array([65, 66])]) {
      api.seen.length = 0;
      const auth = await signedIn(t, api.origin, fetch && { fetch });
      const response = await auth.fetch('/x', { method: 'POST', body });
      assert.deepEqual([response.status, await response.text()], [200, 'accepted']);
      assert.equal(api.seen.length, 2);
      assert.equal(api.seen[1].body, api.seen[0].body);
    }
  });
}

// The one connection that there is: an answer that is not put away keeps it.
const REFUSAL = 'x'.repeat(1_000_000);
const CONNECTIONS = {
  'node-fetch': [nodeFetch, () => ({ agent: new HttpAgent({ keepAlive: true, maxSockets: 1 }) }), ({ agent }) => agent.destroy()],
  undici: [undiciFetch, () => ({ dispatcher: new Agent({ connections: 1 }) }), ({ dispatcher }) => dispatcher.destroy()],
};
for (const [name, [fetch, make, end]] of Object.entries(CONNECTIONS)) {
  test(`${name}: a refused answer gives its connection back`, { timeout: 20_000 }, async (t) => {
    const api = await startApi(t, { refusal: REFUSAL });
    const options = make();
    t.after(() => end(options));
    const auth = await signedIn(t, api.origin, { fetch });
    for (let round = 0; round < 3; round++) {
      await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
      const response = await auth.fetch('/x', options);
      assert.deepEqual([response.status, await response.text()], [200, 'accepted']);
    }
  });
}

const REQUESTS = {
  'node-fetch': [nodeFetch, (url, init) => new NodeFetchRequest(url, init)],
  undici: [undiciFetch, (url, init) => new UndiciRequest(url, init)],
  'an object without clone()': [undefined, (url, init) => ({ url, method: 'GET', ...init, headers: new Headers(init.headers) })],
};
for (const [name, [fetch, make]] of Object.entries(REQUESTS)) {
  test(`a Request of ${name} gets the token, is repaired, and stays as it is`, async (t) => {
    const api = await startApi(t);
    const auth = await signedIn(t, api.origin, fetch && { fetch });
    const request = make(`${api.origin}/x`, { method: 'POST', body: 'text', headers: { 'x-own': '1' } });
    for (const init of [undefined, { method: 'PUT' }]) {
      api.seen.length = 0;
      await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
      assert.equal((await auth.fetch(request, init)).status, 200);
      const told = api.seen.map(({ method, body, headers }) => [method, body, headers['x-own']]);
      const expected = [init?.method ?? 'POST', 'text', '1'];
      assert.deepEqual(told, [expected, expected]);
    }
    assert.equal(request.headers.get('authorization'), null);
  });
}

const ANSWERS = {
  'no body': () => ({}),
  'a body that cannot be put away': () => ({ body: {} }),
  'a cancel() that throws': () => ({ body: { cancel: () => { throw new Error('no'); } } }),
  'a cancel() that rejects': () => ({ body: { cancel: async () => Promise.reject(new Error('no')) } }),
  'a body that is locked': () => {
    const { body } = new Response('x');
    body.getReader();
    return { body };
  },
};
for (const [name, more] of Object.entries(ANSWERS)) {
  test(`an answer with ${name} is repaired`, async (t) => {
    const tokens = [];
    const fetch = async (url, init) => {
      if (url.endsWith('/refresh')) return Response.json({ accessToken: 'new', refreshToken: 'r' });
      tokens.push(init.headers.Authorization);
      // No headers, no clone, no streams.
      return { status: tokens.length === 1 ? 401 : 200, text: async () => '', ...more() };
    };
    const auth = await signedIn(t, ORIGIN, { fetch });
    assert.equal((await auth.fetch('/x')).status, 200);
    assert.deepEqual(tokens, ['Bearer old', 'Bearer new']);
  });
}

test('a replay without a pass does not carry what the first sending added', async (t) => {
  const { sent, fetch } = memory();
  const jar = { cookie: 'csrf=one' };
  globalThis.document = jar;
  t.after(() => delete globalThis.document);
  const refresh = async () => {
    jar.cookie = 'csrf=two';
    return { accessToken: 'new', expiresIn: 600 };
  };
  const auth = await signedIn(t, ORIGIN, { fetch, refresh, csrf: { cookie: 'csrf', header: 'x-csrf' } });
  await auth.fetch('/x', { method: 'POST', body: 'x' });
  assert.deepEqual(sent.map(({ authorization, csrf }) => [authorization, csrf]), [['Bearer old', 'one'], ['Bearer new', 'two']]);
});

test('a constant header goes to allowed origins and endpoints, signed in or not, and nowhere else', async (t) => {
  const seen = [];
  const fetch = async (input, init) => {
    const url = input.url ?? input;
    const headers = new Headers(init?.headers ?? input.headers);
    seen.push(`${init?.method ?? input.method ?? 'GET'} ${url} ${headers.get('x-requested-by')}`);
    if (/login|refresh/.test(url)) return Response.json({ accessToken: 'new', refreshToken: 'r' });
    return new Response(null, { status: headers.get('authorization') === 'Bearer old' ? 401 : 200 });
  };
  const auth = await createTokenManager({
    baseUrl: ORIGIN,
    login: '/login',
    refresh: '/refresh',
    logout: { url: '/logout', csrf: null },
    refreshToken: { in: 'body' },
    csrf: { header: 'x-requested-by', value: 'app' },
    fetch,
  });
  t.after(() => auth.dispose());
  await auth.fetch('/anonymous');
  await auth.login({ user: 'alice' });
  await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
  await auth.fetch('/x', { headers: { 'X-Requested-By': 'own' } });
  await auth.fetch(new Request(`${ORIGIN}/request`, { method: 'HEAD' }));
  await auth.fetch('https://other.example/x');
  await auth.logout();
  assert.deepEqual(seen, [
    `GET ${ORIGIN}/anonymous app`,
    `POST ${ORIGIN}/login app`,
    `GET ${ORIGIN}/x app`,
    `POST ${ORIGIN}/refresh app`,
    `GET ${ORIGIN}/x app`,
    `HEAD ${ORIGIN}/request app`,
    'GET https://other.example/x null',
    `POST ${ORIGIN}/logout null`,
  ]);
});

test('cookies that may not be read are no cookies: nothing fails, and there is no header', async (t) => {
  globalThis.document = { get cookie() { throw new Error('sandboxed'); } };
  t.after(() => delete globalThis.document);
  const { sent, fetch } = memory();
  const auth = await signedIn(t, ORIGIN, { fetch, csrf: { cookie: 'csrf', header: 'x-csrf' } });
  assert.equal((await auth.fetch('/x', { method: 'POST' })).status, 200);
  assert.deepEqual(sent.map(({ csrf }) => csrf), [null, null]);
});

test('a manager works in a reactive proxy', async (t) => {
  const { fetch } = memory();
  const auth = await signedIn(t, ORIGIN, { fetch });
  for (const held of [reactive({ auth }).auth, ref(auth).value]) {
    assert.ok(isReactive(held));
    const told = [];
    const off = held.on('signed-out', ({ reason }) => told.push(reason));
    const unsubscribe = held.subscribe(({ status }) => told.push(status));
    await held.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
    assert.equal(held.snapshot.status, 'signed-in');
    assert.equal(held.snapshot, auth.snapshot);
    assert.equal((await held.fetch('/x')).status, 200);
    assert.equal(await held.getToken(), 'new');
    assert.equal((await held.refresh()).status, 'signed-in');
    assert.equal((await held.restore()).status, 'signed-in');
    assert.equal(held.touch(), undefined);
    assert.equal(held.inspect().waiting, 0);
    await held.logout({ local: true });
    assert.deepEqual(told.slice(-2), ['signed-out', 'logout']);
    off();
    unsubscribe();
  }
  const held = reactive({ auth }).auth;
  held.dispose();
  await assert.rejects(held.fetch('/x'), { code: 'disposed' });
  assert.equal(JSON.stringify(auth), '{}');
});

test('an origin that is nearly an allowed one is named by inspect()', async (t) => {
  const fetch = async () => new Response('{}');
  const cases = [
    ['http://localhost:3000', 'http://127.0.0.1:3000/a?secret=1', 'http://127.0.0.1:3000', 'http://localhost:3000'],
    ['http://127.0.0.1:3000', 'http://localhost:3000/a', 'http://localhost:3000', 'http://127.0.0.1:3000'],
    ['https://www.app.example', 'https://app.example/a', 'https://app.example', 'https://www.app.example'],
    ['https://app.example', 'https://www.app.example/a', 'https://www.app.example', 'https://app.example'],
    ['https://app.example', 'https://app.example:8443/a'],
    ['https://app.example', 'http://www.app.example/a'],
    ['https://app.example', 'https://other.example/a'],
    ['https://app.example', 'https://app.example/a'],
  ];
  for (const [base, url, ...named] of cases) {
    const auth = await signedIn(t, base, { fetch });
    for (let i = 0; i < 2; i++) await auth.fetch(url);
    const { hints } = auth.inspect();
    assert.equal(hints.length, named.length ? 1 : 0, url);
    for (const origin of named) assert.ok(hints[0].includes(`${origin} `) || hints[0].includes(`${origin};`), hints[0]);
    assert.ok(!String(hints).includes('secret'));
  }
});

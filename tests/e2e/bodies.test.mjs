// Which bodies are sent twice is a closed list (rule 3). Everything else is
// sent once, its refused answer goes to the caller, and the refresh happens.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import nodeFetch from 'node-fetch';
import { signedIn, startApi } from './support/api.mjs';
import { suite } from './support/suite.mjs';

const form = () => {
  const made = new FormData();
  made.append('text', 'ünï');
  made.append('file', new Blob(['of a file']), 'a.txt');
  return made;
};
const TWICE = {
  nothing: () => undefined,
  null: () => null,
  'an empty string': () => '',
  'a string': () => 'text',
  'a Blob': () => new Blob(['blob'], { type: 'text/csv' }),
  FormData: form,
  URLSearchParams: () => new URLSearchParams({ a: 'ü &=' }),
  'an ArrayBuffer': () => new Uint8Array([1, 0, 255]).buffer,
  'a view': () => new Uint8Array([9, 1, 0, 255, 9]).subarray(1, 4),
  'a DataView': () => new DataView(new Uint8Array([9, 1, 0]).buffer, 1),
  'a Buffer': () => Buffer.from('of Node.js'),
};
const ONCE = {
  'a ReadableStream': () => new Blob(['stream']).stream(),
  'an async generator': () => (async function* () { yield Buffer.from('generated'); })(),
  'an async iterable': () => ({ async *[Symbol.asyncIterator]() { yield Buffer.from('iterated'); } }),
  'a stream of Node.js': () => Readable.from([Buffer.from('of Node.js')]),
  'the stream of a file': () => createReadStream(fileURLToPath(import.meta.url)),
};

for (const [name, make] of Object.entries(TWICE)) {
  test(`${name} is sent twice, and the same`, async (t) => {
    const api = await startApi(t);
    const auth = await signedIn(t, api.origin);
    const method = make() == null ? 'DELETE' : 'POST';
    const response = await auth.fetch('/x', { method, body: make() });
    assert.equal(response.status, 200);
    const [first, second, ...more] = api.seen;
    assert.deepEqual([more, api.refreshes], [[], 1]);
    const told = ({ method, type, body }) => ({ method, type, body });
    assert.deepEqual(told(second), told(first));
    assert.deepEqual([first.authorization, second.authorization], ['Bearer old', 'Bearer new-1']);
  });
}

for (const [name, make] of Object.entries(ONCE)) {
  for (const [kind, config] of [['the platform', {}], ['node-fetch', { fetch: nodeFetch }]]) {
    if (config.fetch && !name.includes('Node.js') && !name.includes('file')) continue;
    test(`${name} is sent once by ${kind}: the caller gets the refusal, and the token is refreshed`, async (t) => {
      const api = await startApi(t);
      const auth = await signedIn(t, api.origin, config);
      const response = await auth.fetch('/x', { method: 'POST', body: make(), duplex: 'half' });
      assert.deepEqual([response.status, await response.text(), api.seen.length, api.refreshes], [401, 'refused', 1, 1]);
      assert.ok(api.seen[0].body.length > 0);
      assert.equal((await auth.fetch('/x', { method: 'POST', body: make(), duplex: 'half' })).status, 200);
    });
  }
}

test('a body that can be sent once is the refusal of its caller though the refresh fails', async (t) => {
  const api = await startApi(t);
  const auth = await signedIn(t, api.origin, { refresh: async () => Promise.reject(new Error('no')) });
  const response = await auth.fetch('/x', { method: 'POST', body: new Blob(['stream']).stream(), duplex: 'half' });
  assert.deepEqual([response.status, await response.text()], [401, 'refused']);
});

test('a Request with a body is cloned, also where it is made of a stream', async (t) => {
  const api = await startApi(t);
  for (const body of ['text', new Blob(['stream']).stream()]) {
    api.seen.length = 0;
    const auth = await signedIn(t, api.origin);
    const request = new Request(`${api.origin}/x`, { method: 'PUT', body, duplex: 'half' });
    assert.equal((await auth.fetch(request)).status, 200);
    assert.deepEqual(api.seen.map(({ body }) => body), body === 'text' ? ['text', 'text'] : ['stream', 'stream']);
    assert.equal(request.bodyUsed, false);
  }
});

suite()('keepalive bodies are repaired within what the browser lets be in flight', async ({ page, server }) => {
  const size = 40 * 1024;
  server.on('api', (call, proceed) => (server.of('api').length === 1 ? call.reply(401, 'x'.repeat(2000)) : proceed()));
  const outcome = await page.evaluate(async (size) => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    return kit.outcome(auth.fetch('/api/posts', { method: 'POST', body: 'x'.repeat(size), keepalive: true }));
  }, size);
  assert.deepEqual(outcome, { value: 200 });
  assert.deepEqual(server.of('api').map(({ body }) => body.length), [size, size]);
});

// evertoken/axios in Node.js, by axios's adapter for it: what keeps a
// connection, and bodies that can be sent once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { AuthServer } from '../e2e/support/auth-server.mjs';
import { install } from './support/install.mjs';

const CODE = `
  export { default as axios } from 'axios';
  export { default as NodeForm } from 'form-data';
  export { createTokenManager, TokenError } from 'evertoken';
  export { attach } from 'evertoken/axios';
`;

let installed;
let app;
let server;
before(async () => {
  installed = await install();
  const file = join(installed.folder, 'app.mjs');
  await writeFile(file, CODE);
  app = await import(pathToFileURL(file).href);
  server = await new AuthServer().start();
});
after(async () => {
  await server?.stop();
  await installed?.remove();
});

/** A signed-in instance; `token()` is one that the server refuses from now on. */
async function start(t, options) {
  const auth = await app.createTokenManager({
    baseUrl: server.origin,
    login: '/login',
    refresh: '/refresh',
    key: `key-${Math.random()}`,
    singleUser: true,
    // A process has no user of its own; this one has.
    fetch: (...request) => fetch(...request),
  });
  t.after(() => auth.dispose());
  await auth.login({ user: 'alice' });
  const api = app.axios.create({ baseURL: server.origin, adapter: 'http', ...options });
  app.attach(api, auth);
  const counted = () => [server.count('api'), server.count('refresh')];
  const from = counted();
  return { auth, api, sent: () => counted().map((count, n) => count - from[n]) };
}

test('a refused answer that is a stream leaves no socket of the agent taken', { timeout: 20_000 }, async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const { api, sent } = await start(t, { httpAgent: agent });
  server.on('api', (call) => call.reply(401, 'x'.repeat(1_000_000)), 1);
  const { status, data } = await api.get('/api/posts', { responseType: 'stream' });
  assert.equal(status, 200);
  data.resume();
  await once(data, 'end');
  assert.deepEqual(sent(), [2, 1]);
  assert.deepEqual(Object.values(agent.requests), []);
});

test('a refused answer is put away where the refresh fails as well', { timeout: 20_000 }, async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const { api } = await start(t, { httpAgent: agent });
  server.on('api', (call) => call.reply(401, 'x'.repeat(1_000_000)), 1);
  server.on('refresh', (call) => call.reply(503), 1);
  const error = await api.get('/api/posts', { responseType: 'stream' }).catch((error) => error);
  assert.equal(error.code, 'refresh-unavailable');
  // The one socket is free.
  assert.equal((await api.get('/api/posts')).status, 200);
});

const bytes = new TextEncoder().encode('abc');
async function* generated() {
  yield bytes;
}
const form = () => {
  const made = new app.NodeForm();
  made.append('name', 'abc');
  return made;
};

for (const [name, body, headers] of [
  ['a stream of Node.js', () => Readable.from([bytes])],
  ['what a generator gives', () => Readable.from(generated())],
  ['a form of the package form-data', form],
]) {
  test(`${name} is sent once, and its first answer is the caller's`, { timeout: 20_000 }, async (t) => {
    const { api, sent } = await start(t);
    server.expire();
    const error = await api.post('/api/files', body(), { headers }).catch((error) => error);
    assert.equal(error.response?.status, 401, String(error));
    assert.equal(sent()[0], 1);
    // The refresh still happens.
    assert.equal((await api.get('/api/posts')).status, 200);
    assert.equal(sent()[1], 1);
  });
}

for (const [name, body] of [
  ['a text', () => 'abc'],
  ['an object', () => ({ a: 'abc' })],
  ['bytes', () => bytes],
  ['a Buffer', () => Buffer.from('abc')],
  ['an ArrayBuffer', () => bytes.slice().buffer],
  ['URLSearchParams', () => new URLSearchParams('a=abc')],
]) {
  test(`${name} is sent again, as it was`, { timeout: 20_000 }, async (t) => {
    const { api, sent } = await start(t);
    server.expire();
    assert.equal((await api.post('/api/files', body())).status, 200);
    assert.deepEqual(sent(), [2, 1]);
    const [first, second] = server.of('api').slice(-2);
    assert.match(first.text, /abc/);
    assert.equal(second.text, first.text);
  });
}

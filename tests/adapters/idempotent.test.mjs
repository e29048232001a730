// Every adapter, attached twice, detached in any order, and left behind by a
// manager that was disposed of: what an application does in strict mode, with
// hot reload, and in tests.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { install } from './support/install.mjs';

let installed;
let app;
before(async () => {
  installed = await install();
  const file = join(installed.folder, 'app.mjs');
  await writeFile(
    file,
    `
    export { default as axios } from 'axios';
    export { createApp, defineComponent, h } from 'vue';
    export { renderToString } from 'react-dom/server';
    export * as react from 'react';
    export { createTokenManager } from 'evertoken';
    export { attach } from 'evertoken/axios';
    export { openEvents } from 'evertoken/events';
    export { reconnect } from 'evertoken/socket';
    export * as forReact from 'evertoken/react';
    export { tokenStore } from 'evertoken/svelte';
    export { createClock, createMockServer } from 'evertoken/testing';
    export * as forVue from 'evertoken/vue';
  `,
  );
  app = await import(pathToFileURL(file).href);
});
after(() => installed?.remove());

/** A signed-in manager on a server of its own. */
async function manager(t, user = 'alice', clock = undefined) {
  const server = app.createMockServer({ clock, api: ({ user }) => ({ user }) });
  const auth = await app.createTokenManager({
    baseUrl: 'https://api.example.com',
    login: '/login',
    refresh: '/refresh',
    key: `key-${Math.random()}`,
    fetch: server.fetch,
    ...(clock && { clock }),
  });
  t.after(() => auth.dispose());
  await auth.login({ user });
  return { auth, server };
}

/** An instance of axios whose adapter says what reached it. */
function instance() {
  const seen = [];
  const adapter = async (config) => {
    seen.push(config.headers.Authorization ?? config.headers.authorization ?? null);
    return { status: 200, statusText: '', headers: {}, data: {}, config, request: {} };
  };
  return { api: app.axios.create({ baseURL: 'https://api.example.com', adapter }), adapter, seen };
}

const send = async ({ api, seen }) => (await api.get('/x'), seen.splice(0));

test('axios: attached twice is attached once', async (t) => {
  const { auth } = await manager(t);
  const one = instance();
  const offs = [app.attach(one.api, auth), app.attach(one.api, auth)];
  assert.deepEqual(await send(one), [`Bearer ${await auth.getToken()}`]);
  offs[0]();
  offs[0]();
  assert.deepEqual(await send(one), [`Bearer ${await auth.getToken()}`], 'the other attachment is still there');
  offs[1]();
  assert.equal(one.api.defaults.adapter, one.adapter);
  assert.deepEqual(await send(one), [null]);
});

for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1], [2, 0, 1]]) {
  test(`axios: detached in the order ${order}, the instance is what it was`, async (t) => {
    const managers = [await manager(t, 'alice'), await manager(t, 'bob')];
    const one = instance();
    const all = [managers[0], managers[1], managers[0]];
    const offs = all.map(({ auth }) => app.attach(one.api, auth));
    for (const n of order) offs[n]();
    assert.equal(one.api.defaults.adapter, one.adapter);
    assert.deepEqual(await send(one), [null]);
  });
}

test('axios: of two managers the one that was attached last is asked', async (t) => {
  const [alice, bob] = [await manager(t, 'alice'), await manager(t, 'bob')];
  const one = instance();
  app.attach(one.api, alice.auth);
  const off = app.attach(one.api, bob.auth);
  assert.deepEqual(await send(one), [`Bearer ${await bob.auth.getToken()}`]);
  off();
  assert.deepEqual(await send(one), [`Bearer ${await alice.auth.getToken()}`]);
});

test('axios: an adapter that was put over it stays, and sends without a token once it is detached', async (t) => {
  const { auth } = await manager(t);
  const one = instance();
  const off = app.attach(one.api, auth);
  const under = one.api.defaults.adapter;
  const over = (config) => under(config);
  one.api.defaults.adapter = over;
  off();
  assert.equal(one.api.defaults.adapter, over);
  assert.deepEqual(await send(one), [null]);
});

test('axios: an instance that was made of one that is attached has the token once', async (t) => {
  const [alice, bob] = [await manager(t, 'alice'), await manager(t, 'bob')];
  const one = instance();
  app.attach(one.api, alice.auth);
  const child = one.api.create();
  const before = child.defaults.adapter;
  const off = app.attach(child, bob.auth);
  assert.deepEqual(await send({ api: child, seen: one.seen }), [`Bearer ${await bob.auth.getToken()}`]);
  off();
  assert.equal(child.defaults.adapter, before);
});

test('axios: an instance whose manager was disposed of sends without a token', async (t) => {
  const { auth } = await manager(t);
  const one = instance();
  app.attach(one.api, auth);
  auth.dispose();
  assert.deepEqual(await send(one), [null]);
});

test('axios: a request that waits when its manager is disposed of is rejected', async (t) => {
  const clock = app.createClock();
  const { auth, server } = await manager(t, 'alice', clock);
  const one = instance();
  app.attach(one.api, auth);
  const refresh = server.hold('refresh');
  // The token has ended.
  clock.jump(3_600_000);
  const waiting = one.api.get('/x').catch((error) => error);
  await refresh.arrived;
  auth.dispose();
  refresh.release();
  assert.equal((await waiting).code, 'disposed');
  assert.deepEqual(one.seen, []);
});

test('vue: given twice, an application has the last manager, and Vue does not complain', async (t) => {
  const [alice, bob] = [await manager(t, 'alice'), await manager(t, 'bob')];
  const warn = t.mock.method(console, 'warn', () => {});
  let found;
  const one = app.createApp({ setup: () => () => null });
  one.use(app.forVue.createTokens(alice.auth));
  one.use(app.forVue.createTokens(bob.auth));
  one.runWithContext(() => (found = app.forVue.useTokenManager()));
  assert.equal(found, bob.auth);
  assert.deepEqual(warn.mock.calls.map(({ arguments: said }) => said), []);
});

test('react: a provider in a provider gives its own manager, and the bound hooks are the same functions', async (t) => {
  const [alice, bob] = [await manager(t, 'alice'), await manager(t, 'bob')];
  const { createElement, StrictMode } = app.react;
  const { TokenProvider, createTokenHooks, useSnapshot, useTokenManager } = app.forReact;
  const bound = createTokenHooks();
  assert.deepEqual([bound.TokenProvider, bound.useSnapshot, bound.useTokenManager], [TokenProvider, useSnapshot, useTokenManager]);
  let found;
  const Inner = () => ((found = bound.useTokenManager()), null);
  app.renderToString(createElement(StrictMode, null, createElement(TokenProvider, { manager: alice.auth }, createElement(TokenProvider, { manager: bob.auth }, createElement(Inner)))));
  assert.equal(found, bob.auth);
});

test('svelte: who stops listening twice has stopped, and nobody else', async (t) => {
  const { auth } = await manager(t);
  const store = app.tokenStore(auth, ({ status }) => status);
  const [one, two] = [[], []];
  const off = store.subscribe((status) => one.push(status));
  store.subscribe((status) => two.push(status));
  off();
  off();
  await auth.logout({ local: true });
  assert.deepEqual(one, ['signed-in']);
  assert.deepEqual(two, ['signed-in', 'signed-out']);
});

for (const [name, open] of [
  ['events', (auth) => app.openEvents(auth, '/events')],
  ['socket', (auth) => app.reconnect(auth, () => new Promise(() => {}))],
]) {
  test(`${name}: closed twice is closed once, and the manager goes on`, async (t) => {
    const { auth, server } = await manager(t);
    server.on('api', () => {});
    const [first, second] = [open(auth), open(auth)];
    first.close();
    first.close();
    assert.deepEqual(await first.closed, { reason: 'closed', error: undefined });
    second.close();
    second.close();
    assert.equal((await second.closed).reason, 'closed');
    server.clear('api');
    assert.equal((await auth.fetch('/x')).status, 200);
  });
}

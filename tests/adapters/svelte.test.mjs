// evertoken/svelte, with Svelte 5: in a component, and as a store.
import assert from 'node:assert/strict';
import { compile } from 'svelte/compiler';
import { suite } from './support/suite.mjs';

const component = `
  <script>
    let { session, user } = $props();
  </script>
  <p id="whole">{$session.status}</p>
  <p id="user">{$user ?? 'nobody'}</p>
`;

const svelte = {
  name: 'svelte',
  setup(build) {
    build.onResolve({ filter: /^App\.svelte$/ }, ({ resolveDir }) => ({ path: 'App.svelte', namespace: 'svelte', pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: 'svelte' }, ({ pluginData }) => ({
      contents: compile(component, { generate: 'client', dev: true, filename: 'App.svelte' }).js.code,
      resolveDir: pluginData,
    }));
  },
};

const code = `
  import { mount, unmount, flushSync } from 'svelte';
  import { derived, fromStore, get } from 'svelte/store';
  import { createTokenManager } from 'evertoken';
  import { tokenStore } from 'evertoken/svelte';
  import App from 'App.svelte';

  const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', logout: '/logout' });
  let subscribers = 0;
  const { subscribe } = auth;
  auth.subscribe = (listener) => {
    subscribers++;
    const off = subscribe(listener);
    return () => (subscribers--, off());
  };
  const session = tokenStore(auth);
  const user = tokenStore(auth, ({ claims }) => claims?.sub);
  window.app = {
    auth, get, derived, fromStore, session, user,
    get subscribers() { return subscribers; },
    mount() {
      const component = mount(App, { target: document.getElementById('root'), props: { session, user } });
      app.unmount = () => unmount(component);
    },
  };
`;

const check = suite()(code, { plugins: [svelte] });
const shows = (page, id, text) => page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text]);

check('Svelte: a component shows the state until it is unmounted', async ({ page }) => {
  await page.evaluate(() => app.mount());
  await shows(page, 'whole', 'unknown');
  await page.evaluate(() => app.auth.login({ user: 'alice' }));
  await shows(page, 'whole', 'signed-in');
  await shows(page, 'user', 'alice');
  await page.evaluate(() => app.auth.logout());
  await shows(page, 'user', 'nobody');
  assert.equal(await page.evaluate(() => app.subscribers), 2);
  await page.evaluate(() => app.unmount());
  assert.equal(await page.evaluate(() => app.subscribers), 0);
});

check('Svelte: it is a store to get, derived and fromStore, and tells changes only', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const told = [];
    const off = app.user.subscribe((user) => told.push(user ?? null));
    const before = app.get(app.session).status;
    await app.auth.login({ user: 'alice' });
    await app.auth.refresh();
    await undefined;
    const signedIn = app.get(app.derived(app.session, ({ status }) => status === 'signed-in'));
    const rune = app.fromStore(app.user).current;
    off();
    return { before, told, signedIn, rune, subscribers: app.subscribers };
  });
  assert.deepEqual(seen, { before: 'unknown', told: [null, 'alice'], signedIn: true, rune: 'alice', subscribers: 0 });
});

// evertoken/svelte, with the current major of Svelte and the one before: in a
// component, and as a store.
import assert from 'node:assert/strict';
import * as svelte5 from 'svelte/compiler';
import * as svelte4 from 'svelte-4/compiler';
import { suite } from './support/suite.mjs';

const app = suite();

const component = (props) => `
  <script>
    ${props}
  </script>
  <p id="whole">{$session.status}</p>
  <p id="user">{$user ?? 'nobody'}</p>
`;

const plugin = (compile, generate, props) => ({
  name: 'svelte',
  setup(build) {
    build.onResolve({ filter: /^App\.svelte$/ }, ({ resolveDir }) => ({ path: 'App.svelte', namespace: 'svelte', pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: 'svelte' }, ({ pluginData }) => ({
      contents: compile(component(props), { generate, dev: true, filename: 'App.svelte' }).js.code,
      resolveDir: pluginData,
    }));
  },
});

/** What the majors do not have in common: how a component is put on a page,
 * and what else reads a store. */
const SVELTE_5 = `
  import { mount, unmount } from 'svelte';
  import { fromStore } from 'svelte/store';
  const show = (options) => {
    const component = mount(App, options);
    return () => unmount(component);
  };
  const read = (store) => fromStore(store).current;
`;
const SVELTE_4 = `
  import { readonly } from 'svelte/store';
  const show = (options) => {
    const component = new App(options);
    return () => component.$destroy();
  };
  const read = (store) => get(readonly(store));
`;

const code = (own) => `
  import { derived, get } from 'svelte/store';
  import { createTokenManager } from 'evertoken';
  import { tokenStore } from 'evertoken/svelte';
  import App from 'App.svelte';
  ${own}
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
    auth, get, derived, read, session, user,
    get subscribers() { return subscribers; },
    mount() {
      app.unmount = show({ target: document.getElementById('root'), props: { session, user } });
    },
  };
`;

const shows = (page, id, text) => page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text]);

for (const [major, readers, own, options] of [
  ['5', 'get, derived and fromStore', SVELTE_5, { plugins: [plugin(svelte5.compile, 'client', 'let { session, user } = $props();')] }],
  ['4', 'get, derived and readonly', SVELTE_4, { plugins: [plugin(svelte4.compile, 'dom', 'export let session, user;')], alias: { svelte: 'svelte-4' } }],
]) {
  const check = app(code(own), options);

  check(`Svelte ${major}: a component shows the state until it is unmounted`, async ({ page }) => {
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

  check(`Svelte ${major}: it is a store to ${readers}, and tells changes only`, async ({ page }) => {
    const seen = await page.evaluate(async () => {
      const told = [];
      const off = app.user.subscribe((user) => told.push(user ?? null));
      const before = app.get(app.session).status;
      await app.auth.login({ user: 'alice' });
      await app.auth.refresh();
      await undefined;
      const signedIn = app.get(app.derived(app.session, ({ status }) => status === 'signed-in'));
      const read = app.read(app.user);
      off();
      return { before, told, signedIn, read, subscribers: app.subscribers };
    });
    assert.deepEqual(seen, { before: 'unknown', told: [null, 'alice'], signedIn: true, read: 'alice', subscribers: 0 });
  });
}

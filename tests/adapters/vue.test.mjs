// evertoken/vue, with the current version of Vue and the oldest that has what
// it needs.
import assert from 'node:assert/strict';
import { load, suite } from './support/suite.mjs';

const components = `
  import { createTokenManager } from 'evertoken';
  import { createTokens, useClaims, useSnapshot, useTokenManager } from 'evertoken/vue';
  import { createSSRApp, createApp, effectScope, h, onUpdated, version } from 'vue';

  const updates = {};
  const component = (id, setup) => ({
    setup() {
      const text = setup();
      onUpdated(() => (updates[id] = (updates[id] ?? 0) + 1));
      return () => h('p', { id }, text());
    },
  });
  const Whole = component('whole', () => {
    const snapshot = useSnapshot();
    return () => snapshot.value.status + (snapshot.value.refreshing ? ', refreshing' : '');
  });
  const User = component('user', () => {
    const user = useClaims(({ sub }) => sub);
    return () => user.value ?? 'nobody';
  });
  const Out = {
    setup() {
      const manager = useTokenManager();
      return () => h('button', { id: 'out', onClick: () => manager.logout() }, 'sign out');
    },
  };
  const Root = { render: () => [h(Whole), h(User), h(Out)] };
`;

const code = `
  ${components}
  const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', logout: '/logout' });
  let subscribers = 0;
  const { subscribe } = auth;
  auth.subscribe = (listener) => {
    subscribers++;
    const off = subscribe(listener);
    return () => (subscribers--, off());
  };
  window.app = {
    auth, updates, version,
    get subscribers() { return subscribers; },
    mount(make = createApp, options, root = Root) {
      app.vue = make(root).use(createTokens(auth, options));
      app.vue.mount('#root');
    },
    // An effect scope of its own in a component's setup.
    scoped() {
      app.scope = effectScope(true);
      app.mount(createApp, {}, {
        setup: () => {
          app.scope.run(() => (app.snapshot = useSnapshot()));
          return () => h(Root);
        },
      });
    },
    hydrate: () => app.mount(createSSRApp, { ssr: true }),
    without: () => createApp(Root).mount('#root'),
  };
`;

const server = `
  ${components}
  import { renderToString } from 'vue/server-renderer';
  export const rendered = createTokenManager({ baseUrl: 'http://127.0.0.1:1', refresh: '/refresh', singleUser: true }).then(async (auth) => {
    await auth.setTokens({ accessToken: 'opaque' });
    return renderToString(createSSRApp(Root).use(createTokens(auth, { ssr: true })));
  });
`;

const app = suite();
const shows = (page, id, text) => page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text]);

for (const [line, alias] of [['3.5', {}], ['3.2', { vue: 'vue-3.2' }]]) {
  const check = app(code, { alias });

  check(`Vue ${line}: components show the state until they are unmounted`, async ({ page, server }) => {
    assert.ok((await page.evaluate(() => app.version)).startsWith(`${line}.`));
    await page.evaluate(() => app.mount());
    await shows(page, 'whole', 'unknown');
    await page.evaluate(() => app.auth.login({ user: 'alice' }));
    await shows(page, 'user', 'alice');
    const refresh = server.hold('refresh');
    const refreshed = page.evaluate(() => app.auth.refresh());
    await refresh.arrived;
    await shows(page, 'whole', 'signed-in, refreshing');
    refresh.release();
    await refreshed;
    await shows(page, 'whole', 'signed-in');
    const updates = await page.evaluate(() => ({ ...app.updates }));
    // Before 3.4 a computed value renders again whether or not it is another.
    if (line !== '3.2') assert.equal(updates.user, 1, 'the same user is no change');
    await page.click('#out');
    await shows(page, 'whole', 'signed-out');
    await shows(page, 'user', 'nobody');
    assert.equal(await page.evaluate(() => app.subscribers), 2);
    await page.evaluate(() => app.vue.unmount());
    assert.equal(await page.evaluate(() => app.subscribers), 0);
  });

  check(`Vue ${line}: an effect scope ends what was asked for in it`, async ({ page }) => {
    const seen = await page.evaluate(async () => {
      app.scoped();
      const counts = [app.subscribers];
      await app.auth.login({ user: 'alice' });
      await undefined;
      const { status } = app.snapshot.value;
      app.scope.stop();
      counts.push(app.subscribers);
      await app.auth.logout();
      await undefined;
      return { counts, status, after: app.snapshot.value.status };
    });
    assert.deepEqual(seen, { counts: [3, 2], status: 'signed-in', after: 'signed-in' });
  });

  check(
    `Vue ${line}: what a server rendered is taken over without a mismatch`,
    async ({ page }) => {
      await shows(page, 'whole', 'unknown');
      const same = await page.evaluate(async () => {
        await app.auth.login({ user: 'alice' });
        const node = document.querySelector('#whole');
        app.hydrate();
        return node === document.querySelector('#whole');
      });
      assert.equal(same, true);
      await shows(page, 'whole', 'signed-in');
      await shows(page, 'user', 'alice');
      await page.evaluate(() => app.vue.unmount());
      assert.equal(await page.evaluate(() => app.subscribers), 0);
    },
    { html: async () => (await load(server, { alias })).rendered },
  );

  check(`Vue ${line}: an application without a manager is told so`, async ({ page, complaints }) => {
    const message = await page.evaluate(() => {
      try {
        app.without();
      } catch (error) {
        return error.message;
      }
    });
    assert.match(message, /expected app\.use\(createTokens\(manager\)\)/);
    complaints.length = 0;
  });
}

// The README's examples with the libraries that they are for.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite } from './support/suite.mjs';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = new Map(
  [...readme.matchAll(/<!-- test: (\S+) -->\n```(?:js|ts)\n([^]*?)```/g)].map(([, name, code]) => [name, code]),
);

const app = suite();

/** The application's own module with its manager, which the examples import. */
const own = {
  name: 'own',
  setup(build) {
    build.onResolve({ filter: /^\.\/auth\.js$/ }, ({ resolveDir }) => ({ path: 'auth.js', namespace: 'own', pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: 'own' }, ({ pluginData: resolveDir }) => ({
      resolveDir,
      contents: `
        import { createTokenManager } from 'evertoken';
        export const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh' });
        await auth.login({ user: 'alice' });
      `,
    }));
  },
};

/** Registers a test of an example, to which `rest` is added. */
const example = (name, rest, run, options) =>
  app(`${blocks.get(name)}\n${rest}`, { plugins: [own] })(`README: ${name}`, run, options);

example(
  'start',
  'window.app = { auth };',
  async ({ page }) => {
    const screen = (name) => page.waitForFunction((name) => document.body.dataset.screen === name, name);
    await screen('signed-in');
    await page.evaluate(() => app.auth.logout());
    await screen('signed-out');
  },
);

example(
  'axios',
  'window.app = { api, auth };',
  async ({ page, pages }) => {
    const posts = await page.evaluate(async () => {
      await app.auth.login({ identifier: 'alice', password: 'Password1!' });
      return (await app.api.get('/posts')).data;
    });
    assert.deepEqual(posts, { authorization: 'Bearer second' });
    assert.equal(await page.evaluate(() => location.origin), pages.origin);
  },
  {
    prepare: (page, { origin }) =>
      page.route(`${origin}/api/**`, (route) => {
        const request = route.request();
        const { authorization } = request.headers();
        const answers = { '/api/auth/local': { jwt: 'first' }, '/api/token/refresh': { jwt: 'second' }, '/api/posts': { authorization } };
        const { pathname } = new URL(request.url());
        return route.fulfill({ status: authorization === 'Bearer first' ? 401 : 200, json: answers[pathname] });
      }),
  },
);

example(
  'react',
  `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { TokenProvider } from 'evertoken/react';
    import { auth } from './auth.js';
    const User = () => h('p', null, String(useSignedIn()), ' ', useUser());
    createRoot(document.getElementById('root')).render(h(TokenProvider, { manager: auth }, h(User)));
    window.app = {};
  `,
  async ({ page }) => page.waitForFunction(() => document.querySelector('p')?.textContent === 'true alice'),
);

example(
  'vue',
  `
    import { createApp, h } from 'vue';
    import { createTokens } from 'evertoken/vue';
    import { auth } from './auth.js';
    const Root = {
      setup() {
        const signedIn = useSignedIn();
        return () => h('p', String(signedIn.value));
      },
    };
    createApp(Root).use(createTokens(auth)).mount('#root');
    window.app = {};
  `,
  async ({ page }) => page.waitForFunction(() => document.querySelector('p')?.textContent === 'true'),
);

const conversation = {};
example(
  'socket',
  'window.app = {};',
  async ({ server }) => {
    await conversation.heard;
    assert.equal(server.accepts(JSON.parse(conversation.said).token), true);
  },
  {
    prepare(page) {
      conversation.heard = page.waitForEvent('console', (message) => message.text() === 'welcome');
      return page.routeWebSocket('wss://api.example.com/live', (socket) =>
        socket.onMessage((message) => {
          conversation.said = message;
          socket.send('welcome');
        }),
      );
    },
  },
);

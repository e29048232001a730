// The guide's list of each framework: it loads, tells what is wrong, and is
// another list when another user signs in.
import assert from 'node:assert/strict';
import { parts } from './support/guide.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

const AUTH = `
  import { createTokenManager } from 'evertoken';
  export const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', timeoutMs: 2000 });
  await auth.login({ user: 'alice' });
`;

const SHOWN = {
  react: `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { TokenProvider } from 'evertoken/react';
    import { Home } from 'guide';
    createRoot(document.getElementById('root')).render(h(TokenProvider, { manager: auth }, h(Home)));
  `,
  vue: `
    import { createApp } from 'vue';
    import { createTokens } from 'evertoken/vue';
    import List from 'guide';
    createApp(List).use(createTokens(auth)).mount('#root');
  `,
  svelte: `
    import { mount } from 'svelte';
    import List from 'guide';
    mount(List, { target: document.getElementById('root') });
  `,
};

for (const [framework, shown] of Object.entries(SHOWN)) {
  const code = `import { auth } from './auth.js';\n${shown}\nwindow.app = { auth };`;
  const examples = { './explain.js': 'explain', './posts.js': 'load' };
  const list = app(code, { plugins: [parts(`${framework}-load`, { examples, texts: { './auth.js': AUTH } })] });
  const answering = (server) => {
    server.on('api', (call) => {
      const user = server.userOf(call.token);
      call.reply(user ? 200 : 401, user ? [{ id: 1, title: `a post of ${user}` }] : {});
    });
  };

  list(`a list with ${framework}: another user's takes the place of the first one's`, async ({ page }) => {
    await page.getByText('a post of alice').waitFor();
    await page.evaluate(() => app.auth.login({ user: 'bob' }));
    await page.getByText('a post of bob').waitFor();
    assert.equal(await page.getByText('a post of alice').count(), 0);
  }, { prepare: (page, pages, server) => answering(server) });

  list(`a list with ${framework}: what is wrong is said`, async ({ page }) => {
    await page.getByRole('alert').getByText('Something went wrong.').waitFor();
  }, { prepare: (page, pages, server) => server.on('api', (call) => call.reply(500)) });
}

// What a page shows when it is loaded: the guide's example of each framework,
// with a server that answers, is down, hangs, refuses, and is back again.
import assert from 'node:assert/strict';
import { parts } from './support/guide.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

/** The manager's module, as the guide's pages import it: a refresh cookie may be there. */
const AUTH = `
  import { createTokenManager } from 'evertoken';
  const cookie = { in: 'cookie' };
  export const ready = createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', logout: '/logout', refreshToken: cookie, timeoutMs: window.timeoutMs });
  export const auth = await ready;
  window.auth = auth;
`;

const FRAMEWORKS = [
  ['no framework', 'start'],
  ['React', 'react-app'],
  ['Vue', 'vue-main', { './App.vue': 'vue-app' }],
  ['Svelte', 'svelte-main', { './App.svelte': 'svelte-app' }],
  ['Angular', 'angular'],
];

const cookies = ({ origin }) => [{ name: 'refresh', url: origin, httpOnly: true, sameSite: 'Strict' }];

/** Waits until the page shows one of the four screens, and nothing of another. */
async function shows(page, screen) {
  const found = {
    'signed-in': page.getByText('You are signed in.'),
    'signed-out': page.getByRole('button', { name: 'Sign in', exact: true }),
    'one-moment': page.getByText('One moment.'),
    'no-connection': page.getByText('No connection. Trying again.'),
  };
  await found[screen].waitFor();
  for (const [other, locator] of Object.entries(found)) {
    if (other !== screen) assert.equal(await locator.isVisible(), false, `${other} is shown beside ${screen}`);
  }
}

for (const [framework, name, examples] of FRAMEWORKS) {
  const code = `${framework === 'Angular' ? "import '@angular/compiler';" : ''}\nimport 'guide';\nwindow.app = {};`;
  const starts = app(code, { plugins: [parts(name, { examples: { './explain.js': 'explain', ...examples }, texts: { './auth.js': AUTH } })] });
  const html = framework === 'Angular' ? () => '<app-root></app-root>' : undefined;

  /** A test of a page with a refresh cookie, or with one that is not good. */
  const page = (title, { session = true, refresh, timeoutMs = 10_000 }, run) =>
    starts(`start with ${framework}: ${title}`, run, {
      html,
      async prepare(page, pages, server) {
        server.carrier = 'cookie';
        const { refreshToken } = server.issue('alice');
        if (!session) server.revoke();
        refresh?.(server);
        await page.addInitScript((timeoutMs) => (window.timeoutMs = timeoutMs), timeoutMs);
        await page.context().addCookies(cookies(server).map((cookie) => ({ ...cookie, value: refreshToken })));
      },
    });

  page('a session of before is found', {}, async ({ page, server }) => {
    await shows(page, 'signed-in');
    assert.equal(server.count('refresh'), 1);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await shows(page, 'signed-out');
  });

  page('a refused cookie shows the form, which says what was wrong', { session: false }, async ({ page, server }) => {
    await shows(page, 'signed-out');
    await page.getByLabel('Name').fill('alice');
    await page.getByLabel('Password').fill('wrong');
    server.once('login', (call) => call.reply(401, { message: 'no' }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Wrong name or password.').waitFor();
    server.once('login', (call) => call.reply(503, '', { 'retry-after': '7' }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The server does not answer. Try again in').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shows(page, 'signed-in');
  });

  const down = (server) => server.on('refresh', (call) => call.reply(503));
  page('a server that is down is no sign-out, and is found when it is back', { refresh: down }, async ({ page, server }) => {
    await shows(page, 'no-connection');
    await server.seen('refresh', 2);
    await shows(page, 'no-connection');
    server.clear('refresh');
    await shows(page, 'signed-in');
  });

  let gate;
  const hanging = (server) => (gate = server.hold('refresh'));
  page('a server that hangs is waited for, with something on the screen', { refresh: hanging, timeoutMs: 2000 }, async ({ page, server }) => {
    await gate.arrived;
    await shows(page, 'one-moment');
    await shows(page, 'no-connection');
    server.clear('refresh');
    await shows(page, 'signed-in');
    gate.release();
  });
}

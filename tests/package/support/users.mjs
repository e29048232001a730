// Two browsers that use one application at once as two users, and what a
// stranger gets of its server meanwhile.
import assert from 'node:assert/strict';
import { PATIENCE, withPage } from './browser.mjs';

const ENDPOINTS = { '/api/auth/local': '/login', '/api/token/refresh': '/refresh', '/api/auth/logout': '/logout' };

/** Has the API of a preset answer on the application's own origin. */
async function serveApi(page, server, origin) {
  server.carrier = 'cookie';
  await page.route(`${origin}/api/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const response = await route.fetch({ url: `${server.origin}${ENDPOINTS[pathname] ?? pathname}` });
    await route.fulfill({ response });
  });
}

/** The text of a status in what a server renders. */
async function statusOf(url, headers) {
  const html = await (await fetch(url, { headers })).text();
  assert.doesNotMatch(html, /alice|bob|rt-|eyJ/, 'nobody is in what the server renders');
  return html;
}

/** Proves that two users of the application at `url` do not meet. The page
 * has `window.auth`, and a role "status" that says `signed-in` and who. */
export async function keepsUsersApart(url) {
  const { origin } = new URL(url);
  const open = async (page, server, user, then) => {
    await serveApi(page, server, origin);
    await page.goto(url);
    const says = (text) => page.getByText(text, { exact: true }).waitFor({ timeout: PATIENCE });
    await says('signed-out');
    await page.evaluate((identifier) => window.auth.login({ identifier, password: 'Password1!' }), user);
    await says(`signed-in as ${user}`);
    await then(says);
    // The refresh cookie finds the session again, and the server had no part in it.
    await page.reload();
    await says(`signed-in as ${user}`);
  };
  await withPage(origin, (first, firstServer) =>
    open(first, firstServer, 'alice', (aliceSays) =>
      withPage(origin, (second, secondServer) =>
        open(second, secondServer, 'bob', async () => {
          await first.reload();
          await aliceSays('signed-in as alice');
          await statusOf(url, {});
          await statusOf(url, { cookie: (await first.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ') });
        }),
      ),
    ),
  );
}

/** Proves that a manager of the server takes nobody's session: `url` tries to sign in there, and says what came of it. */
export async function staysInert(url) {
  assert.deepEqual(await (await fetch(url)).json(), { login: 'invalid-config', status: 'unknown' });
}

/** The body of that route, in which `auth` is the manager. */
export const TRIES = `
  const login = await auth.login({ identifier: 'alice', password: 'Password1!' }).then(() => 'signed in', ({ code }) => code);
  const answer = JSON.stringify({ login, status: auth.snapshot.status });
`;

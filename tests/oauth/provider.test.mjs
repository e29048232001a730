// oidc-provider with strict rotation, end to end, as its users run it: an
// application that starts by itself on every page.
import assert from 'node:assert/strict';
import { startProvider, enter } from './support/provider.mjs';
import { SELF_STARTING, ready, suite } from './support/suite.mjs';

const check = suite(SELF_STARTING);

/** Runs a test with a server of its own, and a page whose application knows it. */
const withProvider = (name, options, run) =>
  check(name, async (parts) => {
    const { pages, open } = parts;
    const provider = await startProvider(pages.origin, options);
    const config = { issuer: provider.issuer, clientId: 'spa', redirectUri: '/callback', postLogoutRedirectUri: '/bye', scope: 'openid offline_access profile', storage: 'local', baseUrl: provider.issuer, ...options.config };
    const start = async () => {
      await parts.page.evaluate((config) => localStorage.setItem('config', JSON.stringify(config)), config);
      await parts.page.reload();
      await ready(parts.page);
      return parts.page;
    };
    try {
      await run({ ...parts, page: await start(), provider, open: async (path) => open(path), config });
    } finally {
      await provider.stop();
    }
  }, { timeout: 60_000 });

const leave = (page, options = {}) => page.evaluate((options) => void auth.signIn({ prompt: 'consent', ...options }), options);
const arrived = async (page, path = '/callback') => {
  await page.waitForURL((url) => url.pathname === path);
  await ready(page);
};
async function signIn(page, options) {
  await leave(page, options);
  await enter(page);
  await arrived(page);
}
const status = (page) => page.evaluate(() => auth.snapshot.status);
const stored = (page) => page.evaluate(() => JSON.parse(JSON.stringify(localStorage)).evertoken);
/** The refresh token that the application holds, as its storage has it. */
const held = async (page) => /"([\w-]{43})"/g[Symbol.matchAll](await stored(page));

withProvider('sign in, reload, expire, six tabs at once with one refresh, sign out everywhere', { accessTokenSeconds: 4, tokenDelayMs: 400 }, async ({ page, provider, open, pages }) => {
  await signIn(page, { returnTo: '/orders' });
  assert.deepEqual(await page.evaluate(() => outcome), { returnTo: '/orders' });
  assert.equal(page.url(), `${pages.origin}/callback`);
  assert.deepEqual(await page.evaluate(() => [auth.idTokenClaims.sub, auth.idTokenClaims.aud]), ['alice', 'spa']);
  const name = () => page.evaluate(() => auth.fetch('/me').then((response) => response.json()));
  assert.equal((await name()).name, 'Alice');
  // Loaded again: no server is asked.
  await page.reload();
  await ready(page);
  assert.equal(await status(page), 'signed-in');
  assert.equal(provider.count('POST /token'), 1);
  assert.equal(provider.count('GET /.well-known/openid-configuration'), 1);
  // Six tabs want a new token at the same moment.
  const tabs = [page];
  while (tabs.length < 6) tabs.push(await open('/'));
  for (const tab of tabs) assert.equal(await status(tab), 'signed-in');
  await page.evaluate(() => auth.refresh());
  const before = provider.count('POST /token');
  const moment = Date.now() + 500;
  const refresh = (moment) => new Promise((resolve) => setTimeout(resolve, moment - Date.now())).then(() => auth.refresh()).then(() => auth.getToken());
  const tokens = await Promise.all(tabs.map((tab) => tab.evaluate(refresh, moment)));
  assert.equal(new Set(tokens).size, 1, 'one token for all');
  assert.equal(provider.count('POST /token') - before, 1, 'one refresh for all');
  // And again when it has ended; a grant that saw one token twice would be dead.
  await page.waitForFunction((token) => auth.getToken().then((now) => now !== token), tokens[0], { polling: 250 });
  assert.equal((await name()).name, 'Alice');
  for (const tab of tabs) assert.equal(await status(tab), 'signed-in');
  // Signed out everywhere.
  const candidates = [...(await held(page))].map(([, token]) => token);
  assert.ok(candidates.length >= 2, 'two tokens are held');
  await Promise.all([page.waitForURL(/session\/end/), page.evaluate(() => void auth.signOut())]);
  for (const tab of tabs.slice(1)) await tab.waitForFunction(() => auth.snapshot.status === 'signed-out');
  await page.click('button[name=logout]');
  await arrived(page, '/bye');
  assert.equal(page.url(), `${pages.origin}/bye`);
  assert.equal(await status(page), 'signed-out');
  assert.equal(provider.count('POST /token/revocation'), 1);
  for (const token of candidates) assert.equal((await provider.refresh(token)).error, 'invalid_grant');
  // The server knows nobody any more.
  await leave(page, { prompt: 'none' });
  await arrived(page);
  assert.equal(await page.evaluate(() => outcome), 'login-required');
});

withProvider('a callback that is loaded again, gone back to, or opened twice: nothing is replayed, nobody is signed out', {}, async ({ page, provider, open, pages }) => {
  let callback;
  page.on('request', (request) => {
    if (request.url().includes('/callback?')) callback = request.url();
  });
  await signIn(page);
  await page.reload();
  await ready(page);
  assert.equal(await page.evaluate(() => outcome), null);
  await page.goto(`${pages.origin}/next`);
  await page.goBack();
  await ready(page);
  assert.deepEqual([page.url(), await page.evaluate(() => outcome)], [`${pages.origin}/callback`, null]);
  // The address as it was, in its tab and in another.
  await page.goto(callback);
  await ready(page);
  assert.deepEqual([page.url(), await page.evaluate(() => outcome)], [`${pages.origin}/callback`, null]);
  const other = await open(new URL(callback).pathname + new URL(callback).search);
  assert.deepEqual([other.url(), await other.evaluate(() => outcome)], [`${pages.origin}/callback`, 'state-mismatch']);
  for (const tab of [page, other]) assert.equal(await status(tab), 'signed-in');
  assert.equal(provider.count('POST /token'), 1);
  await page.evaluate(() => auth.refresh());
  assert.equal(await status(page), 'signed-in');
});

withProvider('the user says no, and then yes', {}, async ({ page, provider }) => {
  await leave(page);
  await page.waitForSelector('input[name=login]');
  await page.click('a[href$="/abort"]');
  await arrived(page);
  assert.equal(await page.evaluate(() => outcome), 'access-denied');
  assert.equal(provider.count('POST /token'), 0);
  await signIn(page);
  assert.equal(await status(page), 'signed-in');
});

withProvider('somebody who is signed in at the server starts without a page of it: prompt=none, without a frame', { config: { storage: 'memory' } }, async ({ page }) => {
  await leave(page, { prompt: 'none' });
  await arrived(page);
  assert.equal(await page.evaluate(() => outcome), 'login-required');
  await signIn(page);
  await page.reload();
  await ready(page);
  assert.equal(await status(page), 'signed-out');
  await leave(page, { prompt: 'none', scope: 'openid profile' });
  await arrived(page);
  assert.deepEqual([await page.evaluate(() => outcome), await status(page)], [{ returnTo: null }, 'signed-in']);
});

withProvider('a client that has to push what it asks', { client: { require_pushed_authorization_requests: true }, config: { par: true } }, async ({ page, provider }) => {
  await signIn(page);
  assert.equal(await status(page), 'signed-in');
  assert.equal(provider.count('POST /request'), 1);
});

withProvider('the server goes down, step by step', { accessTokenSeconds: 2, config: { timeoutMs: 2000 } }, async ({ page, provider, pages }) => {
  await signIn(page);
  const { port } = new URL(provider.issuer);
  await provider.stop();
  // While it refreshes: the session stays, and says so.
  await page.waitForFunction(() => events.includes('refresh-failed'));
  const code = await page.evaluate(async () => {
    while (auth.snapshot.expiresAt > Date.now()) await new Promise((resolve) => setTimeout(resolve, 50));
    return auth.getToken().catch(({ code }) => code);
  });
  assert.equal(code, 'refresh-unavailable');
  assert.deepEqual([await status(page), await page.evaluate(() => auth.snapshot.stale)], ['signed-in', true]);
  // While it starts.
  await page.reload();
  await ready(page);
  assert.equal(await status(page), 'signed-in');
  // While it signs out: it does so here, and says that the server was not told.
  await page.evaluate(() => auth.signOut({ redirect: false }));
  assert.equal(await status(page), 'signed-out');
  await page.waitForFunction(() => events.includes('warning'));
  // Before it signs in: nobody goes to a server that is not known and not there.
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await ready(page);
  const reason = await page.evaluate(() => auth.signIn().catch(({ reason }) => reason));
  assert.equal(reason, 'server-error');
  assert.equal(new URL(page.url()).origin, pages.origin);
  // Back again, it takes a sign-in; and it goes down between the answer and the tokens.
  const back = await startProvider(pages.origin, { port: Number(port) });
  try {
    await leave(page);
    await page.route('**/token', (route) => route.abort());
    await enter(page);
    await arrived(page);
    assert.equal(await page.evaluate(() => outcome), 'server-error');
    await page.unroute('**/token');
    await leave(page);
    await page.waitForSelector('button[type=submit]');
    await page.click('button[type=submit]');
    await arrived(page);
    assert.equal(await status(page), 'signed-in');
  } finally {
    await back.stop();
  }
});

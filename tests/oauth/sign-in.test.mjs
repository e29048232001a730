// What a sign-in asks of the server and keeps, how it is refreshed and ended,
// and what the configuration may not be.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { jwt } from './support/deviant.mjs';
import { arrive, depart, ready, signIn, stateOf, suite } from './support/suite.mjs';

const check = suite();
/** Starts the application anew, as a reload does. */
async function reload(page, config, path) {
  if (path) await page.goto(new URL(path, page.url()).href);
  else await page.reload();
  await ready(page);
  return arrive(page, config);
}

check('everything that signIn takes goes to the server, and comes back as tokens', async ({ page, server, config, pages }) => {
  const options = { returnTo: '/orders', prompt: 'login', loginHint: 'alice', acrValues: ['gold', 'silver'], maxAge: 60, scope: 'openid orders', extra: { audience: 'shop' } };
  server.claims = (claims) => ({ ...claims, auth_time: claims.iat });
  assert.deepEqual(await signIn(page, { ...config, resource: ['https://a.example', 'https://b.example'] }, options), { value: { returnTo: '/orders' } });
  const { state, nonce, code_challenge: challenge, resource, ...asked } = server.asked;
  assert.deepEqual(asked, {
    client_id: 'spa',
    redirect_uri: `${pages.origin}/callback`,
    response_type: 'code',
    scope: 'openid orders',
    code_challenge_method: 'S256',
    prompt: 'login',
    login_hint: 'alice',
    acr_values: 'gold silver',
    max_age: '60',
    audience: 'shop',
  });
  assert.equal(new Set([state, nonce, challenge]).size, 3);
  assert.deepEqual(server.authorizations[0].getAll('resource'), ['https://a.example', 'https://b.example']);
  assert.deepEqual(server.tokens[0].getAll('resource'), ['https://a.example', 'https://b.example']);
  assert.equal(server.tokens[0].get('redirect_uri'), `${pages.origin}/callback`);
  const answer = await page.evaluate(() => auth.fetch('/posts').then((response) => response.json()));
  assert.match(answer.authorization, /^Bearer access-\d$/);
});

check('without openid there is no nonce, and no ID token is wanted', async ({ page, server, config }) => {
  server.token = (form, { body: { id_token: _, ...body } }) => ({ body });
  assert.deepEqual(await signIn(page, { ...config, scope: 'orders' }), { value: { returnTo: null } });
  assert.equal(server.asked.nonce, undefined);
  assert.equal((await stateOf(page)).claims, null);
});

check('a sign-in that is older than maxAge is refused', async ({ page, server, config }) => {
  server.claims = (claims) => ({ ...claims, auth_time: claims.iat - 3600 });
  const { error } = await signIn(page, config, { maxAge: 60 });
  assert.equal(error.reason, 'invalid-response');
});

check('the core refreshes: a form with the client and every resource, without a scope, and once for many', async ({ page, server, config }) => {
  server.token = (form, { body }) => ({ body: { ...body, expires_in: form.get('grant_type') === 'refresh_token' ? 60 : 1 } });
  await signIn(page, { ...config, proactive: false, resource: ['https://a.example', 'https://b.example'], csrf: { header: 'x-csrf', value: '1' } });
  await page.waitForFunction(() => auth.snapshot.expiresAt < Date.now());
  await page.evaluate(() => Promise.all(Array.from({ length: 5 }, () => auth.fetch('/posts'))));
  assert.equal(server.tokens.length, 2);
  const [, refresh] = server.tokens;
  assert.deepEqual([...refresh].map(([name]) => name).sort(), ['client_id', 'grant_type', 'refresh_token', 'resource', 'resource']);
  assert.deepEqual([refresh.get('grant_type'), refresh.get('client_id')], ['refresh_token', 'spa']);
});

check('the end of the session that a server tells is the session’s', async ({ page, server, config }) => {
  server.token = (form, { body }) => ({ body: { ...body, refresh_expires_in: 600 } });
  await signIn(page, config);
  const ends = await page.evaluate(() => auth.snapshot.sessionEndsAt - Date.now());
  assert.ok(ends > 590_000 && ends <= 600_000, `${ends}`);
});

check('the metadata are asked for once in a tab: a reload costs nothing, and starts with the server down', async ({ page, server, config }) => {
  await signIn(page, config);
  assert.equal(server.discoveries.length, 1);
  for (const path of ['/.well-known/openid-configuration', '/token', '/authorize']) server.down.add(path);
  await reload(page, config, '/');
  const { status, claims } = await stateOf(page);
  assert.deepEqual([status, claims.sub], ['signed-in', 'alice']);
  assert.equal(await page.evaluate(() => auth.getToken()), 'access-2');
});

check('a start in a new tab needs no server; one that cannot be reached is a passing failure of the refresh', async ({ page, server, config, open }) => {
  const local = { ...config, storage: 'local' };
  server.token = (form, { body }) => ({ body: { ...body, expires_in: form.get('grant_type') === 'refresh_token' ? 60 : 1 } });
  await signIn(page, local);
  await page.close();
  server.down.add('/.well-known/openid-configuration').add('/.well-known/oauth-authorization-server');
  const other = await open('/');
  await other.evaluate((config) => app.start(config), local);
  assert.equal((await stateOf(other)).status, 'signed-in');
  await other.waitForFunction(() => auth.snapshot.expiresAt < Date.now());
  const code = await other.evaluate(() => auth.getToken().catch(({ code }) => code));
  assert.equal(code, 'refresh-unavailable');
  assert.equal((await stateOf(other)).status, 'signed-in');
  server.down.clear();
  await other.waitForFunction(() => auth.getToken().then((token) => token !== null, () => false), undefined, { polling: 200 });
});

check('a server with the metadata of RFC 8414 alone, and one whose metadata are in the configuration', async ({ page, server, config }) => {
  server.metadata = null;
  server.oauthMetadata = {};
  assert.deepEqual(await signIn(page, config), { value: { returnTo: null } });
  assert.equal(server.discoveries.length, 2);
  const { issuer } = server;
  server.metadata = {};
  const fixed = { ...config, key: 'fixed', issuer: undefined, server: { issuer, authorization_endpoint: `${issuer}/authorize?tenant=7`, token_endpoint: `${issuer}/token` } };
  assert.deepEqual(await signIn(page, fixed), { value: { returnTo: null } });
  assert.equal(server.discoveries.length, 2);
  assert.equal(server.asked.tenant, '7');
});

check('what is asked is pushed where the server demands it, or the configuration', async ({ page, server, config }) => {
  server.metadata = { pushed_authorization_request_endpoint: `${server.issuer}/par` };
  await signIn(page, config);
  assert.equal(server.pushed.length, 0);
  await signIn(page, { ...config, par: true });
  assert.deepEqual(server.asked, { client_id: 'spa', request_uri: 'urn:request:1' });
  assert.equal(server.pushed[0].get('code_challenge_method'), 'S256');
  await page.evaluate(() => sessionStorage.clear());
  server.metadata = { pushed_authorization_request_endpoint: `${server.issuer}/par`, require_pushed_authorization_requests: true };
  assert.deepEqual(await signIn(page, config), { value: { returnTo: null } });
  assert.equal(server.pushed.length, 2);
});

check('two tabs sign in at the same moment, each with its own answer', async ({ page, server, config, open }) => {
  const local = { ...config, storage: 'local' };
  const other = await open('/');
  await Promise.all([depart(page, local), depart(other, local)]);
  assert.deepEqual(await Promise.all([arrive(page, local), arrive(other, local)]), [{ value: { returnTo: null } }, { value: { returnTo: null } }]);
  assert.equal(server.tokens.length, 2);
  for (const tab of [page, other]) await tab.waitForFunction(() => auth.snapshot.status === 'signed-in' && auth.idTokenClaims?.sub === 'alice');
  const [one, two] = await Promise.all([page, other].map((tab) => tab.evaluate(() => auth.getToken())));
  assert.equal(one, two, 'one session');
});

check('signOut: here and in all tabs, then the refresh token is revoked, then the server is told', async ({ page, server, config, open, pages }) => {
  const local = { ...config, storage: 'local', postLogoutRedirectUri: '/bye' };
  await signIn(page, local);
  const other = await open('/');
  await other.evaluate((config) => app.start(config), local);
  assert.equal((await stateOf(other)).claims.sub, 'alice');
  const hint = await page.evaluate(() => localStorage.getItem('evertoken id'));
  await Promise.all([page.waitForURL((url) => url.pathname === '/bye'), page.evaluate(() => auth.signOut())]);
  assert.deepEqual(Object.fromEntries(server.revocations[0]), { client_id: 'spa', token: 'refresh-2' });
  const ended = Object.fromEntries(server.ends[0]);
  assert.deepEqual(ended, { client_id: 'spa', id_token_hint: JSON.parse(hint), post_logout_redirect_uri: `${pages.origin}/bye`, state: ended.state });
  assert.ok(ended.state);
  await other.waitForFunction(() => auth.snapshot.status === 'signed-out');
  assert.equal((await stateOf(other)).claims, null);
  await ready(page);
  assert.deepEqual(await arrive(page, local), { value: null });
  assert.equal((await stateOf(page)).href, `${pages.origin}/bye`, 'the state of the sign-out is gone');
  assert.equal(await page.evaluate(() => localStorage.getItem('evertoken id')), null);
});

check('signOut without a redirect, and with the server down: signed out here, and said so', async ({ page, server, config }) => {
  await signIn(page, config);
  server.down.add('/revoke');
  await page.evaluate(() => auth.signOut({ redirect: false }));
  await page.waitForFunction(() => app.events.includes('warning'));
  assert.deepEqual([(await stateOf(page)).status, server.ends.length], ['signed-out', 0]);
  await reload(page, config, '/');
  assert.equal((await stateOf(page)).status, 'signed-out');
});

check('a server without revocation and end_session: signed out here, without a complaint', async ({ page, server, config }) => {
  server.metadata = { revocation_endpoint: undefined, end_session_endpoint: undefined };
  await signIn(page, config);
  await page.evaluate(() => auth.signOut());
  assert.equal((await stateOf(page)).status, 'signed-out');
  assert.equal((await page.evaluate(() => app.events)).includes('warning'), false);
});

check('without a refresh token nothing is revoked, and the session ends with its access token', async ({ page, server, config }) => {
  server.token = (form, { body }) => ({ body: { ...body, refresh_token: undefined } });
  await signIn(page, config);
  await page.evaluate(() => auth.signOut({ redirect: false }));
  assert.equal(server.revocations.length, 0);
  assert.equal((await page.evaluate(() => app.events)).includes('warning'), false);
});

for (const storage of ['memory', 'session', 'indexeddb']) {
  check(`who signed in is known where the session is kept: ${storage}`, async ({ page, server, config, open }) => {
    const kept = { ...config, storage };
    await signIn(page, kept);
    assert.equal((await stateOf(page)).claims.sub, 'alice');
    assert.ok(await page.evaluate(() => auth.idTokenClaims === auth.idTokenClaims));
    assert.ok(await page.evaluate(() => !JSON.stringify(auth).includes('alice')));
    const other = await open('/');
    // Another user, in another tab.
    server.claims = (claims) => ({ ...claims, sub: 'bob' });
    server.token = (form, { body }) => ({ body: { ...body, access_token: jwt({ sub: 'bob' }) } });
    await signIn(other, kept);
    await page.waitForFunction(() => app.events.includes('user-changed'));
    assert.notEqual((await stateOf(page)).claims?.sub, 'alice');
    assert.equal((await stateOf(other)).claims.sub, 'bob');
    await reload(other, kept, '/');
    const { status, claims } = await stateOf(other);
    assert.ok(storage === 'memory' ? claims === null : status === 'signed-in' && claims.sub === 'bob');
  });
}

check('where sessionStorage cannot be used, nobody is sent away', async ({ page, server, config }) => {
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await page.evaluate((config) => app.start(config), { ...config, storage: 'memory' });
  const { error } = await page.evaluate(() => app.signIn());
  assert.deepEqual([error.code, error.message], ['not-supported', 'signIn: expected a secure page with sessionStorage, found something else']);
  assert.equal(server.authorizations.length, 0);
});

check('the configuration is looked at before anything is sent', async ({ page, server, config }) => {
  for (const [change, message] of [
    [{ issuer: undefined }, 'issuer: expected it or server, found nothing'],
    [{ server: { issuer: 'https://id.example' } }, 'issuer: expected it or server, found something else'],
    [{ issuer: 'http://id.example' }, 'issuer: expected an https: URL without a fragment, found something else'],
    [{ issuer: 'http://127.evil.example' }, 'issuer: expected an https: URL without a fragment, found something else'],
    [{ issuer: 'id.example' }, 'issuer: expected an https: URL without a fragment, found something else'],
    [{ clientId: undefined }, 'clientId: expected a non-empty string, found nothing'],
    [{ clientId: 7 }, 'clientId: expected a non-empty string, found something else'],
    [{ redirectUri: undefined }, 'redirectUri: expected an https: URL without a fragment, found nothing'],
    [{ redirectUri: 'http://shop.example/callback' }, 'redirectUri: expected an https: URL without a fragment, found something else'],
    [{ redirectUri: '/callback#top' }, 'redirectUri: expected an https: URL without a fragment, found something else'],
    [{ postLogoutRedirectUri: 'ftp://x' }, 'postLogoutRedirectUri: expected an https: URL without a fragment, found something else'],
    [{ login: '/login' }, 'login, refresh: expected none, found something else'],
    [{ refresh: '/refresh' }, 'login, refresh: expected none, found something else'],
    [{ storge: 'local' }, 'storge: there is no such option; did you mean storage?'],
    [{ fetch: 7 }, 'fetch: expected a function, found another number'],
  ]) {
    const { error } = await page.evaluate((config) => app.create(config), { ...config, ...change });
    assert.deepEqual([error?.code, error?.message], ['invalid-config', message]);
  }
  for (const issuer of ['https://id.example', 'http://localhost:1', 'http://id.localhost:1', 'http://[::1]:1']) {
    assert.deepEqual(await page.evaluate((config) => app.create(config), { ...config, issuer }), { value: 'made' }, issuer);
  }
  assert.equal(server.discoveries.length, 0);
});

test('on a server it imports and makes a manager that is nobody’s', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-oauth-'));
  try {
    await cp(process.env.EVERTOKEN_PKG, join(folder, 'node_modules/evertoken'), { recursive: true });
    await cp(new URL('node_modules/oauth4webapi', import.meta.url), join(folder, 'node_modules/oauth4webapi'), { recursive: true });
    const { createOAuthManager } = await import(pathToFileURL(join(folder, 'node_modules/evertoken/oauth.js')));
    const auth = await createOAuthManager({ issuer: 'https://id.example', clientId: 'shop', redirectUri: '/callback' });
    assert.equal(auth.snapshot.status, 'unknown');
    assert.equal(await auth.handleRedirect(), null);
    assert.equal(auth.idTokenClaims, null);
    await assert.rejects(auth.signIn(), { code: 'not-supported' });
    await assert.rejects(auth.setTokens({ accessToken: 'x' }), { code: 'invalid-config' });
    auth.dispose();
  } finally {
    await rm(folder, { recursive: true });
  }
});

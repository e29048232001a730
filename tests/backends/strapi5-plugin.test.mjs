import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LOGIN, Visitor, expiryOf, preflight, startBackend } from './harness.mjs';

const INVALID = [401, { error: 'Invalid Token' }];
const NOT_ALLOWED = [405, 'Method Not Allowed'];
const answer = ({ status, body }) => [status, body];
const login = (visitor, more) => visitor.post('/api/auth/local', { json: { ...LOGIN, ...more } });
const posts = (visitor, bearer) => visitor.get('/api/posts', { bearer, anonymous: true });
const refresh = (visitor, options) => visitor.post('/api/auth/local/refresh', options);
const logout = (visitor, options) => visitor.post('/api/auth/local/logout', options);

describe('strapi5-plugin as the document has it', () => {
  let backend;
  let visitor;
  let session;
  before(async () => {
    backend = await startBackend('strapi5-plugin', ['--access-ttl', '2s']);
    visitor = new Visitor(backend.url);
    session = (await login(visitor, { requestRefresh: true })).body;
  });
  after(async () => assert.equal(await backend.stop(), 0));

  const renew = (options) => refresh(visitor, { json: { refreshToken: session.refreshToken }, ...options });

  test('login brings a refresh token only where it was asked for', async () => {
    assert.deepEqual(Object.keys(session), ['jwt', 'user', 'refreshToken']);
    const plain = await login(visitor);
    assert.deepEqual([plain.status, Object.keys(plain.body)], [200, ['jwt', 'user']]);
    assert.equal(visitor.cookies.size, 0);
  });

  test('the resource is 200 with a token, 403 without, 401 with an expired one', async () => {
    const { jwt } = (await renew()).body;
    const open = await posts(visitor, jwt);
    assert.deepEqual([open.status, open.body.data[0].title], [200, 'hello']);
    assert.equal((await posts(visitor)).status, 403);
    await expiryOf(jwt);
    assert.equal((await posts(visitor, jwt)).status, 401);
    assert.equal((await renew({ bearer: jwt })).status, 200);
  });

  test('refresh brings a jwt and no refresh token, again and at once', async () => {
    for (const { status, body } of [await renew(), await renew(), ...(await Promise.all([renew(), renew()]))]) {
      assert.deepEqual([status, Object.keys(body)], [200, ['jwt']]);
    }
  });

  test('refresh without a token is a plain 405, with garbage 401', async () => {
    assert.deepEqual(answer(await refresh(visitor, { json: {} })), NOT_ALLOWED);
    assert.deepEqual(answer(await refresh(visitor)), NOT_ALLOWED);
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken: 'garbage' } })), INVALID);
  });

  test('there is no route to sign out', async () => {
    assert.equal((await logout(visitor, { json: {} })).status, 405);
  });

  test('a revoked refresh token is 401', async () => {
    await backend.control('revoke');
    assert.deepEqual(answer(await renew()), INVALID);
  });

  test('CORS allows credentials and the usual headers only', async () => {
    const { status, headers } = await preflight(visitor, '/api/auth/local/refresh', 'POST', 'content-type,x-request-id');
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
    assert.equal(headers.get('access-control-allow-headers'), 'Content-Type,Authorization,Origin,Accept');
  });
});

describe('strapi5-plugin with rotation, a token at every login, and the missing route', () => {
  let backend;
  let visitor;
  before(async () => {
    const switches = ['--rotate', '--refresh-on-all', '--logout', '--cors-broken'];
    backend = await startBackend('strapi5-plugin', switches);
    visitor = new Visitor(backend.url);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('refresh rotates; the old token is 401', async () => {
    const { refreshToken } = (await login(visitor)).body;
    const { status, body } = await refresh(visitor, { json: { refreshToken } });
    assert.deepEqual([status, Object.keys(body)], [200, ['jwt', 'refreshToken']]);
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken } })), INVALID);
    assert.equal((await refresh(visitor, { json: { refreshToken: body.refreshToken } })).status, 200);
  });

  test('of two refreshes at once one at least is answered', async () => {
    const json = { refreshToken: (await login(visitor)).body.refreshToken };
    const answers = await Promise.all([refresh(visitor, { json }), refresh(visitor, { json })]);
    assert.equal(answers.map(({ status }) => status).sort()[0], 200);
    assert.deepEqual(answer(await refresh(visitor, { json })), INVALID);
  });

  test('the logout route ends the refresh token', async () => {
    const json = { refreshToken: (await login(visitor)).body.refreshToken };
    assert.deepEqual(answer(await logout(visitor, { json })), [200, { ok: true }]);
    assert.deepEqual(answer(await refresh(visitor, { json })), INVALID);
    assert.equal((await logout(visitor, { json: { refreshToken: 'garbage' } })).status, 200);
    assert.equal((await logout(visitor)).status, 200);
  });

  test('a CORS list that forgets credentials names the origin only', async () => {
    const { headers } = await preflight(visitor, '/api/posts', 'GET', 'authorization');
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), undefined);
  });
});

describe('strapi5-plugin with cookieResponse', () => {
  let backend;
  let visitor;
  before(async () => {
    backend = await startBackend('strapi5-plugin', ['--cookie']);
    visitor = new Visitor(backend.url);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('login sets a cookie for localhost and puts no refresh token into the body', async () => {
    assert.match(backend.url, /^http:\/\/localhost:/);
    const { body, setCookies } = await login(visitor, { requestRefresh: true });
    assert.deepEqual(Object.keys(body), ['jwt', 'user']);
    assert.equal(setCookies.length, 2);
    for (const line of setCookies) assert.match(line, /; path=\/; expires=[^;]+; domain=localhost; httponly$/);
  });

  test('the refresh route never reads that cookie', async () => {
    assert.ok(visitor.cookies.has('refreshToken'));
    assert.deepEqual(answer(await refresh(visitor)), NOT_ALLOWED);
    assert.deepEqual(answer(await refresh(visitor, { json: {} })), NOT_ALLOWED);
  });
});

describe('strapi5-plugin with cookieResponse and the middleware that mends it', () => {
  let backend;
  let visitor;
  before(async () => {
    backend = await startBackend('strapi5-plugin', ['--cookie', '--fixed', '--rotate', '--logout']);
    visitor = new Visitor(backend.url);
    await login(visitor, { requestRefresh: true });
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('refresh takes the cookie and rotates it, out of the page\'s sight', async () => {
    const old = visitor.copy();
    const { status, body, setCookies } = await refresh(visitor);
    assert.deepEqual([status, Object.keys(body)], [200, ['jwt']]);
    for (const line of setCookies) assert.match(line, /; path=\/; expires=[^;]+; domain=localhost; httponly$/);
    assert.deepEqual(answer(await refresh(old)), INVALID);
    assert.equal((await refresh(visitor)).status, 200);
    assert.deepEqual(answer(await refresh(visitor, { anonymous: true })), NOT_ALLOWED);
  });

  test('logout ends token and cookie', async () => {
    const old = visitor.copy();
    assert.equal((await logout(visitor)).status, 200);
    assert.equal(visitor.cookies.size, 0);
    assert.deepEqual(answer(await refresh(old)), INVALID);
  });
});

test('strapi5-plugin with a refresh lifetime in seconds ends at the first login that asks for a token', async () => {
  const backend = await startBackend('strapi5-plugin', ['--seconds', '--refresh-ttl', '60s']);
  const visitor = new Visitor(backend.url);
  assert.equal((await login(visitor)).status, 200);
  await Promise.allSettled([login(visitor, { requestRefresh: true })]);
  assert.equal(await backend.ended, 1);
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LOGIN, Visitor, expiryOf, preflight, startBackend } from './harness.mjs';

const refusal = (status, name, message) => ({ data: null, error: { status, name, message, details: {} } });
const MISSING = [400, refusal(400, 'BadRequestError', 'Missing refresh token')];
const INVALID = [401, refusal(401, 'UnauthorizedError', 'Invalid refresh token')];
const CREDENTIALS = [401, refusal(401, 'UnauthorizedError', 'Missing or invalid credentials')];
const FORBIDDEN = [403, refusal(403, 'ForbiddenError', 'Forbidden')];
const answer = ({ status, body }) => [status, body];
const login = (visitor, json = LOGIN) => visitor.post('/api/auth/local', { json });
const posts = (visitor, bearer) => visitor.get('/api/posts', { bearer, anonymous: true });
const refresh = (visitor, options) => visitor.post('/api/auth/refresh', options);
const logout = (visitor, options) => visitor.post('/api/auth/logout', options);

describe('strapi5 with the refresh token in the body', () => {
  let backend;
  let visitor;
  let session;
  before(async () => {
    backend = await startBackend('strapi5', ['--access-ttl', '2s']);
    visitor = new Visitor(backend.url);
    const signedIn = await login(visitor);
    assert.equal(signedIn.status, 200);
    session = signedIn.body;
  });
  after(async () => assert.equal(await backend.stop(), 0));

  const renew = async () => {
    const { status, body } = await refresh(visitor, { json: { refreshToken: session.refreshToken } });
    assert.equal(status, 200);
    session = body;
    return body;
  };

  test('login brings jwt, refreshToken and user, and no cookie', () => {
    assert.deepEqual(Object.keys(session), ['jwt', 'refreshToken', 'user']);
    assert.equal(session.user.username, 'alice');
    assert.equal(visitor.cookies.size, 0);
  });

  test('the resource is 200 with a token, 403 without, 401 with an expired one', async () => {
    const { jwt } = await renew();
    const open = await posts(visitor, jwt);
    assert.deepEqual([open.status, open.body.data[0].title], [200, 'hello']);
    assert.equal((await posts(visitor)).status, 403);
    await expiryOf(jwt);
    assert.deepEqual(answer(await posts(visitor, jwt)), CREDENTIALS);
  });

  test('refresh rotates: the old refresh token is 401 and the new one lives on', async () => {
    const old = session.refreshToken;
    const { refreshToken } = await renew();
    assert.notEqual(refreshToken, old);
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken: old } })), INVALID);
    await renew();
  });

  test('of two refreshes at once one is 401, and the other tokens work', async () => {
    const json = { refreshToken: session.refreshToken };
    const answers = await Promise.all([refresh(visitor, { json }), refresh(visitor, { json })]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
    session = answers.find(({ status }) => status === 200).body;
    assert.equal((await posts(visitor, session.jwt)).status, 200);
    await renew();
  });

  test('refresh without a token is 400, with garbage or an expired Authorization 401', async () => {
    assert.deepEqual(answer(await refresh(visitor, { json: {} })), MISSING);
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken: 'garbage' } })), INVALID);
    const { jwt, refreshToken } = await renew();
    await expiryOf(jwt);
    assert.deepEqual(answer(await refresh(visitor, { bearer: jwt, json: { refreshToken } })), CREDENTIALS);
    await renew();
  });

  test('logout wants a valid access token, and ends the refresh token', async () => {
    const { jwt: stale } = await renew();
    await expiryOf(stale);
    const json = { refreshToken: session.refreshToken };
    assert.deepEqual(answer(await logout(visitor, { json })), FORBIDDEN);
    assert.deepEqual(answer(await logout(visitor, { json, bearer: stale })), CREDENTIALS);
    const { jwt, refreshToken } = await renew();
    assert.deepEqual(answer(await logout(visitor, { bearer: jwt, json: { refreshToken } })), [200, { ok: true }]);
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken } })), INVALID);
  });

  test('a session revoked on the server is 401', async () => {
    session = (await login(visitor)).body;
    await backend.control('revoke');
    assert.deepEqual(answer(await refresh(visitor, { json: { refreshToken: session.refreshToken } })), INVALID);
  });

  test('CORS allows credentials and the usual headers only', async () => {
    const { status, headers } = await preflight(visitor, '/api/auth/refresh', 'POST', 'content-type,x-request-id');
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
    assert.equal(headers.get('access-control-allow-headers'), 'Content-Type,Authorization,Origin,Accept');
  });

  test('the eleventh login in a minute is 429', async () => {
    let last;
    for (let i = 0; i < 11; i += 1) last = await login(visitor, { ...LOGIN, password: 'x' });
    assert.equal(last.status, 429);
  });
});

describe('strapi5 with the refresh token in a cookie', () => {
  let backend;
  let visitor;
  before(async () => {
    backend = await startBackend('strapi5', ['--cookie', '--cors-broken', '--refresh-ttl', '3s']);
    visitor = new Visitor(backend.url);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('login brings jwt and user, the cookie is HttpOnly and of this host', async () => {
    const { body, setCookies } = await login(visitor);
    assert.deepEqual(Object.keys(body), ['jwt', 'user']);
    assert.deepEqual([...visitor.cookies.keys()].sort(), ['strapi_up_refresh', 'strapi_up_refresh.sig']);
    for (const line of setCookies) assert.match(line, /; path=\/; samesite=lax; httponly$/);
  });

  test('refresh by cookie rotates it; the old one is 401, none is 400', async () => {
    const old = visitor.copy();
    const { status, body, setCookies } = await refresh(visitor);
    assert.deepEqual([status, Object.keys(body), setCookies.length], [200, ['jwt'], 2]);
    assert.deepEqual(answer(await refresh(old)), INVALID);
    assert.deepEqual(answer(await refresh(visitor, { anonymous: true })), MISSING);
  });

  test('an expired refresh token is 401', async () => {
    await login(visitor);
    await expiryOf(visitor.cookies.get('strapi_up_refresh'));
    assert.deepEqual(answer(await refresh(visitor)), INVALID);
  });

  test('logout ends cookie and session', async () => {
    const { jwt } = (await login(visitor)).body;
    const old = visitor.copy();
    assert.deepEqual(answer(await logout(visitor, { bearer: jwt })), [200, { ok: true }]);
    assert.ok(!visitor.cookies.has('strapi_up_refresh'));
    assert.deepEqual(answer(await refresh(old)), INVALID);
  });

  test('a CORS list that forgets credentials names the origin only', async () => {
    const { headers } = await preflight(visitor, '/api/posts', 'GET', 'authorization');
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), undefined);
  });
});

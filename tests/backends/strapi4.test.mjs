import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LOGIN, Visitor, expiryOf, preflight, startBackend } from './harness.mjs';

const refusal = (status, name, message) => ({ data: null, error: { status, name, message, details: {} } });
const UNAUTHORIZED = refusal(401, 'UnauthorizedError', 'Missing or invalid credentials');
const FORBIDDEN = refusal(403, 'ForbiddenError', 'Forbidden');
const login = (visitor, json = LOGIN) => visitor.post('/api/auth/local', { json });
const refresh = (visitor, options) => visitor.post('/api/token/refresh', options);
const posts = (visitor, bearer) => visitor.get('/api/posts', { bearer, anonymous: true });

describe('strapi4 as the document has it', () => {
  let backend;
  let visitor;
  let signedIn;
  before(async () => {
    backend = await startBackend('strapi4', ['--access-ttl', '2s']);
    visitor = new Visitor(backend.url);
    signedIn = await login(visitor);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('serves at localhost, which its cookie is bound to', () => {
    assert.match(backend.url, /^http:\/\/localhost:/);
  });

  test('login brings jwt and user in the body, the refresh token in a cookie', () => {
    assert.equal(signedIn.status, 200);
    assert.deepEqual(Object.keys(signedIn.body), ['jwt', 'user']);
    assert.equal(signedIn.body.user.username, 'alice');
    assert.equal(signedIn.headers.get('x-ratelimit-limit'), '10');
    assert.deepEqual([...visitor.cookies.keys()].sort(), ['refreshToken', 'refreshToken.sig']);
    for (const line of signedIn.setCookies) {
      assert.match(line, /; path=\/; expires=[^;]+; domain=localhost; samesite=strict; httponly$/);
    }
  });

  test('a wrong password is 400', async () => {
    const { status, body } = await login(visitor.copy(), { ...LOGIN, password: 'x' });
    assert.deepEqual([status, body], [400, refusal(400, 'ValidationError', 'Invalid identifier or password')]);
  });

  test('the resource is 200 with a token, 403 without, 401 with garbage or an expired one', async () => {
    const { jwt } = (await refresh(visitor)).body;
    const open = await posts(visitor, jwt);
    assert.equal(open.status, 200);
    assert.equal(open.body.data[0].attributes.title, 'hello');
    const none = await posts(visitor);
    assert.deepEqual([none.status, none.body], [403, FORBIDDEN]);
    const garbage = await posts(visitor, 'garbage');
    assert.deepEqual([garbage.status, garbage.body], [401, UNAUTHORIZED]);
    await expiryOf(jwt);
    const expired = await posts(visitor, jwt);
    assert.deepEqual([expired.status, expired.body], [401, UNAUTHORIZED]);
  });

  test('refresh takes the cookie and no body, again and at once, and sets no cookie', async () => {
    const answers = [
      await refresh(visitor),
      await refresh(visitor),
      ...(await Promise.all([refresh(visitor), refresh(visitor)])),
    ];
    for (const { status, body, setCookies } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(body), ['jwt']);
      assert.deepEqual(setCookies, []);
    }
  });

  test('refresh refuses an access token beside the cookie: a valid one with 403, an expired one with 401', async () => {
    const { jwt } = (await refresh(visitor)).body;
    const valid = await refresh(visitor, { bearer: jwt });
    assert.deepEqual([valid.status, valid.body], [403, FORBIDDEN]);
    await expiryOf(jwt);
    const expired = await refresh(visitor, { bearer: jwt });
    assert.deepEqual([expired.status, expired.body], [401, UNAUTHORIZED]);
  });

  test('refresh without a cookie or with garbage is 400', async () => {
    const missing = await refresh(visitor, { anonymous: true });
    assert.deepEqual([missing.status, missing.body], [400, refusal(400, 'BadRequestError', 'no Authorization')]);
    const garbage = await refresh(visitor, { anonymous: true, headers: { cookie: 'refreshToken=garbage' } });
    assert.equal(garbage.status, 400);
    assert.equal(garbage.body.error.name, 'BadRequestError');
  });

  test('CORS allows credentials and a fixed list of headers', async () => {
    const { status, headers } = await preflight(visitor, '/api/posts', 'GET', 'authorization,x-request-id');
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
    assert.doesNotMatch(headers.get('access-control-allow-headers'), /x-request-id/i);
  });

  test('logout is a GET that ends the cookie', async () => {
    const leaving = visitor.copy();
    const { status, body } = await leaving.get('/api/auth/logout');
    assert.deepEqual([status, body], [200, { message: 'ok' }]);
    assert.equal(leaving.cookies.size, 0);
  });

  test('the eleventh login in a minute is 429 and no refresh is', async () => {
    let last;
    for (let i = 0; i < 11; i += 1) last = await login(visitor.copy(), { ...LOGIN, password: 'x' });
    assert.equal(last.status, 429);
    assert.equal(last.body.error.name, 'RateLimitError');
    assert.equal(last.headers.get('retry-after'), undefined);
    assert.equal((await refresh(visitor)).status, 200);
  });

  test('another secret on the server ends every refresh token, and the counters with it', async () => {
    await backend.control('revoke');
    const { status, body } = await refresh(visitor);
    assert.deepEqual([status, body], [400, refusal(400, 'BadRequestError', 'Error: Invalid token.')]);
    assert.equal((await login(visitor)).status, 200);
    assert.equal((await refresh(visitor)).status, 200);
  });
});

describe('strapi4 with the lines that the guide changes or warns of', () => {
  let backend;
  let visitor;
  before(async () => {
    const switches = ['--fixed', '--roles-both', '--no-logout', '--cors-broken'];
    backend = await startBackend('strapi4', ['--refresh-ttl', '4s', ...switches]);
    visitor = new Visitor(backend.url);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('the cookie belongs to the host that answered', async () => {
    assert.match(backend.url, /^http:\/\/127\.0\.0\.1:/);
    for (const line of (await login(visitor)).setCookies) assert.doesNotMatch(line, /domain/i);
  });

  test('both roles may refresh, until the refresh token has expired', async () => {
    const { jwt } = (await login(visitor)).body;
    assert.equal((await refresh(visitor, { bearer: jwt })).status, 200);
    await expiryOf(visitor.cookies.get('refreshToken'));
    const { status, body } = await refresh(visitor);
    assert.deepEqual([status, body], [400, refusal(400, 'BadRequestError', 'Error: Invalid token.')]);
  });

  test('without the logout route the cookie stays', async () => {
    await visitor.get('/api/auth/logout');
    assert.ok(visitor.cookies.has('refreshToken'));
  });

  test('a CORS list that forgets credentials names the origin only', async () => {
    const { headers } = await preflight(visitor, '/api/posts', 'GET', 'authorization');
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), undefined);
  });
});

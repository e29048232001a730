import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor, expiryOf, preflight, startBackend } from './harness.mjs';

const LOGIN = { email: 'alice@example.com', password: 'Password1!' };
const UNAUTHORIZED = { statusCode: 401, message: 'Unauthorized' };
const badRequest = (message) => ({ statusCode: 400, message, error: 'Bad Request' });
const login = (visitor, json = LOGIN) => visitor.post('/users/login', { json });
const movies = (visitor, options) => visitor.get('/users/fav-movies', options);
const refresh = (visitor, options) => visitor.get('/users/refresh-tokens', options);

/** What is in the one cookie. */
const tokensOf = (visitor) => JSON.parse(decodeURIComponent(visitor.cookies.get('auth-cookie')).replace(/^j:/, ''));

async function signedIn(backend) {
  const visitor = new Visitor(backend.url);
  assert.equal((await login(visitor)).status, 201);
  return visitor;
}

describe('nestjs as the document has it', () => {
  let backend;
  before(async () => {
    backend = await startBackend('nestjs', ['--access-ttl', '2s']);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('login puts both tokens into one HttpOnly cookie and none into the body', async () => {
    const visitor = new Visitor(backend.url);
    const { status, body, setCookies } = await login(visitor);
    assert.deepEqual([status, body], [201, { msg: 'success' }]);
    assert.equal(setCookies.length, 1);
    assert.match(setCookies[0], /^auth-cookie=j%3A%7B[^;]+; Path=\/; HttpOnly$/);
    assert.match(tokensOf(visitor).token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal(tokensOf(visitor).refreshToken.length, 16);
  });

  test('a wrong password is 401', async () => {
    const { status, body } = await login(new Visitor(backend.url), { ...LOGIN, password: 'x' });
    assert.deepEqual([status, body], [401, UNAUTHORIZED]);
  });

  test('the resource reads the cookie only, until the access token in it has expired', async () => {
    const visitor = await signedIn(backend);
    const open = await movies(visitor);
    assert.deepEqual([open.status, open.body], [200, ['Avatar', 'Avengers']]);
    const none = await movies(visitor, { anonymous: true });
    assert.deepEqual([none.status, none.body], [401, UNAUTHORIZED]);
    const { token } = tokensOf(visitor);
    assert.equal((await movies(visitor, { anonymous: true, bearer: token })).status, 401);
    await expiryOf(token);
    const expired = await movies(visitor);
    assert.deepEqual([expired.status, expired.body], [401, UNAUTHORIZED]);
    assert.equal((await refresh(visitor)).status, 200);
    assert.equal((await movies(visitor)).status, 200);
  });

  test('refresh is a GET that replaces the cookie; the old one is 400', async () => {
    const visitor = await signedIn(backend);
    const old = visitor.copy();
    const { status, body, setCookies } = await refresh(visitor);
    assert.deepEqual([status, body, setCookies.length], [200, { msg: 'success' }, 1]);
    assert.notEqual(tokensOf(visitor).refreshToken, tokensOf(old).refreshToken);
    const again = await refresh(old);
    assert.deepEqual([again.status, again.body], [400, badRequest('token expired')]);
    assert.equal((await refresh(visitor)).status, 200);
    assert.equal((await visitor.post('/users/refresh-tokens')).status, 404);
  });

  test('a conditional refresh is 304 and has rotated all the same', async () => {
    const visitor = await signedIn(backend);
    const etag = (await refresh(visitor)).headers.get('etag');
    const old = visitor.copy();
    const { status, setCookies } = await refresh(visitor, { headers: { 'if-none-match': etag } });
    assert.deepEqual([status, setCookies.length], [304, 1]);
    assert.equal((await refresh(old)).status, 400);
  });

  test('refresh without the cookie or with a foreign token is 401, without its second half 400', async () => {
    const visitor = await signedIn(backend);
    assert.equal((await refresh(visitor, { anonymous: true })).status, 401);
    const cookie = (value) => ({ anonymous: true, headers: { cookie: `auth-cookie=${encodeURIComponent(`j:${JSON.stringify(value)}`)}` } });
    assert.equal((await refresh(visitor, cookie({ token: 'x', refreshToken: 'y' }))).status, 401);
    const half = await refresh(visitor, cookie({ token: tokensOf(visitor).token }));
    assert.deepEqual([half.status, half.body], [400, badRequest('invalid refresh token')]);
  });

  test('of two refreshes at once one cookie survives at most, whatever was answered', async () => {
    const visitor = await signedIn(backend);
    const tabs = [visitor.copy(), visitor.copy()];
    const answers = await Promise.all(tabs.map((tab) => refresh(tab)));
    const winners = tabs.filter((_, index) => answers[index].status === 200);
    assert.ok(winners.length >= 1);
    const next = [];
    for (const tab of winners) next.push((await refresh(tab.copy())).status);
    assert.equal(next.filter((status) => status === 200).length, 1);
  });

  test('a second sign-in ends the first one at its next refresh', async () => {
    const first = await signedIn(backend);
    await signedIn(backend);
    assert.equal((await refresh(first)).status, 400);
  });

  test('expired and revoked refresh tokens are both 400 "token expired"', async () => {
    for (const action of ['expire', 'revoke']) {
      const visitor = await signedIn(backend);
      await backend.control(action);
      const { status, body } = await refresh(visitor);
      assert.deepEqual([status, body], [400, badRequest('token expired')]);
    }
  });

  test('there is no route to sign out', async () => {
    assert.equal((await (await signedIn(backend)).post('/users/logout')).status, 404);
  });

  test('CORS allows credentials', async () => {
    const { status, headers } = await preflight(new Visitor(backend.url), '/users/refresh-tokens', 'GET', 'x-request-id');
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
  });
});

describe('nestjs with the lines that the guide adds or warns of', () => {
  let backend;
  before(async () => {
    backend = await startBackend('nestjs', ['--refresh-ttl', '1s', '--logout', '--cors-broken']);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('the logout route ends cookie and refresh token, with or without a session', async () => {
    const visitor = await signedIn(backend);
    const stolen = visitor.copy();
    const { status, body } = await visitor.post('/users/logout');
    assert.deepEqual([status, body], [201, { msg: 'success' }]);
    assert.equal(visitor.cookies.size, 0);
    assert.equal((await refresh(stolen)).status, 400);
    assert.equal((await visitor.post('/users/logout')).status, 201);
  });

  test('a CORS list without credentials names the origin only', async () => {
    const { headers } = await preflight(new Visitor(backend.url), '/users/fav-movies', 'GET', 'accept');
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), undefined);
  });
});

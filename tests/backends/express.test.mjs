import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor, expiryOf, preflight, startBackend } from './harness.mjs';

const SIGNIN = { username: 'alice', password: 'Password1!' };
const resource = (visitor, token) => visitor.get('/api/test/user', { headers: token ? { 'x-access-token': token } : {} });
const refresh = (visitor, refreshToken) => visitor.post('/api/auth/refreshtoken', { json: { refreshToken } });

describe('express as the document has it', () => {
  let backend;
  let visitor;
  let session;
  before(async () => {
    backend = await startBackend('express', ['--access-ttl', '2s']);
    visitor = new Visitor(backend.url);
    const signedIn = await visitor.post('/api/auth/signin', { json: SIGNIN });
    assert.equal(signedIn.status, 200);
    session = signedIn.body;
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('sign-in brings both tokens in the body and sets no cookie', async () => {
    const { accessToken, refreshToken, ...user } = session;
    assert.deepEqual(user, { id: 1, username: 'alice', email: 'alice@example.com', roles: ['ROLE_USER'] });
    assert.match(accessToken, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.match(refreshToken, /^[0-9a-f-]{36}$/);
    assert.equal(visitor.cookies.size, 0);
  });

  test('a wrong password is 401 with a null token, an unknown user 404', async () => {
    const wrong = await visitor.post('/api/auth/signin', { json: { ...SIGNIN, password: 'x' } });
    assert.deepEqual([wrong.status, wrong.body], [401, { accessToken: null, message: 'Invalid Password!' }]);
    const unknown = await visitor.post('/api/auth/signin', { json: { username: 'bob', password: 'x' } });
    assert.deepEqual([unknown.status, unknown.body], [404, { message: 'User Not found.' }]);
  });

  test('x-access-token opens the resource; elsewhere or absent it is 403, garbage and expired are 401', async () => {
    const { accessToken } = (await refresh(visitor, session.refreshToken)).body;
    const open = await resource(visitor, accessToken);
    assert.deepEqual([open.status, open.body], [200, 'User Content.']);
    const elsewhere = await visitor.get('/api/test/user', { bearer: accessToken });
    assert.deepEqual([elsewhere.status, elsewhere.body], [403, { message: 'No token provided!' }]);
    assert.equal((await resource(visitor)).status, 403);
    const garbage = await resource(visitor, 'garbage');
    assert.deepEqual([garbage.status, garbage.body], [401, 'Unauthorized']);
    const role = await visitor.get('/api/test/admin', { headers: { 'x-access-token': accessToken } });
    assert.deepEqual([role.status, role.body], [403, { message: 'Require Admin Role!' }]);
    await expiryOf(accessToken);
    const expired = await resource(visitor, accessToken);
    assert.deepEqual([expired.status, expired.body], [401, { message: 'Unauthorized! Access Token was expired!' }]);
  });

  test('refresh gives the same refresh token back, twice and at once', async () => {
    const answers = [
      await refresh(visitor, session.refreshToken),
      await refresh(visitor, session.refreshToken),
      ...(await Promise.all([refresh(visitor, session.refreshToken), refresh(visitor, session.refreshToken)])),
    ];
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(body), ['accessToken', 'refreshToken']);
      assert.equal(body.refreshToken, session.refreshToken);
    }
  });

  test('refresh without a token or with an unknown one is 403', async () => {
    const missing = await visitor.post('/api/auth/refreshtoken', { json: {} });
    assert.deepEqual([missing.status, missing.body], [403, { message: 'Refresh Token is required!' }]);
    const none = await visitor.post('/api/auth/refreshtoken');
    assert.equal(none.status, 403);
    const unknown = await refresh(visitor, 'garbage');
    assert.deepEqual([unknown.status, unknown.body], [403, { message: 'Refresh token is not in database!' }]);
  });

  test('an expired refresh token is 403 and its row goes; a revoked one is unknown', async () => {
    await backend.control('expire');
    const expired = await refresh(visitor, session.refreshToken);
    assert.deepEqual(
      [expired.status, expired.body],
      [403, { message: 'Refresh token was expired. Please make a new signin request' }],
    );
    assert.equal((await refresh(visitor, session.refreshToken)).body.message, 'Refresh token is not in database!');
    const again = (await visitor.post('/api/auth/signin', { json: SIGNIN })).body;
    await backend.control('revoke');
    assert.equal((await refresh(visitor, again.refreshToken)).body.message, 'Refresh token is not in database!');
  });

  test('there is no route to sign out', async () => {
    assert.equal((await visitor.post('/api/auth/signout', { json: {} })).status, 404);
  });

  test('CORS allows credentials and whatever header is asked for', async () => {
    const { status, headers } = await preflight(visitor, '/api/test/user', 'GET', 'x-access-token');
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
    assert.equal(headers.get('access-control-allow-headers'), 'x-access-token');
  });
});

describe('express with the lines that the guide adds or warns of', () => {
  let backend;
  before(async () => {
    backend = await startBackend('express', ['--logout', '--cors-broken']);
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('the signout route ends the refresh token', async () => {
    const visitor = new Visitor(backend.url);
    const { refreshToken } = (await visitor.post('/api/auth/signin', { json: SIGNIN })).body;
    const out = await visitor.post('/api/auth/signout', { json: { refreshToken } });
    assert.deepEqual([out.status, out.body], [200, { message: 'Signed out.' }]);
    assert.equal((await refresh(visitor, refreshToken)).status, 403);
  });

  test('a CORS list without credentials names the origin only', async () => {
    const { headers } = await preflight(new Visitor(backend.url), '/api/test/user', 'GET', 'x-access-token');
    assert.equal(headers.get('access-control-allow-origin'), 'http://127.0.0.1:3000');
    assert.equal(headers.get('access-control-allow-credentials'), undefined);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor, startBackend } from './harness.mjs';

const SIGNIN = { username: 'alice', password: 'Password1!' };
const refresh = (visitor, refreshToken) => visitor.post('/api/auth/refreshtoken', { json: { refreshToken } });

describe('the recorder in front', () => {
  let backend;
  before(async () => {
    backend = await startBackend('express');
  });
  after(async () => assert.equal(await backend.stop(), 0));

  test('notes which credentials came, never their values', async () => {
    await backend.control('reset');
    const visitor = new Visitor(backend.url);
    visitor.cookies.set('some', 'secret-value');
    await visitor.get('/api/test/user?q=secret-value', { bearer: 'secret-value', headers: { 'x-access-token': 'secret-value' } });
    await visitor.get('/api/test/all', { anonymous: true });
    const log = await backend.log();
    assert.deepEqual(log, [
      { method: 'GET', path: '/api/test/user', status: 401, authorization: true, xAccessToken: true, cookie: true, origin: 'http://127.0.0.1:3000' },
      { method: 'GET', path: '/api/test/all', status: 200, authorization: false, xAccessToken: false, cookie: false, origin: 'http://127.0.0.1:3000' },
    ]);
  });

  test('answers in the place of the backend as often as it was told', async () => {
    const visitor = new Visitor(backend.url);
    await backend.control('answer', { path: '/api/test/all', status: 429, headers: { 'retry-after': '7' }, times: 2 });
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push(await visitor.get('/api/test/all'));
    assert.deepEqual(answers.map(({ status }) => status), [429, 429, 200]);
    assert.equal(answers[0].headers.get('retry-after'), '7');
  });

  test('drops connections while down, and while the backend is stopped; the session outlives both', async () => {
    const visitor = new Visitor(backend.url);
    const { refreshToken } = (await visitor.post('/api/auth/signin', { json: SIGNIN })).body;
    await backend.control('down', { down: true });
    await assert.rejects(visitor.get('/api/test/all'), { code: 'ECONNRESET' });
    await backend.control('down', { down: false });
    assert.equal((await refresh(visitor, refreshToken)).status, 200);
    await backend.control('stop');
    await assert.rejects(visitor.get('/api/test/all'), { code: 'ECONNRESET' });
    await backend.control('start');
    assert.equal((await refresh(visitor, refreshToken)).status, 200);
  });

  test('holds requests during a restart', async () => {
    const visitor = new Visitor(backend.url);
    const restarted = backend.control('restart');
    const answers = await Promise.all([restarted, visitor.get('/api/test/all')]);
    assert.equal(answers[1].status, 200);
  });

  test('an unknown control lists the known ones', async () => {
    await assert.rejects(backend.control('nope'), /no control "POST nope", there are: GET log, POST reset/);
  });
});

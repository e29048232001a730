// Rule 5: only a definitive answer ends a session; all else passes.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

/** Signs in with a stored session whose token has just ended. */
const expired = (page, config = {}) =>
  page.evaluate(async (config) => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, storage: 'local', proactive: false, ...config });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    kit.events.length = 0;
  }, config);

const state = () => ({
  status: auth.snapshot.status,
  stale: auth.snapshot.stale,
  stored: /rt-/.test(localStorage.getItem('evertoken')),
  events: kit.types,
});

const DEFINITIVE = {
  400: [400, { error: 'bad' }],
  401: [401, { error: 'no' }],
  403: [403, { error: 'no' }],
  410: [410, { error: 'gone' }],
  422: [422, { error: 'no' }],
  '400 without a body': [400, ''],
  '400 invalid_grant': [400, { error: 'invalid_grant' }],
  '418 invalid_grant': [418, { error: 'invalid_grant' }],
  '500 invalid_grant': [500, { error: 'invalid_grant' }],
};
for (const [name, [status, body]] of Object.entries(DEFINITIVE)) {
  rule(`rule 5: ${name} ends the session (I2, A6, I8)`, async ({ page, server }) => {
    await expired(page);
    server.on('refresh', (call) => call.reply(status, body));
    const seen = await page.evaluate(async (state) => {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => kit.outcome(auth.fetch('/api/posts'))));
      const after = eval(state)();
      const { error } = auth.snapshot;
      await clock.advance(3_600_000);
      return { codes: outcomes.map(({ error }) => error?.code), status: outcomes[0].error?.status, shown: error?.code, after, later: (await auth.fetch('/api/posts')).status, timers: clock.timers };
    }, `(${state})`);
    assert.deepEqual(seen, {
      codes: times(5, 'refresh-rejected'),
      status,
      shown: 'refresh-rejected',
      after: { status: 'signed-out', stale: false, stored: false, events: ['signed-out:refresh-rejected'] },
      later: 401,
      timers: 0,
    });
    assert.equal(server.count('refresh'), 1);
    assert.deepEqual(server.of('api').map(({ token }) => token), [undefined], 'nothing goes out with the dead token');
  });
}

const html = '<!doctype html><title>Welcome to the hotel</title>';
const asHtml = { 'content-type': 'text/html' };
const PASSING = {
  408: (call) => call.reply(408, { error: 'slow' }),
  425: (call) => call.reply(425, { error: 'early' }),
  429: (call) => call.reply(429, { error: 'much' }),
  500: (call) => call.reply(500, { error: 'oops' }),
  502: (call) => call.reply(502),
  503: (call) => call.reply(503, { error: 'down' }),
  504: (call) => call.reply(504),
  520: (call) => call.reply(520),
  409: (call) => call.reply(409, { error: 'conflict' }),
  'HTML with 200 (G6)': (call) => call.reply(200, html, asHtml),
  'HTML with 401 (G6)': (call) => call.reply(401, html, asHtml),
  'HTML with 400 and no type (G6)': (call) => call.reply(400, html),
  'HTML with 502 (G6)': (call) => call.reply(502, html, asHtml),
  'HTML with 404 (G6)': (call) => call.reply(404, html, asHtml),
  'an empty 200 (G6)': (call) => call.reply(200, ''),
  'text with 200 (G6)': (call) => call.reply(200, 'OK'),
  'cut off JSON (G6)': (call) => call.reply(200, '{"accessToken":"abc', { 'content-type': 'application/json' }),
  'a cut off body (G6)': (call) => {
    call.reply(200, '{"accessToken":', { 'content-type': 'application/json', 'content-length': '500' });
    call.request.socket.end();
  },
  'a dropped connection (I1)': (call) => call.drop(),
  'an answer without CORS (I1)': (call) => {
    call.server.origins = [];
    call.reply(200, { accessToken: 'x' });
    call.server.origins = [call.headers.origin];
  },
};
for (const [name, answer] of Object.entries(PASSING)) {
  rule(`rule 5: ${name} keeps the session (I1, I2, I6)`, async ({ page, server }) => {
    await expired(page);
    server.once('refresh', answer);
    const seen = await page.evaluate(async (state) => {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => kit.outcome(auth.fetch('/api/posts'))));
      const after = eval(state)();
      const { error } = auth.snapshot;
      clock.at += 120_000;
      const later = (await auth.fetch('/api/posts')).status;
      return { outcomes, error: error?.code, after, later, end: [auth.snapshot.stale, auth.snapshot.error] };
    }, `(${state})`);
    for (const { error } of seen.outcomes) {
      assert.equal(error?.code, 'refresh-unavailable');
      assert.equal(error.retryable, true);
    }
    assert.equal(seen.error, 'refresh-unavailable');
    assert.deepEqual(seen.after, { status: 'signed-in', stale: true, stored: true, events: ['refresh-failed'] });
    assert.equal(seen.later, 200, 'it recovers unaided');
    assert.deepEqual(seen.end, [false, null]);
    assert.equal(server.count('refresh'), 2);
  });
}

for (const [name, status, body, looked] of [
  ['404', 404, { error: 'not found' }, /.+/],
  ['405', 405, { error: 'method' }, /.+/],
  ['JSON without a token', 200, { ok: true, tok: 'x' }, /accessToken.*access_token.*jwt.*token/],
  ['an empty token', 200, { accessToken: '' }, /accessToken/],
]) {
  rule(`rule 5: ${name} keeps the session, is not retryable, and says what was looked for`, async ({ page, server }) => {
    await expired(page);
    server.on('refresh', (call) => call.reply(status, body));
    const { outcome, after } = await page.evaluate(async (state) => ({ outcome: await kit.outcome(auth.fetch('/api/posts')), after: eval(state)() }), `(${state})`);
    assert.equal(outcome.error?.code, 'refresh-unavailable');
    assert.equal(outcome.error.retryable, false);
    assert.equal(outcome.error.status, status);
    assert.equal(outcome.error.cause?.code, 'invalid-response');
    assert.match(outcome.error.cause.message, looked);
    assert.deepEqual(after, { status: 'signed-in', stale: true, stored: true, events: ['refresh-failed'] });
  });
}

rule('rule 5: a configured path that finds nothing is named', async ({ page, server }) => {
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false, response: { accessToken: 'result.tokens.at' } });
    await auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: 60 });
    clock.at += 61_000;
  });
  server.on('refresh', (call) => call.reply(200, { accessToken: 'x' }));
  const { error } = await page.evaluate(() => kit.outcome(auth.fetch('/api/posts')));
  assert.equal(error?.cause?.code, 'invalid-response');
  assert.match(error.cause.message, /result\.tokens\.at/);
});

rule('rule 5: a refresh that hangs is given up after timeoutMs, and the session kept (B2)', async ({ page, server }) => {
  // A refresh that brings a cookie outlives its page, and Chromium ends no such
  // call.
  await expired(page, { timeoutMs: 3000, refreshToken: { in: 'body' } });
  const held = server.hold('refresh', 1);
  await page.evaluate(() => {
    window.answer = kit.outcome(auth.fetch('/api/posts'));
  });
  const call = await held.arrived;
  const before = await page.evaluate(async () => {
    clock.jump(2999);
    return kit.soFar(answer);
  });
  assert.equal(before.value ?? before, 'pending');
  await page.evaluate(() => clock.jump(1));
  const { error } = await page.evaluate(() => answer);
  assert.equal(error?.code, 'refresh-unavailable');
  assert.equal(error.retryable, true);
  await call.closed;
  assert.equal(await page.evaluate(() => auth.snapshot.status), 'signed-in');
  held.release();
});

rule('rule 5: requests that can still use the token go on (I3)', async ({ page, server }) => {
  server.on('refresh', (call) => call.reply(503));
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 570_000;
    const statuses = [(await auth.fetch('/api/posts')).status];
    await kit.quiet();
    statuses.push((await auth.fetch('/api/posts')).status);
    const token = typeof (await auth.getToken());
    const { status, stale } = auth.snapshot;
    return { statuses, token, status, stale };
  });
  assert.deepEqual(seen, { statuses: [200, 200], token: 'string', status: 'signed-in', stale: true });
});

rule('rule 5: a stored session that ended stays ended over a reload', async ({ page, server }) => {
  await expired(page, { refreshToken: { in: 'body' } });
  server.on('refresh', (call) => call.reply(401, { error: 'no' }));
  await page.evaluate(() => kit.outcome(auth.fetch('/api/posts')));
  await page.reload();
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'local', refreshToken: { in: 'body' } });
    return { status: auth.snapshot.status, token: await auth.getToken(), events: kit.types };
  });
  assert.deepEqual(seen, { status: 'signed-out', token: null, events: [] });
  assert.equal(server.count('refresh'), 1);
});

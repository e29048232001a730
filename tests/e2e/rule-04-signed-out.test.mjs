// Rule 4: without a session the manager is a plain fetch.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();
const COOKIE = { carrier: 'cookie', claims: {} };

rule('rule 4: a signed-out request goes out without a token, and its 401 comes back', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ refreshToken: { in: 'body' } });
    const response = await auth.fetch('/api/posts', { headers: { 'x-own': '1' } });
    const open = await auth.fetch('/open');
    return { start: auth.snapshot.status, status: response.status, body: await response.json(), open: open.status, token: await auth.getToken(), events: kit.types };
  });
  assert.deepEqual(seen, { start: 'signed-out', status: 401, body: { error: 'unauthorized' }, open: 200, token: null, events: [] });
  assert.deepEqual(server.calls.map(({ headers }) => headers.authorization), [undefined, undefined]);
  assert.equal(server.count('refresh'), 0);
  assert.equal(server.count('api'), 1, 'it is not retried');
});

rule('rule 4: an unknown visitor costs one silent refresh, is anonymous then, and hears no event', COOKIE, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ refreshToken: { in: 'cookie' } });
    const start = auth.snapshot.status;
    const before = await auth.getToken({ refresh: 'never' });
    const statuses = await Promise.all(Array.from({ length: 10 }, () => auth.fetch('/open'))).then((all) => all.map(({ status }) => status));
    const again = (await auth.fetch('/open')).status;
    return { start, before, statuses, again, token: await auth.getToken(), end: auth.snapshot.status, error: auth.snapshot.error, events: kit.types };
  });
  assert.deepEqual(seen, { start: 'unknown', before: null, statuses: times(10, 200), again: 200, token: null, end: 'signed-out', error: null, events: [] });
  assert.equal(server.count('refresh'), 1);
  assert.ok(server.of('open').every(({ headers }) => headers.authorization === undefined));
});

rule('rule 4: getToken of an unknown visitor gives null', COOKIE, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ refreshToken: { in: 'cookie' } });
    return { tokens: await Promise.all([auth.getToken(), auth.getToken()]), status: auth.snapshot.status };
  });
  assert.deepEqual(seen, { tokens: [null, null], status: 'signed-out' });
  assert.equal(server.count('refresh'), 1);
});

rule('rule 4: a reload finds the session by its cookie, before the first request goes (F4)', COOKIE, async ({ page, server }) => {
  await page.evaluate(async () => {
    await (await kit.create({ refreshToken: { in: 'cookie' } })).login({ user: 'alice' });
  });
  await page.reload();
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ refreshToken: { in: 'cookie' } });
    const start = auth.snapshot.status;
    const statuses = await Promise.all(Array.from({ length: 5 }, () => auth.fetch('/api/posts'))).then((all) => all.map(({ status }) => status));
    return { start, statuses, end: auth.snapshot.status, sub: auth.snapshot.claims.sub, events: kit.types };
  });
  assert.deepEqual(seen, { start: 'unknown', statuses: times(5, 200), end: 'signed-in', sub: 'alice', events: ['signed-in'] });
  assert.equal(server.count('refresh'), 1);
});

rule('rule 4: a start with an expired access token and a good refresh token renews (C9)', async ({ page, server }) => {
  await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'local', clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
  });
  server.expire();
  await page.reload();
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'local', clock: new kit.Clock(Date.now() + 3_600_000) });
    return { start: auth.snapshot.status, status: (await auth.fetch('/api/posts')).status };
  });
  assert.deepEqual(seen, { start: 'signed-in', status: 200 });
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.count('api'), 1, 'the expired token is not tried');
});

rule('rule 4: a silent refresh that fails for a passing reason does not make an anonymous visitor', COOKIE, async ({ page, server }) => {
  server.once('refresh', (call) => call.reply(503));
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, refreshToken: { in: 'cookie' } });
    const first = await kit.outcome(auth.getToken());
    const status = auth.snapshot.status;
    clock.at += 60_000;
    return { code: first.error?.code, status, later: await auth.getToken(), end: auth.snapshot.status };
  });
  assert.deepEqual(seen, { code: 'refresh-unavailable', status: 'unknown', later: null, end: 'signed-out' });
});

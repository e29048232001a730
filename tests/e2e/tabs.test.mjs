// Several tabs of one browser: rules 1, 4, 7 and 8 across them.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();
const NOW = Date.now();
const KINDS = {
  'memory and a cookie': [{ carrier: 'cookie' }, { refreshToken: { in: 'cookie' } }],
  'local storage and the body': [{}, { storage: 'local', refreshToken: { in: 'body' } }],
  'IndexedDB and the body': [{}, { storage: 'indexeddb', refreshToken: { in: 'body' } }],
};

/** Makes the manager of a tab on a clock that all tabs agree on. */
const make = (page, config) =>
  page.evaluate(
    async ([config, now]) => {
      window.clock = new kit.Clock(now);
      window.auth = await kit.create({ clock, proactive: false, ...config });
    },
    [config, NOW],
  );
const signIn = (page, user = 'alice') => page.evaluate((user) => auth.login({ user }).then(() => undefined), user);
const signedIn = (page) => page.evaluate(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
const expire = (pages) => Promise.all(pages.map((page) => page.evaluate(() => void (clock.at += 601_000))));

for (const [kind, [serverOptions, config]] of Object.entries(KINDS)) {
  for (const count of [2, 6]) {
    rule(`rule 1: ${count} tabs with ${kind} make one call (B1, B9, B11)`, { ...serverOptions, newestOnly: true, timeout: 120_000 }, async ({ page, open, server }) => {
      const pages = [page, ...(await Promise.all(times(count - 1).map(() => open())))];
      for (const one of pages) await make(one, config);
      await signIn(page);
      await Promise.all(pages.slice(1).map(signedIn));
      for (let round = 1; round <= 3; round++) {
        await expire(pages);
        const seen = await Promise.all(
          pages.map((one) =>
            one.evaluate(async () => {
              const statuses = (await Promise.all(Array.from({ length: 5 }, () => auth.fetch('/api/posts')))).map(({ status }) => status);
              return { statuses, token: await auth.getToken() };
            }),
          ),
        );
        assert.deepEqual(seen.map(({ statuses }) => statuses), times(count, times(5, 200)));
        assert.equal(new Set(seen.map(({ token }) => token)).size, 1, 'all have the same token');
        assert.equal(server.count('refresh'), round, `round ${round}`);
      }
      assert.equal(server.replays, 0);
      assert.equal(server.alive, 1);
    });
  }

  rule(`rule 7: a logout is seen in the other tab at once, with ${kind} (B8)`, serverOptions, async ({ page, open, server }) => {
    const other = await open();
    for (const one of [page, other]) await make(one, config);
    await signIn(page);
    await signedIn(other);
    const refresh = server.hold('refresh');
    await other.evaluate(() => {
      clock.at += 601_000;
      window.waiting = kit.outcome(auth.fetch('/api/posts'));
      window.out = kit.event('signed-out').then(({ reason }) => reason);
    });
    await refresh.arrived;
    const calls = server.count('api');
    await page.evaluate(() => auth.logout());
    // Time stands still in the other tab: it is told, and does not look once
    // in a while.
    const seen = await other.evaluate(async () => ({ reason: await out, waiting: (await waiting).error?.code, status: auth.snapshot.status, token: await auth.getToken() }));
    assert.deepEqual(seen, { reason: 'other-tab', waiting: 'signed-out', status: 'signed-out', token: null });
    refresh.release();
    await other.evaluate(() => auth.fetch('/open').then(() => undefined));
    assert.equal(await other.evaluate(() => auth.snapshot.status), 'signed-out', 'the late answer brings nothing back');
    assert.equal(await page.evaluate(() => auth.snapshot.status), 'signed-out');
    assert.equal(server.count('api'), calls);
    assert.ok(server.of('open').every(({ headers }) => headers.authorization === undefined));
  });

  rule(`rule 8: a sign-in is seen in the other tab, and so is another user, with ${kind}`, serverOptions, async ({ page, open, server }) => {
    const other = await open();
    for (const one of [page, other]) await make(one, config);
    await signIn(page);
    await signedIn(other);
    await other.evaluate(() => {
      window.changed = kit.event('user-changed').then(() => undefined);
    });
    await signIn(page, 'bob');
    await other.evaluate(() => changed);
    const seen = await other.evaluate(async () => ({ sub: auth.snapshot.claims.sub, user: (await (await auth.fetch('/api/me')).json()).user, events: kit.types }));
    assert.deepEqual(seen, { sub: 'bob', user: 'bob', events: ['signed-in', 'user-changed', 'signed-in'] });
    assert.equal(server.count('refresh'), 0);
  });

  rule(`rule 5: a session that the server ended ends in all tabs, with ${kind} (B14)`, serverOptions, async ({ page, open, server }) => {
    const pages = [page, ...(await Promise.all(times(4).map(() => open())))];
    for (const one of pages) await make(one, config);
    await signIn(page);
    await Promise.all(pages.slice(1).map(signedIn));
    server.revoke();
    await expire(pages);
    const seen = await Promise.all(pages.map((one) => one.evaluate(() => kit.outcome(auth.fetch('/api/posts')))));
    for (const { error, value } of seen) assert.ok(['refresh-rejected', 'signed-out'].includes(error?.code) || value === 401, JSON.stringify({ error, value }));
    await Promise.all(pages.map((one) => one.evaluate(() => kit.until(({ status }) => status === 'signed-out').then(() => undefined))));
    const calls = server.count('refresh');
    assert.ok(calls <= pages.length, `${calls} calls`);
    await Promise.all(pages.map((one) => one.evaluate(() => auth.getToken())));
    assert.equal(server.count('refresh'), calls, 'and then no more');
  });
}

rule('rule 1: a tab that joins late takes the session over without a call', { carrier: 'cookie' }, async ({ page, open, server }) => {
  const [, config] = KINDS['memory and a cookie'];
  await make(page, config);
  await signIn(page);
  const other = await open();
  await make(other, config);
  const seen = await other.evaluate(async () => ({ answer: (await auth.fetch('/api/posts')).status, status: auth.snapshot.status }));
  assert.deepEqual(seen, { answer: 200, status: 'signed-in' });
  assert.equal(server.count('refresh'), 0, 'the other tab told it');
});

rule('rule 1: a tab takes over the turn of one that hangs, after timeoutMs and not before (B2, B10)', { timeout: 90_000 }, async ({ page, open, server, context }) => {
  const timeoutMs = 2000;
  const config = { storage: 'local', refreshToken: { in: 'body' }, proactive: false, timeoutMs };
  const other = await open();
  for (const one of [page, other]) {
    await one.evaluate(async (config) => {
      window.auth = await kit.create(config);
    }, config);
  }
  await signIn(page);
  await signedIn(other);
  // The first call never gets an answer, and its tab stops.
  server.on('refresh', () => {}, 1);
  await page.evaluate(() => {
    window.waiting = kit.outcome(auth.refresh());
  });
  await server.seen('refresh');
  const devtools = await context.newCDPSession(page);
  const paused = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
  await devtools.send('Debugger.enable');
  const stopped = devtools.send('Runtime.evaluate', { expression: 'debugger' });
  await paused;
  const { outcome, took } = await other.evaluate(async () => {
    const from = performance.now();
    const outcome = await kit.outcome(auth.refresh());
    return { outcome, took: performance.now() - from };
  });
  const [first, second] = server.of('refresh');
  await devtools.send('Debugger.resume');
  await stopped;
  await devtools.detach();
  assert.equal(outcome.value?.status ?? outcome.error?.code, 'signed-in');
  assert.ok(took >= timeoutMs - 50, `taken over after ${took} ms`);
  assert.ok(took < timeoutMs + 15_000, `taken over after ${took} ms`);
  assert.equal(server.count('refresh'), 2);
  assert.equal(second.refreshToken, first.refreshToken);
  // The tab that hung finds the new token instead of counting its time-out.
  await page.evaluate(() => waiting);
  const tokens = await Promise.all([page, other].map((one) => one.evaluate(() => auth.getToken())));
  assert.equal(tokens[0], tokens[1]);
  assert.equal(server.count('refresh'), 2);
});

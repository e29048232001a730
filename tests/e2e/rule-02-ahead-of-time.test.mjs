// Rule 2: a token is renewed before it ends, and nobody waits for that.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 2: a request whose token is about to end goes out with it at once', { lifetime: 100 }, async ({ page, server }) => {
  const held = server.hold('refresh');
  const { old, beside } = await page.evaluate(async () => {
    window.clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const old = await auth.getToken();
    clock.at += 85_000;
    const answer = await auth.fetch('/api/posts');
    return { old, beside: { status: answer.status, refreshing: auth.snapshot.refreshing } };
  });
  assert.deepEqual(beside, { status: 200, refreshing: true });
  await held.arrived;
  held.release();
  const fresh = await page.evaluate(async () => {
    await kit.until(({ refreshing }) => !refreshing);
    await auth.fetch('/api/posts');
    return auth.getToken();
  });
  assert.notEqual(fresh, old);
  assert.deepEqual(server.of('api').map(({ token }) => token), [old, fresh]);
  assert.equal(server.count('refresh'), 1);
});

rule('rule 2: only an expired token makes a request wait', { lifetime: 100 }, async ({ page, server }) => {
  const held = server.hold('refresh');
  const states = await page.evaluate(async () => {
    window.clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 99_999;
    const valid = (await auth.fetch('/api/posts')).status;
    clock.at += 1;
    window.waiting = kit.outcome(auth.fetch('/api/posts'));
    const state = await kit.soFar(waiting);
    return { valid, state: state.value ?? state, waiting: auth.inspect().waiting };
  });
  assert.deepEqual(states, { valid: 200, state: 'pending', waiting: 1 });
  assert.equal(server.count('api'), 1, 'the second one is not on its way');
  held.release();
  assert.deepEqual(await page.evaluate(() => waiting), { value: 200 });
  assert.equal(server.count('refresh'), 1);
});

rule('rule 2: a hundred requests in the time ahead make one call', { lifetime: 100 }, async ({ page, server }) => {
  const statuses = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 90_000;
    const answers = await Promise.all(Array.from({ length: 100 }, () => auth.fetch('/api/posts')));
    await kit.quiet();
    return answers.map(({ status }) => status);
  });
  assert.deepEqual(statuses, times(100, 200));
  assert.equal(server.count('refresh'), 1);
});

rule('rule 2: the time ahead is a fifth of the lifetime, at most 60 s, never more than half (C5, C10)', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const seen = [];
    for (const [lifetime, refreshAheadSeconds] of [[10], [100], [300], [3600], [100, 30], [60, 900], [5, 60], [1, 900], [100, 0]]) {
      const clock = new kit.Clock();
      const from = clock.at;
      const auth = await kit.create({ clock, key: `k${seen.length}`, refreshAheadSeconds, proactive: true, refresh: async () => ({ accessToken: 'b', expiresIn: lifetime }) });
      await auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: lifetime });
      const planned = auth.inspect().nextRefreshAt - from;
      // The timer does what inspect() says.
      await clock.advance(planned - 1);
      await kit.quiet(auth);
      const before = auth.inspect().refreshes;
      await clock.advance(1);
      await kit.quiet(auth);
      seen.push([lifetime, refreshAheadSeconds ?? null, planned / 1000, before, auth.inspect().refreshes]);
      auth.dispose();
    }
    return seen;
  });
  assert.deepEqual(seen, [
    [10, null, 8, 0, 1],
    [100, null, 80, 0, 1],
    [300, null, 240, 0, 1],
    [3600, null, 3540, 0, 1],
    [100, 30, 70, 0, 1],
    [60, 900, 30, 0, 1],
    [5, 60, 2.5, 0, 1],
    [1, 900, 0.5, 0, 1],
    [100, 0, 100, 0, 1],
  ]);
});

rule('rule 2: the timer renews only while the page is visible, always, or never', { lifetime: 100 }, async ({ page, server }) => {
  const refreshes = await page.evaluate(async () => {
    let state = 'hidden';
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state });
    const show = (next) => {
      state = next;
      document.dispatchEvent(new Event('visibilitychange'));
    };
    const refreshes = {};
    for (const proactive of ['visible', true, false]) {
      show('visible');
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, proactive, key: `k-${proactive}` });
      await auth.login({ user: 'alice' });
      show('hidden');
      await clock.advance(90_000);
      await kit.quiet(auth);
      const hidden = auth.inspect().refreshes;
      show('visible');
      await kit.quiet(auth);
      refreshes[proactive] = { hidden, shown: auth.inspect().refreshes };
      auth.dispose();
    }
    return refreshes;
  });
  assert.deepEqual(refreshes, { visible: { hidden: 0, shown: 1 }, true: { hidden: 1, shown: 1 }, false: { hidden: 0, shown: 0 } });
  assert.equal(server.count('refresh'), 2);
});

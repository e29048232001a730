// Rule 1: however many want one, the refresh endpoint sees one call.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 1: fifty requests, refresh(), getToken and the timer in one tick make one call (A1)', { newestOnly: true }, async ({ page, server }) => {
  const statuses = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    const calls = Array.from({ length: 50 }, () => auth.fetch('/api/posts'));
    calls.push(auth.refresh(), auth.getToken(), auth.getToken({ refresh: 'force' }));
    clock.fire();
    calls.push(...Array.from({ length: 50 }, () => auth.fetch('/api/posts')));
    return (await Promise.all(calls)).filter((answer) => answer instanceof Response).map(({ status }) => status);
  });
  assert.deepEqual(statuses, times(100, 200));
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.count('api'), 100);
});

rule('rule 1: a refresh that has ended is not taken for one under way (A7)', async ({ page, server }) => {
  const statuses = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const statuses = [];
    for (let i = 0; i < 5; i++) {
      clock.at += 601_000;
      statuses.push((await auth.fetch('/api/posts')).status);
    }
    return statuses;
  });
  assert.deepEqual(statuses, times(5, 200));
  assert.equal(server.count('refresh'), 5);
  assert.equal(server.replays, 0);
});

rule('rule 1: a dropped refresh settles all who wait, and a later one starts afresh (A5)', async ({ page, server }) => {
  server.once('refresh', (call) => call.drop());
  const { first, later } = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    const first = await Promise.all(Array.from({ length: 10 }, () => kit.outcome(auth.fetch('/api/posts'))));
    clock.at += first[0].error.retryAfterMs;
    return { first, later: await kit.outcome(auth.fetch('/api/posts')) };
  });
  assert.deepEqual(first.map(({ error }) => error?.code), times(10, 'refresh-unavailable'));
  assert.deepEqual(later, { value: 200 });
  assert.equal(server.count('refresh'), 2);
});

rule('rule 1: managers of one key share a call, of different keys they do not (A10)', async ({ page, server }) => {
  const counts = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const make = (key) => kit.create({ clock, key, storage: 'local', proactive: false });
    const [one, two, other] = [await make('shared'), await make('shared'), await make('other')];
    await one.login({ user: 'alice' });
    await kit.until(({ status }) => status === 'signed-in', two);
    const otherStatus = other.snapshot.status;
    await other.login({ user: 'bob' });
    clock.at += 601_000;
    const answers = await Promise.all([one, two, one, two].map((auth) => auth.fetch('/api/posts')));
    const same = (await one.getToken()) === (await two.getToken());
    const bob = await (await other.fetch('/api/posts')).json();
    return { statuses: answers.map(({ status }) => status), otherStatus, same, bob: bob.user };
  });
  assert.deepEqual(counts, { statuses: times(4, 200), otherStatus: counts.otherStatus, same: true, bob: 'bob' });
  assert.notEqual(counts.otherStatus, 'signed-in');
  assert.equal(server.count('refresh'), 2, 'one for each key');
  assert.equal(server.replays, 0);
});

rule('rule 1: without Web Locks managers of one key still share a call (B6)', async ({ page, server }) => {
  const { lock, degraded, outcome } = await page.evaluate(async () => {
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    const outcome = await kit.outcome(auth.fetch('/api/posts'));
    return { ...auth.inspect(), outcome };
  });
  assert.deepEqual(outcome, { value: 200 });
  assert.notEqual(lock, 'web-locks');
  assert.ok(degraded.length > 0, 'that the locks are missing can be seen');
  assert.equal(server.count('refresh'), 1);
});

rule('rule 1: a refresh function that calls its manager is refused at once (A4)', async ({ page, server }) => {
  const outcomes = await page.evaluate(async () => {
    const outcomes = [];
    for (const call of [(auth) => auth.fetch('/api/posts'), (auth) => auth.getToken(), (auth) => auth.refresh(), (auth) => auth.getToken({ refresh: 'force' })]) {
      // It stands still: no time limit comes to the rescue.
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, key: `own-${outcomes.length}`, proactive: false, refresh: () => call(auth) });
      await auth.setTokens({ accessToken: 'a', expiresIn: 60 });
      // While the token is good, and when it has ended.
      outcomes.push(await kit.outcome(auth.refresh()));
      clock.at += 61_000;
      outcomes.push(await kit.outcome(auth.fetch('/api/posts')));
    }
    return outcomes;
  });
  assert.equal(outcomes.length, 8);
  for (const { error } of outcomes) {
    assert.equal(error?.code, 'refresh-unavailable');
    assert.match(error.cause?.message ?? '', /refresh/);
  }
  assert.equal(server.count('api'), 0);
});

rule('rule 1: after an await of its own, timeoutMs bounds such a function (A4)', async ({ page }) => {
  const outcome = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const waits = kit.deferred();
    const auth = await kit.create({
      clock,
      timeoutMs: 700,
      proactive: false,
      refresh: async () => {
        await undefined;
        waits.resolve();
        return auth.fetch('/api/posts');
      },
    });
    await auth.setTokens({ accessToken: 'a', expiresIn: 60 });
    clock.at += 61_000;
    const outcome = kit.outcome(auth.fetch('/api/posts'));
    await waits.promise;
    const before = await kit.soFar(outcome);
    clock.jump(699);
    const nearly = await kit.soFar(outcome);
    clock.jump(1);
    return { before, nearly, after: await outcome };
  });
  assert.equal(outcome.before.value ?? outcome.before, 'pending');
  assert.equal(outcome.nearly.value ?? outcome.nearly, 'pending');
  assert.equal(outcome.after.error?.code, 'refresh-unavailable');
});

rule('rule 1: a refresh function gets what it needs and is called once', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const contexts = [];
    const auth = await kit.create({
      clock,
      refresh: async (context) => {
        contexts.push(context);
        await kit.turn();
        return { accessToken: 'second', refreshToken: 'r2', expiresIn: 60 };
      },
    });
    await auth.setTokens({ accessToken: 'first', refreshToken: 'r1', expiresIn: 60 });
    clock.at += 61_000;
    const tokens = await Promise.all(Array.from({ length: 20 }, () => auth.getToken()));
    const [{ accessToken, refreshToken, signal, fetch }] = contexts;
    return { tokens: [...new Set(tokens)], count: contexts.length, accessToken, refreshToken, signal: signal instanceof AbortSignal, fetch: typeof fetch };
  });
  assert.deepEqual(seen, { tokens: ['second'], count: 1, accessToken: 'first', refreshToken: 'r1', signal: true, fetch: 'function' });
});

for (const [what, reason, expected] of [
  ['the code refresh-rejected', { code: 'refresh-rejected' }, 'refresh-rejected'],
  ['a definitive status', { status: 401 }, 'refresh-rejected'],
  ['another status', { status: 503 }, 'refresh-unavailable'],
  ['no status at all', {}, 'refresh-unavailable'],
]) {
  rule(`rule 1: a refresh function that rejects with ${what} means ${expected}`, async ({ page }) => {
    const seen = await page.evaluate(async (reason) => {
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, proactive: false, refresh: () => Promise.reject(Object.assign(new Error('no'), reason)) });
      await auth.setTokens({ accessToken: 'first', refreshToken: 'r1', expiresIn: 60 });
      clock.at += 61_000;
      return { outcome: await kit.outcome(auth.getToken()), status: auth.snapshot.status };
    }, reason);
    assert.equal(seen.outcome.error?.code, expected);
    assert.equal(seen.status, expected === 'refresh-rejected' ? 'signed-out' : 'signed-in');
    if (expected === 'refresh-unavailable') {
      assert.equal(seen.outcome.error.retryable, true);
      assert.equal(seen.outcome.error.cause?.message, 'no', 'the cause is what the function rejected with');
    }
  });
}

// Rule 6: no sequence of answers becomes a storm.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();

/** Defines `world(config)` in a page: a manager with an expired token on a
 * clock of its own, whose refresh endpoint answers what `answer` says. */
const prepare = (page) =>
  page.evaluate(() => {
    window.world = async ({ answer, ...config }) => {
      const clock = new kit.Clock();
      const from = clock.at;
      const world = { clock, at: [], answer };
      world.auth = await kit.create({
        clock,
        fetch: async (input, init) => {
          if (!new Request(input, init).url.endsWith('/refresh')) return kit.answer({});
          world.at.push((clock.at - from - 61_000) / 1000);
          return world.answer(world.at.length);
        },
        ...config,
      });
      await world.auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: 60 });
      clock.at += 61_000;
      return world;
    };
    window.answering = (status, headers) => () => kit.answer({ error: 'no' }, { status, headers });
  });

rule('rule 6: the attempts are spaced exponentially with full jitter, from 250 ms to 60 s (I4)', async ({ page }) => {
  await prepare(page);
  const runs = await page.evaluate(async () => {
    const runs = [];
    for (let run = 0; run < 12; run++) {
      const { auth, clock } = await world({ answer: answering(503), proactive: false, key: `k${run}` });
      const gaps = [];
      for (let i = 0; i < 14; i++) {
        const { error } = await kit.outcome(auth.fetch('/api/a'));
        gaps.push(error.retryAfterMs / 1000);
        clock.at += error.retryAfterMs;
      }
      runs.push(gaps);
      auth.dispose();
    }
    return runs;
  });
  for (const gaps of runs) {
    for (const [i, gap] of gaps.entries()) {
      assert.ok(gap >= 0.25 && gap <= Math.max(0.25, Math.min(60, 2 ** i)), `gap ${i} is ${gap} s`);
    }
  }
  const late = runs.flatMap((gaps) => gaps.slice(7));
  assert.ok(new Set(late).size > late.length / 2, 'jitter: the gaps differ');
  assert.ok(Math.min(...late) < 15 && Math.max(...late) > 45, 'full jitter: they are spread over the whole range');
  assert.ok(new Set(runs.map((gaps) => gaps.slice(2).join())).size === runs.length, 'two managers do not move in step');
});

for (const [what, answer, least] of [
  ['503', () => kit.answer({ error: 'no' }, { status: 503 }), 0],
  ['429 with Retry-After: 30', () => kit.answer({ error: 'no' }, { status: 429, headers: { 'retry-after': '30' } }), 30],
  ['a network failure', () => Promise.reject(new TypeError('Failed to fetch')), 0],
]) {
  rule(`rule 6: five minutes of ${what} and twenty requests a second make no storm (I4)`, { timeout: 180_000 }, async ({ page }) => {
    await prepare(page);
    const seen = await page.evaluate(async (answer) => {
      const one = await world({ answer: eval(answer), proactive: true });
      const codes = new Set();
      for (let i = 0; i < 6000; i++) {
        await one.clock.advance(50);
        const { error } = await kit.outcome(one.auth.fetch('/api/a'));
        codes.add(error?.code);
      }
      return { at: one.at, codes: [...codes] };
    }, `(${answer})`);
    assert.deepEqual(seen.codes, ['refresh-unavailable']);
    const gaps = seen.at.slice(1).map((at, i) => at - seen.at[i]);
    // The sums of fractions of seconds are not exact.
    assert.ok(Math.min(...gaps) >= Math.max(least, 0.25) - 1e-6, `the least gap is ${Math.min(...gaps)} s`);
    // The mean gap grows to 30 s; in the mean there are 15 of them.
    assert.ok(seen.at.length <= 40, `${seen.at.length} calls`);
    assert.ok(seen.at.length >= 5, `${seen.at.length} calls`);
  });
}

rule('rule 6: whoever needs a token meanwhile is told at once how long to wait, refresh() too', async ({ page }) => {
  await prepare(page);
  const seen = await page.evaluate(async () => {
    const { auth, clock, at } = await world({ answer: answering(429, { 'retry-after': '30' }), proactive: false });
    await kit.outcome(auth.fetch('/api/a'));
    clock.at += 10_000;
    const outcomes = [];
    const calls = [auth.fetch('/api/a'), auth.getToken(), auth.refresh(), auth.getToken({ refresh: 'force' })];
    for (const call of calls.map((call) => kit.soFar(call))) outcomes.push(await call);
    return { outcomes, calls: at.length };
  });
  for (const { error } of seen.outcomes) {
    assert.equal(error?.code, 'refresh-unavailable');
    assert.equal(error.retryable, true);
    assert.equal(error.retryAfterMs, 20_000);
  }
  assert.equal(seen.calls, 1);
});

rule('rule 6: Retry-After is honoured as a date too', async ({ page, server }) => {
  server.on('refresh', (call) => call.reply(503, '', { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }));
  const { error } = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    return kit.outcome(auth.refresh());
  });
  assert.equal(error?.code, 'refresh-unavailable');
  assert.ok(error.retryAfterMs > 60_000 && error.retryAfterMs <= 91_000, `${error.retryAfterMs} ms`);
});

for (const hint of ['online', 'visible']) {
  rule(`rule 6: becoming ${hint} allows one attempt at once, at most every 5 s, never before Retry-After (C2)`, async ({ page }) => {
    await prepare(page);
    const seen = await page.evaluate(async (hint) => {
      // The jitter is the same each time: by chance, it may allow the next
      // attempts at once.
      Math.random = () => 0.7;
      let state = 'visible';
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state });
      const give = async () => {
        if (hint === 'online') window.dispatchEvent(new Event('online'));
        else {
          for (state of ['hidden', 'visible']) document.dispatchEvent(new Event('visibilitychange'));
        }
        await kit.quiet();
      };
      const one = await world({ answer: answering(503), proactive: true });
      // The back-off grows until an attempt is far away.
      let wait = 0;
      while (wait < 20_000) {
        await one.clock.advance(wait);
        wait = (await kit.outcome(one.auth.fetch('/api/a'))).error.retryAfterMs;
      }
      const counts = [one.at.length];
      const tryAgain = async (ms) => {
        one.clock.at += ms;
        await give();
        await kit.outcome(one.auth.fetch('/api/a'));
        counts.push(one.at.length);
      };
      await tryAgain(0);
      for (let i = 0; i < 10; i++) {
        // Ten hints in five seconds allow nothing.
        one.clock.at += 400;
        await give();
      }
      counts.push(one.at.length);
      const base = counts.at(-1);
      one.answer = answering(429, { 'retry-after': '600' });
      await tryAgain(5_000);
      await tryAgain(60_000);
      return { counts: counts.map((count) => count - counts[0]), base };
    }, hint);
    const [, first, ten, second, third] = seen.counts;
    assert.equal(first, 1, 'one at once');
    assert.equal(ten - first, 0, 'ten hints in five seconds allow nothing');
    assert.equal(second - ten, 1, 'another one after 5 s');
    assert.equal(third - second, 0, 'none before Retry-After');
  });
}

rule('rule 6: a machine that wakes before its network is back stays signed in and recovers (C2)', async ({ page }) => {
  await prepare(page);
  const seen = await page.evaluate(async () => {
    const one = await world({ answer: () => Promise.reject(new TypeError('Failed to fetch')), proactive: true });
    one.clock.jump(8 * 3_600_000);
    await kit.quiet();
    await one.clock.advance(20_000);
    const failed = { status: one.auth.snapshot.status, stale: one.auth.snapshot.stale, calls: one.at.length };
    one.answer = () => kit.answer({ accessToken: 'b', refreshToken: 'r2', expiresIn: 60 });
    window.dispatchEvent(new Event('online'));
    await kit.quiet();
    const { status, stale } = one.auth.snapshot;
    return { failed, end: { status, stale, token: await one.auth.getToken() }, events: kit.types.filter((type) => type.startsWith('signed-out')) };
  });
  assert.equal(seen.failed.status, 'signed-in');
  assert.equal(seen.failed.stale, true);
  assert.ok(seen.failed.calls <= 12, `${seen.failed.calls} calls`);
  assert.deepEqual(seen.end, { status: 'signed-in', stale: false, token: 'b' });
  assert.deepEqual(seen.events, []);
});

rule('rule 6: all tabs share the back-off', async ({ page, open, server }) => {
  server.on('refresh', (call) => call.reply(503, '', { 'retry-after': '60' }));
  const other = await open();
  const make = (page) => page.evaluate(() => kit.create({ storage: 'local', proactive: false }).then((auth) => void (window.auth = auth)));
  await make(page);
  await make(other);
  await page.evaluate(async () => {
    await auth.login({ user: 'alice' });
  });
  await other.evaluate(() => kit.until(({ status }) => status === 'signed-in'));
  const first = await page.evaluate(() => kit.outcome(auth.refresh()));
  assert.equal(first.error?.code, 'refresh-unavailable');
  const second = await other.evaluate(() => kit.outcome(auth.refresh()));
  assert.equal(second.error?.code, 'refresh-unavailable');
  assert.ok(second.error.retryAfterMs > 30_000, `${second.error.retryAfterMs} ms`);
  assert.equal(server.count('refresh'), 1);
});

rule('rule 6: a failure holds no lock: the next call begins at once when it may (B4)', async ({ page, server }) => {
  server.once('refresh', (call) => call.reply(503));
  const seen = await page.evaluate(async () => {
    // It stands still: no timer gives a lock back.
    const auth = await kit.create({ clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
    const { error } = await kit.outcome(auth.refresh());
    window.dispatchEvent(new Event('online'));
    const outcome = await kit.outcome(auth.refresh());
    return { code: error?.code, refreshed: outcome.value?.status };
  });
  assert.equal(seen.code, 'refresh-unavailable');
  assert.equal(seen.refreshed, 'signed-in');
});

rule('rule 6: a timer that is late keeps nobody waiting longer than timeoutMs', async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false, timeoutMs: 2000 });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.first = kit.outcome(auth.fetch('/api/posts'));
  });
  await held.arrived;
  const codes = await page.evaluate(async () => {
    const second = kit.outcome(auth.fetch('/api/posts'));
    // Time goes by, and no timer fires: who asks now finds out.
    clock.at += 2000;
    const third = kit.outcome(auth.fetch('/api/posts'));
    return (await Promise.all([first, second, third])).map(({ error }) => error?.code);
  });
  assert.deepEqual(codes, ['refresh-unavailable', 'refresh-unavailable', 'refresh-unavailable']);
  assert.equal(server.count('refresh'), 1);
});

rule('rule 6: tokens that are refused at once do not make a loop', async ({ page }) => {
  await prepare(page);
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    let refreshes = 0;
    const auth = await kit.create({
      clock,
      proactive: true,
      // A second of lifetime, each token refused: the worst that a server can do.
      refresh: async () => ({ accessToken: `t${++refreshes}`, expiresIn: 0.001 }),
      fetch: async () => kit.answer({}, { status: 401 }),
    });
    await auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: 0.001 });
    for (let i = 0; i < 600; i++) {
      await clock.advance(100);
      await kit.outcome(auth.fetch('/api/a'));
    }
    return refreshes;
  });
  // Two a second for the lifetime, and what reactive refreshes may add.
  assert.ok(seen <= 60 * 2 + 10 + 60 / 5, `${seen} refreshes in a minute`);
});

// Rule 18: a session ends for all tabs at once, after a warning to each.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

/** Five tabs that share a session. */
async function tabs(page, open, session) {
  const pages = [page, ...(await Promise.all(times(4).map(() => open())))];
  await Promise.all(
    pages.map((one) =>
      one.evaluate(async (session) => {
        await kit.create({ storage: 'local', refreshToken: { in: 'body' }, session });
        window.warned = [];
        auth.on('session-ending', ({ cause, endsAt }) => warned.push({ cause, endsAt, at: Date.now() }));
      }, session),
    ),
  );
  await page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
  const each = (run) => Promise.all(pages.map((one) => one.evaluate(run)));
  await each(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
  return { pages, each };
}

const warnings = (each) => each(() => warned.length);
const outReasons = () => kit.event('signed-out').then(({ reason }) => reason);
/** The least and the most of what tabs say differ by this at the most. */
const SECOND = 1000;
const spread = (numbers) => Math.max(...numbers) - Math.min(...numbers);

rule('rule 18: one active tab of five keeps all; idle, all are warned at once and out with one call', { timeout: 60_000 }, async ({ page, open, server }) => {
  const { pages, each } = await tabs(page, open, { idleSeconds: 8, warnSeconds: 2 });
  const [, active] = pages;
  const called = server.seen('logout');
  const began = Date.now();
  for (let at = 0; Date.now() - began < 9000; at++) {
    await active.mouse.move(10 + (at % 50), 10);
    await active.waitForTimeout(500);
  }
  assert.deepEqual(await warnings(each), times(5, 0), 'somebody is here');
  const first = await each(async () => {
    await kit.event('session-ending');
    return warned[0];
  });
  assert.deepEqual(first.map(({ cause }) => cause), times(5, 'idle'));
  assert.ok(spread(first.map(({ at }) => at)) < SECOND, `warned within ${spread(first.map(({ at }) => at))} ms`);
  assert.ok(spread(first.map(({ endsAt }) => endsAt)) < SECOND, 'all agree on the end');
  const reasons = await each(outReasons);
  assert.deepEqual(reasons, times(5, 'idle'));
  const ended = await each(async () => ({ warned: warned.length, status: auth.snapshot.status, token: await auth.getToken(), stored: localStorage.getItem('evertoken') }));
  for (const { warned, status, token, stored } of ended) {
    assert.deepEqual({ warned, status, token }, { warned: 1, status: 'signed-out', token: null });
    assert.doesNotMatch(stored, /eyJ|rt-/);
  }
  const refreshes = server.count('refresh');
  // Whichever tab calls: on a busy machine one whose turn comes some seconds
  // later. A second one would call two seconds after it.
  await called;
  await page.waitForTimeout(2500);
  assert.equal(server.count('logout'), 1);
  assert.equal(server.alive, 0);
  assert.equal(server.count('refresh'), refreshes);
});

rule('rule 18: touch() in one tab of five puts the end off in all', { timeout: 60_000 }, async ({ page, open, server }) => {
  const { pages, each } = await tabs(page, open, { idleSeconds: 6, warnSeconds: 2, activity: 'manual' });
  await each(() => kit.event('session-ending').then(() => undefined));
  const before = await each(() => warned[0].endsAt);
  await pages[3].evaluate(() => auth.touch());
  const after = await each(async () => (await kit.until(({ sessionEndsAt }) => sessionEndsAt > warned[0].endsAt + 1000)).sessionEndsAt);
  assert.ok(spread(after) < SECOND, 'all agree on the new end');
  // Past the end that there was, by what the page itself has measured.
  await page.waitForFunction((end) => Date.now() > end, before[0] + 500);
  assert.deepEqual(await each(() => auth.snapshot.status), times(5, 'signed-in'));
  await each(() => kit.event('session-ending', auth, 2).then(() => undefined));
  assert.deepEqual(await warnings(each), times(5, 2), 'the next end has a warning of its own');
  assert.equal(server.count('logout'), 0);
});

rule('rule 18: where a tab is frozen the other one calls the logout endpoint, and the thawed one does not', { timeout: 30_000 }, async ({ page, open, server, context }) => {
  const other = await open();
  const pages = [page, other];
  for (const one of pages) await one.evaluate(() => kit.create({ storage: 'local', refreshToken: { in: 'body' }, session: { maxSeconds: 3 } }).then(() => undefined));
  await page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
  await other.evaluate(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
  const frozen = await context.newCDPSession(page);
  await frozen.send('Page.setWebLifecycleState', { state: 'frozen' });
  const called = server.seen('logout');
  assert.equal(await other.evaluate(outReasons), 'lifetime');
  await called;
  await frozen.send('Page.setWebLifecycleState', { state: 'active' });
  assert.equal(await page.evaluate(outReasons), 'lifetime');
  await page.waitForTimeout(2500);
  assert.equal(server.count('logout'), 1);
  assert.equal(server.count('refresh'), 0);
});

rule('rule 18: a machine that slept past the end sends nothing for the session', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, refreshToken: { in: 'body' }, session: { idleSeconds: 600, activity: 'manual' } });
    await auth.login({ user: 'alice' });
    // No timer has fired.
    clock.at += 3_600_000;
    const status = (await auth.fetch('/open')).status;
    return { status, types: kit.types, token: await auth.getToken() };
  });
  assert.deepEqual(seen, { status: 200, types: ['signed-in', 'signed-out:idle'], token: null });
  assert.deepEqual(server.of('open').map(({ token }) => token), [undefined]);
  assert.equal(server.count('refresh'), 0);
});

rule('rule 18: requests keep no session alive', async ({ page, server }) => {
  const types = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, refreshToken: { in: 'body' }, session: { idleSeconds: 600, activity: 'manual' } });
    await auth.login({ user: 'alice' });
    for (let minute = 0; minute < 12; minute++) {
      await auth.fetch('/api/posts');
      await clock.advance(60_000);
    }
    // The logout call may be under way for more than ten seconds of this clock.
    return kit.types.filter((type) => !['refreshed', 'warning'].includes(type));
  });
  assert.deepEqual(types, ['signed-in', 'session-ending', 'signed-out:idle']);
  assert.equal(server.of('api').filter(({ token }) => token).length, 10);
});

const NEVER = 'nothing said';
const IN_A_CENTURY = 100 * 365.25 * 86_400;
const SAID = [
  [{ sessionExpiresIn: -5 }, NEVER],
  [{ sessionExpiresIn: 0 }, NEVER],
  [{ sessionExpiresIn: NaN }, NEVER],
  [{ sessionExpiresIn: IN_A_CENTURY }, IN_A_CENTURY],
  [{ sessionExpiresIn: Infinity }, NEVER],
  [{ sessionExpiresIn: Number.MAX_VALUE }, NEVER],
  [{ sessionExpiresIn: 8.64e12 }, NEVER],
  [{ sessionExpiresAt: 1 }, NEVER],
  [{ sessionExpiresAt: -1e12 }, NEVER],
  [{ sessionExpiresAt: NaN }, NEVER],
  [{ sessionExpiresAt: Infinity }, NEVER],
  [{ sessionExpiresAt: 1e300 }, NEVER],
];
rule('rule 18: an end that cannot be is no end, and one in a century ends nothing', async ({ page, server }) => {
  for (const [said, expected] of SAID) {
    const seen = await page.evaluate(async (said) => {
      kit.events.length = 0;
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, key: JSON.stringify(said), proactive: false, refreshToken: { in: 'body' } });
      const values = Object.fromEntries(Object.entries(said).map(([name, value]) => [name, value === null ? NaN : value]));
      await auth.setTokens({ accessToken: kit.jwt({ sub: 'alice' }), refreshToken: 'rt', ...values });
      const { sessionEndsAt } = auth.snapshot;
      await clock.advance(86_400_000);
      const { status } = auth.snapshot;
      auth.dispose();
      return { status, types: kit.types, seconds: sessionEndsAt && (sessionEndsAt - clock.at) / 1000 + 86_400 };
    }, Object.fromEntries(Object.entries(said).map(([name, value]) => [name, Number.isNaN(value) ? null : value])));
    const { seconds, ...rest } = seen;
    const name = JSON.stringify(said);
    assert.deepEqual(rest, { status: 'signed-in', types: ['signed-in'] }, name);
    if (expected === NEVER) assert.equal(seconds, null, name);
    else assert.ok(Math.abs(seconds - expected) < 1, `${name}: ${seconds}`);
  }
  assert.deepEqual(server.calls.map(({ route }) => route), []);
});

/** What servers call it, and what none of them can mean. */
const NAMES = ['sessionExpiresIn', 'refreshExpiresIn', 'refresh_expires_in', 'refresh_token_expires_in', 'refresh_token_timeout', 'authorization_expires_in'];
const NOTHING = [0, -1, 'soon', null, [5], true];
rule("rule 18: the end is found under each server's name; what cannot be one is none", async ({ page, server }) => {
  for (const [at, name] of NAMES.entries()) {
    for (const value of [3600, NOTHING[at]]) {
      server.shape = (tokens) => ({ ...tokens, [name]: value });
      const seen = await page.evaluate(async (key) => {
        kit.events.length = 0;
        const clock = new kit.Clock();
        const auth = await kit.create({ clock, key, refreshToken: { in: 'body' } });
        await auth.login({ user: 'alice' });
        await auth.refresh();
        const { sessionEndsAt } = auth.snapshot;
        auth.dispose();
        return { left: sessionEndsAt && (sessionEndsAt - clock.at) / 1000, types: kit.types };
      }, `${name} ${value}`);
      assert.deepEqual(seen, { left: value === 3600 ? 3600 : null, types: ['signed-in', 'refreshed'] }, `${name}: ${JSON.stringify(value)}`);
    }
  }
});

rule('rule 18: a session that ends before its token is over, and so is the token', { shape: (tokens) => ({ ...tokens, refresh_expires_in: 90 }) }, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
    const left = auth.snapshot.sessionEndsAt - clock.at;
    // A third of what there is before the end, though 60 seconds are asked for.
    await clock.advance(59_000);
    const quiet = kit.types.length;
    await clock.advance(1000);
    const warned = kit.types.at(-1);
    await clock.advance(30_000);
    await auth.fetch('/open');
    return { left, quiet, warned, last: kit.types.at(-1) };
  });
  assert.deepEqual(seen, { left: 90_000, quiet: 1, warned: 'session-ending', last: 'signed-out:lifetime' });
  assert.equal(server.count('refresh'), 0);
  assert.equal(server.of('open')[0].token, undefined);
});

rule('rule 18: warnSeconds 0 warns nobody', async ({ page }) => {
  const types = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, session: { maxSeconds: 60, warnSeconds: 0 } });
    await auth.login({ user: 'alice' });
    await clock.advance(61_000);
    return kit.types;
  });
  assert.deepEqual(types, ['signed-in', 'signed-out:lifetime']);
});

rule('rule 18: a place to remember in that fails costs a warning, and the session goes on', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const fail = () => Promise.reject(new Error('no place'));
    const auth = await kit.create({ refreshToken: { in: 'body' }, storage: 'session', remember: { get: fail, set: fail, remove: fail } });
    await auth.login({ user: 'alice' }, { remember: true });
    const { status } = await auth.fetch('/api/posts');
    await auth.refresh();
    return { status, now: auth.snapshot.status, warned: kit.types.includes('warning'), out: kit.types.some((type) => type.startsWith('signed-out')) };
  });
  assert.deepEqual(seen, { status: 200, now: 'signed-in', warned: true, out: false });
});

rule('rule 18: a hint that is not there costs no call and no wait; one that lies costs one call', { carrier: 'cookie' }, async ({ page, server }) => {
  const load = () =>
    page.evaluate(async () => {
      const auth = await kit.create({ refreshToken: { in: 'cookie' }, hint: { cookie: 'signed_in' } });
      const start = auth.snapshot.status;
      for (let at = 0; at < 3; at++) await auth.fetch('/open');
      return { start, status: auth.snapshot.status, token: await auth.getToken(), types: kit.types };
    });
  const anonymous = { status: 'signed-out', token: null, types: [] };
  for (let at = 0; at < 5; at++) {
    assert.deepEqual(await load(), { start: 'signed-out', ...anonymous });
    await page.reload();
  }
  assert.equal(server.count('refresh'), 0);
  await page.evaluate(() => (document.cookie = 'signed_in=1'));
  const { start: _, ...lied } = await load();
  assert.deepEqual(lied, anonymous);
  assert.equal(server.count('refresh'), 1, 'it was asked once, and is not asked again');
  assert.equal(server.count('open'), 18);
});

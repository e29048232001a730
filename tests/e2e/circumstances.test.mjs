// What happens around a page that runs: the machine is carried to another time
// zone, its clock is set, the network goes and comes back, and the browser puts
// the page away and brings it back.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

// Playwright turns this cache off, which is what some of these are about.
const rule = suite({ launch: { ignoreDefaultArgs: ['--disable-back-forward-cache'] } });
const TIMEOUT = { timeout: 120_000 };

/** Carries the page's machine to another time zone; gives its offset there. */
async function carrier(page, context) {
  const devtools = await context.newCDPSession(page);
  return async (timezoneId) => {
    await devtools.send('Emulation.setTimezoneOverride', { timezoneId });
    return page.evaluate(() => new Date().getTimezoneOffset());
  };
}

for (const form of ['seconds', 'a date without an offset', 'a date with the offset of the place']) {
  rule(`rule 9: another time zone moves neither a token's end nor its renewal, lifetime as ${form}`, TIMEOUT, async ({ page, context, server }) => {
    const carry = await carrier(page, context);
    server.shape = ({ accessToken, refreshToken, expiresIn }) => {
      const end = Date.now() + expiresIn * 1000;
      const local = (hours) => new Date(end + hours * 3_600_000).toISOString().slice(0, -1);
      const expiresAt = form.includes('without') ? local(0) : `${local(14)}+14:00`;
      return { accessToken, refreshToken, ...(form === 'seconds' ? { expiresIn } : { expiresAt }) };
    };
    assert.equal(await carry('Pacific/Kiritimati'), -840);
    const read = () => page.evaluate(async () => ({ expiresAt: auth.snapshot.expiresAt, next: auth.inspect().nextRefreshAt, token: await auth.getToken(), status: (await auth.fetch('/api/posts')).status }));
    await page.evaluate(async (form) => {
      await kit.create(form === 'seconds' ? {} : { response: { expiresAt: 'expiresAt' } });
      await auth.login({ user: 'alice' });
    }, form);
    const before = await read();
    assert.equal(before.status, 200);
    assert.ok(Math.abs(before.expiresAt - Date.now() - 600_000) < 60_000, `it ends at ${before.expiresAt}`);
    for (const [zone, offset] of [['Pacific/Niue', 660], ['Asia/Kathmandu', -345], ['UTC', 0]]) {
      assert.equal(await carry(zone), offset);
      assert.deepEqual(await read(), before, zone);
    }
    assert.equal(server.count('refresh'), 0);
    await page.evaluate(() => auth.refresh());
    const { expiresAt } = await read();
    assert.ok(expiresAt >= before.expiresAt && expiresAt - before.expiresAt < 60_000, `then at ${expiresAt}`);
  });
}

rule('rule 6: a Retry-After that is a date means the same in another time zone', TIMEOUT, async ({ page, context, server }) => {
  const carry = await carrier(page, context);
  await carry('Pacific/Kiritimati');
  await page.evaluate(async () => {
    await kit.create();
    await auth.login({ user: 'alice' });
  });
  server.once('refresh', (call) => call.reply(503, '', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }));
  const first = await page.evaluate(() => kit.outcome(auth.refresh()));
  await carry('Pacific/Niue');
  const second = await page.evaluate(() => kit.outcome(auth.refresh()));
  for (const { error } of [first, second]) {
    assert.equal(error?.code, 'refresh-unavailable');
    assert.ok(error.retryAfterMs > 3_480_000 && error.retryAfterMs <= 3_600_000, `${error.retryAfterMs} ms`);
  }
  assert.equal(server.count('refresh'), 1);
});

const HOUR = 3_600_000;
rule("rule 9: the machine's clock is set forth and back while the page runs, by an hour and by ten years (D1, D2)", { ...TIMEOUT, newestOnly: true }, async ({ page, server }) => {
  // The browser's timers do not follow the clock of the machine, and these are
  // the browser's: only what it says of the time of day is another.
  await page.evaluate(async () => {
    const { now } = Date;
    window.set = 0;
    Date.now = () => now() + set;
    await kit.create();
    await auth.login({ user: 'alice' });
  });
  const decade = 10 * 8766 * HOUR;
  const counts = [];
  for (const by of [HOUR, -2 * HOUR, HOUR, decade, -2 * decade, decade]) {
    const { status, session, expiresAt, now } = await page.evaluate(async (by) => {
      set += by;
      const { status } = await auth.fetch('/api/posts');
      await kit.quiet();
      return { status, session: auth.snapshot.status, expiresAt: auth.snapshot.expiresAt, now: Date.now() };
    }, by);
    assert.deepEqual([status, session], [200, 'signed-in'], `set by ${by / HOUR} hours`);
    // However the clock was set, no token is thought to live longer than it does.
    assert.ok(expiresAt > now && expiresAt <= now + 600_000, `set by ${by / HOUR} hours it ends in ${expiresAt - now} ms`);
    counts.push(server.count('refresh'));
  }
  // Forward by more than the lifetime a token looks ended: one refresh for each.
  assert.deepEqual(counts, [1, 1, 2, 3, 3, 4]);
  assert.equal(server.replays, 0);
});

rule('rule 6: offline the session stays; back online the next request refreshes at once (C2, I1)', { ...TIMEOUT, newestOnly: true }, async ({ page, context, server }) => {
  await page.evaluate(async () => {
    const { now } = Date;
    window.set = 0;
    Date.now = () => now() + set;
    await kit.create({ storage: 'local', refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
  });
  await context.setOffline(true);
  const offline = await page.evaluate(async () => {
    set += 601_000;
    const { error } = await kit.outcome(auth.fetch('/api/posts'));
    const again = await kit.outcome(auth.fetch('/api/posts'));
    const { status, stale } = auth.snapshot;
    return { code: error?.code, retryable: error?.retryable, again: again.error?.code, status, stale, onLine: navigator.onLine };
  });
  assert.deepEqual(offline, { code: 'refresh-unavailable', retryable: true, again: 'refresh-unavailable', status: 'signed-in', stale: true, onLine: false });
  assert.equal(server.count('refresh'), 0, 'nothing reached the server');
  await page.evaluate(() => {
    window.online = new Promise((resolve) => addEventListener('online', resolve, { once: true })).then(() => undefined);
  });
  await context.setOffline(false);
  const online = await page.evaluate(async () => {
    await window.online;
    const { status } = await auth.fetch('/api/posts');
    const { status: session, stale } = auth.snapshot;
    return { status, session, stale };
  });
  assert.deepEqual(online, { status: 200, session: 'signed-in', stale: false });
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.replays, 0);
});

const STORAGES = {
  'local storage and the body': [{}, { storage: 'local', refreshToken: { in: 'body' } }],
  'IndexedDB and the body': [{}, { storage: 'indexeddb', refreshToken: { in: 'body' } }],
  'memory and a cookie': [{ carrier: 'cookie' }, { refreshToken: { in: 'cookie' } }],
};
for (const [kind, [options, config]] of Object.entries(STORAGES)) {
  /** A page that is signed in, and another that stays. */
  const two = async ({ page, open }) => {
    const other = await open();
    for (const one of [page, other]) {
      await one.evaluate(async (config) => {
        window.shown = new Promise((resolve) => addEventListener('pageshow', ({ persisted }) => resolve(persisted)));
        await kit.create({ proactive: false, ...config });
      }, config);
    }
    await page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
    await other.evaluate(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
    return other;
  };
  const back = async (page) => {
    await page.goBack({ waitUntil: 'commit' });
    assert.equal(await page.evaluate(() => shown), true, 'it comes from the back-forward cache');
  };

  rule(`rule 7: a sign-out while the page is in the back-forward cache is seen when it comes back, ${kind} (B8, H4)`, { ...TIMEOUT, ...options }, async (world) => {
    const { page, pages, server } = world;
    const other = await two(world);
    await page.goto(`${pages.origin}/blank`);
    await other.evaluate(() => auth.logout());
    const before = server.count('api');
    await back(page);
    const seen = await page.evaluate(async () => ({ status: (await auth.fetch('/api/posts')).status, session: auth.snapshot.status }));
    assert.deepEqual(seen, { status: 401, session: 'signed-out' });
    assert.equal(server.of('api')[before].token, undefined, 'the request went out without a token');
    assert.equal(server.count('refresh'), 0);
  });

  rule(`rule 1: a page from the back-forward cache takes over the token that another has refreshed, ${kind} (B1)`, { ...TIMEOUT, ...options, newestOnly: true }, async (world) => {
    const { page, pages, server } = world;
    const other = await two(world);
    await page.goto(`${pages.origin}/blank`);
    await other.evaluate(() => auth.refresh().then(() => undefined));
    await back(page);
    const status = await page.evaluate(async () => (await auth.fetch('/api/posts')).status);
    assert.equal(status, 200);
    assert.equal(server.count('api'), 1, 'the older token was not sent');
    assert.equal(server.count('refresh'), 1);
    const tokens = await Promise.all([page, other].map((one) => one.evaluate(() => auth.getToken())));
    assert.equal(tokens[0], tokens[1]);
    assert.equal(server.replays, 0);
  });
}

// What keeps the tabs of one key apart: Web Locks, or where a page has none a
// lease in IndexedDB. A page has none if its origin is not secure, as that of
// an http:// address in a local network.
import assert from 'node:assert/strict';
import { BROWSER, suite, times } from './support/suite.mjs';

const HOST = 'evertoken.test';
const rule = suite({ launch: { args: [...BROWSER.args, `--host-resolver-rules=MAP ${HOST} 127.0.0.1`] } });
/** How long a tab that hangs keeps its turn. */
const TIMEOUT_MS = 2000;
/** Of a tab that does not hang, which is not waited for. */
const LONG_MS = 12_000;
const LIFETIME_MS = 600_000;

/** Opens pages of an origin that has, or has not, Web Locks. */
function opener(lock, { server, context, pages, complaints }) {
  const of = (origin) => (lock === 'fallback' ? origin.replace('127.0.0.1', HOST) : origin);
  server.origins.push(of(pages.origin));
  return async () => {
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error?.stack ?? error)));
    await page.goto(`${of(pages.origin)}/?api=${encodeURIComponent(of(server.origin))}`);
    return page;
  };
}
/** Makes the manager of a page; gives the kind of lock that it has. */
const make = (page, config, now) =>
  page.evaluate(
    async ([config, now]) => {
      window.clock = now && new kit.Clock(now);
      window.auth = await kit.create({ clock, proactive: false, ...config });
      return auth.inspect().lock;
    },
    [config, now],
  );
const signIn = (page) => page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
const signedIn = (page) => page.evaluate(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
/** Three tabs of one session, the first of which has made a call that is never
 * answered. `now` lets time stand still for it. */
async function caught(lock, world, { now, timeoutMs = TIMEOUT_MS } = {}) {
  const open = opener(lock, world);
  const pages = await Promise.all(times(3).map(() => open()));
  const [first, second, third] = pages;
  for (const page of pages) {
    const clock = page === first ? now : undefined;
    assert.equal(await make(page, { storage: 'local', refreshToken: { in: 'body' }, timeoutMs }, clock), lock);
  }
  await signIn(first);
  await Promise.all([second, third].map(signedIn));
  world.server.on('refresh', () => {}, 1);
  await first.evaluate(() => {
    window.waiting = kit.outcome(auth.refresh());
  });
  await world.server.seen('refresh');
  return { first, second, third };
}
/** Refreshes in a tab; gives how that ended and how long it took. */
const refresh = (page) =>
  page.evaluate(async () => {
    const from = performance.now();
    const { value, error } = await kit.outcome(auth.refresh());
    return { outcome: value?.status ?? error, took: performance.now() - from };
  });

const STORAGES = {
  'memory and a cookie': [{ carrier: 'cookie' }, { refreshToken: { in: 'cookie' } }],
  'local storage and the body': [{}, { storage: 'local', refreshToken: { in: 'body' } }],
  'IndexedDB and the body': [{}, { storage: 'indexeddb', refreshToken: { in: 'body' } }],
};
for (const [kind, [serverOptions, config]] of Object.entries(STORAGES)) {
  rule(`rule 1: six tabs without Web Locks make one call, with ${kind} (B1, B5, B6)`, { ...serverOptions, newestOnly: true, timeout: 120_000 }, async (world) => {
    const { server } = world;
    const open = opener('fallback', world);
    const pages = await Promise.all(times(6).map(() => open()));
    const now = Date.now();
    for (const page of pages) {
      assert.equal(await make(page, config, now), 'fallback');
      assert.deepEqual(await page.evaluate(() => [isSecureContext, navigator.locks === undefined, ...auth.inspect().degraded]), [false, true, 'web-locks']);
    }
    await signIn(pages[0]);
    await Promise.all(pages.slice(1).map(signedIn));
    for (let round = 1; round <= 5; round++) {
      await Promise.all(pages.map((page) => page.evaluate((ms) => void (clock.at += ms), LIFETIME_MS + 1000)));
      const held = server.hold('refresh', 1);
      await Promise.all(
        pages.map((page) =>
          page.evaluate(async () => {
            window.asked = Promise.all(Array.from({ length: 5 }, () => auth.fetch('/api/posts'))).then((answers) => answers.map(({ status }) => status));
            await kit.turn();
          }),
        ),
      );
      await held.arrived;
      held.release();
      const statuses = await Promise.all(pages.map((page) => page.evaluate(() => asked)));
      assert.deepEqual(statuses, times(6, times(5, 200)));
      const tokens = await Promise.all(pages.map((page) => page.evaluate(() => auth.getToken())));
      assert.equal(new Set(tokens).size, 1, 'all have the same token');
      assert.equal(server.count('refresh'), round, `round ${round}`);
    }
    assert.equal(server.replays, 0);
    assert.equal(server.alive, 1);
  });
}

for (const lock of ['web-locks', 'fallback']) {
  const LEAVES = {
    'is closed': (page) => page.close(),
    'goes to another page': (page) => page.goto('about:blank'),
    'is loaded again': (page) => page.reload(),
  };
  for (const [how, leave] of Object.entries(LEAVES)) {
    rule(`rule 1: a tab that ${how} in the middle of a refresh holds up nobody, with ${lock}`, async (world) => {
      const { first, second } = await caught(lock, world, { timeoutMs: LONG_MS });
      await leave(first);
      const { outcome, took } = await refresh(second);
      assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
      assert.ok(took < LONG_MS, `took ${took} ms`);
      assert.equal(world.server.count('refresh'), 2);
    });
  }

  rule(`rule 1: a tab that crashes in the middle of a refresh is taken over, with ${lock} (B2)`, async (world) => {
    const { first, second } = await caught(lock, world);
    const devtools = await world.context.newCDPSession(first);
    const crashed = new Promise((resolve) => first.once('crash', resolve));
    devtools.send('Page.crash').catch(() => {});
    await crashed;
    const { outcome, took } = await refresh(second);
    assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
    assert.ok(took < TIMEOUT_MS + 15_000, `took ${took} ms`);
    assert.equal(world.server.count('refresh'), 2);
  });

  rule(`rule 1: a tab that hangs keeps its turn for timeoutMs and no longer, with ${lock} (B2, B10)`, async (world) => {
    const { first, second } = await caught(lock, world);
    const devtools = await world.context.newCDPSession(first);
    const paused = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
    await devtools.send('Debugger.enable');
    const stopped = devtools.send('Runtime.evaluate', { expression: 'debugger' });
    await paused;
    const { outcome, took } = await refresh(second);
    await devtools.send('Debugger.resume');
    await stopped;
    await devtools.detach();
    assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
    assert.ok(took >= TIMEOUT_MS - 50, `taken over after ${took} ms`);
    assert.ok(took < TIMEOUT_MS + 15_000, `taken over after ${took} ms`);
    // The one that hung finds the new token, and what it gives back is not
    // the lock of another.
    await first.evaluate(() => waiting);
    const tokens = await Promise.all([first, second].map((page) => page.evaluate(() => auth.getToken())));
    assert.equal(tokens[0], tokens[1]);
    assert.equal(world.server.count('refresh'), 2);
  });

  rule(`rule 1: a tab from which the lock was taken does not give back that of another, with ${lock}`, async (world) => {
    const { server } = world;
    const { first, second, third } = await caught(lock, world, { now: Date.now() });
    const held = server.hold('refresh', 1);
    const taken = refresh(second);
    await held.arrived;
    await first.goto('about:blank');
    const waiting = refresh(third);
    // For nothing to happen, there is no event to wait for.
    await third.waitForTimeout(300);
    assert.equal(server.count('refresh'), 2);
    held.release();
    for (const { outcome } of [await taken, await waiting]) assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
    assert.equal(server.count('refresh'), 2);
    assert.equal(server.replays, 0);
  });

  rule(`rule 1: after a failure the next one has the lock at once, with ${lock} (B4)`, async (world) => {
    const { server } = world;
    const open = opener(lock, world);
    const [first, second] = [await open(), await open()];
    const now = Date.now();
    for (const page of [first, second]) await make(page, { storage: 'local', refreshToken: { in: 'body' } }, now);
    await signIn(first);
    await signedIn(second);
    server.once('refresh', (call) => call.reply(503));
    const { error } = await first.evaluate(() => kit.outcome(auth.refresh()));
    assert.equal(error?.code, 'refresh-unavailable');
    await Promise.all([first, second].map((page) => page.evaluate((ms) => void (clock.at += ms), error.retryAfterMs)));
    // Time stands still in both: what was waited for is no timer.
    const { outcome } = await refresh(second);
    assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
  });
}

rule('rule 1: a tab whose lock is taken away while it reads waits for the thief, and calls once', { timeout: 60_000 }, async (world) => {
  const { server } = world;
  const open = opener('web-locks', world);
  const [page, thief] = [await open(), await open()];
  await page.evaluate(async () => {
    window.gate = kit.deferred();
    gate.resolve();
    window.reads = 0;
    const storage = {
      async get(key) {
        reads++;
        await gate.promise;
        return localStorage.getItem(key);
      },
      async set(key, value) {
        localStorage.setItem(key, value);
      },
      async remove(key) {
        localStorage.removeItem(key);
      },
    };
    window.auth = await kit.create({ storage, refreshToken: { in: 'body' }, proactive: false });
  });
  await signIn(page);
  await page.evaluate(() => {
    window.gate = kit.deferred();
    reads = 0;
    window.waiting = kit.outcome(auth.refresh());
  });
  await page.waitForFunction(() => reads === 1);
  await thief.evaluate(async () => {
    const { name } = (await navigator.locks.query()).held[0];
    window.given = kit.deferred();
    await new Promise((resolve) => {
      navigator.locks.request(name, { steal: true }, () => {
        resolve();
        return given.promise;
      });
    });
  });
  // The robbed one stands in line again, of which nothing tells the thief.
  const standing = () => thief.evaluate(async () => (await navigator.locks.query()).pending.length);
  for (const until = Date.now() + 20_000; (await standing()) !== 1; ) {
    assert.ok(Date.now() < until, 'it does not ask for the lock again');
    await thief.waitForTimeout(20);
  }
  await page.evaluate(async () => {
    gate.resolve();
    for (let i = 0; i < 3; i++) await kit.turn();
  });
  assert.equal(server.count('refresh'), 0, 'what was read under the lost lock starts no call');
  await thief.evaluate(() => given.resolve());
  const { value } = await page.evaluate(() => waiting);
  assert.equal(value?.status, 'signed-in');
  assert.equal(server.count('refresh'), 1);
});

rule('rule 1: a lease that a tab has left behind ends by itself', async (world) => {
  const { first, second } = await caught('fallback', world, { timeoutMs: LONG_MS });
  const devtools = await world.context.newCDPSession(first);
  const crashed = new Promise((resolve) => first.once('crash', resolve));
  devtools.send('Page.crash').catch(() => {});
  await crashed;
  // An hour later.
  const leases = await second.evaluate(async () => {
    const opened = await new Promise((resolve) => {
      const request = indexedDB.open('evertoken');
      request.onsuccess = () => resolve(request.result);
    });
    const transaction = opened.transaction('records', 'readwrite');
    const records = transaction.objectStore('records');
    const keys = records.getAllKeys();
    const ends = records.getAll();
    ends.onsuccess = () => keys.result.forEach((key, at) => records.put(ends.result[at] - 3_600_000, key));
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    opened.close();
    return keys.result.length;
  });
  assert.equal(leases, 1);
  const { outcome, took } = await refresh(second);
  assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
  assert.ok(took < LONG_MS, `took ${took} ms`);
});

rule('rule 16: a manager that is disposed of leaves no lease and no connection to the database', async (world) => {
  const page = await opener('fallback', world)();
  await make(page, { refreshToken: { in: 'body' } });
  const held = world.server.hold('refresh');
  await page.evaluate(async () => {
    window.connections = new Set();
    const { transaction, close } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...args) {
      connections.add(this);
      return transaction.apply(this, args);
    };
    // What the sign-in opened closes in its own time.
    window.allClosed = kit.deferred();
    IDBDatabase.prototype.close = function () {
      connections.delete(this);
      close.call(this);
      if (!connections.size) allClosed.resolve();
    };
    await auth.login({ user: 'alice' });
    auth.refresh().catch(() => {});
  });
  await held.arrived;
  const leases = () =>
    page.evaluate(async () => {
      const database = await new Promise((resolve) => {
        const request = indexedDB.open('evertoken');
        request.onsuccess = () => resolve(request.result);
      });
      const found = await new Promise((resolve) => {
        const request = database.transaction('records').objectStore('records').getAllKeys();
        request.onsuccess = () => resolve(request.result.length);
      });
      database.close();
      return found;
    });
  await page.evaluate(() => auth.dispose());
  assert.equal(await leases(), 1, 'held until the token is stored');
  await page.evaluate(() => void (allClosed = kit.deferred()));
  held.release();
  await page.evaluate(() => allClosed.promise);
  assert.equal(await page.evaluate(() => connections.size), 0);
  assert.equal(await leases(), 0);
});

const BROKEN = {
  'there is no IndexedDB': () => Object.defineProperty(window, 'indexedDB', { value: undefined }),
  'IndexedDB refuses': () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  },
  'IndexedDB has no room': () => {
    IDBObjectStore.prototype.put = function () {
      this.transaction.abort();
    };
  },
  'IndexedDB never answers': () => {
    IDBFactory.prototype.open = () => ({});
  },
};
for (const [name, breaks] of Object.entries(BROKEN)) {
  rule(`rule 13: without Web Locks a refresh succeeds where ${name} (B6, B7)`, async (world) => {
    const page = await opener('fallback', world)();
    await page.evaluate(`(${breaks})()`);
    await make(page, { refreshToken: { in: 'body' }, timeoutMs: TIMEOUT_MS });
    await signIn(page);
    const { outcome } = await refresh(page);
    assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
    assert.equal(world.server.count('refresh'), 1);
    assert.equal(await page.evaluate(() => auth.inspect().lock), name.includes('never') ? 'fallback' : 'none');
  });
}

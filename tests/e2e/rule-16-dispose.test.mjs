// Rule 16: a manager that is disposed of leaves nothing behind, and loses no
// rotated token.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 16: every waiting promise is rejected at once, and the refresh is finished and stored', async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, storage: 'local', proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.waiting = [auth.fetch('/api/posts'), auth.getToken(), auth.refresh(), auth.getToken({ refresh: 'force' })].map(kit.outcome);
  });
  const call = await held.arrived;
  const outcomes = await page.evaluate(async () => {
    auth.dispose();
    window.lockHeld = (await navigator.locks.query()).held.length;
    return Promise.all(waiting);
  });
  assert.deepEqual(outcomes.map(({ error }) => error?.code), times(4, 'disposed'));
  assert.equal(await page.evaluate(() => lockHeld), 1, 'its lock is held until it is stored');
  assert.equal(call.request.socket.destroyed, false);
  held.release();
  const seen = await page.evaluate(async () => {
    // Granted when the disposed one has let go.
    await navigator.locks.request('evertoken:evertoken', async () => {});
    const next = await kit.create({ clock, storage: 'local', proactive: false });
    return { status: (await next.fetch('/api/posts')).status, token: await next.getToken() };
  });
  assert.equal(seen.status, 200);
  assert.equal(server.count('refresh'), 1, 'the new token was stored');
  assert.equal(server.replays, 0);
});

rule('rule 16: afterwards every call is rejected with disposed, and disposing twice is harmless', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    auth.dispose();
    auth.dispose();
    const calls = { fetch: auth.fetch('/api/posts'), request: auth.fetch(new Request(`${kit.api}/api/posts`)), getToken: auth.getToken(), refresh: auth.refresh(), login: auth.login({ user: 'bob' }), setTokens: auth.setTokens({ accessToken: 'a' }), logout: auth.logout() };
    const codes = {};
    for (const [name, call] of Object.entries(calls)) codes[name] = (await kit.outcome(call)).error?.code;
    return { codes, inspect: typeof auth.inspect().refreshes, snapshot: typeof auth.snapshot.status };
  });
  assert.deepEqual(seen, { codes: { fetch: 'disposed', request: 'disposed', getToken: 'disposed', refresh: 'disposed', login: 'disposed', setTokens: 'disposed', logout: 'disposed' }, inspect: 'number', snapshot: 'string' });
  assert.equal(server.count('api'), 0);
  assert.equal(server.count('login'), 1);
});

rule('rule 16: a login and a logout under way are rejected too', async ({ page, server }) => {
  server.hold('login', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create();
    window.answer = kit.outcome(auth.login({ user: 'alice' }));
  });
  await server.seen('login');
  const login = await page.evaluate(() => {
    auth.dispose();
    return answer;
  });
  assert.equal(login.error?.code, 'disposed');
  server.hold('logout', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create();
    await auth.login({ user: 'alice' });
    window.answer = kit.outcome(auth.logout());
  });
  await server.seen('logout');
  const logout = await page.evaluate(() => {
    auth.dispose();
    return answer;
  });
  assert.equal(logout.error?.code, 'disposed');
});

rule('rule 16: timers, listeners, channels and locks are gone', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const counts = { listeners: 0, channels: 0 };
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const own = (self) => self === window || self === document || self == null;
    EventTarget.prototype.addEventListener = function (...args) {
      if (own(this)) counts.listeners++;
      return addEventListener.apply(this ?? window, args);
    };
    EventTarget.prototype.removeEventListener = function (...args) {
      if (own(this)) counts.listeners--;
      return removeEventListener.apply(this ?? window, args);
    };
    window.BroadcastChannel = class extends BroadcastChannel {
      constructor(name) {
        super(name);
        counts.channels++;
      }
      close() {
        counts.channels--;
        super.close();
      }
    };
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: true, storage: 'local' });
    await auth.login({ user: 'alice' });
    const during = { ...counts, timers: clock.timers };
    let told = 0;
    auth.subscribe(() => told++);
    auth.on('signed-out', () => told++);
    await kit.turn();
    told = 0;
    auth.dispose();
    window.dispatchEvent(new Event('online'));
    window.dispatchEvent(new StorageEvent('storage', { key: 'evertoken', newValue: '{}' }));
    await kit.turn();
    return { during, after: { ...counts, timers: clock.timers }, told, locks: (await navigator.locks.query()).held.length };
  });
  assert.ok(seen.during.listeners >= 3 && seen.during.channels === 1 && seen.during.timers === 1, JSON.stringify(seen.during));
  assert.deepEqual(seen.after, { listeners: 0, channels: 0, timers: 0 });
  assert.equal(seen.told, 0);
  assert.equal(seen.locks, 0);
});

rule('rule 16: making, disposing and making again in one tick leaves nothing behind', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const config = { clock, storage: 'local', proactive: true };
    const first = kit.create(config);
    const disposed = first.then((auth) => (auth.dispose(), auth));
    const second = kit.create(config);
    const [one, two] = await Promise.all([disposed, second]);
    await two.login({ user: 'alice' });
    for (let i = 0; i < 50; i++) (await kit.create(config)).dispose();
    const { held, pending } = await navigator.locks.query();
    return { one: (await kit.outcome(one.getToken())).error?.code, two: (await two.fetch('/api/posts')).status, timers: clock.timers, locks: held.length + pending.length };
  });
  assert.deepEqual(seen, { one: 'disposed', two: 200, timers: 1, locks: 0 });
  assert.equal(server.count('refresh'), 0);
});

rule('rule 16: Symbol.dispose and using do the same', async ({ page }) => {
  const code = await page.evaluate(async () => {
    const auth = await kit.create();
    auth[Symbol.dispose]();
    return (await kit.outcome(auth.getToken())).error?.code;
  });
  assert.equal(code, 'disposed');
});

rule('rule 16: a request that waits until a page that comes back has looked is rejected at once', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    let silent = false;
    let record = null;
    const looking = kit.deferred();
    const sent = [];
    const auth = await kit.create({
      storage: {
        get: () => {
          if (!silent) return record;
          looking.resolve();
          return new Promise(() => {});
        },
        set: (_, value) => void (record = value),
        remove: () => {},
      },
      fetch: (input) => sent.push(input),
    });
    await auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: 600 });
    silent = true;
    document.dispatchEvent(new Event('resume'));
    await looking.promise;
    const waiting = auth.fetch('/api/posts');
    const token = auth.getToken();
    const before = await kit.soFar(waiting);
    auth.dispose();
    const outcomes = await Promise.all([waiting, token].map(kit.soFar));
    const later = await kit.outcome(auth.fetch(`${kit.api}/api/posts`));
    return { before, codes: [...outcomes, later].map(({ error }) => error?.code), sent };
  });
  assert.deepEqual(seen, { before: 'pending', codes: ['disposed', 'disposed', 'disposed'], sent: [] });
});

// Rule 7: after a logout nothing brings the session back.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 7: a refresh under way does not resurrect the session (H1)', async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, storage: 'local', proactive: false, refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.waiting = Promise.all([auth.fetch('/api/posts'), auth.getToken(), auth.refresh()].map(kit.outcome));
  });
  await held.arrived;
  const out = await page.evaluate(async () => {
    window.out = auth.logout();
    return { now: auth.snapshot.status, waiting: await waiting };
  });
  assert.equal(out.now, 'signed-out', 'here at once');
  assert.deepEqual(out.waiting.map(({ error }) => error?.code), times(3, 'signed-out'));
  held.release();
  const end = await page.evaluate(async () => {
    await window.out;
    await kit.turn();
    return { status: auth.snapshot.status, token: await auth.getToken(), stored: localStorage.getItem('evertoken'), events: kit.types };
  });
  assert.equal(end.status, 'signed-out');
  assert.equal(end.token, null);
  assert.doesNotMatch(end.stored, /rt-|eyJ/);
  assert.deepEqual(end.events, ['signed-in', 'signed-out:logout']);
  assert.equal(server.alive, 0, 'the late refresh token is revoked as well');
});

rule('rule 7: a login under way does not bring a session (H6)', async ({ page, server }) => {
  const held = server.hold('login');
  await page.evaluate(async () => {
    window.auth = await kit.create({ refreshToken: { in: 'body' } });
    window.answer = kit.outcome(auth.login({ user: 'alice' }));
  });
  await held.arrived;
  const { outcome } = await page.evaluate(async () => {
    await auth.logout();
    return { outcome: await answer };
  });
  assert.equal(outcome.error?.code, 'signed-out');
  held.release();
  const end = await page.evaluate(async () => {
    await kit.turn();
    return { status: auth.snapshot.status, token: await auth.getToken(), events: kit.types };
  });
  assert.deepEqual(end, { status: 'signed-out', token: null, events: [] });
});

rule('rule 7: two logouts are one event and one call (H6)', async ({ page, server }) => {
  const events = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    await Promise.all([auth.logout(), auth.logout()]);
    return kit.types;
  });
  assert.deepEqual(events, ['signed-in', 'signed-out:logout']);
  assert.equal(server.count('logout'), 1);
});

rule('rule 7: it survives a reload although the cookie stays, until the next sign-in', { carrier: 'cookie' }, async ({ page, server }) => {
  server.on('logout', (call) => call.reply(500));
  const config = { storage: 'local', refreshToken: { in: 'cookie' } };
  const stored = await page.evaluate(async (config) => {
    const auth = await kit.create(config);
    await auth.login({ user: 'alice' });
    await auth.logout();
    return localStorage.getItem('evertoken');
  }, config);
  assert.ok(stored, 'a record stays');
  assert.doesNotMatch(stored, /eyJ|rt-/, 'without a token');
  await page.reload();
  const seen = await page.evaluate(async (config) => {
    const auth = await kit.create(config);
    const start = auth.snapshot.status;
    const status = (await auth.fetch('/open')).status;
    const token = await auth.getToken();
    const refreshed = await kit.outcome(auth.refresh());
    return { start, status, token, refreshed: refreshed.error?.code };
  }, config);
  assert.deepEqual(seen, { start: 'signed-out', status: 200, token: null, refreshed: 'signed-out' });
  assert.equal(server.count('refresh'), 0);
  const again = await page.evaluate(async () => {
    await auth.login({ user: 'bob' });
    return (await auth.fetch('/api/posts')).status;
  });
  assert.equal(again, 200);
  await page.reload();
  assert.equal(await page.evaluate(async (config) => (await kit.create(config)).snapshot.status, config), 'signed-in');
});

rule('rule 7: the server is told with both tokens, and not waited for here', async ({ page, server }) => {
  const held = server.hold('logout');
  const tokens = await page.evaluate(async () => {
    window.auth = await kit.create();
    await auth.login({ user: 'alice' });
    const token = await auth.getToken();
    window.out = auth.logout();
    return { token, status: auth.snapshot.status, now: await auth.getToken() };
  });
  assert.equal(tokens.status, 'signed-out');
  assert.equal(tokens.now, null);
  const call = await held.arrived;
  held.release();
  await page.evaluate(() => out);
  assert.equal(call.headers.authorization, `Bearer ${tokens.token}`);
  assert.match(call.json.refreshToken, /^rt-/);
  assert.equal(server.alive, 0);
});

rule('rule 7: an expired access token is not sent on logout, and authenticate: true fetches one', async ({ page, server }) => {
  await page.evaluate(async () => {
    for (const logout of ['/logout', { url: '/logout', authenticate: true }, { url: '/logout', authenticate: false }]) {
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, logout, proactive: false, key: `k${typeof logout}${logout.authenticate}` });
      await auth.login({ user: 'alice' });
      if (logout.authenticate !== false) clock.at += 601_000;
      await auth.logout();
    }
  });
  const [plain, fetched, never] = server.of('logout');
  assert.equal(plain.headers.authorization, undefined);
  assert.match(fetched.headers.authorization ?? '', /^Bearer eyJ/);
  assert.equal(never.headers.authorization, undefined);
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.alive, 0, 'each of them revoked what it had');
});

rule('rule 7: where both tokens want one header, the access token takes it', async ({ page, server }) => {
  const token = await page.evaluate(async () => {
    const auth = await kit.create({ refreshToken: { in: 'header' }, refresh: '/refresh' });
    await auth.login({ user: 'alice' });
    const token = await auth.getToken();
    await auth.logout();
    return token;
  });
  assert.equal(server.of('logout')[0].headers.authorization, `Bearer ${token}`);
});

for (const [what, answer] of [
  ['fails', (call) => call.reply(500)],
  ['is cut off', (call) => call.drop()],
]) {
  rule(`rule 7: a logout call that ${what} is a warning, not an error`, async ({ page, server }) => {
    server.on('logout', answer);
    const seen = await page.evaluate(async () => {
      const auth = await kit.create();
      await auth.login({ user: 'alice' });
      const outcome = await kit.outcome(auth.logout());
      await kit.turn();
      return { outcome, events: kit.types, warning: kit.error(kit.events.at(-1).error).code };
    });
    assert.deepEqual(seen.outcome, { value: 'undefined' });
    assert.deepEqual(seen.events, ['signed-in', 'signed-out:logout', 'warning']);
    assert.ok(seen.warning);
  });
}

rule('rule 7: the logout call is bounded by timeoutMs', async ({ page, server }) => {
  const held = server.hold('logout');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, timeoutMs: 2000, proactive: false });
    await auth.login({ user: 'alice' });
    window.out = kit.outcome(auth.logout());
  });
  await held.arrived;
  const seen = await page.evaluate(async () => {
    clock.jump(2000);
    const outcome = await out;
    await kit.turn();
    return { outcome, events: kit.types };
  });
  assert.deepEqual(seen, { outcome: { value: 'undefined' }, events: ['signed-in', 'signed-out:logout', 'warning'] });
  held.release();
});

rule('rule 7: local: true leaves the server out', async ({ page, server }) => {
  const status = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    await auth.logout({ local: true });
    return auth.snapshot.status;
  });
  assert.equal(status, 'signed-out');
  assert.equal(server.count('logout'), 0);
});

for (const storage of ['local', 'indexeddb', 'memory']) {
  rule(`rule 7: a page that comes back from the back-forward cache looks first, storage '${storage}' (H4)`, async ({ page, open, server }) => {
    const make = (page) =>
      page.evaluate(async (storage) => {
        window.auth = await kit.create({ storage });
      }, storage);
    await make(page);
    await page.evaluate(async () => {
      await auth.login({ user: 'alice' });
    });
    const other = await open();
    await make(other);
    await other.evaluate(() => auth.getToken());
    // What happens to a page that goes into that cache, and comes out of it.
    await page.evaluate(() => void window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await other.evaluate(() => auth.logout());
    const before = server.count('api');
    const seen = await page.evaluate(async () => {
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      const status = (await auth.fetch('/api/posts')).status;
      return { status, session: auth.snapshot.status, events: kit.types };
    });
    assert.deepEqual(seen, { status: 401, session: 'signed-out', events: ['signed-in', 'signed-out:other-tab'] });
    assert.equal(server.of('api')[before].token, undefined, 'the request went out without a token');
  });
}

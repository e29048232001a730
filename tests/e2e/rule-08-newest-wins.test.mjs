// Rule 8: an older answer never overwrites a newer session.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();

rule('rule 8: of two logins the later one stays, whichever answers first', async ({ page, server }) => {
  const held = server.hold('login', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create();
    window.slow = kit.outcome(auth.login({ user: 'alice' }));
  });
  await held.arrived;
  await page.evaluate(async () => {
    await auth.login({ user: 'bob' });
  });
  held.release();
  const seen = await page.evaluate(async () => ({ slow: await slow, sub: auth.snapshot.claims.sub, user: (await (await auth.fetch('/api/me')).json()).user }));
  assert.equal(seen.sub, 'bob');
  assert.equal(seen.user, 'bob');
  assert.equal(seen.slow.error?.code, 'signed-out', 'the older one is told that it lost');
});

rule("rule 8: a refresh of the old session does not overwrite the new user's", async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false, storage: 'local', refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
    window.refreshed = kit.outcome(auth.refresh());
  });
  await held.arrived;
  await page.evaluate(async () => {
    await auth.login({ user: 'bob' });
  });
  held.release();
  const seen = await page.evaluate(async () => {
    await refreshed;
    await kit.quiet();
    return { sub: auth.snapshot.claims.sub, user: (await (await auth.fetch('/api/me')).json()).user, stored: localStorage.getItem('evertoken').includes(await auth.getToken()), events: kit.types };
  });
  assert.deepEqual(seen, { sub: 'bob', user: 'bob', stored: true, events: ['signed-in', 'user-changed', 'signed-in'] });
});

rule("rule 8: a login waits for a refresh whose answer may bring a cookie, so that its own comes last", async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.auth = await kit.create({ proactive: false });
    await auth.login({ user: 'alice' });
    window.refreshed = kit.outcome(auth.refresh());
  });
  await held.arrived;
  const early = await page.evaluate(() => {
    window.login = kit.outcome(auth.login({ user: 'bob' }));
    return kit.soFar(login);
  });
  assert.equal(early, 'pending');
  assert.equal(server.count('login'), 1);
  held.release();
  const seen = await page.evaluate(async () => {
    await Promise.all([login, refreshed]);
    await auth.refresh();
    return { sub: auth.snapshot.claims.sub, user: (await (await auth.fetch('/api/me')).json()).user };
  });
  assert.deepEqual(seen, { sub: 'bob', user: 'bob' });
});

rule("rule 8: one user's request is not repeated with another's token", async ({ page, server }) => {
  const held = server.hold('api', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create();
    await auth.login({ user: 'alice' });
    window.answer = kit.outcome(auth.fetch('/api/posts', { method: 'POST', body: 'of alice' }));
  });
  await held.arrived;
  server.expire();
  await page.evaluate(async () => {
    await auth.login({ user: 'bob' });
  });
  held.release();
  assert.deepEqual(await page.evaluate(() => answer), { value: 401 });
  assert.equal(server.count('api'), 1);
});

for (const [what, first, second, changed] of [
  ['sub', { sub: 'a' }, { sub: 'b' }, true],
  ['the same sub', { sub: 'a', jti: '1' }, { sub: 'a', jti: '2' }, false],
  ['sub before id', { sub: 'a', id: 1 }, { sub: 'a', id: 2 }, false],
  ['id', { id: 1 }, { id: 2 }, true],
  ['the same id', { id: 1, jti: '1' }, { id: 1, jti: '2' }, false],
  ['user_id', { user_id: 'x' }, { user_id: 'y' }, true],
  ['the sign-in, without any of them', { jti: '1' }, { jti: '2' }, true],
  ['the sign-in, with opaque tokens', null, null, true],
]) {
  rule(`rule 8: users are told apart by ${what}`, async ({ page }) => {
    const events = await page.evaluate(
      async ([first, second]) => {
        const auth = await kit.create();
        const token = (claims, opaque) => (claims ? kit.jwt(claims) : opaque);
        await auth.setTokens({ accessToken: token(first, 'one') });
        await auth.setTokens({ accessToken: token(second, 'two') });
        await kit.turn();
        return kit.types;
      },
      [first, second],
    );
    assert.equal(events.includes('user-changed'), changed, events.join());
  });
}

rule('rule 8: a refresh of the same user changes no user', async ({ page }) => {
  const events = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    await auth.refresh();
    await kit.turn();
    return kit.types;
  });
  assert.deepEqual(events, ['signed-in', 'refreshed']);
});

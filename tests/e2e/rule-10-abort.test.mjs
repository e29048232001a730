// Rule 10: an abort rejects its caller at once and harms no other.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 10: of five who wait the first aborts, the others succeed (E7)', { newestOnly: true }, async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.abort = new AbortController();
    window.answers = Array.from({ length: 5 }, (_, i) => kit.outcome(auth.fetch('/api/posts', i ? {} : { signal: abort.signal })));
  });
  const call = await held.arrived;
  const first = await page.evaluate(() => {
    abort.abort();
    return answers[0];
  });
  assert.equal(first.error?.name ?? first.error?.thrown?.name, 'AbortError');
  assert.equal(call.request.socket.destroyed, false, 'the shared refresh goes on');
  held.release();
  assert.deepEqual(await page.evaluate(() => Promise.all(answers.slice(1))), times(4, { value: 200 }));
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.count('api'), 4);
});

rule("rule 10: each kind of call rejects at once with its signal's own reason", { newestOnly: true }, async ({ page, server }) => {
  const held = server.hold('refresh');
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    const reason = { own: 'reason' };
    const abort = new AbortController();
    const { signal } = abort;
    const calls = {
      fetch: auth.fetch('/api/posts', { signal }),
      request: auth.fetch(new Request(`${kit.api}/api/posts`, { signal })),
      getToken: auth.getToken({ signal }),
      forced: auth.getToken({ refresh: 'force', signal }),
      refresh: auth.refresh({ signal }),
    };
    const reasons = Object.entries(calls).map(async ([name, call]) => [name, await call.then(() => 'resolved', (error) => error === reason)]);
    const other = kit.outcome(auth.getToken());
    abort.abort(reason);
    window.other = other;
    return Object.fromEntries(await Promise.all(reasons));
  });
  assert.deepEqual(seen, { fetch: true, request: true, getToken: true, forced: true, refresh: true });
  held.release();
  const { value } = await page.evaluate(() => other);
  assert.match(value, /^eyJ/);
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.count('api'), 0, 'an aborted request is not sent later');
});

rule('rule 10: a login and a logout can be aborted', async ({ page, server }) => {
  const login = server.hold('login', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create();
    window.abort = new AbortController();
    window.answer = kit.outcome(auth.login({ user: 'alice' }, { signal: abort.signal }));
  });
  const call = await login.arrived;
  const first = await page.evaluate(async () => {
    abort.abort(new Error('own'));
    return { outcome: await answer, status: auth.snapshot.status };
  });
  assert.equal(first.outcome.error?.message, 'own');
  await call.closed;
  login.release();
  const logout = server.hold('logout');
  await page.evaluate(async () => {
    await auth.login({ user: 'bob' });
    window.abort = new AbortController();
    window.answer = kit.outcome(auth.logout({ signal: abort.signal }));
  });
  await logout.arrived;
  const second = await page.evaluate(async () => {
    abort.abort(new Error('own'));
    return { outcome: await answer, status: auth.snapshot.status };
  });
  logout.release();
  assert.equal(second.outcome.error?.message, 'own');
  assert.equal(second.status, 'signed-out', 'the sign-out has happened all the same');
});

rule('rule 10: a signal that is aborted already sends nothing', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    const reason = new Error('early');
    const signal = AbortSignal.abort(reason);
    const calls = [auth.fetch('/api/posts', { signal }), auth.getToken({ signal }), auth.refresh({ signal }), auth.login({ user: 'bob' }, { signal }), auth.logout({ signal })];
    const reasons = await Promise.all(calls.map((call) => call.then(() => 'resolved', (error) => error === reason)));
    return { reasons, sub: auth.snapshot.claims?.sub };
  });
  assert.deepEqual(seen.reasons.slice(0, 4), times(4, true));
  assert.equal(server.count('api'), 0);
  assert.equal(server.count('refresh'), 0);
  assert.equal(server.count('login'), 1);
});

rule('rule 10: a time-out signal and a string as a reason come through unchanged', async ({ page, server }) => {
  server.on('refresh', () => {});
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    const abort = new AbortController();
    const outcomes = [auth.refresh({ signal: AbortSignal.timeout(50) }), auth.refresh({ signal: abort.signal })].map((call) => call.catch((error) => error?.name ?? error));
    abort.abort('why');
    return Promise.all(outcomes);
  });
  assert.deepEqual(seen, ['TimeoutError', 'why']);
});

rule('rule 10: that all who wait have aborted is no rejection that nobody handles', async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.abort = new AbortController();
    window.answers = Array.from({ length: 3 }, () => kit.outcome(auth.fetch('/api/posts', { signal: abort.signal })));
  });
  const call = await held.arrived;
  const waiting = await page.evaluate(async () => {
    const before = auth.inspect().waiting;
    abort.abort('enough');
    await Promise.all(answers);
    window.failed = kit.event('refresh-failed').then(({ error }) => error.code);
    return [before, auth.inspect().waiting];
  });
  assert.deepEqual(waiting, [3, 0]);
  call.reply(503);
  assert.equal(await page.evaluate(() => failed), 'refresh-unavailable');
});

rule('rule 10: a request whose signal has aborted already starts no refresh', async ({ page, server }) => {
  const reasons = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    const signal = AbortSignal.abort('enough');
    const answers = [auth.fetch('/api/posts', { signal }), auth.fetch(new Request(`${kit.api}/api/posts`, { signal })), auth.getToken({ signal }), auth.refresh({ signal })];
    const settled = await Promise.allSettled(answers);
    // A refresh would be there before this.
    await fetch(`${kit.api}/open`);
    return [...settled.map(({ reason }) => reason), auth.snapshot.refreshing];
  });
  assert.deepEqual(reasons, [...times(4, 'enough'), false]);
  assert.equal(server.count('refresh'), 0);
  assert.equal(server.count('api'), 0);
});

// A trap of the module, provoked on purpose: nobody waits for ever, and the
// next manager works.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

/** After `trapping = true` the next call into the module throws what a
 * WebAssembly trap throws. */
const prepare = (page) =>
  page.evaluate(() => {
    const { instantiate } = WebAssembly;
    window.trapped = [];
    WebAssembly.instantiate = async (...args) => {
      const made = await instantiate(...args);
      const exports = {};
      for (const [name, value] of Object.entries((made.instance ?? made).exports)) {
        exports[name] =
          typeof value !== 'function'
            ? value
            : (...args) => {
                if (window.trapping) {
                  window.trapping = false;
                  trapped.push(name);
                  throw new WebAssembly.RuntimeError('unreachable');
                }
                return value(...args);
              };
      }
      return { instance: { exports }, module: made.module };
    };
  });

rule('rule 16: a trap rejects all who wait, and a new manager works', async ({ page, server }) => {
  await prepare(page);
  const held = server.hold('refresh', 1);
  await page.evaluate(async () => {
    window.clock = new kit.Clock();
    window.auth = await kit.create({ clock, proactive: false });
    window.other = await kit.create({ clock, key: 'other', proactive: false });
    await auth.login({ user: 'alice' });
    clock.at += 601_000;
    window.waiting = [auth.fetch('/api/posts'), auth.getToken(), auth.refresh(), auth.fetch(new Request(`${kit.api}/api/posts`))].map(kit.outcome);
  });
  await held.arrived;
  await page.evaluate(() => void (window.trapping = true));
  held.release();
  const seen = await page.evaluate(async () => {
    const outcomes = await Promise.all(waiting);
    const later = await kit.outcome(auth.fetch('/api/posts'));
    const bystander = await kit.outcome(other.getToken());
    const next = await kit.create({ clock, proactive: false });
    await next.login({ user: 'bob' });
    const answer = await next.fetch('/api/posts');
    clock.at += 601_000;
    const refreshed = await next.fetch('/api/posts');
    return { trapped: trapped.length, outcomes, later, bystander, statuses: [answer.status, refreshed.status] };
  });
  assert.equal(seen.trapped, 1, 'the trap was provoked');
  assert.deepEqual(seen.outcomes.map(({ error }) => error?.code), times(4, 'disposed'));
  assert.equal(seen.outcomes[0].error.cause?.name, 'RuntimeError');
  assert.equal(seen.later.error?.code, 'disposed');
  assert.ok(seen.bystander.error?.code === 'disposed' || seen.bystander.value === null, 'a manager on the same module ends, or goes on');
  assert.deepEqual(seen.statuses, [200, 200]);
});

for (const [name, call] of [
  ['a request', (auth) => auth.fetch(`${location.origin}/elsewhere`)],
  ['a login', (auth) => auth.login({ user: 'bob' })],
  ['a logout', (auth) => auth.logout()],
  ['setTokens', (auth) => auth.setTokens({ accessToken: 'x' })],
]) {
  rule(`rule 16: a trap within ${name} rejects that call, and a new manager works`, async ({ page }) => {
    await prepare(page);
    const seen = await page.evaluate(
      async (call) => {
        const auth = await kit.create();
        await auth.login({ user: 'alice' });
        window.trapping = true;
        const outcome = await kit.outcome(eval(call)(auth));
        auth.dispose();
        const { snapshot } = auth;
        const next = await kit.create();
        await next.login({ user: 'alice' });
        return { trapped: trapped.length, code: outcome.error?.code, inspect: typeof auth.inspect().refreshes, snapshot: typeof snapshot, status: (await next.fetch('/api/posts')).status };
      },
      `(${call})`,
    );
    assert.deepEqual(seen, { trapped: 1, code: 'disposed', inspect: 'number', snapshot: 'object', status: 200 });
  });
}

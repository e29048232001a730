// Rule 14: whatever a listener does, nobody else notices.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();

rule('rule 14: listeners that throw, hang or call back change nothing (A8)', async ({ page }) => {
  // What they throw can be seen by a developer, and is no unhandled rejection.
  const told = page.waitForEvent('console', (message) => message.text().includes('listener'));
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    const calledBack = {};
    const last = {};
    for (const type of ['signed-in', 'refreshed', 'signed-out', 'user-changed', 'refresh-failed', 'warning']) {
      auth.on(type, () => {
        throw new Error('a listener threw');
      });
      auth.on(type, () => Promise.reject(new Error('a listener rejected')));
      auth.on(type, () => new Promise(() => {}));
      calledBack[type] = kit.deferred();
      last[type] = kit.deferred();
      auth.on(type, async () => {
        await auth.getToken();
        calledBack[type].resolve((await auth.fetch('/api/posts')).status);
      });
      auth.on(type, last[type].resolve);
    }
    let snapshots = 0;
    auth.subscribe(() => {
      throw new Error('a subscriber threw');
    });
    auth.subscribe(() => void snapshots++);
    // That these go on is the proof: one listener of each never ends.
    const statuses = [];
    await auth.login({ user: 'alice' });
    statuses.push(await calledBack['signed-in'].promise);
    await auth.refresh();
    statuses.push(await calledBack.refreshed.promise);
    await auth.logout();
    const types = [];
    for (const type of ['signed-in', 'refreshed', 'signed-out']) types.push((await last[type].promise).type);
    return { statuses, types, snapshots, status: auth.snapshot.status };
  });
  assert.deepEqual(seen.statuses, [200, 200], 'calling back works');
  assert.deepEqual(seen.types, ['signed-in', 'refreshed', 'signed-out']);
  assert.ok(seen.snapshots >= 3);
  assert.equal(seen.status, 'signed-out');
  await told;
});

rule('rule 14: a listener that refreshes, signs out or disposes is no dead-lock (A8)', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const results = [];
    for (const act of [(auth) => auth.refresh(), (auth) => auth.logout(), (auth) => auth.dispose(), (auth) => auth.login({ user: 'bob' })]) {
      const auth = await kit.create({ key: `k${results.length}` });
      await auth.login({ user: 'alice' });
      const done = kit.deferred();
      const off = auth.on('refreshed', () => {
        off();
        done.resolve(kit.outcome(act(auth)));
      });
      const refreshed = await kit.outcome(auth.refresh());
      const acted = await done.promise;
      results.push([refreshed.error?.code ?? 'ok', acted.error?.code ?? 'ok', auth.snapshot.claims?.sub ?? null]);
    }
    return results;
  });
  assert.deepEqual(seen[0], ['ok', 'ok', 'alice']);
  assert.deepEqual(seen[1].slice(1), ['ok', null]);
  assert.equal(seen[2][1], 'ok');
  assert.deepEqual(seen[3].slice(1), ['ok', 'bob']);
});

rule('rule 14: a listener that is taken off, or added, during an event', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    const called = [];
    const twice = () => called.push('twice');
    const offTwice = auth.on('signed-in', twice);
    auth.on('signed-in', twice);
    const off = auth.on('signed-in', () => {
      called.push('first');
      off();
      off();
      auth.on('signed-in', () => called.push('added'));
    });
    await auth.login({ user: 'alice' });
    await kit.turn();
    called.push('|');
    offTwice();
    await auth.login({ user: 'bob' });
    await kit.turn();
    return called.join(' ');
  });
  assert.equal(seen, 'twice twice first | twice added');
});

rule('rule 14: subscribe calls on change only, and the snapshot is the same object until then', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    const given = [];
    const off = auth.subscribe((snapshot) => given.push(snapshot));
    const one = auth.snapshot;
    await kit.turn();
    const quiet = given.length === 0 && auth.snapshot === one;
    await auth.login({ user: 'alice' });
    const two = auth.snapshot;
    for (let i = 0; i < 20; i++) await auth.fetch('/api/posts');
    await auth.getToken();
    const same = auth.snapshot === two;
    await auth.refresh();
    await kit.turn();
    const distinct = new Set(given).size === given.length;
    const last = given.at(-1) === auth.snapshot && auth.snapshot !== two;
    off();
    const count = given.length;
    await auth.logout();
    await kit.turn();
    return { quiet, same, distinct, last, off: given.length === count };
  });
  assert.deepEqual(seen, { quiet: true, same: true, distinct: true, last: true, off: true });
});

rule('rule 14: a failure in the background is an event and no unhandled rejection (I7)', { lifetime: 60 }, async ({ page, server, complaints, said }) => {
  server.on('refresh', (call) => call.reply(503));
  const types = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: true });
    await auth.login({ user: 'alice' });
    await clock.advance(50_000);
    await kit.turn();
    return kit.types;
  });
  assert.ok(types.includes('refresh-failed'));
  assert.deepEqual(complaints, []);
  assert.deepEqual(said.filter((text) => !/Failed to load resource/.test(text)), []);
});

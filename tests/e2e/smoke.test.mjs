// The same in Firefox and WebKitGTK: sign in, expire, a hundred requests at
// once, two tabs, sign out.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AuthServer } from './support/auth-server.mjs';
import { servePages, times } from './support/suite.mjs';
import { Browser, NAMES } from './support/webdriver.mjs';

const LIFETIME_MS = 600_000;
const OPTIONS = { timeout: 120_000 };

for (const name of NAMES) {
  describe(name, () => {
    let browser;
    let pages;
    let server;
    let tabs;
    before(async () => {
      browser = await Browser.launch(name);
    }, OPTIONS);
    after(() => browser?.close());

    /** A test on two tabs, with storage of their own. */
    const rule = (title, run) =>
      test(title, OPTIONS, async () => {
        pages = await servePages();
        server = await new AuthServer({ origins: [pages.origin], newestOnly: true }).start();
        tabs = [];
        try {
          for (let i = 0; i < 2; i++) {
            tabs.push(await browser.open());
            await load(tabs[i]);
          }
          await run({ tabs, server });
          for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => complaints), [], 'a page threw, or a rejection was not handled');
        } finally {
          for (const tab of tabs) await tab.close();
          await server.stop();
          pages.stop();
        }
      });

    async function load(tab) {
      await tab.goto(`${pages.origin}/?api=${encodeURIComponent(server.origin)}`);
      await tab.evaluate(() => {
        window.complaints = [];
        window.addEventListener('error', ({ message }) => complaints.push(message));
        window.addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
      });
    }
    /** Makes the manager of a tab; gives the kind of lock that it has. */
    const make = (tab, config, { now = Date.now(), locks = true } = {}) =>
      tab.evaluate(
        async ([config, now, locks]) => {
          if (!locks) Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
          window.clock = now === null ? undefined : new kit.Clock(now);
          window.auth = await kit.create({ clock, proactive: false, refreshToken: { in: 'body' }, ...config });
          return auth.inspect().lock;
        },
        [config, now, locks],
      );
    const signIn = (tab) => tab.evaluate(() => auth.login({ user: 'alice' }).then(() => null));
    const status = (tab, wish) => tab.evaluate((wish) => kit.until(({ status }) => status === wish).then(() => null), wish);

    for (const storage of ['memory', 'local', 'indexeddb']) {
      for (const lock of ['web-locks', 'fallback']) {
        rule(`rule 1: two tabs with a hundred requests each make one call, storage '${storage}', ${lock}`, async ({ tabs, server }) => {
          const now = Date.now();
          for (const tab of tabs) assert.equal(await make(tab, { storage }, { now, locks: lock === 'web-locks' }), lock);
          await signIn(tabs[0]);
          await status(tabs[1], 'signed-in');
          for (let round = 1; round <= 3; round++) {
            for (const tab of tabs) await tab.evaluate((ms) => void (clock.at += ms), LIFETIME_MS + 1000);
            const held = server.hold('refresh', 1);
            for (const tab of tabs) {
              await tab.evaluate(async () => {
                window.asked = Promise.all(Array.from({ length: 100 }, () => auth.fetch('/api/posts')));
                await kit.turn();
              });
            }
            await held.arrived;
            held.release();
            for (const tab of tabs) {
              const statuses = await tab.evaluate(async () => (await asked).map(({ status }) => status));
              assert.deepEqual(statuses, times(100, 200));
            }
            assert.equal(server.count('refresh'), round);
          }
          assert.equal(server.replays, 0);
          await tabs[0].evaluate(() => auth.logout().then(() => null));
          await status(tabs[1], 'signed-out');
          const seen = await tabs[1].evaluate(async () => ({ token: await auth.getToken(), events: kit.types.at(-1) }));
          assert.deepEqual(seen, { token: null, events: 'signed-out:other-tab' });
          await load(tabs[0]);
          await make(tabs[0], { storage }, { now });
          assert.equal(await tabs[0].evaluate(() => auth.snapshot.status), 'signed-out', 'after a reload too');
        });
      }
    }

    for (const lock of ['web-locks', 'fallback']) {
      rule(`rule 1: a tab that is loaded again in the middle of a refresh holds up nobody, with ${lock}`, async ({ tabs, server }) => {
        const timeoutMs = 12_000;
        for (const tab of tabs) await make(tab, { storage: 'local', timeoutMs }, { now: null, locks: lock === 'web-locks' });
        await signIn(tabs[0]);
        await status(tabs[1], 'signed-in');
        server.on('refresh', () => {}, 1);
        await tabs[0].evaluate(() => void auth.refresh().catch(() => {}));
        await server.seen('refresh');
        await load(tabs[0]);
        const { outcome, took } = await tabs[1].evaluate(async () => {
          const from = performance.now();
          const { value, error } = await kit.outcome(auth.refresh());
          return { outcome: value?.status ?? error, took: performance.now() - from };
        });
        assert.equal(outcome, 'signed-in', JSON.stringify(outcome));
        assert.ok(took < timeoutMs, `took ${took} ms`);
        assert.equal(server.count('refresh'), 2);
      });
    }

    rule('rule 5: a page that is loaded again in the middle of a refresh tells of no failure', async ({ tabs: [tab], server }) => {
      const config = { storage: 'local' };
      await make(tab, config, { now: null });
      await signIn(tab);
      server.on('refresh', () => {}, 1);
      await tab.evaluate(() => void auth.refresh().catch(() => {}));
      await server.seen('refresh');
      await load(tab);
      await make(tab, config, { now: null });
      const { value, error } = await tab.evaluate(() => kit.outcome(auth.refresh()));
      assert.equal(value?.status, 'signed-in', JSON.stringify(error));
      assert.equal(server.count('refresh'), 2);
    });

    rule('rule 8: another user is seen in the other tab', async ({ tabs }) => {
      for (const tab of tabs) await make(tab, {});
      await signIn(tabs[0]);
      await status(tabs[1], 'signed-in');
      await tabs[1].evaluate(() => {
        window.changed = kit.event('user-changed').then(() => null);
      });
      await tabs[0].evaluate(() => auth.login({ user: 'bob' }).then(() => null));
      await tabs[1].evaluate(() => changed);
      assert.equal(await tabs[1].evaluate(() => auth.snapshot.claims.sub), 'bob');
    });
  });
}

// The examples of www/examples/ whose frontend is Rust, on the embedded
// backend, as a visitor uses them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startBackend } from '../e2e/support/backend.mjs';
import { BROWSER, chromium } from '../e2e/support/suite.mjs';

let browser;
before(async () => {
  browser = await chromium.launch(BROWSER);
});
after(() => browser?.close());

/** Node.js 20 has none of its own. */
function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

for (const name of ['dioxus', 'leptos', 'yew']) {
  test(`${name}: sign in, list, expire, list, share it with the npm package, sign out in another tab`, { timeout: 180_000 }, async () => {
    const root = join(process.env.EVERTOKEN_FRONTENDS, name);
    const backend = await startBackend('--root', root, '--access-ttl', '10m');
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    const complaints = [];
    const open = async () => {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(backend.origin);
      const id = (name) => page.getByTestId(name);
      return {
        press: (name) => id(name).click(),
        says: (status) => id('status').filter({ hasText: status }).waitFor(),
        listed: async () => {
          await id('list').click();
          await id('posts').locator('li').first().waitFor();
          return id('posts').locator('li').count();
        },
        problem: () => id('problem').textContent(),
        reload: () => page.reload(),
      };
    };
    const counted = async () => (await backend.state()).counters;
    try {
      const one = await open();
      // Nobody was signed in, which the server alone could know.
      await one.says('Signed out');
      const { refreshes: before } = await counted();
      await one.press('sign-in');
      await one.says('Signed in as user');
      const posts = await one.listed();
      assert.ok(posts > 0);
      assert.equal((await counted()).refreshes, before);

      // Another tab learns the session from the first, without a refresh.
      const other = await open();
      await other.says('Signed in as user');
      assert.equal((await counted()).refreshes, before);

      // Nobody here knows that the token is good no longer.
      assert.equal((await backend.order('expire')).status, 200);
      assert.equal(await other.listed(), posts);
      assert.equal((await counted()).refreshes, before + 1);
      assert.equal(await other.problem(), '');

      // The npm package has the same default key: it shares the session too.
      const npm = await context.newPage();
      await npm.goto(`${backend.origin}/pkg/package.json`);
      const shared = await npm.evaluate(async () => {
        const { createTokenManager } = await import('/pkg/index.js');
        window.auth = await createTokenManager({ preset: 'strapi4' });
        const { status } = await auth.fetch('/api/posts');
        return [status, auth.snapshot.status];
      });
      assert.deepEqual(shared, [200, 'signed-in']);
      assert.equal((await counted()).refreshes, before + 1);

      await other.press('sign-out');
      await one.says('Signed out');
      assert.equal(await npm.evaluate(() => auth.getToken()), null);
      await one.reload();
      await one.says('Signed out');
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
      await backend.stop();
    }
  });

  test(`${name}: a server that is down or hangs at the start is no sign-out`, { timeout: 180_000 }, async () => {
    const backend = await startBackend('--root', join(process.env.EVERTOKEN_FRONTENDS, name), '--access-ttl', '10m');
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    try {
      const page = await context.newPage();
      const says = (status) => page.getByTestId('status').filter({ hasText: status }).waitFor();
      const form = page.getByTestId('sign-in');
      await page.goto(backend.origin);
      await says('Signed out');
      await form.click();
      await says('Signed in as user');

      await backend.order('fault', { target: 'refresh', kind: 'status', status: 503, times: 0 });
      await page.reload();
      await says('No connection. Trying again.');
      assert.equal(await form.isVisible(), false);
      await backend.order('clear');
      await says('Signed in as user');

      const { promise: hanging, resolve: release } = withResolvers();
      await page.route('**/api/token/refresh', async (route) => {
        await hanging;
        await route.continue();
      });
      await page.reload();
      await says('One moment.');
      assert.equal(await form.isVisible(), false);
      release();
      await says('Signed in as user');
    } finally {
      await context.close();
      await backend.stop();
    }
  });
}

// The same in Firefox and WebKitGTK, as far as those are driven: sign in at
// oidc-provider with strict rotation, load again, two tabs with one refresh,
// sign out everywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, NAMES } from '../e2e/support/webdriver.mjs';
import { startProvider } from './support/provider.mjs';
import { SELF_STARTING, bundle, servePages } from './support/suite.mjs';

/** Asks a page until it says yes: a page that is just being left cannot. */
async function until(tab, condition, argument) {
  for (const end = Date.now() + 30_000; ; ) {
    const found = await tab.evaluate(condition, argument).catch(() => false);
    if (found) return found;
    assert.ok(Date.now() < end, `never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Does something that leaves the page, after the answer that it was begun. */
const leave = (tab, run) => tab.evaluate(`() => void setTimeout(${run})`);
const arrived = (tab, path) => until(tab, (path) => location.pathname === path && window.app !== undefined, path);

for (const name of NAMES) {
  test(`${name}: sign in by redirect, load again, two tabs with one refresh, sign out everywhere`, { timeout: 120_000 }, async () => {
    const pages = await servePages();
    pages.script = await bundle(SELF_STARTING);
    const provider = await startProvider(pages.origin, { tokenDelayMs: 400 });
    let browser;
    try {
      browser = await Browser.launch(name);
      const config = { issuer: provider.issuer, clientId: 'spa', redirectUri: '/callback', postLogoutRedirectUri: '/bye', scope: 'openid offline_access profile', storage: 'local', baseUrl: provider.issuer };
      const tab = await browser.open();
      await tab.goto(`${pages.origin}/`);
      await tab.evaluate((config) => localStorage.setItem('config', JSON.stringify(config)), config);
      await tab.reload();
      await arrived(tab, '/');
      await leave(tab, () => auth.signIn({ prompt: 'consent', returnTo: '/orders' }));
      await until(tab, () => document.querySelector('[name=login]') !== null);
      await leave(tab, () => {
        document.querySelector('[name=login]').value = 'alice';
        document.querySelector('[name=password]').value = 'any';
        document.querySelector('[type=submit]').click();
      });
      await until(tab, () => document.querySelector('[name=prompt][value=consent]') !== null);
      await leave(tab, () => document.querySelector('[type=submit]').click());
      await arrived(tab, '/callback');
      assert.deepEqual(await tab.evaluate(() => [outcome, location.search, auth.snapshot.status, auth.idTokenClaims.sub]), [{ returnTo: '/orders' }, '', 'signed-in', 'alice']);
      await tab.reload();
      await arrived(tab, '/callback');
      assert.deepEqual(await tab.evaluate(() => [outcome, auth.snapshot.status]), [null, 'signed-in']);
      const other = await browser.open();
      await other.goto(`${pages.origin}/`);
      await arrived(other, '/');
      // Both are asked before either is done: a script says at once that it has begun.
      const moment = Date.now() + 1500;
      const refresh = (moment) => void (window.refreshed = new Promise((resolve) => setTimeout(resolve, moment - Date.now())).then(() => auth.refresh()).then(() => auth.getToken()));
      for (const one of [tab, other]) await one.evaluate(refresh, moment);
      const tokens = [await tab.evaluate(() => refreshed), await other.evaluate(() => refreshed)];
      assert.equal(new Set(tokens).size, 1);
      assert.equal(provider.count('POST /token'), 2, 'the sign-in and one refresh');
      await leave(tab, () => auth.signOut());
      await until(tab, () => document.querySelector('[name=logout]') !== null);
      await until(other, () => auth.snapshot.status === 'signed-out');
      await leave(tab, () => document.querySelector('[name=logout]').click());
      await arrived(tab, '/bye');
      assert.deepEqual(await tab.evaluate(() => [location.search, auth.snapshot.status]), ['', 'signed-out']);
      assert.equal(provider.count('POST /token/revocation'), 1);
    } finally {
      await browser?.close();
      await provider.stop();
      pages.stop();
    }
  });
}

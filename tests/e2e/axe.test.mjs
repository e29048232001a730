// What axe-core finds on every page of the site: light and dark, on a desk and
// on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from './support/backend.mjs';
import { BROWSER } from './support/suite.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
let backend;
before(async () => {
  [browser, backend] = await Promise.all([chromium.launch(BROWSER), startBackend()]);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

/** What axe says of a page: the rule and the elements of each violation. */
const violations = (page) =>
  page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).slice(0, 5).join(', ')}`);
  });

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    test(`axe: no violation on any page, ${colorScheme}, ${width} px`, { timeout: 240_000 }, async (t) => {
      // Past the pages' Content-Security-Policy, for axe alone.
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 844 }, bypassCSP: true, reducedMotion: 'reduce' });
      t.after(() => context.close());
      await context.addInitScript(axe);
      const page = await context.newPage();
      const found = {};
      const look = async (name) => {
        const here = await violations(page);
        if (here.length) found[name] = here;
      };

      await page.goto(`${backend.origin}/guide/`);
      const links = await page.getByRole('navigation', { name: 'Guide' }).getByRole('link').evaluateAll((all) => all.map((link) => link.href));
      for (const url of [`${backend.origin}/guide/`, ...links, `${backend.origin}/bench.html`]) {
        await page.goto(url);
        await look(new URL(url).pathname);
      }

      await page.goto(backend.origin);
      const says = (pattern) => page.getByTestId('status').filter({ hasText: pattern }).waitFor();
      await says(/Signed out|Not known yet/);
      await look('the demonstration, signed out');
      await page.getByTestId('sign-in').click();
      await says(/^Signed in/);
      await page.getByTestId('expire').click();
      await page.getByTestId('fault-500').click();
      await page.getByTestId('refresh-now').click();
      await page.getByTestId('problem').waitFor({ state: 'visible' });
      for (const details of await page.locator('details').all()) await details.evaluate((one) => (one.open = true));
      await look('the demonstration, in trouble');
      await page.getByTestId('clear-faults').click();
      // The dialogue before a session's end.
      await page.getByTestId('ttl-access').selectOption('300000');
      await context.clock.install();
      const loaded = page.waitForEvent('load');
      await page.getByTestId('ends-idle').check();
      await loaded;
      await says(/^Signed in$/);
      await context.clock.runFor(41_000);
      await page.getByTestId('ending').waitFor();
      await look('the demonstration, before the end of the session');
      await page.getByTestId('ending-out').click();
      await says(/^Signed out/);
      assert.deepEqual(found, {});
    });
  }
}

// The applications of www/examples, as `cargo xtask example` serves them.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from './support/backend.mjs';
import { BROWSER } from './support/suite.mjs';

const built = process.env.EVERTOKEN_EXAMPLES;
let browser;

before(async () => {
  browser = await chromium.launch(BROWSER);
});
after(() => browser?.close());

for (const name of await readdir(built)) {
  test(`the example ${name}: sign in, list, let the token end, list, sign out in another tab`, { timeout: 90_000 }, async (t) => {
    const { origin, state, stop } = await startBackend('--root', join(built, name), '--access-ttl', '10m');
    t.after(stop);
    const context = await browser.newContext();
    t.after(() => context.close());
    const complaints = [];
    const open = async () => {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        const refused = message.text().startsWith('Failed to load resource');
        if (['error', 'warning'].includes(message.type()) && !refused) complaints.push(message.text());
      });
      await page.goto(origin);
      return page;
    };

    const page = await open();
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Wrong name or password.').waitFor();
    await page.getByLabel('Password').fill('Password1!');
    await page.getByRole('button', { name: 'Sign in' }).click();
    const posts = page.getByRole('list', { name: 'Posts' }).getByRole('listitem');
    await posts.first().waitFor();
    const count = await posts.count();
    assert.ok(count > 1, `${count} posts`);
    assert.equal(await page.getByRole('button', { name: 'Sign in' }).isVisible(), false);

    const { refreshesOk } = (await state()).counters;
    await page.getByRole('button', { name: 'Expire the token' }).click();
    await page.getByText('The server refuses the token now.').waitFor();
    await page.getByRole('button', { name: 'Load again' }).click();
    await page.getByText('renewals: 1').waitFor();
    assert.equal(await posts.count(), count);
    assert.equal((await state()).counters.refreshesOk, refreshesOk + 1);
    await page.getByText('The server refuses the token now.').waitFor({ state: 'hidden' });

    const other = await open();
    await other.getByRole('list', { name: 'Posts' }).getByRole('listitem').first().waitFor();
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByText('You have signed out.').waitFor();
    await page.getByText('You have signed out in another tab.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Sign in' }).isVisible(), true);
    assert.equal(await posts.count(), 0);
    assert.deepEqual(complaints, []);
  });
}

// Those over the crate: tests/frontends.
for (const name of ['react', 'vue', 'typescript']) {
  test(`the example ${name}: a server that is down at the start is no sign-out`, { timeout: 90_000 }, async (t) => {
    const { origin, order, stop } = await startBackend('--root', join(built, name), '--access-ttl', '10m');
    t.after(stop);
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(origin);
    const signIn = page.getByRole('button', { name: 'Sign in' });
    await signIn.click();
    await page.getByRole('list', { name: 'Posts' }).getByRole('listitem').first().waitFor();

    await order('fault', { target: 'refresh', kind: 'status', status: 503, times: 0 });
    await page.reload();
    await page.getByText('No connection. Trying again.').waitFor();
    assert.equal(await signIn.isVisible(), false);
    await order('clear');
    await page.getByRole('list', { name: 'Posts' }).getByRole('listitem').first().waitFor();

    let release;
    const hanging = new Promise((resolve) => (release = resolve));
    await page.route('**/api/token/refresh', async (route) => {
      await hanging;
      await route.continue();
    });
    await page.reload();
    await page.getByText('One moment.').waitFor();
    assert.equal(await signIn.isVisible(), false);
    release();
    await page.getByRole('list', { name: 'Posts' }).getByRole('listitem').first().waitFor();
  });
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MINUTE = 60_000;

for (const name of ['react', 'vue', 'typescript']) {
  test(`the example ${name}: it asks before an idle session ends, and the pointer's way to the button is no answer`, { timeout: 90_000 }, async (t) => {
    const { origin, stop } = await startBackend('--root', join(built, name), '--access-ttl', '10h');
    t.after(stop);
    const context = await browser.newContext({ reducedMotion: 'reduce', bypassCSP: true });
    t.after(() => context.close());
    await context.addInitScript(axe);
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(origin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('list', { name: 'Posts' }).getByRole('listitem').first().waitFor();
    await page.getByRole('button', { name: 'Load again' }).focus();

    const dialog = page.getByRole('alertdialog', { name: 'Your session is about to end' });
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
    await page.clock.fastForward(13 * MINUTE);
    assert.equal(await dialog.isVisible(), false);
    await page.clock.fastForward(1.5 * MINUTE);
    await dialog.waitFor();
    assert.equal(await focused(), 'Stay signed in');
    assert.ok(await dialog.evaluate((one) => one.matches(':modal')));
    assert.equal(await dialog.evaluate((one) => getComputedStyle(one).animationName), 'none', 'nothing moves for who wants that');
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    assert.deepEqual(violations.map(({ id }) => id), []);
    const stay = page.getByRole('button', { name: 'Stay signed in' });
    await stay.hover();
    await page.clock.runFor(2000);
    assert.ok(await dialog.isVisible(), 'the pointer is on its way');
    await stay.click();
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await focused(), 'Load again', 'the focus is where it was');

    await page.clock.fastForward(14.5 * MINUTE);
    await dialog.waitFor();
    await page.clock.runFor(22_000);
    await page.getByText('Ten seconds left.').waitFor();
    await page.clock.runFor(15_000);
    await page.getByText('You were signed out, since nothing was done for a while.').waitFor();
    assert.equal(await dialog.isVisible(), false);
  });
}

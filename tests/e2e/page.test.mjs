// The demonstration page on the embedded backend, as a visitor uses it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from './support/backend.mjs';
import { BROWSER } from './support/suite.mjs';

let browser;
before(async () => {
  browser = await chromium.launch(BROWSER);
});
after(() => browser?.close());

/** A test on a backend and a browser profile of its own. */
function visit(name, options, run) {
  test(name, { timeout: 90_000 }, async () => {
    const backend = await startBackend(...options);
    const context = await browser.newContext();
    const complaints = [];
    const watch = (page) => {
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => complaints.push(message.text()));
    };
    context.on('page', watch);
    try {
      const page = await context.newPage();
      await page.goto(backend.origin);
      const id = (name) => page.getByTestId(name);
      const signIn = async () => {
        await id('sign-in').click();
        await says(id('status'), /^Signed in/);
      };
      await run({ page, id, signIn, backend, context, complaints });
    } finally {
      await context.close();
      await backend.stop();
    }
  });
}

/** Waits for an element to say something. */
async function says(locator, pattern) {
  const handle = await locator.elementHandle();
  const page = locator.page();
  await page.waitForFunction(([element, source]) => new RegExp(source).test(element.textContent), [handle, pattern.source], { timeout: 30_000 });
  return locator.textContent();
}

visit('page: sign in, one request, a hundred at once after the token expired, sign out', [], async ({ page, id, signIn, backend, complaints }) => {
  await says(id('status'), /Not known yet|Signed out/);
  await signIn();
  assert.match(await id('who').textContent(), /alice/);
  await id('send-one').click();
  await says(id('traffic-result'), /GET \/api\/posts: 200/);
  assert.deepEqual(complaints, [], 'the console is empty in undisturbed traffic');
  await id('expire').click();
  await says(id('log'), /expired on the server/);
  await page.waitForFunction(async () => (await (await fetch('/panel/state')).json()).counters.refreshes === 0);
  await id('send-hundred').click();
  const text = await says(id('burst-result'), /^100 × /);
  assert.match(text, /^100 × 200, 1 refresh call/);
  // What the console shows is what the page says of it, and no request that
  // starts with the new token adds to it.
  const red = () => complaints.filter((text) => /Failed to load resource.*401/.test(text)).length;
  assert.ok(red() > 0);
  assert.match(text, new RegExp(`\\. ${red()} were refused first and sent again`));
  const lines = red();
  await id('send-hundred').click();
  assert.doesNotMatch(await says(id('burst-result'), /^100 × 200, 0 refresh calls/), /refused/);
  assert.equal(red(), lines);
  const { counters } = await backend.state();
  assert.equal(counters.refreshes, 1);
  await says(id('evertoken-refreshes'), /^1$/);
  await page.waitForFunction(() => Number(document.getElementById('naive-refreshes').textContent) > 1);
  await id('sign-out').click();
  await says(id('status'), /^Signed out$/);
  await id('send-one').click();
  await says(id('traffic-result'), /403/);
  // A browser reports the answers that the visitor provoked, and nothing else is said.
  assert.deepEqual(complaints.filter((text) => !/Failed to load resource.*40[13]/.test(text)), []);
  await page.reload();
  await says(id('status'), /Signed out|Not known yet/);
});

visit('page: broken refreshes keep the session, a refusal ends it', ['--access-ttl', '5m'], async ({ page, id, signIn }) => {
  await signIn();
  for (const fault of ['500', '429', 'html', 'empty', 'truncated', 'drop']) {
    await id(`fault-${fault}`).click();
    await says(id('active-faults'), /Waiting to happen/);
    await id('refresh-now').click();
    await says(id('status'), /server unreachable/);
    await id('problem').waitFor({ state: 'visible' });
    await id('send-one').click();
    await says(id('traffic-result'), /: 200/);
    await id('clear-faults').click();
    // When the back-off is over, or Retry-After has passed, it heals.
    await page.evaluate(async () => {
      const { auth } = window.evertoken;
      for (;;) {
        try {
          return void (await auth.refresh());
        } catch ({ retryAfterMs }) {
          await new Promise((resolve) => setTimeout(resolve, retryAfterMs ?? 250));
        }
      }
    });
    await says(id('status'), /^Signed in$/);
  }
  await id('fault-401').click();
  await says(id('active-faults'), /401 on refresh/);
  await id('refresh-now').click();
  await says(id('status'), /^Signed out$/);
});

visit('page: an idle minute ends the session in all tabs, after a dialogue that one of them puts off', ['--access-ttl', '5m'], async ({ page, id, signIn, context, backend, complaints }) => {
  await signIn();
  await context.clock.install();
  // Every tab makes a manager with the new limit.
  const loaded = page.waitForEvent('load');
  await id('ends-idle').check();
  await loaded;
  await says(id('status'), /^Signed in$/);
  await says(id('ends-note'), /^Ends at \d/);
  const second = await context.newPage();
  await second.goto(backend.origin);
  await says(second.getByTestId('status'), /^Signed in$/);
  const tabs = [page, second];
  const states = () => Promise.all(tabs.map((tab) => tab.evaluate(() => [document.getElementById('ending').open, document.activeElement?.id])));

  await context.clock.runFor(41_000);
  await Promise.all(tabs.map((tab) => tab.getByTestId('ending').waitFor()));
  assert.deepEqual((await states()).map(([open]) => open), [true, true]);
  assert.equal((await states())[0][1], 'stay');
  await second.evaluate(() => document.getElementById('stay').click());
  await Promise.all(tabs.map((tab) => tab.getByTestId('ending').waitFor({ state: 'hidden' })));
  await context.clock.runFor(41_000);
  await Promise.all(tabs.map((tab) => tab.getByTestId('ending').waitFor()));
  await context.clock.runFor(25_000);
  await Promise.all(tabs.map((tab) => says(tab.getByTestId('status'), /^Signed out$/)));
  assert.deepEqual((await states()).map(([open]) => open), [false, false]);
  await says(id('log'), /signed out: nothing was done for a while/);
  await context.clock.runFor(5000);
  assert.equal((await backend.state()).counters.logouts, 1);
  assert.deepEqual(complaints, []);
});

visit('page: a second tab is signed in without a call, and signed out with the first', ['--access-ttl', '5m'], async ({ page, id, signIn, context, backend }) => {
  await signIn();
  const opened = context.waitForEvent('page');
  await id('open-tab').click();
  const second = await opened;
  await says(second.getByTestId('status'), /^Signed in$/);
  await second.getByTestId('send-one').click();
  await says(second.getByTestId('traffic-result'), /: 200/);
  assert.ok((await backend.state()).counters.refreshes <= 1);
  await id('sign-out').click();
  await says(second.getByTestId('status'), /^Signed out$/);
  assert.match(await second.getByTestId('log').textContent(), /signed out: in another tab/);
  await second.getByTestId('sign-in').click();
  await says(id('status'), /^Signed in$/);
});

// `iat` is whole seconds: a token dies up to a second before its lifetime has
// passed since receipt. With six seconds the renewal comes before that.
visit('page: with tokens of six seconds and steady traffic no request fails', ['--access-ttl', '6s'], async ({ page, id, signIn, backend, complaints }) => {
  await signIn();
  const from = performance.now();
  await id('every-second').check();
  // Three lifetimes, counted by the requests that fill them.
  await page.waitForFunction(() => document.querySelectorAll('#log li[data-kind="request"]').length >= 20, undefined, { timeout: 60_000 });
  const seconds = (performance.now() - from) / 1000;
  await id('every-second').uncheck();
  const lines = await page.locator('#log li[data-kind="request"]').allTextContents();
  assert.deepEqual(lines.filter((line) => !line.includes('GET /api/posts: 200')), []);
  assert.equal(await page.locator('#log li[data-kind="problem"]').count(), 0);
  const { counters } = await backend.state();
  // It renews a fifth before the end: at most one call each 4.8 s.
  assert.ok(counters.refreshes <= seconds / 4.8 + 2, `${counters.refreshes} refreshes in ${seconds} s`);
  assert.ok(counters.refreshes >= seconds / 7 - 1, `${counters.refreshes} refreshes in ${seconds} s`);
  // A token's dates are whole seconds, so the server may end one up to a second
  // before its lifetime is over: such a refusal is repaired, and the browser
  // writes it down all the same.
  assert.deepEqual(complaints.filter((text) => !/Failed to load resource.*401/.test(text)), []);
  assert.ok(complaints.length <= counters.refreshes);
});

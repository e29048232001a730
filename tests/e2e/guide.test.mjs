// The pages of the guide, as the demonstration's server serves them. What
// their examples do is tested in tests/adapters and tests/backends.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from './support/backend.mjs';
import { BROWSER, PKG } from './support/suite.mjs';

let browser;
let backend;

before(async () => {
  [browser, backend] = await Promise.all([chromium.launch(BROWSER), startBackend()]);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

/** A page of the site, and what it complained of. */
async function open(t, path, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(backend.origin + path);
  return { page, complaints };
}

test('guide: the demonstration leads to it, and it leads to all pages', { timeout: 120_000 }, async (t) => {
  const { page } = await open(t, '/');
  await page.getByRole('link', { name: 'Guide' }).click();
  await page.getByRole('heading', { name: 'Evertoken, the guide' }).waitFor();
  const links = await page.getByRole('navigation', { name: 'Guide' }).getByRole('link').evaluateAll((all) => all.map((link) => link.href));
  assert.ok(links.length >= 20, `${links.length} pages`);

  const { page: phone, complaints } = await open(t, '/guide/', { viewport: { width: 360, height: 740 } });
  const targets = new Map();
  for (const link of links) {
    await phone.goto(link);
    const found = await phone.evaluate(() => ({
      headings: document.querySelectorAll('h1').length,
      wide: document.documentElement.scrollWidth - innerWidth,
      current: document.querySelector('[aria-current=page]')?.href,
      links: [...document.querySelectorAll('a')].map((a) => a.href),
      anchors: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    }));
    assert.deepEqual([found.headings, found.current], [1, link]);
    assert.ok(found.wide <= 0, `${link} is ${found.wide} px too wide for a phone`);
    assert.equal(new Set(found.anchors).size, found.anchors.length, `${link}: an anchor is there twice`);
    targets.set(link, found);
  }
  for (const [from, { links: there }] of targets) {
    for (const link of there.filter((link) => link.startsWith(`${backend.origin}/guide/`))) {
      const [address, anchor] = link.split('#');
      if (address.endsWith('/guide/')) continue;
      assert.ok(targets.has(address), `${from} leads to ${link}, which is not there`);
      assert.ok(!anchor || targets.get(address).anchors.includes(anchor), `${from} leads to ${link}, which is not there`);
    }
  }
  assert.deepEqual(complaints, []);
});

test('guide: the options are those of the types, with what they say', async (t) => {
  const types = (await readFile(join(PKG, 'index.d.ts'), 'utf8')).replaceAll(/\/\*\*[^]*?\*\//g, '');
  const body = /interface Options \{([^]*?)\n\}/.exec(types)[1];
  const names = [...body.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  const { page } = await open(t, '/guide/options.html');
  const shown = await page.evaluate(() => {
    const found = {};
    let at = document.querySelector('h2');
    for (at = at.nextElementSibling; at && at.tagName !== 'H2'; at = at.nextElementSibling) {
      if (at.tagName === 'H3') found[at.textContent] = [at.nextElementSibling.textContent, at.nextElementSibling.nextElementSibling.textContent];
    }
    return found;
  });
  assert.deepEqual(Object.keys(shown).sort(), [...names, 'preset', 'refresh'].sort());
  for (const [name, [signature, text]] of Object.entries(shown)) {
    assert.ok(signature.startsWith(name), signature);
    assert.match(text, /\.$/, `${name} is described`);
  }
});

test('guide: the failures of others are those of the tests', async (t) => {
  const document_ = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = document_.match(/^\| [A-K]\d+ \|/gm);
  const { page } = await open(t, '/guide/failures.html');
  assert.equal(await page.locator('tbody tr').count(), rows.length);
});

test('guide: the messages are those of the core', async (t) => {
  const source = await readFile(new URL('../../src/core/error.rs', import.meta.url), 'utf8');
  const texts = [...source.split('faults! {')[1].matchAll(/,\n {8}"([^"]*)";/g)].map(([, text]) => text.trim());
  const { page } = await open(t, '/guide/errors.html');
  const shown = await page.locator('#every-message ~ .wide tbody tr td:nth-child(2)').allTextContents();
  assert.ok(texts.length > 20, `${texts.length} messages`);
  assert.deepEqual(shown.sort(), texts.sort());
  // The codes are those of the types, in the table of what to do and in this one.
  const types = (await readFile(join(PKG, 'index.d.ts'), 'utf8')).replaceAll(/\/\*\*[^]*?\*\//g, '');
  const codes = [.../type TokenErrorCode =([^;]*);/.exec(types)[1].matchAll(/'([^']+)'/g)].map(([, code]) => code);
  const [first] = await page.locator('.wide').all();
  assert.deepEqual(await first.locator('tbody td:first-child').allTextContents(), codes);
});

test('guide: the keyboard gets past the navigation', async (t) => {
  const { page } = await open(t, '/guide/quick-start.html');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the text');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), true);
});

// The README's application, at a real server, as it stands but for addresses.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { enter, startProvider } from './support/provider.mjs';
import { suite } from './support/suite.mjs';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const [, code] = /<!-- test: oauth -->\n```ts\n([^]*?)```/.exec(readme);
assert.ok(code.trim().split('\n').length < 30, 'it is short');
const check = suite(`${code.replaceAll(/https:\/\/(id|api)\.example\.com/g, 'ISSUER')}\nwindow.app = {};`);
const serve = (page) => startProvider(page, { client: { client_id: 'shop', post_logout_redirect_uris: [`${page}/`] } });

check(
  'README: oauth signs in by redirect, loads, and signs out',
  async ({ page, pages, context, server }) => {
    const headers = { 'access-control-allow-origin': '*' };
    await context.route(`${server.issuer}/profile`, (route) => route.fulfill({ body: route.request().headers().authorization ?? 'nobody', headers }));
    await page.goto(`${pages.origin}/orders`);
    await page.click('text=Sign in');
    await enter(page);
    await page.waitForURL(`${pages.origin}/orders`);
    await page.waitForSelector('text=Bearer ');
    await page.reload();
    await page.waitForSelector('text=Bearer ');
    await Promise.all([page.waitForURL(/session\/end/), page.click('text=Sign out')]);
    await page.click('button[name=logout]');
    await page.waitForURL(`${pages.origin}/`);
    await page.waitForSelector('text=Sign in');
  },
  { serve },
);

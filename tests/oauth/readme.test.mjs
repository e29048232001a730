// The README's application, at a real server, as it stands but for addresses.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { enter, startProvider } from './support/provider.mjs';
import { suite } from './support/suite.mjs';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const [, code] = /<!-- test: oauth -->\n```ts\n([^]*?)```/.exec(readme);
assert.ok(code.trim().split('\n').length < 30, 'it is short');
const PORT = 'ISSUER';
const check = suite(`${code.replaceAll(/https:\/\/(id|api)\.example\.com/g, PORT)}\nwindow.app = {};`);

check('README: oauth signs in by redirect, loads, and signs out', async ({ page: shop, pages, context }) => {
  const provider = await startProvider(pages.origin, { client: { client_id: 'shop', post_logout_redirect_uris: [`${pages.origin}/`] } });
  try {
    await context.route('**/app.js', async (route) => {
      const response = await route.fetch();
      return route.fulfill({ response, body: (await response.text()).replaceAll(PORT, provider.issuer) });
    });
    await context.route(`${provider.issuer}/profile`, (route) => route.fulfill({ body: route.request().headers().authorization ?? 'nobody', headers: { 'access-control-allow-origin': '*' } }));
    await shop.goto(`${pages.origin}/orders`);
    await shop.click('text=Sign in');
    await enter(shop);
    await shop.waitForURL(`${pages.origin}/orders`);
    await shop.waitForSelector('text=Bearer ');
    await shop.reload();
    await shop.waitForSelector('text=Bearer ');
    await Promise.all([shop.waitForURL(/session\/end/), shop.click('text=Sign out')]);
    await shop.click('button[name=logout]');
    await shop.waitForURL(`${pages.origin}/`);
    await shop.waitForSelector('text=Sign in');
  } finally {
    await provider.stop();
  }
}, { unready: true });

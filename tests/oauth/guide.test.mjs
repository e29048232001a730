// The examples of the guide's page, as they stand but for addresses.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { ready, suite } from './support/suite.mjs';

const page = await readFile(new URL('../../www/guide/oauth.md', import.meta.url), 'utf8');
const blocks = new Map([...page.matchAll(/<!-- test: (\S+) -->\n```ts\n([^]*?)```/g)].map(([, name, code]) => [name, code]));
const EXAMPLES = ['oauth-auth', 'oauth-start', 'oauth-sentence', 'oauth-guard'];
assert.deepEqual([...blocks.keys()], EXAMPLES);
const ours = (code) => code.replaceAll(/https:\/\/(id|api)\.example\.com/g, 'ISSUER').replace("'shop'", "'spa'");
const modules = Object.fromEntries([...blocks].map(([name, code]) => [`./${name}.js`, ours(code)]));

const check = suite(
  `
    import { auth } from './oauth-auth.js';
    import { start } from './oauth-start.js';
    import { signedIn } from './oauth-guard.js';
    await start();
    window.app = { auth, signedIn };
  `,
  modules,
);

check('guide: a page that needs somebody signs in and is come back to; a refusal is told in a sentence', async ({ page, server, pages }) => {
  await page.evaluate(() => void app.signedIn('/orders?page=2'));
  await page.waitForURL(`${pages.origin}/orders?page=2`);
  await ready(page);
  assert.equal(await page.evaluate(() => app.signedIn('/orders')), true);
  assert.equal(server.authorizations.length, 1);
  await page.evaluate(() => app.auth.logout());
  server.answer = (query, { state, iss }) => ({ state, iss, error: 'access_denied' });
  await page.evaluate(() => void app.signedIn('/orders'));
  await page.getByText('You did not sign in.').waitFor();
  assert.equal(page.url(), `${pages.origin}/callback`);
});

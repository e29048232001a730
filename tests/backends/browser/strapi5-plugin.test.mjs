import assert from 'node:assert/strict';
import { Visitor } from '../harness.mjs';
import { paths } from './browser.mjs';
import { scenarios } from './scenarios.mjs';
import { STRAPI5_PLUGIN } from './systems.mjs';

const { refresh, logout, resource } = STRAPI5_PLUGIN;

/** Signs in and out; gives what the refresh token is good for then. */
async function afterSignOut(visitor, route) {
  const page = await visitor.open();
  const { refreshToken } = await visitor.signIn(page);
  await visitor.signOut(page);
  if (route) await visitor.signedOutThere();
  return (await new Visitor(visitor.backend.url).post(refresh, { json: { refreshToken } })).status;
}

scenarios(STRAPI5_PLUGIN, {
  title: 'with rotation',
  args: ['--rotate'],
  more: {
    async 'flaw: without a route to sign out the refresh token stays good'(visitor) {
      assert.equal(await afterSignOut(visitor), 200);
    },
  },
});

scenarios(STRAPI5_PLUGIN, {
  title: 'with the route to sign out and a CORS list that forgets credentials',
  args: ['--logout', '--cors-broken'],
  block: 'session.ts, with the logout route',
  only: ['twenty requests', 'the back button shows nothing and'],
  more: {
    async 'mended: a sign-out ends the refresh token'(visitor) {
      assert.equal(await afterSignOut(visitor, true), 401);
    },
  },
});

scenarios(STRAPI5_PLUGIN, {
  title: 'with cookieResponse',
  args: ['--cookie'],
  block: 'session.ts, with cookieResponse',
  only: [],
  more: {
    async 'flaw: the refresh route never reads the cookie'(visitor) {
      const page = await visitor.enter();
      assert.deepEqual(await visitor.outcome(page), { value: 200 });
      await visitor.ended(page);
      const log = await visitor.seen(async () => {
        const { error } = await visitor.outcome(page);
        assert.deepEqual([error?.code, error?.retryable], ['refresh-unavailable', false]);
      });
      assert.deepEqual(log.map(({ path, status, cookie }) => [path, status, cookie]), [[refresh, 405, true]]);
    },
  },
});

scenarios(STRAPI5_PLUGIN, {
  title: 'with cookieResponse, mended',
  args: ['--cookie', '--fixed', '--rotate', '--logout'],
  block: 'session.ts, with cookieResponse',
  only: ['twenty requests', 'a reload', 'two tabs', 'the back button shows nothing and', 'revoked'],
  more: {
    async 'mended: no script ever sees the refresh token, and a sign-out ends its cookie'(visitor) {
      const page = await visitor.open();
      const { jwt, ...answer } = await visitor.signIn(page);
      assert.ok(jwt && !('refreshToken' in answer));
      assert.equal(await page.evaluate(() => document.cookie), '');
      const log = await visitor.seen(() => visitor.signOut(page));
      assert.deepEqual(paths(log), [`POST ${logout} 200`]);
      assert.deepEqual(await visitor.context.cookies(), []);
    },
  },
});

scenarios(STRAPI5_PLUGIN, {
  title: 'with cookieResponse and a CORS list that forgets credentials',
  args: ['--cookie', '--fixed', '--cors-broken'],
  block: 'session.ts, with cookieResponse',
  only: [],
  more: {
    async 'flaw: no page of another origin can sign in'(visitor) {
      await assert.rejects(visitor.enter(), /the login endpoint could not be reached.*CORS/);
      assert.ok(!(await visitor.backend.log()).some(({ path }) => path === resource));
    },
  },
});

import assert from 'node:assert/strict';
import { paths } from './browser.mjs';
import { scenarios } from './scenarios.mjs';
import { STRAPI5 } from './systems.mjs';

const { refresh, logout } = STRAPI5;

scenarios(STRAPI5, {
  title: 'with the refresh token in the body',
  more: {
    async 'flaw: logout wants a valid access token, so one is fetched first'(visitor) {
      const page = await visitor.enter();
      await visitor.ended(page);
      const refused = await page.evaluate((url) => fetch(url, { method: 'POST' }).then(({ status }) => status), visitor.backend.url + logout);
      assert.equal(refused, 403);
      const log = await visitor.seen(() => visitor.signOut(page));
      assert.deepEqual(paths(log), [`POST ${refresh} 200`, `POST ${logout} 200`]);
    },
  },
});

scenarios(STRAPI5, {
  title: 'with the refresh token in a cookie',
  args: ['--cookie'],
  block: 'session.js, with sessions.httpOnly',
  only: ['twenty requests', 'a reload', 'two tabs', 'the back button shows nothing and', 'revoked'],
});

scenarios(STRAPI5, {
  title: 'with a CORS list that forgets credentials',
  args: ['--cors-broken', '--refresh-ttl', '2s'],
  block: 'session.js, without credentials',
  only: ['has expired'],
  more: {
    async 'flaw: no page of another origin can sign in'(visitor) {
      await assert.rejects(visitor.enter({ block: 'session.js' }), /the login endpoint could not be reached.*CORS/);
    },

    async 'mended in the page: a token in the body needs no credentials'(visitor) {
      const page = await visitor.enter();
      assert.deepEqual(await visitor.outcome(page), { value: 200 });
    },
  },
});

scenarios(STRAPI5, {
  title: 'with the roles of a new project',
  args: ['--no-refresh-role'],
  only: [],
  more: {
    async 'flaw: nobody may refresh, and the session ends with the first access token'(visitor) {
      const page = await visitor.enter();
      await visitor.ended(page);
      const log = await visitor.seen(async () => {
        assert.equal((await visitor.outcome(page)).error?.code, 'refresh-rejected');
      });
      assert.deepEqual(paths(log), [`POST ${refresh} 403`]);
    },
  },
});

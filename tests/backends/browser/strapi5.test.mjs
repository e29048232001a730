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
  block: 'session.ts, with sessions.httpOnly',
  only: ['twenty requests', 'a reload', 'two tabs', 'the back button shows nothing and', 'revoked'],
});

scenarios(STRAPI5, {
  title: 'with a CORS list that forgets credentials',
  args: ['--cors-broken', '--refresh-ttl', '2s'],
  block: 'session.ts, without credentials',
  only: ['has expired'],
  more: {
    async 'flaw: no page of another origin can sign in'(visitor) {
      await assert.rejects(visitor.enter({ block: 'session.ts' }), /the login endpoint could not be reached.*CORS/);
    },

    async 'mended in the page: a token in the body needs no credentials'(visitor) {
      const page = await visitor.enter();
      assert.deepEqual(await visitor.outcome(page), { value: 200 });
    },
  },
});

scenarios(STRAPI5, {
  title: 'with the roles of a new project',
  args: ['--roles-public'],
  only: ['twenty requests'],
  more: {
    async 'flaw: a refresh call that carries a valid access token is forbidden'(visitor) {
      const page = await visitor.enter();
      const status = await page.evaluate(async (url) => {
        const authorization = `Bearer ${await (await kit.app).auth.getToken({ refresh: 'force' })}`;
        return (await fetch(url, { method: 'POST', headers: { authorization } })).status;
      }, visitor.backend.url + refresh);
      assert.equal(status, 403);
      await visitor.backend.control('reset'); // that call was the page's own
    },
  },
});

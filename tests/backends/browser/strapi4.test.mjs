import assert from 'node:assert/strict';
import { carries } from './browser.mjs';
import { scenarios } from './scenarios.mjs';
import { STRAPI4 } from './systems.mjs';

/** What the server says to a refresh call that carries a valid access token, as other clients send it. */
async function refreshWithToken(visitor) {
  const page = await visitor.enter();
  const statuses = await page.evaluate(async (url) => {
    const { auth } = await kit.app;
    const bearer = { authorization: `Bearer ${await auth.getToken()}` };
    const { status } = await fetch(url, { method: 'POST', headers: bearer, credentials: 'include' });
    await auth.refresh();
    return [status, auth.snapshot.status];
  }, visitor.backend.url + STRAPI4.refresh);
  // That call was the page's own; Evertoken's is the second.
  const log = (await visitor.backend.log()).filter(({ method, path }) => method === 'POST' && path === STRAPI4.refresh);
  assert.deepEqual(log.map(carries), [true, false]);
  await visitor.backend.control('reset');
  return statuses;
}

/** Signs out and comes back; gives what the cookie would bring, and what a request is answered. */
async function afterSignOut(visitor) {
  const page = await visitor.enter();
  await visitor.signOut(page);
  await page.reload();
  await visitor.signedOutThere();
  const { value } = await visitor.outcome(page);
  const url = visitor.backend.url + STRAPI4.refresh;
  const refresh = (url) => fetch(url, { method: 'POST', credentials: 'include' }).then(({ status }) => status);
  return [await page.evaluate(refresh, url), value];
}

scenarios(STRAPI4, {
  title: 'as the document has it',
  more: {
    async 'flaw: under any other name than localhost the session ends with the first access token'(visitor) {
      const page = await visitor.enter({ host: '127.0.0.1' });
      await visitor.ended(page);
      const log = await visitor.seen(async () => {
        assert.equal((await visitor.outcome(page)).error?.code, 'refresh-rejected');
      });
      assert.deepEqual(log.map(({ path, cookie }) => [path, cookie]), [[STRAPI4.refresh, false]]);
    },

    async 'mended: with the route a sign-out ends the cookie'(visitor) {
      assert.deepEqual(await afterSignOut(visitor), [400, STRAPI4.anonymous]);
    },

    async 'flaw: a refresh call that carries a valid access token is forbidden'(visitor) {
      assert.deepEqual(await refreshWithToken(visitor), [403, 'signed-in']);
    },
  },
});

scenarios(STRAPI4, {
  title: 'mended: no Domain, and both roles may refresh',
  args: ['--fixed', '--roles-both'],
  block: 'session.ts, kept in the browser',
  only: ['twenty requests', 'a reload', 'after a sign-out'],
  more: {
    async 'mended: a refresh call that carries a valid access token is answered'(visitor) {
      assert.deepEqual(await refreshWithToken(visitor), [200, 'signed-in']);
    },
  },
});

scenarios(STRAPI4, {
  title: 'with refresh tokens that end soon',
  args: ['--refresh-ttl', '2s'],
  only: ['has expired'],
});

scenarios(STRAPI4, {
  title: 'without a route to sign out',
  args: ['--no-logout'],
  only: [],
  more: {
    async 'flaw: the cookie stays good, and is not used'(visitor) {
      assert.deepEqual(await afterSignOut(visitor), [200, STRAPI4.anonymous]);
    },
  },
});

scenarios(STRAPI4, {
  title: 'with a CORS list that forgets credentials',
  args: ['--cors-broken'],
  only: [],
  more: {
    async 'flaw: no page of another origin can sign in'(visitor) {
      await assert.rejects(visitor.enter(), /the login endpoint could not be reached.*CORS/);
    },
  },
});

import assert from 'node:assert/strict';
import { Visitor } from '../harness.mjs';
import { scenarios } from './scenarios.mjs';
import { EXPRESS } from './systems.mjs';

const { refresh, resource } = EXPRESS;

/** Signs in and out; gives what the refresh token is good for then. */
async function afterSignOut(visitor, route) {
  const page = await visitor.open();
  const { refreshToken } = await visitor.signIn(page);
  await visitor.signOut(page);
  if (route) await visitor.signedOutThere();
  return (await new Visitor(visitor.backend.url).post(refresh, { json: { refreshToken } })).status;
}

scenarios(EXPRESS, {
  title: 'as the document has it',
  more: {
    async 'flaw: a 403 that means a missing role is no end of the session'(visitor) {
      const page = await visitor.enter();
      const log = await visitor.seen(async () => {
        const status = await page.evaluate(async () => (await (await kit.app).auth.fetch('/api/test/admin')).status);
        assert.equal(status, 403);
      });
      assert.deepEqual(log.map(({ path, xAccessToken }) => [path, xAccessToken]), [['/api/test/admin', true]]);
      assert.equal((await visitor.state(page)).status, 'signed-in');
      await visitor.backend.control('reset');
    },

    async 'flaw: without a route to sign out the refresh token stays good'(visitor) {
      assert.equal(await afterSignOut(visitor), 200);
    },
  },
});

scenarios(EXPRESS, {
  title: 'with the route to sign out and a CORS list that forgets credentials',
  args: ['--logout', '--cors-broken'],
  block: 'session.ts, with the logout route',
  only: ['twenty requests', 'after a sign-out'],
  more: {
    async 'mended: a sign-out ends the refresh token'(visitor) {
      assert.equal(await afterSignOut(visitor, true), 403);
    },

    async 'flaw: a client that sends credentials may not read the answers'(visitor) {
      const page = await visitor.open();
      const read = (credentials) =>
        page.evaluate(
          ([url, credentials]) => kit.outcome(fetch(url, { credentials }).then(({ status }) => status)),
          [visitor.backend.url + resource, credentials],
        );
      assert.equal((await read('include')).error?.name, 'TypeError');
      assert.deepEqual(await read('same-origin'), { value: 403 });
    },
  },
});

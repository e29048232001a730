import assert from 'node:assert/strict';
import { Visitor } from '../harness.mjs';
import { PASSWORD } from './browser.mjs';
import { scenarios } from './scenarios.mjs';
import { NESTJS } from './systems.mjs';

const { login, refresh, resource, user } = NESTJS;

/** Signs out and comes back; gives what the cookie would bring, and what a request is answered. */
async function afterSignOut(visitor, route) {
  const page = await visitor.enter();
  await visitor.signOut(page);
  await page.reload();
  if (route) await visitor.signedOutThere();
  const { value } = await visitor.outcome(page);
  const renew = (url) => fetch(url, { credentials: 'include' }).then(({ status }) => status);
  return [await page.evaluate(renew, visitor.backend.url + refresh), value];
}

scenarios(NESTJS, {
  title: 'as the document has it',
  more: {
    async 'flaw: without a route to sign out the cookie stays, and is not used'(visitor) {
      assert.deepEqual(await afterSignOut(visitor), [200, NESTJS.anonymous]);
    },

    async 'flaw: a second sign-in of the same user ends the first'(visitor) {
      const page = await visitor.enter();
      const { status } = await new Visitor(visitor.backend.url).post(login, { json: { email: user, password: PASSWORD } });
      assert.equal(status, 201);
      await visitor.ended(page);
      assert.equal((await visitor.outcome(page)).error?.code, 'refresh-rejected');
      assert.deepEqual((await visitor.state(page)).events, ['signed-in', 'signed-out:refresh-rejected']);
    },
  },
});

scenarios(NESTJS, {
  title: 'with the route to sign out',
  args: ['--logout'],
  block: 'session.ts, with the logout route',
  only: ['twenty requests', 'after a sign-out'],
  more: {
    async 'mended: a sign-out ends the cookie'(visitor) {
      assert.deepEqual(await afterSignOut(visitor, true), [401, NESTJS.anonymous]);
    },
  },
});

scenarios(NESTJS, {
  title: 'with a CORS list that forgets credentials',
  args: ['--cors-broken'],
  only: [],
  more: {
    async 'flaw: no page of another origin can sign in'(visitor) {
      await assert.rejects(visitor.enter(), /the login endpoint could not be reached.*CORS/);
      assert.ok(!(await visitor.backend.log()).some(({ path }) => path === resource));
    },
  },
});

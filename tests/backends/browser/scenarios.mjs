// What has to hold with every system, whatever it answers and however it carries its tokens.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backendOf, carries, paths, times } from './browser.mjs';

const TIMEOUT = { timeout: 120_000 };

const refreshes = (visitor, log) => log.filter(({ path }) => path === visitor.system.refresh);
const signOuts = ({ events }) => events.filter((type) => type.startsWith('signed-out'));

const SCENARIOS = {
  async 'signs in, and a protected request is answered'(visitor) {
    const page = await visitor.enter();
    assert.deepEqual(await visitor.outcome(page), { value: 200 });
    const { status, stale, events } = await visitor.state(page);
    assert.deepEqual([status, stale, events[0]], ['signed-in', false, 'signed-in']);
  },

  async 'twenty requests after the end of the access token cost one refresh'(visitor) {
    const page = await visitor.enter();
    const { statuses, log } = await visitor.twentyAfterTheEnd(page);
    assert.deepEqual(statuses, times(20, 200));
    const { refreshMethod, refresh } = visitor.system;
    assert.deepEqual(paths(refreshes(visitor, log)), [`${refreshMethod} ${refresh} 200`]);
  },

  async 'a visible page has its token renewed without being asked'(visitor) {
    const page = await visitor.enter();
    const log = await visitor.seen(() =>
      page.evaluate(async () => {
        kit.show();
        await kit.until(() => kit.types.includes('refreshed'));
        kit.hide();
      }),
    );
    assert.ok(log.length > 0);
    assert.ok(log.every(({ path, status }) => path === visitor.system.refresh && status === 200), paths(log).join('\n'));
  },

  async 'a reload keeps the session, with one refresh at most'(visitor) {
    const page = await visitor.enter();
    const log = await visitor.seen(async () => {
      await page.reload();
      assert.deepEqual(await visitor.outcome(page), { value: 200 });
    });
    assert.equal((await visitor.state(page)).status, 'signed-in');
    assert.ok(refreshes(visitor, log).length <= 1, paths(log).join('\n'));
  },

  async 'two tabs share the session and each refresh'(visitor) {
    const tabs = [await visitor.enter(), await visitor.open()];
    assert.deepEqual(await visitor.outcome(tabs[1]), { value: 200 });
    for (let round = 0; round < 2; round++) {
      const { statuses, log } = await visitor.twentyAfterTheEnd(...tabs);
      assert.deepEqual(statuses, times(20, 200));
      assert.equal(refreshes(visitor, log).length, 1, paths(log).join('\n'));
    }
    for (const tab of tabs) {
      const state = await visitor.state(tab);
      assert.deepEqual([state.status, signOuts(state)], ['signed-in', []]);
    }
  },

  async 'the backend stopped and started again signs nobody out'(visitor, backend) {
    const page = await visitor.enter();
    await visitor.ended(page);
    await backend.control('stop');
    const { error } = await visitor.outcome(page);
    // Where nothing says when a token ends the request itself is the one that gets no answer.
    if (visitor.system.lifetime === 'unknown') assert.equal(error.name, 'TypeError');
    else assert.deepEqual([error.code, error.retryable], ['refresh-unavailable', true]);
    assert.equal((await visitor.state(page)).status, 'signed-in');
    await backend.control('start');
    assert.equal(await visitor.insist(page), 200);
    assert.deepEqual(signOuts(await visitor.state(page)), []);
  },

  async 'a limit that refuses the refresh signs nobody out'(visitor, backend) {
    const { refresh, refreshMethod } = visitor.system;
    const page = await visitor.enter();
    await visitor.ended(page);
    await backend.control('answer', { path: refresh, status: 429, headers: { 'retry-after': '1' } });
    const log = await visitor.seen(async () => {
      const { error } = await visitor.outcome(page);
      assert.deepEqual([error.code, error.retryable], ['refresh-unavailable', true]);
    });
    assert.deepEqual(paths(refreshes(visitor, log)), [`${refreshMethod} ${refresh} 429`]);
    assert.equal((await visitor.state(page)).status, 'signed-in');
    assert.equal(await visitor.insist(page), 200);
    assert.deepEqual(signOuts(await visitor.state(page)), []);
  },

  async 'after a sign-out the back button shows nothing and nothing is sent'(visitor) {
    const { anonymous, resource } = visitor.system;
    const page = await visitor.enter();
    await visitor.show(page);
    assert.notEqual(await visitor.shown(page), '');
    await visitor.signOut(page);
    assert.equal(await visitor.shown(page), '');
    await page.goto(new URL('/elsewhere', page.url()).href);
    const log = await visitor.seen(async () => {
      await page.goBack({ waitUntil: 'commit' });
      await page.evaluate(() => kit.app.then(() => kit.show()));
      assert.equal(await visitor.shown(page), '');
      assert.deepEqual(await visitor.outcome(page), { value: anonymous }, "the request goes out as anybody's");
    });
    assert.deepEqual(log.filter((call) => carries(call) || call.cookie), []);
    assert.deepEqual(paths(log), [`GET ${resource} ${anonymous}`]);
    assert.notEqual((await visitor.state(page)).status, 'signed-in');
  },

  async 'after a sign-out on the next page the back button shows nothing'(visitor) {
    const page = await visitor.enter();
    await visitor.show(page);
    await page.goto(`${page.url()}&next`);
    assert.deepEqual(await visitor.outcome(page), { value: 200 });
    await visitor.signOut(page);
    const log = await visitor.seen(async () => {
      await page.goBack({ waitUntil: 'commit' });
      await page.evaluate(() => kit.app.then(() => kit.show()));
      assert.deepEqual(await visitor.outcome(page), { value: visitor.system.anonymous });
      assert.equal(await visitor.shown(page), '');
    });
    assert.deepEqual(log.filter(carries), []);
  },

  async 'a refresh token revoked on the server signs out once'(visitor) {
    await signedOut(visitor, () => visitor.backend.control('revoke'));
  },

  async 'a refresh token that has expired on the server signs out once'(visitor) {
    // Where the database does not keep the end, the server's own setting is a short one.
    await signedOut(visitor, () => visitor.system.expires && visitor.backend.control('expire'), true);
  },
};

/** Leaves nothing of the limit to any other test. */
const LAST = {
  async 'ten logins a minute, and the next one refused, sign nobody out'(visitor, backend) {
    const page = await visitor.enter();
    const { code } = await page.evaluate(
      async ([url, user]) => {
        const wrong = () =>
          fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ identifier: user, password: 'wrong' }),
          });
        while ((await wrong()).status !== 429);
        const { signIn } = await kit.app;
        return (await kit.outcome(signIn(user, 'wrong'))).error;
      },
      [backend.url + visitor.system.login, visitor.user],
    );
    assert.equal(code, 'login-unavailable');
    const state = await visitor.state(page);
    assert.deepEqual([state.status, signOuts(state)], ['signed-in', []]);
    assert.deepEqual(await visitor.outcome(page), { value: 200 });
  },
};

/** A refresh token that the page can read may say when it ends (rule 18): then
 * the page has signed out by itself, and asks nobody. */
async function signedOut(visitor, end, byTime = false) {
  const { resource, anonymous } = visitor.system;
  const page = await visitor.enter();
  await end();
  await visitor.ended(page);
  if (byTime && signOuts(await visitor.state(page)).includes('signed-out:lifetime')) {
    const log = await visitor.seen(async () => assert.deepEqual(await visitor.outcome(page), { value: anonymous }));
    assert.equal(refreshes(visitor, log).length, 0);
    const state = await visitor.state(page);
    return assert.deepEqual([state.status, signOuts(state)], ['signed-out', ['signed-out:lifetime']]);
  }
  const log = await visitor.seen(async () => {
    const outcomes = await Promise.all(times(5, page).map((page) => visitor.outcome(page)));
    assert.equal(outcomes[0].error?.code, 'refresh-rejected');
  });
  assert.equal(refreshes(visitor, log).length, 1);
  const later = await visitor.seen(async () => {
    await page.evaluate(() => kit.show());
    assert.deepEqual(await visitor.outcome(page), { value: anonymous });
  });
  assert.deepEqual(paths(later), [`GET ${resource} ${anonymous}`], 'nothing but what the page asked for');
  assert.ok(!later.some(carries));
  const state = await visitor.state(page);
  assert.deepEqual([state.status, signOuts(state)], ['signed-out', ['signed-out:refresh-rejected']]);
}

/**
 * Registers the scenarios of one system in one of its settings.
 * @param setting `args`, the server's switches; `block`, the guide's block that the page runs; `only` and
 *   `without`, words of the names of scenarios; `more`, tests of this setting alone
 */
export function scenarios(system, { title, args, block, only, without = [], more = {} }) {
  const has = (name) => (word) => name.includes(word);
  describe(`${system.name}, ${title}`, () => {
    const visit = backendOf(system, { args, block });
    const every = { ...SCENARIOS, ...more, ...LAST };
    const chosen = ([name]) => {
      if (Object.hasOwn(more, name)) return true;
      return only ? only.some(has(name)) : ![...system.without, ...without].some(has(name));
    };
    for (const [name, run] of Object.entries(every).filter(chosen)) test(name, TIMEOUT, visit(run));
  });
}

// What an answer says of the token: the application's own predicate, with a
// promise too (rule 3), and a challenge that wants a stronger sign-in (RFC 9470).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedIn } from './support/api.mjs';
import { suite } from './support/suite.mjs';

const ORIGIN = 'https://api.example';

/** A manager over an API in memory; `answer(token)` gives each answer. */
async function world(t, answer, config) {
  const world = { tokens: [], refreshes: 0, told: [] };
  world.auth = await signedIn(t, ORIGIN, {
    fetch: async (url, init) => {
      if (url.endsWith('/refresh')) return Response.json({ accessToken: `new-${++world.refreshes}`, refreshToken: 'r', expiresIn: 600 });
      world.tokens.push(init.headers.Authorization);
      return answer(world.tokens.length);
    },
    ...config,
  });
  for (const type of ['warning', 'step-up']) world.auth.on(type, (event) => world.told.push(event));
  return world;
}

const graphql = (errors) => Response.json(errors ? { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } : { data: 1 });
const byBody = async (response) => response.status === 401 || (await response.clone().json()).errors?.length > 0;

test('a predicate that gives a promise is awaited, and may read a clone', async (t) => {
  const { auth, tokens, refreshes } = await world(t, (count) => graphql(count === 1), { unauthorized: byBody });
  const response = await auth.fetch('/graphql', { method: 'POST', body: '{}' });
  assert.deepEqual([response.status, await response.json(), refreshes], [200, { data: 1 }, 0]);
  assert.deepEqual(tokens, ['Bearer old', 'Bearer new-1']);
});

test('a promise of no is no: nothing is sent twice, nothing refreshed', async (t) => {
  const seen = await world(t, () => graphql(false), { unauthorized: byBody });
  assert.deepEqual(await (await seen.auth.fetch('/graphql')).json(), { data: 1 });
  assert.deepEqual([seen.tokens.length, seen.refreshes], [1, 0]);
});

const FAILING = {
  throws: () => {
    throw new Error('of the application');
  },
  rejects: async () => Promise.reject(new Error('of the application')),
};
for (const [name, unauthorized] of Object.entries(FAILING)) {
  test(`a predicate that ${name} means no: the caller has the answer unread, and a warning says so`, async (t) => {
    const seen = await world(t, () => new Response('unread', { status: 401 }), { unauthorized });
    const response = await seen.auth.fetch('/x');
    assert.deepEqual([response.status, await response.text(), seen.tokens.length, seen.refreshes], [401, 'unread', 1, 0]);
    await undefined;
    const [{ type, error }] = seen.told;
    assert.deepEqual([type, error.code, error.message, error.cause.message], ['warning', 'invalid-config', 'unauthorized: expected a function that says yes or no, found one that failed', 'of the application']);
  });
}

test('a predicate that never says is no reason to wait after an abort', async (t) => {
  const seen = await world(t, () => new Response('x'), { unauthorized: () => new Promise(() => {}) });
  const abort = new AbortController();
  const answer = seen.auth.fetch('/x', { signal: abort.signal });
  abort.abort(new Error('own reason'));
  await assert.rejects(answer, /own reason/);
});

const refusal = (challenge, status = 401) => new Response('refused', { status, headers: challenge && { 'www-authenticate': challenge } });
const STEP = 'Bearer error="insufficient_user_authentication"';
const CHALLENGES = {
  'with all that it may say': [`${STEP}, acr_values="urn:mfa phr", max_age="300", scope="pay"`, { acrValues: ['urn:mfa', 'phr'], maxAge: 300, scope: 'pay' }],
  'with nothing more': [STEP, { acrValues: [], maxAge: null, scope: null }],
  'with an age of nothing': [`${STEP}, max_age=0`, { acrValues: [], maxAge: 0, scope: null }],
  'among others': [`Basic realm="a, b", DPoP algs="ES256", ERROR=insufficient_user_authentication , acr_values=mfa`, { acrValues: ['mfa'], maxAge: null, scope: null }],
  'with quoted pairs': [`${STEP}, acr_values="a\\"b"`, { acrValues: ['a"b'], maxAge: null, scope: null }],
};
for (const [name, [challenge, wanted]] of Object.entries(CHALLENGES)) {
  test(`a challenge for a stronger sign-in goes to the caller without a refresh, ${name}`, async (t) => {
    const seen = await world(t, () => refusal(challenge));
    const response = await seen.auth.fetch('/x');
    assert.deepEqual([response.status, await response.text(), seen.refreshes, seen.tokens.length], [401, 'refused', 0, 1]);
    await undefined;
    assert.deepEqual(seen.told, [{ type: 'step-up', ...wanted }]);
    assert.equal(seen.auth.snapshot.status, 'signed-in');
  });
}

test('a challenge for a stronger sign-in is told at the replay as well', async (t) => {
  const seen = await world(t, (count) => refusal(count === 1 ? 'Bearer error="invalid_token"' : STEP));
  assert.equal((await seen.auth.fetch('/x')).status, 401);
  await undefined;
  assert.deepEqual([seen.tokens.length, seen.refreshes, seen.told.map(({ type }) => type)], [2, 1, ['step-up']]);
});

test('other challenges and other statuses are no step-up', async (t) => {
  for (const answer of [() => refusal('Bearer error="invalid_token", error_description="insufficient_user_authentication"'), () => refusal(undefined)]) {
    const seen = await world(t, answer);
    await seen.auth.fetch('/x');
    assert.deepEqual([seen.refreshes, seen.told], [1, []]);
  }
  const seen = await world(t, () => refusal(STEP, 403));
  assert.equal((await seen.auth.fetch('/x')).status, 403);
  assert.deepEqual(seen.told, []);
});

const rule = suite();

rule('without baseUrl a relative URL goes where plain fetch sends it, after pushState and with a base element', async ({ page, pages }) => {
  const seen = await page.evaluate(async () => {
    const urls = [];
    const auth = await kit.create({ baseUrl: undefined, fetch: async (input) => (urls.push(new Request(input).url), kit.answer({})) });
    await auth.setTokens({ accessToken: 'a' });
    const pairs = [];
    const compare = async () => {
      for (const url of ['x', './y', '?z', '/r', '//127.0.0.1/s', '']) {
        await auth.fetch(url);
        pairs.push([urls.pop(), new Request(url).url]);
      }
    };
    await compare();
    history.pushState(null, '', '/deep/er/');
    await compare();
    history.pushState(null, '', '/other?x');
    await compare();
    const base = document.createElement('base');
    base.href = 'http://elsewhere.example/of/base/';
    document.head.append(base);
    await compare();
    return pairs;
  });
  assert.equal(seen.length, 24);
  for (const [ours, plain] of seen) assert.equal(ours, plain);
  assert.equal(seen[6][0], `${pages.origin}/deep/er/x`);
});

rule('a base element that leads elsewhere takes no token along', async ({ page }) => {
  const tokens = await page.evaluate(async () => {
    const tokens = [];
    const auth = await kit.create({ baseUrl: undefined, fetch: async (input, init) => (tokens.push(new Headers(init?.headers).get('authorization')), kit.answer({})) });
    await auth.setTokens({ accessToken: 'a' });
    const base = document.createElement('base');
    for (const href of [location.href, 'http://elsewhere.example/', location.href]) {
      base.href = href;
      document.head.append(base);
      await auth.fetch('/x');
      await auth.fetch('x');
    }
    return tokens;
  });
  assert.deepEqual(tokens, ['Bearer a', 'Bearer a', null, null, 'Bearer a', 'Bearer a']);
});

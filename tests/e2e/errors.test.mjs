// Every way in which a call can fail that is not the network's, beside what a
// developer reads: nothing that was reached is told as CORS, and no value is
// shown.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { createTokenManager } from './support/api.mjs';

const SECRET = 'hunter2';
const cycle = { password: SECRET };
cycle.self = cycle;
const base = { baseUrl: 'https://api.example', login: '/login', refresh: '/refresh', logout: '/logout', refreshToken: { in: 'body' } };
const tokens = async () => Response.json({ accessToken: 'a', refreshToken: 'r' });

async function manager(t, config) {
  const auth = await createTokenManager({ ...base, fetch: tokens, singleUser: true, ...config });
  t.after(() => auth.dispose());
  return auth;
}

/** An error, all of whose texts are looked through. */
async function failure(promise) {
  const error = await promise.then((value) => assert.fail(`it gave ${inspect(value)}`), (error) => error);
  const shown = inspect(error, { depth: 9, showHidden: true });
  assert.ok(!shown.includes(SECRET), shown);
  return error;
}

const redirect = (status) => async () => new Response(null, { status, headers: { location: 'https://elsewhere.example/' } });
const UNBUILT = 'login: expected a body that can be written as';
const NO_HEADERS = 'login.headers: expected what new Headers() takes, found something else';
const NO_BODY = 'login: expected an object or a body that fetch takes, found';
/** What is configured, what is given to login(), and what it rejects with. */
const LOGINS = {
  'a BigInt': [{}, [{ password: SECRET, id: 1n }], 'invalid-config', `${UNBUILT} json, found something else`],
  'a cycle': [{}, [cycle], 'invalid-config', `${UNBUILT} json, found something else`],
  'a member that throws': [{}, [{ get user() { throw new Error(SECRET); } }], 'invalid-config', `${UNBUILT} json, found something else`],
  'a symbol in a form': [{ login: { url: '/login', body: 'form' } }, [{ user: Symbol(SECRET) }], 'invalid-config', `${UNBUILT} form, found something else`],
  'a ReadableStream': [{}, [new Blob([SECRET]).stream()], 'invalid-config', `${NO_BODY} a stream`],
  'a stream of Node.js': [{}, [Readable.from([SECRET])], 'invalid-config', `${NO_BODY} a stream`],
  'a generator': [{}, [(function* () { yield SECRET; })()], 'invalid-config', `${NO_BODY} a stream`],
  'a number': [{}, [5], 'invalid-config', `${NO_BODY} something else`],
  'a header name that cannot be': [{}, [{}, { headers: { 'no header': SECRET } }], 'invalid-config', NO_HEADERS],
  'a header value that cannot be': [{}, [{}, { headers: { 'x-own': `${SECRET}\nx: y` } }], 'invalid-config', NO_HEADERS],
  'a header beyond latin-1': [{}, [{}, { headers: { 'x-own': `${SECRET} 漢` } }], 'invalid-config', NO_HEADERS],
  'a redirect': [{ fetch: redirect(307) }, [{ password: SECRET }], 'login-unavailable', 'the login endpoint redirects, and no password follows; name the URL that answers'],
  'a redirect that a browser hides': [{ fetch: async () => ({ type: 'opaqueredirect', status: 0, text: async () => '' }) }, [{}], 'login-unavailable', 'the login endpoint redirects, and no password follows; name the URL that answers'],
  'a fetch that gives nothing': [{ fetch: async () => undefined }, [{}], 'invalid-config', 'fetch: expected a promise of a Response, found something else'],
  'a fetch that gives no answer': [{ fetch: async () => ({ data: SECRET }) }, [{}], 'invalid-config', 'fetch: expected a promise of a Response, found something else'],
};
for (const [name, [config, given, code, message]] of Object.entries(LOGINS)) {
  test(`login() says the truth of ${name}`, async (t) => {
    const auth = await manager(t, config);
    const error = await failure(auth.login(...given));
    assert.deepEqual([error.code, error.message, error.retryable, error.cause], [code, message, false, undefined]);
  });
}

const REFRESHES = {
  'a redirect': [{ fetch: redirect(301) }, 'r', 'refresh-unavailable', 'the refresh endpoint redirects, and no token follows; name the URL that answers'],
  'a token that cannot stand in a header': [{ refreshToken: { in: 'header', name: 'x-refresh', prefix: '' } }, `${SECRET}\nx`, 'refresh-unavailable', 'refreshToken: expected one that can stand in a header, found something else'],
  'a field that cannot be written': [{ refresh: { url: '/refresh', fields: { id: 1n } } }, 'r', 'refresh-unavailable', 'refresh: expected a body that can be written as json, found something else'],
};
for (const [name, [config, refreshToken, code, message]] of Object.entries(REFRESHES)) {
  test(`refresh() says the truth of ${name}`, async (t) => {
    const auth = await manager(t, config);
    await auth.setTokens({ accessToken: 'a', refreshToken, expiresIn: 600 });
    const error = await failure(auth.refresh());
    assert.deepEqual([error.code, error.message, error.retryable], [code, message, false]);
    assert.equal(auth.snapshot.status, 'signed-in');
    assert.equal(auth.inspect().lastError.message, message);
  });
}

test('a platform without fetch is named, by a request and by a call', async (t) => {
  const { fetch } = globalThis;
  const auth = await manager(t, { fetch: undefined });
  delete globalThis.fetch;
  t.after(() => (globalThis.fetch = fetch));
  for (const call of [() => auth.fetch('/x'), () => auth.login({})]) {
    const error = await failure(call());
    assert.deepEqual([error.code, error.message], ['not-supported', 'fetch: this platform has none; name one in the configuration']);
  }
});

test('what an environment lacks is named, and how to get it', async (t) => {
  const { Headers, TextDecoder } = globalThis;
  t.after(() => Object.assign(globalThis, { Headers, TextDecoder }));
  delete globalThis.Headers;
  delete globalThis.TextDecoder;
  const error = await failure(createTokenManager({ refresh: '/refresh', fetch: tokens }));
  assert.deepEqual([error.code, error.retryable], ['not-supported', false]);
  assert.equal(error.message, "this environment has no Headers, TextDecoder: bring a polyfill, in Jest jest-fixed-jsdom");
});

test('two calls that fail together each keep their own cause', async (t) => {
  const auth = await manager(t, {
    fetch: async (url) => {
      throw new Error(url.endsWith('/login') ? 'of the login' : 'of the refresh');
    },
  });
  await auth.setTokens({ accessToken: 'a', refreshToken: 'r', expiresIn: 600 });
  const [login, refresh] = await Promise.all([failure(auth.login({})), failure(auth.refresh())]);
  assert.deepEqual([login.cause.message, refresh.cause.message], ['of the login', 'of the refresh']);
  assert.equal(auth.inspect().lastError.cause.message, 'of the refresh');
});

test('undefined members are left out of forms as of JSON', async (t) => {
  const sent = [];
  const fetch = async (url, { body }) => {
    sent.push(String(body instanceof FormData ? new URLSearchParams([...body]) : body));
    return tokens();
  };
  for (const body of ['json', 'form']) {
    const auth = await manager(t, { fetch, login: { url: '/login', body, fields: { client: 'web', secret: undefined } }, refresh: { url: '/refresh', body, fields: { scope: undefined } } });
    await auth.login({ user: 'alice', otp: undefined });
    await auth.login(new URLSearchParams({ user: 'alice' }));
    const form = new FormData();
    form.append('user', 'alice');
    await auth.login(form);
    await auth.refresh();
  }
  assert.deepEqual(sent, [
    '{"client":"web","user":"alice"}',
    'user=alice&client=web',
    'user=alice&client=web',
    '{"refreshToken":"r"}',
    'client=web&user=alice',
    'user=alice&client=web',
    'user=alice&client=web',
    'grant_type=refresh_token&refresh_token=r',
  ]);
});

const WRONG = {
  refreshToken: [5, {}, true],
  expiresIn: ['3600', {}, true, 5n],
  expiresAt: ['2030-01-01', new Date(0), {}],
  sessionExpiresIn: ['60', {}],
  sessionExpiresAt: ['soon', []],
};
test('setTokens() names a value of the wrong type, and keeps the session', async (t) => {
  const auth = await manager(t);
  await auth.setTokens({ accessToken: 'good', expiresIn: 600 });
  for (const [name, values] of Object.entries(WRONG)) {
    for (const value of values) {
      const error = await failure(auth.setTokens({ accessToken: 'other', [name]: value }));
      assert.equal(error.code, 'invalid-config');
      assert.match(error.message, new RegExp(`^${name}: expected .*, found .*`));
    }
    assert.equal((await auth.setTokens({ accessToken: 'good', [name]: null })).status, 'signed-in');
  }
  assert.equal(await auth.getToken(), 'good');
  await auth.setTokens({ accessToken: 'good', expiresIn: 600, sessionExpiresIn: 60, sessionExpiresAt: Date.now() + 60_000 });
});

/** Options that do not exist, and what is said of each. */
const UNKNOWN = {
  storge: 'storge: there is no such option; did you mean storage?',
  baseURL: 'baseURL: there is no such option; did you mean baseUrl?',
  refreshUrl: 'refreshUrl: there is no such option; did you mean refresh?',
  unauthorised: 'unauthorised: there is no such option; did you mean unauthorized?',
  dpop: 'dpop: there is no such option yet',
  'accessToken.header': 'accessToken.header: there is no such option; did you mean name?',
  'refreshToken.feild': 'refreshToken.feild: there is no such option; did you mean field?',
  'login.URL': 'login.URL: there is no such option; did you mean url?',
  'refresh.metod': 'refresh.metod: there is no such option; did you mean method?',
  'logout.header': 'logout.header: there is no such option; did you mean headers?',
  'login.csrf.cookies': 'login.csrf.cookies: there is no such option; did you mean cookie?',
  'response.accesstoken': 'response.accesstoken: there is no such option; did you mean accessToken?',
  'csrf.heder': 'csrf.heder: there is no such option; did you mean header?',
  'session.idleSecond': 'session.idleSecond: there is no such option; did you mean idleSeconds?',
  'hint.cokie': 'hint.cokie: there is no such option; did you mean cookie?',
};
for (const [path, message] of Object.entries(UNKNOWN)) {
  test(`an option that does not exist is refused: ${path}`, async (t) => {
    const config = { ...base };
    let place = config;
    const names = path.split('.');
    for (const name of names.slice(0, -1)) place = place[name] = name === 'login' || name === 'refresh' || name === 'logout' ? { url: `/${name}` } : {};
    place[names.at(-1)] = SECRET;
    const error = await failure(manager(t, config));
    assert.deepEqual([error.code, error.message], ['invalid-config', message]);
    // What is undefined is not there.
    place[names.at(-1)] = undefined;
    const outcome = await manager(t, config).catch(({ message }) => message);
    assert.ok(!String(outcome).includes('no such option'), String(outcome));
  });
}

const store = { get: () => null, set: () => {}, remove: () => {} };
const clock = { now: Date.now, setTimeout, clearTimeout };
const TAKEN = [
  { remember: 'local' },
  { remember: store },
  { session: { maxSeconds: 1, idleSeconds: 1, warnSeconds: 0, activity: 'manual' } },
  { session: {} },
  { hint: { cookie: 'signed_in' } },
  { singleUser: true },
  { csrf: { header: 'x-csrf', value: '1' } },
  { login: { url: '/login', csrf: { header: 'x-csrf', value: '1' } } },
  { response: { sessionExpiresIn: 'a.b', sessionExpiresAt: 'c' } },
  { clock: { ...clock, monotonic: () => 0 } },
];
const REFUSED = [
  [{ remember: 'memory' }, "remember: expected 'session', 'local', 'indexeddb' or { get, set, remove }, found another string"],
  [{ remember: { get() {} } }, "remember: expected 'session', 'local', 'indexeddb' or { get, set, remove }, found an object"],
  [{ session: { maxSeconds: 0 } }, 'session.maxSeconds: expected a number of seconds above 0, found another number'],
  [{ session: { idleSeconds: '60' } }, 'session.idleSeconds: expected a number of seconds above 0, found another string'],
  [{ session: { warnSeconds: -1 } }, 'session.warnSeconds: expected a number of seconds, 0 or more, found another number'],
  [{ session: { activity: 'none' } }, "session.activity: expected 'page', 'until-warned' or 'manual', found another string"],
  [{ session: 60 }, 'session: expected an object, found another number'],
  [{ hint: 'signed_in' }, 'hint: expected { cookie: string }, found another string'],
  [{ hint: {} }, 'hint.cookie: expected a non-empty string, found nothing'],
  [{ singleUser: 1 }, 'singleUser: expected true or false, found another number'],
  [{ csrf: { header: 'x-csrf', value: 'a\n' } }, 'csrf.value: expected visible ASCII, found another string'],
  [{ csrf: { header: 'x-csrf' } }, 'csrf: expected { cookie: string, header: string } or { header: string, value: string }, found one of them missing'],
  [{ csrf: { header: 'x-csrf', value: '1', cookie: 'c' } }, 'csrf: expected { cookie: string, header: string } or { header: string, value: string }, found both'],
  [{ response: { sessionExpiresIn: 5 } }, 'response.sessionExpiresIn: expected a non-empty string, found another number'],
  [{ clock: { ...clock, monotonic: 5 } }, 'clock: expected { now, setTimeout, clearTimeout }, and monotonic if you like, found an object'],
  [{ login: { url: '/login', method: 'TRACE' } }, 'login.method: expected a method that fetch sends, found another string'],
];
test('the options that there are are taken, and what they cannot be is refused', async (t) => {
  for (const config of TAKEN) await manager(t, config);
  for (const [config, message] of REFUSED) assert.equal((await failure(manager(t, config))).message, message);
});

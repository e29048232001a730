// What a configuration may be, and what is said of any other: on the built
// package, without a page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

let createTokenManager;

before(async () => {
  ({ createTokenManager } = await import(pathToFileURL(join(process.env.EVERTOKEN_PKG, 'index.js')).href));
});

/** What is said of a configuration, or undefined. */
async function refusal(config) {
  try {
    (await createTokenManager(config)).dispose();
    return undefined;
  } catch (error) {
    assert.equal(error.code, 'invalid-config', String(error?.stack));
    return error.message;
  }
}

const REFUSAL = /: (expected .*, found |there is no such option; did you mean \w+\?$)/;
const base = { baseUrl: 'https://page.example/', refresh: '/refresh' };

test('an option of the wrong type is refused by name', async () => {
  const values = ['x', -1, [], true, null, () => {}, { a: 1 }];
  // With each option, the places in `values` of what it does take.
  const options = {
    preset: [],
    baseUrl: [],
    login: [0, 4],
    logout: [0, 4],
    refresh: [0, 5],
    'login.url': [0],
    'login.method': [0],
    'login.body': [],
    'login.credentials': [],
    'login.fields': [6],
    'login.csrf': [4],
    'login.authenticate': [3],
    'login.tokenField': [0],
    'refresh.url': [0],
    accessToken: [],
    'accessToken.in': [],
    'accessToken.name': [],
    refreshToken: [],
    'refreshToken.in': [],
    response: [],
    'response.accessToken': [0],
    'response.refreshToken': [0],
    'response.expiresIn': [0],
    'response.expiresInUnit': [],
    'response.expiresAt': [0],
    attachTo: [2],
    refreshAheadSeconds: [],
    proactive: [3],
    timeoutMs: [],
    key: [0],
    crossTab: [3],
    storage: [],
    'storage.get': [],
    clock: [],
    'clock.now': [],
    fetch: [5],
    unauthorized: [2, 5],
    csrf: [],
    'csrf.cookie': [],
    'csrf.header': [],
  };
  for (const [option, takes] of Object.entries(options)) {
    for (const [place, value] of values.entries()) {
      const [top, member] = option.split('.');
      const config = { ...base };
      if (member === undefined) config[top] = value;
      else if (top === 'login' || top === 'refresh') config[top] = { url: 'https://api.example/x', [member]: value };
      else config[top] = { [member]: value };
      const message = await refusal(config);
      const told = `${option} = ${String(value)}: ${message}`;
      if (takes.includes(place)) assert.equal(message, undefined, told);
      else assert.ok(message?.startsWith(top) && REFUSAL.test(message), told);
    }
  }
});

test('where there is no page, a relative URL is no mistake until it is called', async () => {
  const auth = await createTokenManager({ login: '/login', refresh: '/x', singleUser: true });
  const error = await auth.login({ user: 'alice' }).catch((error) => error);
  assert.equal(error.code, 'invalid-config');
  assert.match(String(error.cause?.message ?? error.message), /login: expected an absolute URL/);
  auth.dispose();
});

test('messages say the option, what was expected and what was found', async () => {
  const cases = [
    [undefined, 'config: expected an object, found nothing'],
    [{}, 'refresh: expected a URL, an endpoint or a function, or a preset that has one, found nothing'],
    [{ refresh: 'ftp://api.example/x' }, 'refresh: expected an http: or https: URL, absolute or relative to baseUrl, found another scheme'],
    [{ refresh: 'https://me:secret@api.example/x' }, 'refresh: expected an http: or https: URL, absolute or relative to baseUrl, found one with user name or password'],
    [{ preset: 'strapi' }, "preset: expected one of 'strapi4', 'strapi5', 'strapi5-plugin', 'nestjs', 'express', found strapi"],
    [{ ...base, preset: 'toString' }, "preset: expected one of 'strapi4', 'strapi5', 'strapi5-plugin', 'nestjs', 'express', found toString"],
    [{ ...base, timeoutMs: 0 }, 'timeoutMs: expected a number of milliseconds above 0, found another number'],
    [{ ...base, refreshAheadSeconds: NaN }, 'refreshAheadSeconds: expected a number of seconds, 0 or more, found another number'],
    [{ ...base, accessToken: { name: 'bad name' } }, 'accessToken.in: expected \'header\' or \'cookie\', found nothing'],
    [{ ...base, accessToken: { in: 'header', name: 'bad name' } }, 'accessToken.name: expected a header name, found another string'],
    [{ ...base, accessToken: { in: 'header', prefix: 'a\n' } }, 'accessToken.prefix: expected visible ASCII, found another string'],
    [{ ...base, unauthorized: [401, 'x'] }, 'unauthorized: expected an array of status codes or a function, found an array'],
    [{ ...base, csrf: { cookie: 'c' } }, 'csrf: expected { cookie: string, header: string } or { header: string, value: string }, found one of them missing'],
    [{ ...base, login: { url: '/login', headers: { 'no header': 'x' } } }, 'login.headers: expected what new Headers() takes, found something else'],
  ];
  for (const entry of ['*', 'https://*.ok', 'https://api.ok/*']) cases.push([{ ...base, attachTo: [entry] }, /^attachTo: expected an exact .*, found a wildcard$/]);
  for (const entry of ['', 7, null]) cases.push([{ ...base, attachTo: [entry] }, /^attachTo: .*, found something else$/]);
  for (const entry of ['api.ok', '/relative']) cases.push([{ ...base, attachTo: [entry] }, /^attachTo: .*, found something that can never match$/]);
  for (const entry of ['ftp://api.ok', 'blob:https://api.ok/x']) cases.push([{ ...base, attachTo: [entry] }, /^attachTo: .*, found another scheme$/]);
  for (const entry of ['https://u@api.ok', 'https://api.ok?x', 'https://api.ok?x=1', 'https://api.ok#x']) {
    cases.push([{ ...base, attachTo: [entry] }, /^attachTo: .*, found (a user name, query or fragment)$/]);
  }
  for (const [config, expected] of cases) {
    const message = await refusal(config);
    if (typeof expected === 'string') assert.equal(message, expected);
    else assert.match(String(message), expected, JSON.stringify(config));
    assert.ok(!message.includes('secret'), message);
  }
});

test('a preset fills in what is missing, not what is wrong', async () => {
  for (const [option, value] of [['url', 7], ['url', null], ['method', 7]]) {
    const message = await refusal({ baseUrl: base.baseUrl, preset: 'strapi4', login: { [option]: value } });
    assert.ok(message?.startsWith(`login.${option}: expected`), message);
  }
  for (const preset of ['strapi4', 'strapi5', 'strapi5-plugin', 'nestjs', 'express']) {
    assert.equal(await refusal({ preset, baseUrl: base.baseUrl }), undefined);
    assert.equal(await refusal({ preset, baseUrl: base.baseUrl, logout: null, login: '/other' }), undefined);
  }
});

test('what throws when it is looked at is as if it were not there', async () => {
  const thrower = new Proxy({}, { get() { throw new Error('no'); } });
  assert.equal(await refusal({ ...base, login: thrower }), 'login.headers: expected what new Headers() takes, found something else');
  assert.equal(await refusal({ ...base, refresh: Object.create(null, { url: { get() { throw 1; } } }) }), 'refresh.url: expected an http: or https: URL, absolute or relative to baseUrl, found nothing');
});

test('no configuration is too strange', async () => {
  // A generator of pseudo-random numbers (mulberry32): each run has the same.
  let seed = 4711;
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (list) => list[Math.floor(next() * list.length)];
  const names = ['preset', 'baseUrl', 'login', 'logout', 'refresh', 'accessToken', 'refreshToken', 'response', 'attachTo', 'refreshAheadSeconds', 'proactive', 'timeoutMs', 'key', 'crossTab', 'storage', 'clock', 'csrf', 'unauthorized'];
  const members = ['url', 'method', 'body', 'in', 'name', 'prefix', 'field', 'cookie', 'header', 'credentials', 'fields', 'csrf', 'lifetimeSeconds', 'accessToken', 'headers'];
  const value = (depth) =>
    pick([
      () => pick(['', 'x', 'strapi4', 'header', 'cookie', 'body', 'local', 'GET', '/x', 'https://a.example', 'http://[', '\ud800', '*']),
      () => pick([0, -1, NaN, Infinity, 1e308, 401, 2 ** 53]),
      () => pick([true, false, null, undefined, () => {}, Symbol('s'), 7n, new Date(NaN), new URL('https://a.example/p')]),
      () => Array.from({ length: Math.floor(next() * 3) }, () => (depth > 2 ? 1 : value(depth + 1))),
      () => object(members, depth + 1),
      () => object(members, depth + 1),
    ])();
  const object = (names, depth) => (depth > 3 ? {} : Object.fromEntries(Array.from({ length: Math.floor(next() * 4) }, () => [pick(names), value(depth)])));
  let refused = 0;
  for (let run = 0; run < 3000; run++) {
    const config = { ...(run % 2 && base), ...object(names, 0) };
    const message = await refusal(config);
    if (message === undefined) continue;
    refused++;
    assert.match(message, new RegExp(`^(${names.join('|')})\\b.*${REFUSAL.source}`));
  }
  assert.ok(refused > 1000 && refused < 3000, `${refused} of them were refused`);
});

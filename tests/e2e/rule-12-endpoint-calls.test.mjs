// Rule 12: what the calls to the endpoints carry, and where tokens are found.
import assert from 'node:assert/strict';
import { ENGINE, suite, times } from './support/suite.mjs';

const rule = suite();
/** What a browser sends by itself. */
const OWN = /^(host|connection|content-length|content-type|accept|accept-encoding|accept-language|origin|referer|user-agent|sec-.*|cookie|cache-control|pragma|priority)$/;

rule('rule 12: login and refresh carry no access token, no header that was not asked for, and bypass caches', async ({ page, server }) => {
  await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    await auth.refresh();
    await auth.logout();
  });
  const [first, refresh, logout] = server.calls;
  assert.deepEqual(server.calls.map(({ route }) => route), ['login', 'refresh', 'logout']);
  const own = ({ headers }) => Object.keys(headers).filter((name) => !OWN.test(name));
  assert.deepEqual(own(first), []);
  assert.deepEqual(own(refresh), []);
  assert.deepEqual(own(logout), ['authorization']);
  for (const call of server.calls) {
    assert.equal(call.method, 'POST');
    assert.match(call.headers['cache-control'] ?? '', /no-cache/, `${call.route} is never answered from a cache`);
  }
  assert.deepEqual(first.json, { user: 'alice' });
  assert.match(first.headers['content-type'], /application\/json/);
});

rule('rule 12: the headers that the caller of login asks for go with it', async ({ page, server }) => {
  await page.evaluate(async () => {
    await (await kit.create()).login({ user: 'alice' }, { headers: { 'x-own': 'asked for' } });
  });
  assert.equal(server.of('login')[0].headers['x-own'], 'asked for');
});

rule('rule 12: a refresh by GET has no body and is not answered from the cache', { carrier: 'cookie' }, async ({ page, server }) => {
  server.on('refresh', (call) => call.reply(200, { accessToken: `t${server.count('refresh')}` }, { 'cache-control': 'max-age=600' }));
  const tokens = await page.evaluate(async () => {
    const auth = await kit.create({ refresh: { url: '/refresh', method: 'GET' }, refreshToken: { in: 'cookie' } });
    await auth.login({ user: 'alice' });
    await auth.refresh();
    const first = await auth.getToken();
    await auth.refresh();
    return [first, await auth.getToken()];
  });
  assert.deepEqual(tokens, ['t1', 't2']);
  assert.deepEqual(server.of('refresh').map(({ method, text }) => [method, text]), times(2, ['GET', '']));
});

rule('rule 12: authenticate decides about the access token', async ({ page, server }) => {
  await page.evaluate(async () => {
    for (const authenticate of [true, false]) {
      const auth = await kit.create({ key: `k${authenticate}`, refresh: { url: '/refresh', authenticate }, logout: { url: '/logout', authenticate } });
      await auth.login({ user: 'alice' });
      await auth.refresh();
      await auth.logout();
    }
  });
  assert.deepEqual(server.calls.map(({ route, headers }) => [route, headers.authorization !== undefined]), [
    ['login', false], ['refresh', true], ['logout', true],
    ['login', false], ['refresh', false], ['logout', false],
  ]);
});

rule("rule 12: where the refresh token travels: body, form, header, a call's own name", async ({ page, server }) => {
  await page.evaluate(async () => {
    const configs = [
      { refreshToken: { in: 'body' } },
      { refreshToken: { in: 'body', field: 'rt' } },
      { refresh: { url: '/refresh', body: 'form', fields: { client_id: 'c' } } },
      { refresh: { url: '/refresh', body: 'form', tokenField: 'own' } },
      { refreshToken: { in: 'header', name: 'X-Refresh-Token', prefix: '' } },
      { refreshToken: { in: 'header' } },
      { refresh: { url: '/refresh', fields: { a: 1, b: 'two', c: true } } },
    ];
    for (const [i, config] of configs.entries()) {
      const auth = await kit.create({ key: `k${i}`, ...config });
      await auth.login({ user: 'alice' });
      await auth.refresh();
      await auth.logout();
    }
  });
  const told = ({ headers, text }) => {
    const mask = (value) => value?.replace(/rt-[0-9a-f]+/g, 'RT');
    const type = headers['content-type']?.split(';')[0] ?? null;
    const fields = type === 'application/json' ? JSON.parse(mask(text)) : Object.fromEntries(new URLSearchParams(mask(text)));
    return [type, fields, mask(headers['x-refresh-token'] ?? headers.authorization) ?? null];
  };
  const [json, form] = ['application/json', 'application/x-www-form-urlencoded'];
  assert.deepEqual(server.of('refresh').map(told), [
    [json, { refreshToken: 'RT' }, null],
    [json, { rt: 'RT' }, null],
    [form, { grant_type: 'refresh_token', client_id: 'c', refresh_token: 'RT' }, null],
    [form, { grant_type: 'refresh_token', own: 'RT' }, null],
    [null, {}, 'RT'],
    [null, {}, 'Bearer RT'],
    [json, { a: 1, b: 'two', c: true, refreshToken: 'RT' }, null],
  ]);
  // Where both want Authorization, the access token has it.
  const brought = server.of('logout').map((call) => call.refreshToken !== undefined);
  assert.deepEqual(brought, [true, true, true, true, true, false, true]);
});

rule('rule 12: constant fields may be objects', async ({ page, server }) => {
  await page.evaluate(async () => {
    const auth = await kit.create({ refresh: { url: '/refresh', fields: { deep: { b: [2] } } } });
    await auth.login({ user: 'alice' });
    await auth.refresh();
  });
  assert.deepEqual(server.of('refresh')[0].json.deep, { b: [2] });
});

rule('rule 12: the body of a login is what the caller gives, and wins over constant fields', async ({ page, server }) => {
  await page.evaluate(async () => {
    const login = { url: '/login', fields: { flag: true, user: 'nobody' } };
    await (await kit.create({ key: 'json', login })).login({ user: 'alice' });
    await (await kit.create({ key: 'form', login: { url: '/login', body: 'form' } })).login({ user: 'alice', password: 'ü&=' });
  });
  const [json, asForm] = server.of('login');
  assert.deepEqual(json.json, { flag: true, user: 'alice' });
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asForm.text)), { user: 'alice', password: 'ü&=' });
});

rule('rule 12: the body of a login may be a form or a text', async ({ page, server }) => {
  await page.evaluate(async () => {
    const login = { url: '/login', fields: { flag: true, user: 'nobody' } };
    const form = new FormData();
    form.append('user', 'carol');
    for (const [i, [config, body]] of [
      [{ login }, new URLSearchParams({ user: 'bob' })],
      [{ login }, form],
      [{}, '{"user":"alice","raw":true}'],
    ].entries()) {
      await (await kit.create({ key: `k${i}`, ...config })).login(body);
    }
  });
  const [query, form, raw] = server.of('login');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(query.text)), { user: 'bob', flag: 'true' });
  assert.match(form.headers['content-type'], /^multipart\/form-data; boundary=/);
  assert.match(form.text, /name="user"\r\n\r\ncarol/);
  assert.doesNotMatch(form.text, /nobody/);
  assert.equal(raw.text, '{"user":"alice","raw":true}');
});

rule("rule 12: login gives the answer's body, a refusal the reason, and neither harms a session", async ({ page, server }) => {
  server.shape = (set) => ({ ...set, user: { name: 'Alice' } });
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    const body = await auth.login({ user: 'alice' });
    const { error } = await auth.login({ user: 'mallory' }).then(() => ({}), (error) => ({ error }));
    return { user: body.user, error: kit.error(error), reason: error.cause instanceof Response ? await error.cause.json() : error.cause, status: auth.snapshot.status };
  });
  assert.deepEqual(seen.user, { name: 'Alice' });
  assert.equal(seen.error.code, 'login-rejected');
  assert.equal(seen.error.status, 401);
  assert.deepEqual(seen.reason, { error: 'wrong name or password' });
  assert.equal(seen.status, 'signed-in');
  server.on('login', (call) => call.reply(503, '', { 'retry-after': '7' }));
  const { error } = await page.evaluate(() => kit.outcome(auth.login({ user: 'alice' })));
  assert.deepEqual([error?.code, error?.retryable, error?.status], ['login-unavailable', true, 503]);
  server.on('login', (call) => call.reply(200, { ok: true }));
  const none = await page.evaluate(() => kit.outcome(auth.login({ user: 'alice' })));
  assert.equal(none.error?.code, 'invalid-response');
});

rule('rule 12: tokens are found under the usual names, at the top and under data (G5)', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const answers = {
      ...Object.fromEntries(['accessToken', 'access_token', 'access', 'jwt', 'token'].flatMap((name) => [[name, { [name]: 'AT' }], [`data.${name}`, { data: { [name]: 'AT' } }]])),
      'top before data': { data: { accessToken: 'wrong' }, token: 'AT' },
      'the order of names': { token: 'wrong', jwt: 'wrong', access: 'wrong', access_token: 'wrong', accessToken: 'AT' },
      'an empty one is none': { accessToken: '', access_token: 'AT' },
      'another type is none': { accessToken: { a: 1 }, token: 'AT' },
      'null is none': { accessToken: null, jwt: 'AT' },
    };
    const seen = {};
    for (const [name, answer] of Object.entries(answers)) {
      const auth = await kit.create({ key: name, fetch: async () => kit.answer(answer) });
      await auth.login({});
      seen[name] = await auth.getToken();
    }
    return seen;
  });
  assert.deepEqual(Object.entries(seen).filter(([, token]) => token !== 'AT'), []);
  assert.ok(Object.keys(seen).length >= 15);
});

rule('rule 12: refresh tokens are found likewise; an answer without one keeps the one held', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const seen = {};
    for (const [name, answer] of Object.entries({
      refreshToken: { token: 'a', refreshToken: 'RT' },
      refresh_token: { token: 'a', refresh_token: 'RT' },
      refresh: { token: 'a', refresh: 'RT' },
      'data.refresh_token': { token: 'a', data: { refresh_token: 'RT' } },
    })) {
      const sent = [];
      const auth = await kit.create({
        key: name,
        fetch: async (input, init) => {
          const request = new Request(input, init);
          sent.push(await request.text());
          // The second answer has none, the third an empty one.
          return kit.answer(sent.length === 1 ? answer : { token: 'b', refreshToken: '' });
        },
      });
      await auth.login({});
      await auth.refresh();
      await auth.refresh();
      seen[name] = sent.slice(1).map((text) => JSON.parse(text).refreshToken);
    }
    return seen;
  });
  for (const [name, tokens] of Object.entries(seen)) assert.deepEqual(tokens, ['RT', 'RT'], name);
});

rule('rule 12: a path in response replaces only its own search', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const sent = [];
    const auth = await kit.create({
      clock: new kit.Clock(1_000_000),
      response: { accessToken: 'result.tokens.0.value' },
      fetch: async (input, init) => {
        sent.push(await new Request(input, init).text());
        return kit.answer({ accessToken: 'wrong', result: { tokens: [{ value: 'AT' }] }, refresh_token: 'RT', expires_in: 90 });
      },
    });
    await auth.login({});
    const first = [await auth.getToken(), auth.snapshot.expiresAt];
    await auth.refresh();
    return { first, sent: JSON.parse(sent[1]) };
  });
  assert.deepEqual(seen, { first: ['AT', 1_090_000], sent: { refreshToken: 'RT' } });
});

rule('rule 12: with access tokens in cookies the status decides, and the lifetime is read', { access: 'cookie', carrier: 'cookie', lifetime: 120 }, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, accessToken: { in: 'cookie' }, refreshToken: { in: 'cookie' }, proactive: false });
    await auth.login({ user: 'alice' });
    const lifetime = auth.snapshot.expiresAt - clock.at;
    const statuses = [(await auth.fetch('/api/posts')).status, (await auth.fetch(new Request(`${kit.api}/api/posts`))).status];
    clock.at += 121_000;
    statuses.push((await auth.fetch('/api/posts')).status);
    const omitted = (await auth.fetch('/api/posts', { credentials: 'omit' })).status;
    return { lifetime, statuses, omitted, token: await auth.getToken() };
  });
  assert.deepEqual(seen, { lifetime: 120_000, statuses: [200, 200, 200], omitted: 401, token: null });
  assert.ok(server.of('api').every(({ headers }) => headers.authorization === undefined));
  assert.ok(server.count('refresh') >= 1);
});

rule('rule 12: credentials are included only where a cookie may carry a token', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const seen = {};
    for (const [name, config] of Object.entries({
      unsaid: {},
      cookie: { refreshToken: { in: 'cookie' } },
      body: { refreshToken: { in: 'body' } },
      header: { refreshToken: { in: 'header' } },
      own: { refreshToken: { in: 'cookie' }, refresh: { url: '/refresh', credentials: 'omit' } },
    })) {
      const modes = {};
      const auth = await kit.create({
        key: name,
        ...config,
        fetch: async (input, init) => {
          const request = new Request(input, init);
          modes[new URL(request.url).pathname] = request.credentials;
          return kit.answer({ token: 'a', refreshToken: 'r' });
        },
      });
      await auth.login({});
      await auth.refresh();
      await auth.fetch('/api');
      await auth.fetch('/own', { credentials: 'include' });
      seen[name] = ['/login', '/refresh', '/api', '/own'].map((path) => modes[path]).join(' ');
    }
    return seen;
  });
  assert.deepEqual(seen, {
    unsaid: 'include include same-origin include',
    cookie: 'include include same-origin include',
    body: 'same-origin same-origin same-origin include',
    header: 'same-origin same-origin same-origin include',
    own: 'include omit same-origin include',
  });
});

rule('rule 12: where nothing is held to refresh with, no call is made and the session ends at its expiry', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const results = [];
    for (const carrier of ['body', 'header']) {
      const clock = new kit.Clock();
      const auth = await kit.create({ clock, key: carrier, refreshToken: { in: carrier } });
      await auth.setTokens({ accessToken: 'a', expiresIn: 60 });
      const valid = await kit.outcome(auth.fetch('/open'));
      clock.at += 61_000;
      const { error } = await kit.outcome(auth.fetch('/open'));
      results.push([valid.value, error?.code, auth.snapshot.status]);
    }
    return { results, events: kit.types };
  });
  assert.deepEqual(seen.results, times(2, [200, 'refresh-rejected', 'signed-out']));
  assert.deepEqual(seen.events, ['signed-in', 'signed-out:refresh-rejected', 'signed-in', 'signed-out:refresh-rejected']);
  assert.equal(server.count('refresh'), 0);
});

rule('rule 12: the CSRF cookie is read anew for each call and each replay, and goes to allowed origins only', async ({ page, server, pages }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    window.auth = await kit.create({ csrf: { cookie: 'XSRF', header: 'x-csrf-token' } });
    await auth.login({ user: 'alice' });
    document.cookie = 'XSRF=one%20value';
    await auth.fetch('/api/posts', { method: 'POST', body: 'x' });
    await auth.fetch(new Request(`${kit.api}/api/posts`, { method: 'PUT', body: 'x' }));
    await auth.fetch('/api/posts');
  });
  const elsewhere = page.waitForRequest(`${pages.origin}/elsewhere`);
  await page.evaluate(() => auth.fetch(`${location.origin}/elsewhere`, { method: 'POST', body: 'x' }));
  assert.equal((await elsewhere).headers()['x-csrf-token'], undefined);
  server.expire();
  await page.evaluate(() => {
    window.answer = kit.outcome(auth.fetch('/api/posts', { method: 'POST', body: 'x' }));
  });
  await held.arrived;
  await page.evaluate(() => void (document.cookie = 'XSRF=two'));
  held.release();
  assert.deepEqual(await page.evaluate(() => answer), { value: 200 });
  const values = (route) => server.of(route).map(({ headers }) => headers['x-csrf-token'] ?? null);
  assert.deepEqual(values('login'), [null], 'no cookie, no header');
  assert.deepEqual(values('api'), ['one value', 'one value', null, 'one value', 'two']);
  assert.deepEqual(values('refresh'), ['one value']);
  await page.evaluate(async () => {
    await auth.logout();
    const own = await kit.create({ key: 'own', csrf: { cookie: 'XSRF', header: 'x-csrf-token' }, login: { url: '/login', csrf: null }, refresh: { url: '/refresh', csrf: { cookie: 'OTHER', header: 'x-own' } } });
    document.cookie = 'OTHER=other';
    await own.login({ user: 'alice' });
    await own.refresh();
  });
  assert.deepEqual(values('logout'), ['two']);
  assert.equal(values('login').at(-1), null);
  assert.equal(server.of('refresh').at(-1).headers['x-own'], 'other');
  assert.equal(values('refresh').at(-1), null);
});

rule('rule 12: newer is a matter of order: a token of the same bytes counts as refreshed', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    let refreshes = 0;
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false, refresh: async () => (refreshes++, { accessToken: 'same', expiresIn: 60 }) });
    await auth.setTokens({ accessToken: 'same', refreshToken: 'r', expiresIn: 60 });
    clock.at += 61_000;
    const outcomes = await Promise.all([auth.getToken(), auth.getToken()]);
    return { outcomes, refreshes, status: auth.snapshot.status, events: kit.types };
  });
  assert.deepEqual(seen, { outcomes: ['same', 'same'], refreshes: 1, status: 'signed-in', events: ['signed-in', 'refreshed'] });
});

rule('rule 12: login() with what is no body is an invalid-config, and asks nobody', async ({ page, server }) => {
  const errors = await page.evaluate(async () => {
    const auth = await kit.create();
    const outcomes = await Promise.all([undefined, null, 7, true].map((body) => kit.outcome(auth.login(body))));
    return outcomes.map(({ error }) => [error?.name, error?.code, error?.message]);
  });
  const wanted = ENGINE === 'crate' ? 'something with named fields' : 'an object or a body that fetch takes';
  assert.deepEqual(errors, times(4, ['TokenError', 'invalid-config', `login: expected ${wanted}, found something else`]));
  assert.equal(server.count('login'), 0);
});

/** The modes of requests for which the caller set one, or none. */
const modesOf = (page, wishes) =>
  page.evaluate(async (wishes) => {
    const modes = [];
    const auth = await kit.create({
      accessToken: { in: 'cookie' },
      fetch: async (input, init) => {
        const request = new Request(input, init);
        if (!request.url.includes('/api/')) return fetch(request);
        modes.push(request.credentials);
        return kit.answer({});
      },
    });
    await auth.login({ user: 'alice' });
    const form = () => {
      const body = new FormData();
      body.set('a', 'b');
      return body;
    };
    for (const credentials of wishes) {
      for (const body of ['a', form()]) await auth.fetch('/api/posts', { method: 'POST', body, ...(credentials && { credentials }) });
    }
    return modes;
  }, wishes);

rule('rule 12: a credentials mode that the caller set stays, with a form as well', { access: 'cookie', carrier: 'cookie' }, async ({ page }) => {
  assert.deepEqual(await modesOf(page, [null, 'omit', 'include']), ['include', 'include', 'omit', 'omit', 'include', 'include']);
});

rule('rule 12: a credentials mode that the caller set to same-origin stays', { access: 'cookie', carrier: 'cookie' }, async ({ page }) => {
  assert.deepEqual(await modesOf(page, ['same-origin']), ['same-origin', 'same-origin']);
});

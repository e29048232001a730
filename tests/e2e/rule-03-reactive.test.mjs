// Rule 3: a refused request is repaired once, exactly, and otherwise told.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 3: requests refused before, during and after the refresh all succeed (A2)', async ({ page, server }) => {
  await page.evaluate(async () => {
    await (await kit.create({ clock: new kit.Clock() })).login({ user: 'alice' });
  });
  server.expire();
  const gates = ['/api/during', '/api/after'].map((path) => {
    let open;
    const opened = new Promise((resolve) => (open = resolve));
    return { path, open, opened };
  });
  server.on('api', async (call, proceed) => {
    const gate = server.of('api').filter(({ path }) => path === call.path).length === 1 && gates.find(({ path }) => path === call.path);
    // The first answer of each is the refusal of the old token, however late.
    if (gate) {
      await gate.opened;
      return call.reply(401);
    }
    proceed();
  });
  const refresh = server.hold('refresh');
  await page.evaluate(() => {
    window.answers = ['before', 'during', 'after'].map((name) => kit.outcome(auth.fetch(`/api/${name}`)));
  });
  await refresh.arrived;
  await server.seen('api', 3);
  gates[0].open();
  await page.evaluate(async () => {
    while (auth.inspect().waiting < 2) await kit.turn();
  });
  refresh.release();
  await page.evaluate(() => kit.quiet());
  gates[1].open();
  assert.deepEqual(await page.evaluate(() => Promise.all(answers)), times(3, { value: 200 }));
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.count('api'), 6);
});

rule('rule 3: late 401 of the old token refreshes nothing (A3)', { newestOnly: true }, async ({ page, server }) => {
  const slow = server.hold('api', 1);
  await page.evaluate(async () => {
    window.auth = await kit.create({ clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
    window.answer = kit.outcome(auth.fetch('/api/posts'));
  });
  await slow.arrived;
  const fresh = await page.evaluate(async () => {
    await auth.refresh();
    return auth.getToken();
  });
  slow.release();
  assert.deepEqual(await page.evaluate(() => answer), { value: 200 });
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.of('api').at(-1).token, fresh);
});

rule('rule 3: a second 401 goes to the caller (E5)', async ({ page, server }) => {
  server.on('api', (call) => call.reply(401, { error: 'always' }));
  const answer = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    const response = await auth.fetch('/api/posts');
    return { status: response.status, body: await response.json(), session: auth.snapshot.status, retries: auth.inspect().retries };
  });
  assert.deepEqual(answer, { status: 401, body: { error: 'always' }, session: 'signed-in', retries: 1 });
  assert.equal(server.count('api'), 2);
  assert.equal(server.count('refresh'), 1);
});

rule('rule 3: an API that always answers 401 costs a bounded number of calls (E5)', async ({ page, server }) => {
  server.on('api', (call) => call.reply(401));
  const statuses = await page.evaluate(async () => {
    const auth = await kit.create({ clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
    const burst = await Promise.all(Array.from({ length: 100 }, () => auth.fetch('/api/posts')));
    const rest = [];
    for (let i = 0; i < 50; i++) rest.push(await auth.fetch('/api/posts'));
    return [...burst, ...rest].map(({ status }) => status);
  });
  assert.deepEqual(statuses, times(150, 401));
  // The clock stands still: whatever may be tried at once has been tried.
  assert.ok(server.count('refresh') <= 11, `${server.count('refresh')} refreshes`);
  assert.equal(server.replays, 0);
});

rule('rule 3: the retry is equal in method, headers and body (E1, E2)', { timeout: 90_000 }, async ({ page, server }) => {
  server.newestOnly = true;
  const names = await page.evaluate(async () => {
    window.clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const form = new FormData();
    form.append('text', 'ünï — 漢字 🙂');
    form.append('file', new Blob([new Uint8Array([0, 255, 13, 10, 128])], { type: 'image/png' }), 'a.png');
    const post = (body, headers) => ['/api/posts', { method: 'POST', body, headers }];
    const cases = {
      string: post('{"a":"ü"}', { 'content-type': 'application/json' }),
      blob: post(new Blob(['blob'], { type: 'text/csv' })),
      form: post(form),
      query: post(new URLSearchParams({ a: 'ü &=', b: '2' })),
      buffer: post(new Uint8Array([1, 2, 0, 255]).buffer),
      view: post(new Uint8Array([9, 1, 2, 0, 255]).subarray(1, 4)),
      pairs: post('x', [['x-own', '1'], ['content-type', 'text/x-own']]),
      headers: post('x', new Headers({ 'x-own': 'ü'.normalize('NFKD').slice(0, 1), 'content-type': 'text/x-own' })),
      request: [new Request(`${kit.api}/api/posts`, { method: 'PUT', body: 'of a request', headers: { 'x-own': '1' } })],
      both: [new Request(`${kit.api}/api/posts`, { method: 'PUT', body: 'first' }), { method: 'PATCH', body: 'second', headers: { 'x-own': '2' } }],
      requestForm: [new Request(`${kit.api}/api/posts`, { method: 'POST', body: form })],
      url: [new URL(`${kit.api}/api/posts?a=1`), { method: 'DELETE' }],
      get: ['/api/posts?q=%C3%BC'],
    };
    window.cases = cases;
    return Object.keys(cases);
  });
  for (const name of names) {
    server.calls.length = 0;
    server.expire();
    const outcome = await page.evaluate((name) => {
      // Refusals of tokens that have not ended are paced.
      clock.at += 10_000;
      return kit.outcome(auth.fetch(...cases[name]));
    }, name);
    assert.deepEqual(outcome, { value: 200 }, name);
    const [first, second, ...more] = server.of('api');
    assert.equal(more.length, 0, name);
    assert.notEqual(first.token, second.token, name);
    const told = ({ method, path, search, headers: { authorization, ...headers }, body }) => ({ method, path, search, headers, body: body.toString('latin1') });
    assert.deepEqual(told(second), told(first), name);
  }
});

rule('rule 3: what the caller changes after the call does not change the retry', async ({ page, server }) => {
  const held = server.hold('refresh');
  await page.evaluate(async () => {
    const auth = await kit.create({ clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
  });
  server.expire();
  await page.evaluate(() => {
    window.own = {
      query: new URLSearchParams({ a: '1' }),
      bytes: new Uint8Array([1, 2, 3]),
      headers: new Headers({ 'x-own': 'first' }),
      init: { method: 'POST', body: 'first', headers: { 'x-own': 'first' } },
    };
    window.answers = [
      auth.fetch('/api/query', { method: 'POST', body: own.query }),
      auth.fetch('/api/bytes', { method: 'POST', body: own.bytes }),
      auth.fetch('/api/headers', { method: 'POST', body: 'x', headers: own.headers }),
      auth.fetch('/api/init', own.init),
    ];
  });
  await held.arrived;
  await server.seen('api', 4);
  await page.evaluate(async () => {
    while (auth.inspect().waiting < 4) await kit.turn();
    own.query.set('a', '2');
    own.bytes.fill(9);
    own.headers.set('x-own', 'second');
    own.init.body = 'second';
    own.init.headers['x-own'] = 'second';
  });
  held.release();
  assert.deepEqual(await page.evaluate(async () => (await Promise.all(answers)).map(({ status }) => status)), times(4, 200));
  for (const path of ['/api/query', '/api/bytes', '/api/headers', '/api/init']) {
    const [first, second] = server.of('api').filter((call) => call.path === path);
    assert.deepEqual(second.body, first.body, path);
    assert.equal(second.headers['x-own'], first.headers['x-own'], path);
  }
});

rule('rule 3: the retry keeps all options of the request (E6)', async ({ page }) => {
  const pairs = await page.evaluate(async () => {
    const NAMES = ['url', 'method', 'mode', 'cache', 'credentials', 'redirect', 'referrer', 'referrerPolicy', 'integrity', 'keepalive'];
    const sent = [];
    const clock = new kit.Clock();
    const auth = await kit.create({
      clock,
      refresh: async () => ({ accessToken: 'second', expiresIn: 60 }),
      fetch: async (input, init) => {
        const request = new Request(input, init);
        sent.push({ ...Object.fromEntries(NAMES.map((name) => [name, request[name]])), token: request.headers.get('authorization'), priority: init?.priority ?? null });
        return kit.answer({}, { status: request.headers.get('authorization') === 'Bearer second' ? 200 : 401 });
      },
    });
    const options = { mode: 'cors', cache: 'reload', credentials: 'omit', redirect: 'error', referrer: `${location.origin}/own`, referrerPolicy: 'origin', integrity: 'sha256-x', keepalive: true };
    const pairs = {};
    for (const [name, args] of Object.entries({
      init: ['/api/a', { ...options }],
      request: [new Request(`${kit.api}/api/a`, { ...options })],
      both: [new Request(`${kit.api}/api/a`, { ...options }), { cache: 'no-cache' }],
      plain: ['/api/a'],
    })) {
      await auth.setTokens({ accessToken: 'first', refreshToken: 'r', expiresIn: 60 });
      sent.length = 0;
      clock.at += 10_000;
      await auth.fetch(...args);
      pairs[name] = sent.splice(0);
    }
    return pairs;
  });
  for (const [name, [first, second]] of Object.entries(pairs)) {
    assert.equal(first.token, 'Bearer first', name);
    assert.deepEqual(second, { ...first, token: 'Bearer second' }, name);
  }
  const [{ cache, credentials, redirect, referrer, referrerPolicy, integrity, keepalive }] = pairs.request;
  assert.deepEqual(
    { cache, credentials, redirect, referrerPolicy, integrity, keepalive },
    { cache: 'reload', credentials: 'omit', redirect: 'error', referrerPolicy: 'origin', integrity: 'sha256-x', keepalive: true },
  );
  assert.match(referrer, /\/own$/);
  assert.equal(pairs.both[0].cache, 'no-cache');
});

rule('rule 3: a stream is not sent twice: the caller gets the 401, the refresh happens (E1)', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    let sent = 0;
    let refreshes = 0;
    const clock = new kit.Clock();
    const auth = await kit.create({
      clock,
      refresh: async () => ({ accessToken: `t${++refreshes}`, expiresIn: 60 }),
      fetch: async (input, init) => {
        sent++;
        await new Request(input, { ...init, duplex: 'half' }).text();
        return kit.answer({}, { status: 401 });
      },
    });
    const seen = [];
    for (const make of [
      (body) => ['/api/a', { method: 'POST', body, duplex: 'half' }],
      (body) => [new Request(`${kit.api}/api/a`, { method: 'POST', body: 'x' }), { body, duplex: 'half' }],
    ]) {
      await auth.setTokens({ accessToken: 'first', refreshToken: 'r', expiresIn: 60 });
      [sent, refreshes] = [0, 0];
      clock.at += 10_000;
      const body = new Blob(['streamed']).stream();
      const outcome = await kit.outcome(auth.fetch(...make(body)));
      await kit.quiet();
      seen.push({ outcome, sent, refreshes });
    }
    return seen;
  });
  assert.deepEqual(seen, times(2, { outcome: { value: 401 }, sent: 1, refreshes: 1 }));
});

rule('rule 3: a sign-in right after a repair is repaired as well', async ({ page }) => {
  const statuses = await page.evaluate(async () => {
    let refreshes = 0;
    const auth = await kit.create({
      clock: new kit.Clock(),
      refresh: async () => ({ accessToken: `good-${++refreshes}`, expiresIn: 600 }),
      fetch: async (input, init) => kit.answer({}, { status: new Request(input, init).headers.get('authorization').includes('good') ? 200 : 401 }),
    });
    const statuses = [];
    for (const user of ['first', 'second']) {
      await auth.setTokens({ accessToken: user, refreshToken: 'r', expiresIn: 600 });
      statuses.push((await auth.fetch('/api/a')).status, (await auth.fetch('/api/a')).status);
    }
    return statuses;
  });
  assert.deepEqual(statuses, times(4, 200));
});

rule("rule 3: the caller's own objects are left as they are", async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    const init = Object.freeze({ method: 'POST', body: 'x', headers: Object.freeze({ 'x-own': '1' }) });
    const headers = new Headers({ 'x-own': '1' });
    const request = new Request(`${kit.api}/api/posts`, { method: 'POST', body: 'of a request' });
    const statuses = [
      (await auth.fetch('/api/posts', init)).status,
      (await auth.fetch('/api/posts', { headers })).status,
      (await auth.fetch(request)).status,
      (await auth.fetch(request)).status,
    ];
    return { statuses, headers: [...headers], used: request.bodyUsed, token: request.headers.get('authorization'), text: await request.text() };
  });
  assert.deepEqual(seen, { statuses: times(4, 200), headers: [['x-own', '1']], used: false, token: null, text: 'of a request' });
  assert.equal(server.of('api').at(-1).text, 'of a request');
});

rule("rule 3: the caller's Authorization is replaced here and left alone elsewhere (E3)", { newestOnly: true }, async ({ page, server, open }) => {
  await open();
  await page.evaluate(async () => {
    await (await kit.create()).login({ user: 'alice' });
  });
  server.expire();
  const seen = await page.evaluate(async () => {
    const own = { headers: { authorization: 'Bearer own' } };
    const pairs = { headers: [['Authorization', 'Bearer own']] };
    const statuses = [];
    for (const init of [own, pairs, { headers: new Headers(own.headers) }]) statuses.push((await auth.fetch('/api/posts', init)).status);
    statuses.push((await auth.fetch(new Request(`${kit.api}/api/posts`, own))).status);
    // Another origin: the page's own.
    let seen;
    const other = await kit.create({ key: 'other', fetch: async (input, init) => {
      seen = new Request(input, init).headers.get('authorization');
      return kit.answer({});
    } });
    await other.setTokens({ accessToken: 'managed' });
    await other.fetch(`${location.origin}/elsewhere`, own);
    return { statuses, elsewhere: seen };
  });
  assert.deepEqual(seen, { statuses: times(4, 200), elsewhere: 'Bearer own' });
  assert.ok(server.of('api').every(({ token }) => token !== 'own'));
  assert.equal(server.count('refresh'), 1);
});

rule('rule 3: a refresh that fails for a passing reason is not a 401', async ({ page, server }) => {
  server.on('refresh', (call) => call.reply(503));
  await page.evaluate(async () => {
    await (await kit.create()).login({ user: 'alice' });
  });
  server.expire();
  const { error } = await page.evaluate(() => kit.outcome(auth.fetch('/api/posts')));
  assert.equal(error?.code, 'refresh-unavailable');
  assert.equal(error.retryable, true);
  assert.equal(error.status, 503);
  assert.equal(await page.evaluate(() => auth.snapshot.status), 'signed-in');
});

rule('rule 3: which answers count as refused is configurable (E8)', async ({ page, server }) => {
  const refused = { '/api/forbidden': 403, '/api/moved': 302, '/api/plain': 401 };
  server.on('api', (call, proceed) => {
    const status = refused[call.path];
    if (server.accepts(call.token)) return proceed();
    call.reply(status, '', status === 302 ? { location: '/open' } : {});
  });
  await page.evaluate(async () => {
    window.list = await kit.create({ key: 'list', unauthorized: [401, 403] });
    window.predicate = await kit.create({ key: 'predicate', unauthorized: (response) => response.type === 'opaqueredirect' });
    window.usual = await kit.create({ key: 'usual' });
    for (const auth of [list, predicate, usual]) await auth.login({ user: 'alice' });
  });
  server.expire();
  const statuses = await page.evaluate(async () => ({
    list: (await list.fetch('/api/forbidden')).status,
    predicate: (await predicate.fetch('/api/moved', { redirect: 'manual' })).status,
    usual: (await usual.fetch('/api/forbidden')).status,
  }));
  assert.deepEqual(statuses, { list: 200, predicate: 200, usual: 403 });
  assert.equal(server.count('refresh'), 2);
});

rule('rule 3: an abort during the retry reaches the caller (E6)', async ({ page, server }) => {
  await page.evaluate(async () => {
    await (await kit.create()).login({ user: 'alice' });
  });
  server.expire();
  server.once('api', (call) => call.reply(401));
  const call = page.evaluate(() => {
    window.abort = new AbortController();
    window.answer = kit.outcome(auth.fetch('/api/posts', { signal: abort.signal }));
  });
  await call;
  await server.seen('refresh');
  const held = server.hold('api');
  const retry = await server.seen('api', 2).then(() => server.of('api')[1]);
  await page.evaluate(() => abort.abort(new Error('own reason')));
  const { error } = await page.evaluate(() => answer);
  assert.equal(error?.message, 'own reason');
  await retry.closed;
  held.release();
});

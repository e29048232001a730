// evertoken/axios, with the current major of axios, the one before, and the
// oldest version of that.
import assert from 'node:assert/strict';
import { AuthServer } from '../e2e/support/auth-server.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

const code = (paramsSerializer) => `
  import axios from 'axios';
  import { createTokenManager, TokenError } from 'evertoken';
  import { attach } from 'evertoken/axios';

  const baseURL = location.hash.slice(1);
  const endpoints = { baseUrl: baseURL, login: '/login', refresh: '/refresh', logout: '/logout' };
  window.app = {
    axios, attach, baseURL, paramsSerializer: ${paramsSerializer},
    async start(config, options) {
      app.auth = await createTokenManager({ ...endpoints, ...config });
      app.api = axios.create({ baseURL, ...options });
      app.detach = attach(app.api, app.auth);
      await app.auth.login({ user: 'alice' });
    },
    outcome: (promise) => promise.then(
      ({ status, data }) => ({ status, data }),
      (error) => ({
        axios: axios.isAxiosError(error), cancelled: axios.isCancel(error), token: error instanceof TokenError,
        code: error.code, status: error.response?.status, data: error.response?.data, url: error.config?.url,
        baseURL: error.config?.baseURL,
      }),
    ),
  };
`;

const OBJECT = `{ serialize: () => 'own=1', encode: undefined }`;
const FUNCTION = `() => 'own=1'`;

for (const [version, alias, paramsSerializer] of [
  ['axios 1', {}, OBJECT],
  ['axios 0.35', { axios: 'axios-0' }, OBJECT],
  ['axios 0.27', { axios: 'axios-0.27' }, FUNCTION],
]) {
  const check = app(code(paramsSerializer), { alias });

  check(`${version}: whoever needs a token waits for one refresh`, async ({ page, server }) => {
    assert.ok(`axios ${await page.evaluate(() => app.axios.VERSION)}`.startsWith(`${version}.`));
    await page.evaluate(() => app.start());
    server.expire();
    const refresh = server.hold('refresh');
    const answers = page.evaluate(() =>
      Promise.all(Array.from({ length: 20 }, (_, n) => app.outcome(app.api.get('/api/posts', { params: { n } })))),
    );
    await refresh.arrived;
    refresh.release();
    assert.deepEqual(new Set((await answers).map(({ status, data }) => `${status} ${data.user}`)), new Set(['200 alice']));
    assert.equal(server.count('refresh'), 1);
    assert.equal(server.of('api').filter(({ search }) => search === '?n=7').length, 2);
  });

  check(`${version}: the second sending is equal to the first, and what the application hooked in ran once`, async ({ page, server }) => {
    const seen = await page.evaluate(async () => {
      await app.start();
      let hooks = 0;
      app.api.interceptors.request.use((config) => (hooks++, config));
      app.api.interceptors.response.use((response) => (hooks++, response));
      const { config, status } = await app.api.post('/api/posts', { title: 'Grüße', n: [1] }, { headers: { 'X-Own': 'mine' } });
      return { hooks, status, url: config.url, base: config.baseURL === app.baseURL, data: config.data };
    });
    assert.deepEqual(seen, { hooks: 2, status: 200, url: '/api/posts', base: true, data: '{"title":"Grüße","n":[1]}' });

    server.expire();
    const again = await page.evaluate(() => app.outcome(app.api.post('/api/posts', { title: 'Grüße' }, { headers: { 'X-Own': 'mine' } })));
    assert.equal(again.status, 200);
    const [, first, second] = server.of('api');
    for (const call of [first, second]) {
      assert.deepEqual(call.json, { title: 'Grüße' });
      assert.match(call.headers['content-type'], /^application\/json/);
      assert.equal(call.headers['x-own'], 'mine');
    }
    assert.notEqual(first.token, second.token);
    assert.equal(server.count('api'), 3);
  });

  check(`${version}: forms and bytes are sent again`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    for (const kind of ['form', 'bytes', 'search']) {
      server.expire();
      const { status } = await page.evaluate((kind) => {
        const form = new FormData();
        form.append('file', new Blob(['abc'], { type: 'text/x-own' }), 'a.txt');
        return app.api.put('/api/files', { form, bytes: new Uint8Array([1, 2, 3]), search: new URLSearchParams('a=b') }[kind]);
      }, kind);
      assert.equal(status, 200, kind);
      const [first, second] = server.of('api').slice(-2);
      const plain = (call) => call.text.replaceAll(/boundary\w+/gi, '').replaceAll(/-{4,}\w+/g, '');
      assert.equal(plain(first), plain(second), kind);
      assert.equal(first.headers['content-type']?.split(';')[0], second.headers['content-type']?.split(';')[0]);
      if (kind === 'form') assert.match(second.text, /name="file"; filename="a.txt"[^]*text\/x-own[^]*abc/);
    }
  });

  check(`${version}: a second refusal is the caller's, as axios tells it`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.on('api', (call) => call.reply(401, { error: 'never' }));
    const error = await page.evaluate(() => app.outcome(app.api.get('/api/posts')));
    assert.equal(error.axios, true);
    assert.equal(error.status, 401);
    assert.deepEqual(error.data, { error: 'never' });
    assert.equal(error.url, '/api/posts');
    assert.equal(server.count('api'), 2);
    assert.equal(server.count('refresh'), 1);
  });

  check(`${version}: other statuses, response types and validateStatus are axios's own`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.once('api', (call) => call.reply(404, { error: 'none' }));
    assert.equal((await page.evaluate(() => app.outcome(app.api.get('/api/x')))).status, 404);
    server.once('api', (call) => call.reply(418, 'pot'));
    const pot = await page.evaluate(() => app.outcome(app.api.get('/api/x', { validateStatus: () => true })));
    assert.deepEqual(pot, { status: 418, data: 'pot' });
    server.expire();
    const blob = await page.evaluate(async () => (await app.api.get('/api/x', { responseType: 'blob' })).data.text());
    assert.equal(JSON.parse(blob).user, 'alice');
    server.once('api', (call) => call.drop());
    const dropped = await page.evaluate(() => app.outcome(app.api.get('/api/x')));
    assert.deepEqual([dropped.axios, dropped.code], [true, 'ERR_NETWORK']);
    assert.ok(!dropped.status);
  });

  check(`${version}: aborting ends one wait and harms no other`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    const refresh = server.hold('refresh');
    await page.evaluate(() => {
      app.stop = new AbortController();
      app.source = app.axios.CancelToken.source();
      app.all = [{ signal: app.stop.signal }, { cancelToken: app.source.token }, {}].map((options) => app.outcome(app.api.get('/api/posts', options)));
    });
    await refresh.arrived;
    const [first, second] = await page.evaluate(() => {
      app.stop.abort();
      app.source.cancel('enough');
      return Promise.all(app.all.slice(0, 2));
    });
    assert.equal(first.cancelled, true);
    assert.equal(second.cancelled, true);
    refresh.release();
    assert.equal((await page.evaluate(() => app.all[2])).status, 200);
    assert.equal(server.count('refresh'), 1);
  });

  check(`${version}: aborting ends a sending`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    const api = server.hold('api');
    const ended = page.evaluate(() => {
      app.stop = new AbortController();
      return app.outcome(app.api.get('/api/posts', { signal: app.stop.signal }));
    });
    const call = await api.arrived;
    await page.evaluate(() => app.stop.abort());
    assert.equal((await ended).cancelled, true);
    await call.closed;
    api.release();
  });

  check(`${version}: an upload tells its progress, the repeated one too`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    const told = await page.evaluate(async () => {
      const events = [];
      const size = 3_000_000;
      const { status } = await app.api.post('/api/files', new Blob([new Uint8Array(size)]), {
        onUploadProgress: ({ loaded, total }) => events.push([loaded, total]),
      });
      return { status, complete: events.filter(([loaded, total]) => loaded === size && total === size).length };
    });
    assert.equal(told.status, 200);
    assert.ok(told.complete >= 2, `the whole was told ${told.complete} times`);
    assert.equal(server.of('api')[1].body.length, 3_000_000);
  });

  check(`${version}: the token goes where the manager allows it and nowhere else`, async ({ page, server, pages, t }) => {
    const foreign = await new AuthServer({ origins: [pages.origin] }).start();
    t.after(() => foreign.stop());
    await page.evaluate(() => app.start());
    await page.evaluate(async (url) => {
      await app.api.get(url);
      await app.api.get(url, { headers: { authorization: 'Bearer own' } });
      await app.api.get('/open', { baseURL: url });
    }, `${foreign.origin}/open`);
    assert.deepEqual(foreign.calls.map(({ headers }) => headers.authorization), [undefined, 'Bearer own', undefined]);
    // Relative to the page, as in axios, though the manager has another base.
    const asked = page.waitForRequest(`${pages.origin}/own`);
    await page.evaluate(() => app.api.get('/own', { baseURL: '' }));
    assert.equal((await asked).headers().authorization, undefined);
    await page.evaluate(() => app.api.get('/api/posts', { headers: { Authorization: 'Bearer own' } }));
    assert.equal(server.of('api').length, 1);
    assert.equal(server.accepts(server.of('api')[0].token), true);
  });

  check(`${version}: a server that is down is no reason to sign in again`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    server.on('refresh', (call) => call.reply(503));
    const down = await page.evaluate(() => app.outcome(app.api.get('/api/posts')));
    assert.deepEqual([down.token, down.code], [true, 'refresh-unavailable']);
    assert.equal(await page.evaluate(() => app.auth.snapshot.status), 'signed-in');
    await page.evaluate(() => app.auth.logout());
    const anonymous = await page.evaluate(() => app.outcome(app.api.get('/api/posts')));
    assert.deepEqual([anonymous.axios, anonymous.status], [true, 401]);
    assert.equal(server.of('api').at(-1).token, undefined);
  });

  check(`${version}: a body that is a stream is not sent twice`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    // As a client for servers sees it: a body with a pipe.
    const seen = await page.evaluate(async () => {
      const error = await app.outcome(app.api.post('/api/posts', 'x', { transformRequest: [() => Object.assign(new String('x'), { pipe() {} })] }));
      await app.auth.getToken();
      return error;
    });
    assert.equal(seen.status, 401);
    assert.equal(server.count('api'), 1);
  });

  check(`${version}: detached, it is the instance that it was`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    await page.evaluate(async () => {
      app.detach();
      await app.outcome(app.api.get('/api/posts'));
    });
    assert.equal(server.of('api')[0].token, undefined);
  });

  check(`${version}: cookies and the CSRF header go along where the manager says so`, async ({ page, server }) => {
    server.access = 'cookie';
    server.carrier = 'cookie';
    await page.evaluate(async () => {
      document.cookie = 'csrf=value';
      await app.start({ accessToken: { in: 'cookie' }, csrf: { cookie: 'csrf', header: 'x-csrf-token' } });
      await app.api.post('/api/posts', {});
    });
    const [call] = server.of('api');
    assert.equal(call.headers['x-csrf-token'], 'value');
    assert.equal(server.accepts(call.cookies.access), true);
  });

  check(`${version}: a redirect does not carry a header of another name away`, async ({ page, server, pages, t }) => {
    const foreign = await new AuthServer({ origins: [pages.origin, 'null'] }).start();
    t.after(() => foreign.stop());
    await page.evaluate(() => app.start({ accessToken: { in: 'header', name: 'x-access-token', prefix: '' } }));
    server.on('api', (call) => call.reply(302, '', { location: `${foreign.origin}/open` }));
    const outcome = await page.evaluate(() => app.outcome(app.api.get('/api/posts')));
    if (version === 'axios 1') {
      assert.ok(server.of('api')[0].headers['x-access-token']);
      assert.equal(outcome.status ?? 0, 0);
      server.clear('api');
      server.expire();
      const { status } = await page.evaluate(() => app.api.post('/api/posts', { a: 1 }));
      assert.equal(status, 200);
    } else {
      assert.deepEqual([outcome.token, outcome.code], [true, 'not-supported']);
      assert.equal(server.count('api'), 0);
    }
    assert.equal(foreign.calls.length, 0);
  });

  check(`${version}: the manager's own fetch makes its calls, and axios sends the rest`, async ({ page, server }) => {
    const sent = await page.evaluate(async () => {
      const sent = [];
      const fetch = (url, init) => (sent.push(new URL(url).pathname), window.fetch(url, init));
      await app.start({ fetch });
      await app.api.get('/api/posts');
      await app.auth.refresh();
      await app.auth.fetch('/api/posts');
      return sent;
    });
    assert.deepEqual(sent, ['/login', '/refresh', '/api/posts']);
    assert.equal(server.count('api'), 2);
  });

  check(`${version}: params, a base with a path, and their serializer say where a request goes`, async ({ page, server }) => {
    await page.evaluate(async () => {
      await app.start({}, { baseURL: `${app.baseURL}/api`, params: { locale: 'de' } });
      await app.api.get('posts', { params: { a: [1, 2], b: 'ü&' } });
      app.api.defaults.headers.common['X-Own'] = 'mine';
      await app.api.get('/posts', { params: { a: 1 }, paramsSerializer: app.paramsSerializer }).catch(() => {});
    });
    const [first, second] = server.of('api');
    assert.equal(first.path, '/api/posts');
    assert.deepEqual([...new URLSearchParams(first.search)], [['locale', 'de'], ['a[]', '1'], ['a[]', '2'], ['b', 'ü&']]);
    assert.equal(second.headers['x-own'], 'mine');
    assert.equal(second.search, '?own=1');
    assert.ok(server.of('api').every(({ token }) => server.accepts(token)));
  });

  check(`${version}: an interceptor of the application sees the 401 that is left, once, and may send again`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.on('api', (call) => call.reply(401, { error: 'never' }), 2);
    const seen = await page.evaluate(async () => {
      const seen = [];
      app.api.interceptors.response.use(undefined, (error) => {
        seen.push(error.response.status);
        return app.api(error.config);
      });
      const { status, data } = await app.api.post('/api/posts', { title: 'a' });
      return { seen, status, data };
    });
    assert.deepEqual(seen, { seen: [401], status: 200, data: { user: 'alice', method: 'POST' } });
    assert.deepEqual(server.of('api').map(({ json }) => json.title), ['a', 'a', 'a']);
  });

  check(`${version}: a 401 that validateStatus lets pass is repaired as well`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    const repaired = await page.evaluate(() => app.outcome(app.api.get('/api/posts', { validateStatus: () => true })));
    assert.equal(repaired.status, 200);
    server.on('api', (call) => call.reply(401, 'never'), 2);
    const left = await page.evaluate(() => app.outcome(app.api.get('/api/posts', { validateStatus: () => true })));
    assert.deepEqual(left, { status: 401, data: 'never' });
    const bytes = await page.evaluate(async () => {
      const { data } = await app.api.get('/api/posts', { responseType: 'arraybuffer' });
      return [data instanceof ArrayBuffer, JSON.parse(new TextDecoder().decode(data)).user];
    });
    assert.deepEqual(bytes, [true, 'alice']);
  });
}

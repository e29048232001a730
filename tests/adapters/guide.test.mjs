// The guide's examples: each is run, in Node.js or with its library in a page.
// Those of the backends are run with the backends.
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createMockServer } from '../../pkg-template/testing.js';
import { blocks, example as takenFrom, javascript, parts, unmarked } from './support/guide.mjs';
import { install, run } from './support/install.mjs';
import { suite } from './support/suite.mjs';

// ---- in Node.js ----

let installed;
before(async () => {
  installed = await install();
});
after(() => installed?.remove());

/** Runs an example as a module of its own beside the package; gives what it exports, the server and the manager. */
async function load(name, { server = createMockServer(), prepare } = {}) {
  const own = join(installed.folder, 'guide', name);
  await mkdir(own, { recursive: true });
  const { createTokenManager } = await import(pathToFileURL(join(installed.folder, 'node_modules/evertoken/index.js')).href);
  const connect = { baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', logout: '/logout', key: name, fetch: server.fetch };
  globalThis.guide = { auth: await createTokenManager(connect) };
  await writeFile(join(own, 'auth.js'), 'export const { auth } = globalThis.guide;');
  await writeFile(join(own, 'example.js'), await javascript(name));
  await prepare?.(globalThis.guide.auth);
  const platform = globalThis.fetch;
  globalThis.fetch = server.fetch;
  try {
    return { ...(await import(pathToFileURL(join(own, 'example.js')).href)), server, manager: globalThis.guide.auth };
  } finally {
    globalThis.fetch = platform;
  }
}

test('guide: svelte', async () => {
  const svelte = await load('svelte', { prepare: (auth) => auth.login({ user: 'alice' }) });
  const users = [];
  svelte.user.subscribe((user) => users.push(user));
  await svelte.manager.refresh();
  await svelte.manager.logout();
  assert.deepEqual(users, ['alice', undefined]);
  let status;
  svelte.session.subscribe((session) => (status = session.status));
  assert.equal(status, 'signed-out');
});

test('guide: explain', async () => {
  const { explain, server, manager } = await load('explain', { server: createMockServer({ signIn: ({ json }) => (json.password === 'right' ? 'alice' : undefined) }) });
  const said = async (promise) => explain(await promise.then(assert.fail, (error) => error));
  assert.equal(await said(manager.login({ password: 'wrong' })), 'Wrong name or password.');
  server.fail('login', { status: 503, headers: { 'retry-after': '7' } });
  assert.equal(await said(manager.login({ password: 'right' })), 'The server does not answer. Try again in 7 s.');
  await manager.login({ password: 'right' });
  server.expire();
  server.fail('refresh', { status: 404 });
  assert.equal(await said(manager.fetch('/posts')), 'Something is wrong with the server.');
  server.drop('login');
  assert.match(await said(manager.login({ password: 'right' })), /Try again in \d+ s\.$/);
  await manager.logout();
  assert.equal(await said(manager.refresh()), 'Please sign in.');
  assert.equal(explain(new TypeError('Failed to fetch')), 'No connection.');
  assert.equal(explain(new Error('posts: status 500')), 'Something went wrong.');
  await assert.rejects(said(manager.login(null)), { code: 'invalid-config' });
});

test('guide: reason', async () => {
  const { reason, server, manager } = await load('reason');
  server.fail('login', { status: 401, body: { message: 'This account is locked.' } });
  assert.equal(await manager.login({ user: 'alice' }).then(assert.fail, reason), 'This account is locked.');
  server.fail('login', { status: 503 });
  await assert.rejects(manager.login({ user: 'alice' }).catch(reason), { code: 'login-unavailable' });
});

test('guide: step-up', async () => {
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"';
  const server = createMockServer();
  server.on('api', (call) => call.reply(401, '', { 'www-authenticate': challenge }));
  const { wanted, manager } = await load('step-up', { server, prepare: (auth) => auth.login({ user: 'alice' }) });
  assert.equal((await manager.fetch('/posts')).status, 401);
  await Promise.resolve();
  assert.deepEqual(wanted, ['sign in again: gold, at most 60 s ago']);
  assert.equal(server.count('refresh'), 0);
});

test('guide: step-up-repeat', async () => {
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="gold"';
  let strong = false;
  const server = createMockServer({ signIn: ({ json }) => ((strong = json.acr_values === 'gold' && json.code === '123456'), json.user ?? (strong ? 'alice' : undefined)) });
  server.on('api', (call, proceed) => (strong ? proceed() : call.reply(401, '', { 'www-authenticate': challenge })));
  const { transfer, manager } = await load('step-up-repeat', { server, prepare: (auth) => auth.login({ user: 'alice' }) });
  const events = [];
  manager.on('signed-out', () => events.push('signed-out'));
  manager.on('user-changed', () => events.push('user-changed'));
  const refused = await transfer(5, async () => '000000').then(assert.fail, (error) => error);
  assert.equal(refused.code, 'login-rejected');
  assert.equal(manager.snapshot.status, 'signed-in', 'the session goes on');
  const done = await transfer(5, async () => '123456');
  assert.deepEqual(await done.json(), { user: 'alice', method: 'POST' });
  assert.deepEqual(server.of('api').map(({ json }) => json.amount), [5, 5, 5]);
  assert.deepEqual(events, []);
  assert.equal(server.count('refresh'), 0);
});

test('guide: signed-out', async () => {
  const { shown, server, manager } = await load('signed-out', { prepare: (auth) => auth.login({ user: 'alice' }) });
  await manager.login({ user: 'bob' });
  server.revoke();
  await manager.fetch('/posts').catch(() => {});
  assert.deepEqual(shown, ['Somebody else has signed in.', 'Your session has ended.']);
});

test('guide: hand-over', async () => {
  const server = createMockServer();
  const { accessToken, refreshToken } = server.issue('alice');
  const items = new Map([['token', accessToken], ['refresh', refreshToken]]);
  globalThis.localStorage = { getItem: (name) => items.get(name) ?? null, removeItem: (name) => items.delete(name) };
  try {
    const { manager } = await load('hand-over', { server });
    assert.equal(items.size, 0);
    server.expire();
    assert.equal((await manager.fetch('/posts')).status, 200);
  } finally {
    delete globalThis.localStorage;
  }
});

test('guide: testing', { timeout: 60_000 }, async () => {
  await writeFile(join(installed.folder, 'guide-testing.mjs'), await javascript('testing'));
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'guide-testing.mjs'], {
    cwd: installed.folder,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  assert.match(stdout, /^# pass 3$/m);
});

// ---- in a page ----

const app = suite();

/** The application's own manager, and what stands in for another library. */
const TEXTS = {
  './auth.js': `
    import { createTokenManager } from 'evertoken';
    export const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh' });
    await auth.login({ user: 'alice' });
  `,
  'axios-auth-refresh': 'export default (instance, refresh) => (window.before = { instance, refresh });',
};

/** Registers a test of an example, whose exports are `app` together with what `more` says; `modules` are other examples by their paths. */
const example = (name, run, { more = '', modules, texts, ...options } = {}) =>
  app(`${more}\nimport * as example from 'guide';\nwindow.app = { ...example, example, ...(window.more ?? {}) };`, {
    plugins: [parts(name, { examples: modules, texts: { ...TEXTS, ...texts } })],
  })(`guide: ${name}`, run, options);

/** Stands in for an API at any origin. */
const answering = (origin, server) => (page, pages) =>
  page.route(`${origin ?? pages.origin}/**`, async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    if (!origin && !/^\/(api|users)\//.test(pathname)) return route.continue();
    const cors = { 'access-control-allow-origin': pages.origin, 'access-control-allow-headers': 'authorization, content-type', 'access-control-allow-credentials': 'true' };
    if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors });
    const { headers, status, ...answer } = await server
      .fetch(request.url(), { method: request.method(), headers: await request.allHeaders().then(({ cookie, ...rest }) => Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith(':')))), body: request.postData() ?? undefined })
      .then(async (response) => ({ status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }));
    return route.fulfill({ status, headers: { ...headers, ...cors }, ...answer });
  });

const strapi = (api) =>
  createMockServer({ login: '/api/auth/local', refresh: '/api/token/refresh', refreshToken: 'cookie', answer: ({ accessToken }) => ({ jwt: accessToken }), api });

const first = strapi(() => [{ id: 1 }]);
example('quick-start', async ({ page }) => {
  assert.deepEqual(await page.evaluate(() => app.posts), [{ id: 1 }]);
  assert.equal(first.accepts(first.of('api')[0].token), true);
}, { modules: { './auth.js': 'preset' }, prepare: answering(undefined, first) });

const remembering = strapi();
example('sessions', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    await app.auth.login({ identifier: 'alice', password: 'Password1!' });
    return { left: (app.auth.snapshot.sessionEndsAt - Date.now()) / 60_000, kept: [sessionStorage.length, localStorage.length] };
  });
  assert.ok(seen.left > 14 && seen.left <= 15, `${seen.left} minutes`);
  assert.deepEqual(seen.kept, [1, 0]);
}, { prepare: answering(undefined, remembering) });

example('remember', async ({ page }) => {
  const kept = () => page.evaluate(() => [sessionStorage, localStorage].map((place) => place.evertoken?.includes('access') ?? false));
  const signIn = (checked) =>
    page.evaluate((checked) => {
      document.getElementById('root').innerHTML = `<form><input name=identifier value=alice><input name=password value=x><input type=checkbox name=remember ${checked}></form>`;
      return app.signIn(document.querySelector('form'));
    }, checked);
  await signIn('checked');
  assert.deepEqual(await kept(), [false, true]);
  await signIn('');
  assert.deepEqual(await kept(), [true, false]);
  assert.deepEqual(Object.keys(remembering.of('login').at(-1).json), ['identifier', 'password']);
}, { modules: { './auth.js': 'sessions' }, prepare: answering(undefined, remembering) });

const calls = [];
example('bff', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const start = app.auth.snapshot.status;
    await app.auth.login({ user: 'alice' });
    const { status } = await app.auth.fetch('/bff/api/posts');
    await app.auth.logout();
    return { start, status };
  });
  assert.deepEqual(seen, { start: 'signed-out', status: 200 });
  assert.deepEqual(calls, ['/bff/login 1', '/bff/api/posts 1', '/bff/logout 1']);
}, {
  prepare: (page) =>
    page.route('**/bff/**', (route) => {
      calls.push(`${new URL(route.request().url()).pathname} ${route.request().headers()['x-csrf']}`);
      return route.fulfill({ json: { sessionExpiresIn: 3600 } });
    }),
});

example('without-await', async ({ page }) => {
  await page.evaluate(() => app.started);
  assert.equal(await page.locator('#root').textContent(), 'unknown');
});

example('angular-auth', async ({ page }) => {
  assert.equal(await page.evaluate(async () => (await app.ready).snapshot.status), 'unknown');
});

const own = createMockServer({ refresh: '/token/refresh', answer: ({ accessToken, refreshToken }) => ({ access_token: accessToken, refresh_token: refreshToken }) });
example('own-backend', async ({ page }) => {
  const status = await page.evaluate(async () => {
    await app.auth.login({ user: 'alice' });
    await app.auth.refresh();
    const { status } = await app.auth.fetch('/posts');
    await app.auth.logout();
    return status;
  });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(own.of('refresh')[0].json), ['refresh_token']);
  assert.equal(own.alive, 0);
}, { prepare: answering('https://api.example.com', own) });

const people = createMockServer({
  login: '/api/auth/local',
  refresh: '/api/token/refresh',
  refreshToken: 'cookie',
  answer: ({ accessToken }) => ({ jwt: accessToken }),
  claims: (user) => ({ id: { alice: 1, bob: 2 }[user] }),
  api: ({ user }) => ({ id: { alice: 1, bob: 2 }[user], username: user }),
});
example('profile', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const names = [];
    app.onProfile(() => names.push(app.example.profile?.username ?? null));
    const named = (name) => new Promise((resolve) => app.onProfile(() => app.example.profile?.username === name && resolve()));
    for (const identifier of ['alice', 'bob']) {
      const shown = named(identifier);
      await app.auth.login({ identifier, password: 'Password1!' });
      await shown;
    }
    await app.auth.logout();
    await Promise.resolve();
    return { names, last: app.example.profile };
  });
  assert.deepEqual(seen, { names: [null, 'alice', null, 'bob', null], last: null });
}, { prepare: answering(undefined, people) });

const session = createMockServer({ refresh: '/session', answer: ({ accessToken, refreshToken, expiresIn }) => ({ session: { key: accessToken, renew: refreshToken, seconds: expiresIn } }) });
example('refresh-function', async ({ page }) => {
  const tell = (tokens) => page.evaluate(async (tokens) => {
    await app.auth.setTokens(tokens);
    return app.auth.refresh().then(() => 'refreshed', ({ code }) => code);
  }, tokens);
  assert.equal(await tell(session.issue('alice')), 'refreshed');
  assert.equal(session.of('refresh')[0].method, 'PUT');
  session.fail('refresh', { status: 418 });
  assert.equal(await tell(session.issue('alice')), 'refresh-rejected');
  session.fail('refresh', { status: 503 });
  assert.equal(await tell(session.issue('alice')), 'refresh-unavailable');
}, { prepare: answering('https://api.example.com', session) });

const reports = strapi(({ user }) => `a report for ${user}`);
example('one-request-auth', async ({ page }) => {
  const text = await page.evaluate(async () => {
    await app.auth.login({ identifier: 'alice', password: 'Password1!' });
    return app.report();
  });
  assert.equal(text, 'a report for alice');
}, {
  async prepare(page, pages) {
    await answering('https://api.example.com', reports)(page, pages);
    await answering('https://app.example.com', reports)(page, pages);
  },
});

test('guide: one-request-route', async () => {
  const { GET, server, manager } = await load('one-request-route', { prepare: (auth) => auth.login({ user: 'alice' }) });
  const platform = globalThis.fetch;
  globalThis.fetch = server.fetch;
  try {
    const ask = (headers) => GET(new Request('https://app.example.com/report', { headers }));
    assert.deepEqual(await (await ask({ authorization: `Bearer ${await manager.getToken()}` })).json(), { user: 'alice', method: 'GET' });
    assert.equal((await ask({})).status, 401);
    assert.equal((await ask({ authorization: 'Bearer old' })).status, 401, 'a refused token is told to the browser');
    assert.equal(server.count('refresh'), 0);
  } finally {
    globalThis.fetch = platform;
  }
});

const api = 'https://api.example.com';
const plain = createMockServer();
example('axios', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const { status } = await app.api.get('/1');
    app.detach();
    return status;
  });
  assert.equal(seen, 200);
  assert.equal(server.count('login'), 1);
  // Another origin than the manager's: no token there.
  assert.equal(plain.of('open')[0]?.token, undefined);
  assert.equal(plain.of('open')[0].path, '/posts/1');
}, { prepare: (page, pages) => { plain.protects = () => false; return answering(api, plain)(page, pages); } });

example('axios-explain', async ({ page }) => {
  await page.route('https://api.example.com/**', (route) => route.abort());
  await page.route('**/missing', (route) => route.fulfill({ status: 404 }));
  const said = await page.evaluate(async () => {
    const explained = (url) => app.axios.get(url).then(() => 'no error', app.explainRequest);
    return [await explained('/missing'), await explained('https://api.example.com/'), app.explainRequest(new TypeError('Failed to fetch'))];
  });
  assert.deepEqual(said, ['The server answered 404.', 'No connection.', 'No connection.']);
}, { more: "import axios from 'axios';\nwindow.more = { axios };", modules: { './explain.js': 'explain' } });

const later = createMockServer();
example('after-axios', async ({ page }) => {
  await page.evaluate(() => app.auth.login({ user: 'alice' }));
  later.expire();
  const { data } = await page.evaluate(async () => ({ data: (await app.api.post('/posts', { title: 'a' })).data }));
  assert.deepEqual(data, { user: 'alice', method: 'POST' });
  assert.equal(later.count('refresh'), 1);
}, { prepare: answering(api, later) });

example('before', async ({ page }) => {
  assert.deepEqual(await page.evaluate(() => Object.keys(window.before)), ['instance', 'refresh']);
});

for (const [framework, rest] of [
  ['react', `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { TokenProvider } from 'evertoken/react';
    const User = () => h('p', null, useUserId());
    createRoot(document.getElementById('root')).render(h(TokenProvider, { manager: auth }, h(User)));
  `],
  ['vue', `
    import { createApp, h } from 'vue';
    import { createTokens } from 'evertoken/vue';
    const User = { setup: () => { const id = useUserId(); return () => h('p', id.value); } };
    createApp(User).use(createTokens(auth)).mount('#root');
  `],
]) {
  example(`${framework}-claims`, async ({ page }) => page.getByText('7').waitFor(), {
    html: (server) => ((server.claims = { id: 7 }), ''),
    more: `import { useUserId } from 'guide';\nimport { auth } from './auth.js';\n${rest}`,
  });
}

const conversation = {};
example('socket', async ({ server }) => {
  await conversation.heard;
  assert.equal(server.accepts(JSON.parse(conversation.said).token), true);
}, {
  prepare(page) {
    conversation.heard = page.waitForEvent('console', (message) => message.text() === 'welcome');
    return page.routeWebSocket('wss://api.example.com/live', (socket) =>
      socket.onMessage((message) => {
        conversation.said = message;
        socket.send('welcome');
      }),
    );
  },
});

const stream = {};
example('events', async () => {
  await stream.heard;
}, {
  html(server) {
    server.on('api', (call) => call.reply(200, 'data: hello\n\n', { 'content-type': 'text/event-stream' }));
    return '';
  },
  prepare(page) {
    stream.heard = page.waitForEvent('console', (message) => message.text() === 'message hello');
  },
});

test('guide: every example has a name and is run', async () => {
  assert.deepEqual(unmarked, [], 'examples without a name');
  const folders = ['adapters', 'oauth', 'package'].map((name) => new URL(`../${name}/`, import.meta.url));
  const files = await Promise.all(folders.map(async (folder) => (await readdir(folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => new URL(name, folder))));
  const tests = (await Promise.all(files.flat().map((file) => readFile(file, 'utf8')))).join('\n').replaceAll('${framework}-claims', "'react-claims' 'vue-claims'").replaceAll('${framework}-load', "'react-load' 'vue-load' 'svelte-load'");
  const forgotten = [...blocks.keys()].filter((name) => name !== 'auth' && !tests.includes(`'${name}'`));
  assert.deepEqual(forgotten, []);
});

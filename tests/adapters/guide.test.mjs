// The guide's examples: each is run, in Node.js or with its library in a page.
// Those of the backends are run with the backends.
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createMockServer } from '../../pkg-template/testing.js';
import { install, run } from './support/install.mjs';
import { suite } from './support/suite.mjs';

const folder = fileURLToPath(new URL('../../www/guide', import.meta.url));
const backends = await readdir(new URL('../backends', import.meta.url));
const pages = (await readdir(folder)).filter((file) => file.endsWith('.md') && !backends.includes(file.slice(0, -3)));
const blocks = new Map();
let unmarked = 0;
for (const page of pages) {
  const text = await readFile(join(folder, page), 'utf8');
  const marked = [...text.matchAll(/<!-- test: (\S+) -->\n```(\w+)\n([^]*?)```/g)];
  for (const [, name, language, code] of marked) {
    assert.ok(!blocks.has(name), `two examples are called ${name}`);
    blocks.set(name, { language, code, page });
  }
  // What the tests of another part run says so itself.
  if (page !== 'libraries.md') unmarked += text.match(/^```(js|jsx|ts|tsx)$/gm)?.length - marked.length || 0;
}
const tried = new Set();
const takenFrom = (name) => {
  tried.add(name);
  assert.ok(blocks.has(name), `no example is called ${name}`);
  return blocks.get(name);
};

// ---- in Node.js ----

let installed;
before(async () => {
  installed = await install();
});
after(() => installed?.remove());

/** Runs an example as a module of its own beside the package; gives what it exports, the server and the manager. */
async function load(name, { server = createMockServer(), prepare } = {}) {
  const { code } = takenFrom(name);
  const own = join(installed.folder, 'guide', name);
  await mkdir(own, { recursive: true });
  const { createTokenManager } = await import(pathToFileURL(join(installed.folder, 'node_modules/evertoken/index.js')).href);
  const connect = { baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', logout: '/logout', key: name, fetch: server.fetch };
  globalThis.guide = { auth: await createTokenManager(connect) };
  await writeFile(join(own, 'auth.js'), 'export const { auth } = globalThis.guide;');
  await writeFile(join(own, 'example.js'), code);
  await prepare?.(globalThis.guide.auth);
  const platform = globalThis.fetch;
  globalThis.fetch = server.fetch;
  try {
    return { ...(await import(pathToFileURL(join(own, 'example.js')).href)), server, manager: globalThis.guide.auth };
  } finally {
    globalThis.fetch = platform;
  }
}

test('guide: own-backend', async () => {
  const server = createMockServer({ refresh: '/token/refresh', answer: ({ accessToken, refreshToken }) => ({ access_token: accessToken, refresh_token: refreshToken }) });
  const platform = globalThis.fetch;
  const { auth } = await load('own-backend', { server });
  globalThis.fetch = server.fetch;
  try {
    await auth.login({ user: 'alice' });
    await auth.refresh();
    assert.equal((await auth.fetch('/posts')).status, 200);
    assert.deepEqual(Object.keys(server.of('refresh')[0].json), ['refresh_token']);
    await auth.logout();
    assert.equal(server.alive, 0);
  } finally {
    globalThis.fetch = platform;
    auth.dispose();
  }
});

test('guide: start, subscribe, svelte', async () => {
  const signedIn = (auth) => auth.login({ user: 'alice' });
  assert.equal((await load('start', { prepare: signedIn })).signedIn, true);
  const { states, manager } = await load('subscribe', { prepare: signedIn });
  await manager.logout();
  assert.deepEqual(states, ['Hello alice', 'Please sign in']);
  const svelte = await load('svelte', { prepare: signedIn });
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
  assert.equal(await said(manager.login({ password: 'right' })), 'Try again in 7 s.');
  await manager.login({ password: 'right' });
  server.expire();
  server.fail('refresh', { status: 404 });
  assert.equal(await said(manager.fetch('/posts')), 'Something is wrong with the server.');
  server.drop('login');
  assert.match(await said(manager.login({ password: 'right' })), /^Try again in \d+ s\.$/);
  await manager.logout();
  assert.equal(await said(manager.refresh()), 'Please sign in.');
  assert.equal(await explain(new TypeError('Failed to fetch')), 'No connection.');
  await assert.rejects(said(manager.login(null)), { code: 'invalid-config' });
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

test('guide: refresh-function', async () => {
  const server = createMockServer({ refresh: '/session', answer: ({ accessToken, refreshToken, expiresIn }) => ({ session: { key: accessToken, renew: refreshToken, seconds: expiresIn } }) });
  const platform = globalThis.fetch;
  const { auth } = await load('refresh-function', { server });
  globalThis.fetch = server.fetch;
  try {
    await auth.setTokens(server.issue('alice'));
    await auth.refresh();
    assert.equal(server.of('refresh')[0].method, 'PUT');
    server.fail('refresh', { status: 503 });
    await assert.rejects(auth.refresh(), { code: 'refresh-unavailable' });
    await auth.setTokens(server.issue('alice'));
    server.fail('refresh', { status: 418 });
    await assert.rejects(auth.refresh(), { code: 'refresh-rejected' });
  } finally {
    globalThis.fetch = platform;
    auth.dispose();
  }
});

test('guide: testing', { timeout: 60_000 }, async () => {
  const { code } = takenFrom('testing');
  await writeFile(join(installed.folder, 'guide-testing.mjs'), code);
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'guide-testing.mjs'], {
    cwd: installed.folder,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  assert.match(stdout, /^# pass 3$/m);
});

// ---- in a page ----

const app = suite();

/** Has an example, the application's own manager, and what stands in for another library. */
const parts = (name) => ({
  name: 'guide',
  setup(build) {
    build.initialOptions.jsx = 'automatic';
    build.initialOptions.jsxDev = false;
    const found = ({ path, resolveDir }) => ({ path, namespace: 'guide', pluginData: resolveDir });
    build.onResolve({ filter: /^(guide|\.\/auth\.js|axios-auth-refresh)$/ }, found);
    const texts = {
      './auth.js': `
        import { createTokenManager } from 'evertoken';
        export const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh' });
        await auth.login({ user: 'alice' });
      `,
      'axios-auth-refresh': 'export default (instance, refresh) => (window.before = { instance, refresh });',
    };
    build.onLoad({ filter: /.*/, namespace: 'guide' }, ({ path, pluginData: resolveDir }) =>
      path === 'guide' ? { contents: takenFrom(name).code, loader: takenFrom(name).language, resolveDir } : { contents: texts[path], resolveDir },
    );
  },
});

/** Registers a test of an example, whose exports are `app` together with what `more` says. */
const example = (name, run, { more = '', ...options } = {}) =>
  app(`${more}\nimport * as example from 'guide';\nimport { auth } from './auth.js';\nwindow.app = { auth, ...example, ...(window.more ?? {}) };`, { plugins: [parts(name)] })(`guide: ${name}`, run, options);

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
}, { prepare: answering(undefined, first) });

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

for (const name of ['react-provider', 'vue-app']) {
  example(name, async ({ page }) => {
    await page.getByText('Hello alice').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Please sign in').waitFor();
  });
}

const angular = strapi(({ path }) => ({ path }));
example('angular', async ({ page }) => {
  const body = await page.evaluate(async () => {
    const http = await app.client(app.providers);
    return app.firstValueFrom(http.get('/api/posts'));
  });
  assert.deepEqual(body, { path: '/api/posts' });
}, {
  more: `
    import '@angular/compiler';
    import { HttpClient } from '@angular/common/http';
    import { provideZonelessChangeDetection } from '@angular/core';
    import { createApplication } from '@angular/platform-browser';
    import { firstValueFrom } from 'rxjs';
    window.more = {
      firstValueFrom,
      client: async (providers) => (await createApplication({ providers: [provideZonelessChangeDetection(), ...providers] })).injector.get(HttpClient),
    };
  `,
  prepare: (page, pages) => {
    angular.protects = () => false;
    angular.open = (call) => call.reply(200, { path: call.path });
    return answering(undefined, angular)(page, pages);
  },
});

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

test('guide: every example has a name and is run', () => {
  assert.equal(unmarked, 0, 'examples without a name');
  const own = [...blocks].filter(([, { page }]) => page !== 'libraries.md').map(([name]) => name);
  assert.deepEqual([...tried].sort(), own.sort());
});

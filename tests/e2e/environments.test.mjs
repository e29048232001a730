// Where a browser runs scripts that is no ordinary page: workers of each kind,
// a frame without an origin, a file, an extension without WebAssembly; and
// pages whose clock a test has stopped.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { AuthServer } from './support/auth-server.mjs';
import { BROWSER, PKG, chromium, suite, times } from './support/suite.mjs';

const rule = suite();

/** Signs in, has every token end, sends ten requests at once, and signs out.
 * `api` has a route that ends the tokens. */
const journey = (api, config) => `async (createTokenManager) => {
  try {
    const auth = await createTokenManager({ baseUrl: '${api}', login: '/login', refresh: '/refresh', logout: '/logout', refreshToken: { in: 'body' }, ...${JSON.stringify(config)} });
    const told = [];
    for (const type of ['signed-in', 'refreshed', 'signed-out']) auth.on(type, () => told.push(type));
    await auth.login({ user: 'alice' });
    await auth.fetch('/api/expire');
    const answers = await Promise.all(Array.from({ length: 10 }, () => auth.fetch('/api/posts')));
    const { engine, storage, refreshes } = auth.inspect();
    await auth.logout();
    await undefined;
    return { engine, storage, refreshes, told, statuses: answers.map(({ status }) => status), status: auth.snapshot.status };
  } catch (error) {
    return { error: String(error), cause: String(error.cause) };
  }
}`;
const expected = (engine, storage) => ({ engine, storage, refreshes: 1, told: ['signed-in', 'refreshed', 'signed-out'], statuses: times(10, 200), status: 'signed-out' });
const expires = (server) => server.on('api', (call, proceed) => (call.path === '/api/expire' ? (server.expire(), call.reply(204)) : proceed()));

/** Says that a server saw one refresh for all. */
function quiet(server) {
  assert.equal(server.count('refresh'), 1);
  assert.equal(server.replays, 0);
  assert.equal(server.count('logout'), 1);
}

/** By the place how a page has it run a function of a module. */
const PLACES = {
  'a dedicated worker': (source, url) =>
    new Promise((resolve) => {
      const worker = new Worker(url(`${source}; postMessage(await run(createTokenManager));`), { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
    }),
  'a shared worker': (source, url) =>
    new Promise((resolve) => {
      const worker = new SharedWorker(url(`${source}; const done = run(createTokenManager); onconnect = async ({ ports: [port] }) => port.postMessage(await done);`), { type: 'module' });
      worker.port.onmessage = ({ data }) => resolve(data);
    }),
  'a service worker': async (source, url) => {
    const registration = await navigator.serviceWorker.register(url(`${source}; addEventListener('message', (event) => event.waitUntil(run(createTokenManager).then((found) => event.source.postMessage(found))));`), { type: 'module' });
    return new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
      navigator.serviceWorker.startMessages();
      registration.installing.postMessage('begin');
    });
  },
};

for (const [place, run] of Object.entries(PLACES)) {
  for (const [entry, path, config, found] of [
    ['evertoken', '/worker-with-wasm.js', { storage: 'indexeddb' }, expected('wasm', 'indexeddb')],
    ['evertoken/js without WebAssembly', '/worker.js', { storage: 'indexeddb' }, expected('js', 'indexeddb')],
    ['evertoken with a storage that it has not', '/worker-with-wasm.js', { storage: 'local' }, expected('wasm', 'memory')],
  ]) {
    rule(`${place}: ${entry}`, async ({ page, server, pages }) => {
      expires(server);
      const module = `${pages.origin}/pkg/${entry.startsWith('evertoken/js') ? 'js' : 'index'}.js`;
      const source = `import { createTokenManager } from '${module}'; const run = ${journey(server.origin, config)}`;
      const outcome = await page.evaluate(([run, source, path]) => eval(run)(source, (text) => `${path}?text=${encodeURIComponent(text)}`), [`(${run})`, source, path]);
      assert.deepEqual(outcome, found);
      quiet(server);
    });
  }
}

for (const [title, csrf] of [['and what is there says no word of it', undefined], ['where the CSRF cookie cannot be read', { cookie: 'XSRF-TOKEN', header: 'x-csrf-token' }]]) {
  rule(`a frame without an origin, in which document.cookie and localStorage throw, ${title}`, async ({ page, server, pages }) => {
    server.origins.push('null');
    expires(server);
    const source = `
      import { createTokenManager } from '${pages.origin}/pkg/index.js';
      const thrown = [() => document.cookie, () => localStorage].map((get) => { try { get(); } catch ({ name }) { return name; } });
      const run = ${journey(server.origin, { storage: 'local', csrf })};
      parent.postMessage([thrown, origin, await run(createTokenManager)], '*');`;
    const seen = await page.evaluate((source) => {
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      frame.srcdoc = `<script type=module>${source}</script>`;
      const told = new Promise((resolve) => window.addEventListener('message', ({ data }) => resolve(data)));
      document.body.append(frame);
      return told;
    }, source);
    assert.deepEqual(seen, [['SecurityError', 'SecurityError'], 'null', expected('wasm', 'memory')]);
    assert.ok(server.calls.every(({ headers }) => !('x-csrf-token' in headers)));
    quiet(server);
  });
}

/** A folder that is gone after the test. */
async function folder(t) {
  const made = await mkdtemp(join(tmpdir(), 'evertoken-environments-'));
  t.after(() => rm(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}

rule('a page of a file, whose origin is none', async ({ t, context, server }) => {
  server.origins.push('null');
  expires(server);
  // Modules are loaded from no file: such a page has one script.
  const code = await readFile(join(PKG, 'index.js'), 'utf8');
  const script = code.replace(/\bexport\{.*?(\w+) as createTokenManager.*\};?/, (_, name) => `window.done = (${journey(server.origin, {})})(${name});`);
  const file = join(await folder(t), 'index.html');
  await writeFile(file, `<!doctype html><meta charset=utf-8><script>${script.replaceAll('</script', '<\\/script')}</script>`);
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  assert.deepEqual(await page.evaluate(() => window.done), expected('wasm', 'memory'));
  quiet(server);
});

test('a Manifest V3 extension without WebAssembly: its page and its service worker', { timeout: 60_000 }, async (t) => {
  const extension = await folder(t);
  const servers = await Promise.all([1, 2].map(() => new AuthServer().start()));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  servers.forEach(expires);
  await cp(PKG, join(extension, 'evertoken'), { recursive: true });
  const compiles = `WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)).then(() => 'allowed', () => 'forbidden')`;
  const files = {
    'manifest.json': JSON.stringify({
      manifest_version: 3,
      name: 'evertoken',
      version: '1.0',
      host_permissions: ['http://127.0.0.1/*'],
      content_security_policy: { extension_pages: "script-src 'self'; object-src 'self'" },
      background: { service_worker: 'background.js', type: 'module' },
    }),
    // As such a worker has to: import() throws in it.
    'background.js': `import { createTokenManager } from './evertoken/js.js'; self.compiles = () => ${compiles}; self.run = () => (${journey(servers[0].origin, { storage: 'indexeddb' })})(createTokenManager);`,
    'page.html': '<!doctype html><title>page</title><script type=module src=page.js></script>',
    'page.js': `import { createTokenManager } from './evertoken/index.js'; window.compiles = () => ${compiles}; window.run = () => (${journey(servers[1].origin, { storage: 'local', key: 'page' })})(createTokenManager);`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(extension, name), text);

  const args = [...BROWSER.args, '--headless=new', `--disable-extensions-except=${extension}`, `--load-extension=${extension}`];
  const context = await chromium.launchPersistentContext(await folder(t), { executablePath: BROWSER.executablePath, headless: false, args });
  try {
    const background = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    const page = await context.newPage();
    await page.goto(new URL('page.html', background.url()).href);
    for (const [place, server, storage] of [[background, servers[0], 'indexeddb'], [page, servers[1], 'local']]) {
      assert.equal(await place.evaluate(() => globalThis.compiles()), 'forbidden');
      assert.deepEqual(await place.evaluate(() => globalThis.run()), expected('js', storage));
      quiet(server);
    }
  } finally {
    await context.close();
  }
});

/** By their maker how the clock of a page is stopped, before its scripts run. */
const CLOCKS = {
  'Playwright’s clock': async (page) => {
    await page.clock.install();
    return () => page.clock.pauseAt(Date.now() + 60_000);
  },
  // Cypress has its timers from there as well.
  'Sinon’s timers': async (page) => {
    const sinon = await readFile(new URL('../testing/node_modules/sinon/pkg/sinon.js', import.meta.url), 'utf8');
    await page.addInitScript(`${sinon}; window.stopped = sinon.useFakeTimers();`);
    return () => {};
  },
  'createClock': async (page) => {
    await page.addInitScript(() => {
      window.clocked = async () => ({ clock: (await import('/pkg/testing.js')).createClock() });
    });
    return () => {};
  },
};

for (const [name, install] of Object.entries(CLOCKS)) {
  for (const config of [{}, { storage: 'indexeddb' }, { storage: 'local', crossTab: false }]) {
    rule(`a clock that stands still, ${name}, ${JSON.stringify(config)}: nothing hangs`, async ({ context, server, pages }) => {
      expires(server);
      const page = await context.newPage();
      const stop = await install(page);
      await page.goto(`${pages.origin}/blank`);
      await stop();
      const outcome = await page.evaluate(
        async (run) => {
          const { createTokenManager } = await import('/pkg/index.js');
          const clocked = (await window.clocked?.()) ?? {};
          const before = [Date.now(), performance.now()];
          const found = await eval(run)((given) => createTokenManager({ ...given, ...clocked }));
          return { found, stood: 'clock' in clocked || (Date.now() === before[0] && performance.now() === before[1]) };
        },
        `(${journey(server.origin, config)})`,
      );
      assert.deepEqual(outcome, { found: expected('wasm', config.storage ?? 'memory'), stood: true });
      quiet(server);
    });
  }
}

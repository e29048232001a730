// One browser and one bundled application for a test file; a page server, a
// deviant authorization server and a context for each test.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { DeviantServer } from './deviant.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--test-third-party-cookie-phaseout'];
const HERE = fileURLToPath(new URL('..', import.meta.url));

/** What a test says to the application. */
const APPLICATION = `
  import { createOAuthManager } from 'evertoken/oauth';
  /** All that can be read of an error, however deep. */
  const all = (value, depth = 0) =>
    depth > 4 || value === null || typeof value !== 'object' || value instanceof URLSearchParams
      ? String(value)
      : [value.message, value.stack, ...Reflect.ownKeys(value).map((key) => all(value[key], depth + 1))].join('\\n');
  const told = (error) => ({ code: error.code, reason: error.reason, message: error.message, error: error.error, text: JSON.stringify(error) + all(error) });
  const seen = (promise) => promise.then((value) => ({ value }), (error) => ({ error: told(error) }));
  window.app = {
    events: [],
    async start(config) {
      window.auth = await createOAuthManager(config);
      for (const type of ['signed-in', 'signed-out', 'user-changed', 'warning']) auth.on(type, (event) => app.events.push(event.reason ?? event.type));
    },
    create: (config) => seen(createOAuthManager(config).then(() => 'made')),
    handle: (url) => seen(auth.handleRedirect(url)),
    signIn: (options) => seen(auth.signIn(options)),
    state: () => ({ href: location.href, status: auth.snapshot.status, claims: auth.idTokenClaims }),
  };
`;

/** The source of what is tested, for a copy of which a check is taken out. */
const SOURCE = await readFile(new URL('../../../pkg-template/oauth.js', import.meta.url), 'utf8');

/** The source with one part of it replaced. */
function changed([part, replacement]) {
  assert.equal(SOURCE.split(part).length, 2, `"${part}" is in the source once`);
  return SOURCE.replace(part, () => replacement);
}

/** Bundles a module as an application does that has the package and its peer,
 * and further modules in TypeScript by what they are imported as. */
export async function bundle(contents, modules = {}, without = undefined) {
  const packages = {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /^evertoken(\/|$)/ }, ({ path }) => ({ path: join(process.env.EVERTOKEN_PKG, `${path.slice('evertoken/'.length) || 'index'}.js`) }));
      if (without) build.onLoad({ filter: /\/oauth\.js$/ }, () => ({ contents: changed(without), resolveDir: process.env.EVERTOKEN_PKG }));
      build.onResolve({ filter: /^\.\// }, ({ path }) => (path in modules ? { path, namespace: 'module' } : undefined));
      build.onLoad({ filter: /.*/, namespace: 'module' }, ({ path }) => ({ contents: modules[path], loader: 'ts', resolveDir: HERE }));
      build.onResolve({ filter: /^oauth4webapi$/ }, () => ({ path: join(HERE, 'node_modules/oauth4webapi/build/index.js') }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: HERE, loader: 'ts' },
    plugins: [packages],
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'warning',
    // Loaded by index.js where there is no WebAssembly.
    external: ['./fallback.js'],
  });
  return outputFiles[0].text;
}

/** Serves `/app.js`, and a page with it whatever the path. */
export async function servePages() {
  const requests = [];
  const http = createServer((request, response) => {
    requests.push(request);
    const [type, body] = request.url === '/app.js' ? ['text/javascript', pages.script] : ['text/html', '<!doctype html><link rel=icon href=data:,><script type=module src=/app.js></script>'];
    response.setHeader('content-type', `${type}; charset=utf-8`).end(body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const pages = {
    requests,
    origin: `http://127.0.0.1:${http.address().port}`,
    stop() {
      http.closeAllConnections();
      http.close();
    },
  };
  return pages;
}

/** An application that starts by itself on every page: it takes an answer in,
 * and says what there is. */
export const SELF_STARTING = `
  import { createOAuthManager } from 'evertoken/oauth';
  const config = JSON.parse(localStorage.getItem('config'));
  if (config) {
    const auth = window.auth = await createOAuthManager(config);
    window.events = [];
    for (const type of ['signed-in', 'refreshed', 'refresh-failed', 'signed-out', 'warning']) auth.on(type, (event) => events.push(event.reason ?? event.type));
    window.outcome = await auth.handleRedirect().catch(({ reason }) => reason);
  }
  window.app = {};
`;

/** Registers the file's browser, and gives `check(name, run)`, which makes a
 * test. `code` is the application, in which ISSUER stands for the address of
 * the test's own server. */
export function suite(code = APPLICATION, modules = {}) {
  let browser;
  let script;
  before(async () => {
    script = await bundle(code, modules);
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  });
  after(() => browser?.close());

  /** Runs a test over an application. */
  async function over(code, run, serve, patienceMs) {
    const context = await browser.newContext();
    context.setDefaultTimeout(patienceMs);
    const pages = await servePages();
    const complaints = [];
    const open = async (path = '/', where = context) => {
      const page = await where.newPage();
      page.on('pageerror', (error) => complaints.push(String(error?.stack ?? error)));
      await page.goto(pages.origin + path);
      await ready(page);
      return page;
    };
    let server;
    try {
      server = await serve(pages.origin);
      pages.script = code.replaceAll('ISSUER', server.issuer);
      const config = { issuer: server.issuer, clientId: 'spa', redirectUri: '/callback', storage: 'session', baseUrl: server.issuer };
      await run({ page: await open(), server, pages, context, open, config, browser });
      assert.deepEqual(complaints, [], 'a page threw, or a rejection was not handled');
    } finally {
      await context.close();
      pages.stop();
      await server?.stop();
    }
  }

  return (name, run, { timeout = 30_000, serve = (page) => new DeviantServer(page).start(), without } = {}) => {
    test(name, { timeout }, () => over(script, run, serve, timeout));
    if (!without) return;
    test(`${name}: noticed without \`${without[0]}\``, { timeout }, async () => {
      const other = await bundle(code, modules, without);
      await assert.rejects(over(other, run, serve, 3000), { name: 'AssertionError' }, 'the test passes without the check');
    });
  };
}

/** Waits for the application of a page. */
export const ready = (page) => page.waitForFunction(() => window.app !== undefined);

/** Goes to the server from a page, and waits until it is back with an answer. */
export async function depart(page, config, options) {
  await page.evaluate((config) => app.start(config), config);
  const back = page.waitForURL((url) => url.pathname === '/callback');
  const { error } = await page.evaluate((options) => app.signIn(options), options).catch(() => ({}));
  assert.equal(error, undefined);
  await back;
  await ready(page);
}

/** Takes in the answer that a page was loaded with. */
export async function arrive(page, config) {
  await page.evaluate((config) => app.start(config), config);
  return page.evaluate(() => app.handle());
}

/** Signs in, and gives what came of it. */
export async function signIn(page, config, options) {
  await depart(page, config, options);
  return arrive(page, config);
}

export const stateOf = (page) => page.evaluate(() => app.state());

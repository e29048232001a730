// One installed package and one browser for a test file, a context and a
// server for each test.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { AuthServer } from '../../e2e/support/auth-server.mjs';
import { install } from './install.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let installed;
let count = 0;

/** Bundles an application that has the installed package. */
async function bundle(code, { alias = {}, plugins = [], platform = 'browser' } = {}) {
  const file = join(installed.folder, `app-${++count}.mjs`);
  await writeFile(file, code);
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform,
    format: platform === 'node' ? 'cjs' : 'esm',
    alias,
    plugins,
    // Where an alias is looked up.
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true' },
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** Runs such an application on the server's side, for what it exports. */
export async function load(code, options) {
  const file = join(installed.folder, `server-${++count}.cjs`);
  await writeFile(file, await bundle(code, { ...options, platform: 'node' }));
  return createRequire(file)(file);
}

/** Serves `/app.js`, and a page that runs it, whatever the path. */
async function servePages(html, script) {
  const http = createServer((request, response) => {
    const [type, body] = request.url === '/app.js' ? ['text/javascript', script] : ['text/html', html];
    response.setHeader('content-type', `${type}; charset=utf-8`).end(body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    origin: `http://127.0.0.1:${http.address().port}`,
    stop() {
      http.closeAllConnections();
      http.close();
    },
  };
}

/** Registers the file's browser; gives `app(code, options)`, which gives a
 * test function for pages with that application. Its code is bundled once,
 * and gets the API's origin as `location.hash`. */
export function suite() {
  let browser;
  before(async () => {
    installed = await install();
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    await installed?.remove();
  });

  return (code, options) => {
    let bundled;
    return (name, run, { html = () => '', prepare } = {}) =>
      test(name, { timeout: 30_000 }, async (t) => {
        const script = await (bundled ??= bundle(code, options));
        const server = await new AuthServer().start();
        const body = await html(server);
        const pages = await servePages(
          `<!doctype html><link rel=icon href=data:,><div id=root>${body}</div><script type=module src=/app.js></script>`,
          script,
        );
        server.origins = [pages.origin];
        const context = await browser.newContext();
        const complaints = [];
        try {
          const page = await context.newPage();
          page.on('pageerror', (error) => complaints.push(String(error?.stack ?? error)));
          page.on('console', (message) => {
            const refused = message.text().startsWith('Failed to load resource');
            if (['error', 'warning'].includes(message.type()) && !refused) complaints.push(message.text());
          });
          await prepare?.(page, pages, server);
          await page.goto(`${pages.origin}/#${server.origin}`);
          // An application says that it is ready by its global.
          await page.waitForFunction(() => window.app !== undefined);
          await run({ t, page, server, pages, context, complaints });
          assert.deepEqual(complaints, [], 'a page threw or complained');
        } finally {
          await context.close();
          pages.stop();
          await server.stop();
        }
      });
  };
}

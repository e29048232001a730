// One browser and one page server for a test file, a context for each test.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { AuthServer } from './auth-server.mjs';
import { NOT_OVER_THE_CRATE } from './crate.mjs';

export { chromium };
export const PKG = process.env.EVERTOKEN_PKG;
/** Which engine the pages run: 'wasm', 'js' where there is no WebAssembly, or
 * 'crate', the Rust host behind the face of tests/face. */
export const ENGINE = process.env.EVERTOKEN_ENGINE ?? 'wasm';
const TYPES = { wasm: 'application/wasm', js: 'text/javascript; charset=utf-8', mjs: 'text/javascript; charset=utf-8' };
const BLANK = '<!doctype html><title>test</title><link rel=icon href=data:,>';
const PAGE = `${BLANK}<script type=module src=/kit.js></script>`;

export const BROWSER = {
  executablePath: process.env.CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** The package is the built one; what the kit is made of is its source. */
function fileOf(pathname) {
  if (pathname === '/kit.js') return new URL('kit.js', import.meta.url);
  if (pathname.startsWith('/testing/')) return new URL(`../../../pkg-template${pathname}`, import.meta.url);
  return `${PKG}/${pathname.replace(/^\/pkg\//, '')}`;
}

/** Starts the server of the pages: the package, the kit and two pages. */
export async function servePages() {
  const http = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://page');
    response.setHeader('content-type', TYPES[pathname.split('.').at(-1)] ?? 'text/html; charset=utf-8');
    // A sandboxed page is of no origin, and loads its modules from another.
    response.setHeader('access-control-allow-origin', '*');
    if (pathname === '/') return response.end(PAGE);
    if (pathname === '/strict') {
      // How a module in Rust is loaded is its application's: by a file, here.
      const own = ENGINE === 'crate' ? "'self' " : '';
      const policy = `default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; connect-src ${own}${searchParams.get('api')}`;
      return response.setHeader('content-security-policy', policy).end(PAGE);
    }
    if (pathname === '/no-wasm') {
      const policy = `default-src 'none'; img-src data:; script-src 'self'; connect-src ${searchParams.get('api')}`;
      return response.setHeader('content-security-policy', policy).end(PAGE);
    }
    // A worker of the text in its address, in which WebAssembly is forbidden,
    // and one in which it is not.
    if (pathname === '/worker.js') return response.setHeader('content-security-policy', "script-src 'self'").end(searchParams.get('text'));
    if (pathname === '/worker-with-wasm.js') return response.end(searchParams.get('text'));
    if (pathname === '/blank') return response.end(BLANK);
    try {
      response.end(await readFile(fileOf(pathname)));
    } catch {
      response.writeHead(404).end();
    }
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

/** Why the crate is not asked this; nothing where it is, or is not the engine. */
export function skipped(name) {
  if (ENGINE !== 'crate') return undefined;
  unmet.delete(name);
  return NOT_OVER_THE_CRATE[name];
}

/** The names of the table that this file of a rule has to have. */
const [, number] = /rule-(\d+)/.exec(process.argv[1]) ?? [];
const unmet = new Set(ENGINE === 'crate' && number ? Object.keys(NOT_OVER_THE_CRATE).filter((name) => name.startsWith(`rule ${Number(number)}:`)) : []);

/** Registers the file's browser; gives `rule(name, options?, run)`, a test
 * that gets `{ page, server, open, context, complaints, browser }` and fails
 * if a page threw or left a rejection unhandled. */
export function suite({ launch = {} } = {}) {
  let browser;
  let pages;
  before(async () => {
    pages = await servePages();
    browser = await chromium.launch({ ...BROWSER, ...launch });
  });
  after(async () => {
    await browser?.close();
    pages?.stop();
    assert.deepEqual([...unmet], [], 'what the crate is not asked is no test of this file');
  });

  return function rule(name, options, run) {
    if (typeof options === 'function') [options, run] = [{}, options];
    const reason = skipped(name);
    if (reason) return test(name, { skip: reason }, () => {});
    const { timeout = 30_000, context: contextOptions, ...serverOptions } = options;
    test(name, { timeout }, async (t) => {
      const server = await new AuthServer({ origins: [pages.origin], ...serverOptions }).start();
      const context = await browser.newContext(contextOptions);
      if (ENGINE === 'js') await context.addInitScript(() => delete globalThis.WebAssembly);
      // What the glue of wasm-bindgen cleans up runs in a page that was put
      // away, and Chromium gives such a page up.
      if (ENGINE === 'crate') await context.addInitScript(() => delete globalThis.FinalizationRegistry);
      const complaints = [];
      const said = [];
      const watch = (page) => {
        page.on('pageerror', (error) => complaints.push(String(error?.stack ?? error)));
        page.on('console', (message) => said.push(message.text()));
        return page;
      };
      const open = async (path = '/') => {
        const page = watch(await context.newPage());
        await page.goto(`${pages.origin}${path}?api=${encodeURIComponent(server.origin)}`);
        return page;
      };
      try {
        await run({ t, page: await open(), server, context, browser, open, said, complaints, pages });
        assert.deepEqual(complaints, [], 'a page threw, or a rejection was not handled');
      } finally {
        await context.close();
        await server.stop();
      }
    });
  };
}

/** `count` copies. */
export const times = (count, value) => Array.from({ length: count }, () => value);

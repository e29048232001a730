// One browser for a test file, and what is to be seen in a page that has the
// application of app.js, whatever built it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { AuthServer } from '../../e2e/support/auth-server.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

/** How long a page on a busy machine may take. */
export const PATIENCE = 120_000;

let browser;

/** Registers the file's browser. */
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  });
  after(() => browser?.close());
}

/** Serves a folder's files as any static server does; gives `{ origin, stop }`. */
export async function serveFiles(folder) {
  const http = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://server');
    const file = join(folder, normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    try {
      const content = await readFile(file);
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    origin: `http://127.0.0.1:${http.address().port}`,
    async stop() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

/** Runs `use(page, server)` with a page whose complaints fail the test. */
export async function withPage(origin, use, prepare = () => {}) {
  const server = await new AuthServer({ origins: [origin] }).start();
  const context = await browser.newContext();
  const complaints = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => complaints.push(String(error?.stack ?? error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    await page.addInitScript(prepare);
    try {
      await use(page, server);
    } catch (error) {
      error.message += `\nthe page complained: ${complaints.join('\n') || 'of nothing'}`;
      throw error;
    }
    assert.deepEqual(complaints, [], 'the page threw or complained');
  } finally {
    await context.close();
    await server.stop();
  }
}

/** Proves that the application signs in and gets an answer: with WebAssembly,
 * and without it, where the tool has to have kept fallback.js. `texts` is what
 * else is to be read in the page, by the elements' names. */
export async function proves(url, texts = {}, engines = ['wasm', 'js']) {
  for (const engine of engines) {
    const prepare = engine === 'js' ? () => delete globalThis.WebAssembly : undefined;
    await withPage(
      new URL(url).origin,
      async (page, server) => {
        await page.goto(`${url}#${server.origin}`);
        const said = page.locator('#said', { hasText: /\S/ });
        await said.waitFor();
        assert.equal(await said.textContent(), `alice ${engine}`);
        assert.ok(server.accepts(server.of('api').at(-1).token), 'the request had a token');
        for (const [id, text] of Object.entries(texts)) await page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor();
      },
      prepare,
    );
  }
}

// The files that the browsers load, and the server that they load them from.
// It is the API of the row over loopback as well.
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { embed } from '../../xtask/tools/embed.mjs';
import { glue } from '../../xtask/tools/glue.mjs';

const { EVERTOKEN_PKG: PKG, EVERTOKEN_STAGE: STAGE } = process.env;
const here = new URL('.', import.meta.url).pathname;
/** What runs in the pages beside the peers. */
const PARTS = ['measure', 'world', 'decoders', 'loopback', 'growth', 'path'];

const OPTIONS = {
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'error',
  charset: 'ascii',
  external: ['./fallback.js', '/named.js'],
};

export class Site {
  /** Of each peer, its name and how large it is. */
  peers = [];
  origin;
  #folder;
  #server;

  static async open() {
    const site = new Site();
    site.#folder = await mkdtemp(join(tmpdir(), 'evertoken-bench-'));
    for (const file of (await readdir(join(here, 'peers'))).sort()) {
      const name = file.replace(/\.js$/, '');
      const text = await site.#bundle(join(here, 'peers', file), name);
      site.peers.push({ name, brotli: brotliCompressSync(text).length, gzip: gzipSync(text, { level: 9 }).length });
    }
    for (const part of PARTS) await site.#bundle(join(here, `${part}.js`), part);
    // A profile of functions that have lost their names shows nothing.
    await site.#bundle(join(STAGE, 'index.js'), 'named', { minify: false, plugins: [embed, glue] });
    await site.#listen();
    return site;
  }

  async #bundle(entry, name, options) {
    const outfile = join(this.#folder, `${name}.js`);
    const alias = { evertoken: join(PKG, 'index.js') };
    await build({ ...OPTIONS, minify: true, alias, entryPoints: [entry], outfile, ...options });
    return readFile(outfile);
  }

  async #listen() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async #answer({ url }, response) {
    const { pathname } = new URL(url, 'http://bench');
    // Only a page that is isolated is told the time in fine steps.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.setHeader('cache-control', 'no-store');
    if (pathname === '/data') {
      response.setHeader('content-type', 'application/json');
      return response.end('{"items":[1,2,3]}');
    }
    if (pathname.endsWith('.js')) {
      const text = await readFile(join(this.#folder, pathname)).catch(() => undefined);
      response.writeHead(text ? 200 : 404, { 'content-type': 'text/javascript' });
      return response.end(text);
    }
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>bench</title><link rel=icon href=data:,>');
  }

  async close() {
    this.#server?.close();
    this.#server?.closeAllConnections();
    await rm(this.#folder, { recursive: true });
  }
}

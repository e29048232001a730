// Measures Evertoken beside its peers: bench.mjs [ROUNDS]. All in one run, in
// one browser, one after the other and again: what is compared had the same
// machine. Environment: EVERTOKEN_PKG, CHROMIUM, EVERTOKEN_BENCH_OUT.
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = new URL('.', import.meta.url).pathname;
const ROUNDS = Number(process.argv[2] ?? 7);
const PKG = process.env.EVERTOKEN_PKG;
const work = await mkdtemp(join(tmpdir(), 'evertoken-bench-'));

const median = (numbers) => {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : NaN;
};
/** Half of all lie between these. */
const spread = (numbers) => {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return [sorted[sorted.length >> 2], sorted[(sorted.length * 3) >> 2]];
};
const digits = (number, places = 1) => (Number.isFinite(number) ? number.toFixed(places) : '');

async function bundle(entry, name) {
  const outfile = join(work, `${name}.js`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
    charset: 'ascii',
    alias: { evertoken: join(PKG, 'index.js') },
    external: ['./fallback.js'],
  });
  return readFile(outfile);
}

const peers = [];
for (const file of (await readdir(join(here, 'peers'))).sort()) {
  const name = file.replace(/\.js$/, '');
  const text = await bundle(join(here, 'peers', file), name);
  peers.push({ name, brotli: brotliCompressSync(text).length, gzip: gzipSync(text, { level: 9 }).length });
}
await bundle(join(here, 'measure.js'), 'measure');
await bundle(join(here, 'decoders.js'), 'decoders');
await bundle(join(here, 'world.js'), 'world');

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://bench');
  if (pathname.endsWith('.js')) {
    const text = await readFile(join(work, pathname)).catch(() => undefined);
    response.writeHead(text ? 200 : 404, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
    return response.end(text);
  }
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>bench</title><link rel=icon href=data:,>');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
});

/** Runs something in a page that is new to the browser. */
async function fresh(work, argument) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    return await page.evaluate(work, argument);
  } finally {
    await context.close();
  }
}

const measured = new Map(peers.map(({ name }) => [name, { alone: [], parallel: [], cold: [], 1000: [], 10000: [] }]));
const decoded = [];
const titles = new Map();
const refused = new Map();
for (let round = 0; round < ROUNDS; round++) {
  console.error(`round ${round + 1} of ${ROUNDS}`);
  for (const { name } of peers) {
    const into = measured.get(name);
    try {
      const { title, refreshes, alone, parallel } = await fresh(async (name) => {
        const peer = await import(`/${name}.js`);
        const { request } = await import('/measure.js');
        return { title: peer.title, refreshes: peer.refreshes !== false, ...(await request(peer)) };
      }, name);
      titles.set(name, title);
      into.alone.push(alone);
      into.parallel.push(parallel);
      into.cold.push(
        await fresh(async (name) => {
          const { makeWorld } = await import('/world.js');
          const world = makeWorld({ lifetime: 600 });
          globalThis.fetch = world.fetch;
          const start = performance.now();
          const { make } = await import(`/${name}.js`);
          const { get } = await make(world);
          await get('/data');
          return performance.now() - start;
        }, name),
      );
      for (const count of refreshes ? [1000, 10_000] : []) {
        // Ten thousand once in a while: some peers need seconds for them.
        if (count === 10_000 && round % 3) continue;
        into[count].push(
          await fresh(
            async ([name, count]) => {
              const { waiting } = await import('/measure.js');
              return waiting(await import(`/${name}.js`), count);
            },
            [name, count],
          ),
        );
      }
    } catch (error) {
      refused.set(name, String(error?.message ?? error).split('\n')[0]);
    }
  }
  decoded.push(await fresh(async () => (await import('/decoders.js')).decoders()));
}
await browser.close();
server.close();
await rm(work, { recursive: true });

const own = measured.get('evertoken');
const rows = peers.map(({ name, brotli, gzip }) => {
  const { alone, parallel, cold, ...counts } = measured.get(name);
  const of = (count) => {
    const runs = counts[count];
    const each = (what) => median(runs.map((run) => run[what]));
    return runs.length ? { calls: each('calls'), ok: each('ok'), ms: each('ms'), heap: each('heap') } : undefined;
  };
  return {
    name,
    title: titles.get(name) ?? name,
    brotli,
    gzip,
    alone: median(alone),
    aloneSpread: spread(alone),
    aloneRatio: median(alone) / median(own.alone),
    parallel: median(parallel),
    cold: median(cold),
    waiting1000: of(1000),
    waiting10000: of(10_000),
    refused: refused.get(name),
  };
});
const decode = Object.fromEntries(
  Object.keys(decoded[0]).map((name) => [
    name,
    Object.fromEntries(Object.keys(decoded[0][name]).map((size) => [size, median(decoded.map((round) => round[name][size]))])),
  ]),
);

const wait = (found) => (found ? `${found.calls} / ${found.ok} / ${digits(found.ms, 0)} / ${digits(found.heap / 1e6)}` : '');
console.log('| | brotli B (gzip) | added us a request (half of the rounds between) | times ours | parallel | cold ms | 1,000 waiting: calls / answered / ms / MB | 10,000 waiting |');
console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
for (const row of rows.sort((a, b) => a.brotli - b.brotli)) {
  const [low, high] = row.aloneSpread;
  console.log(
    `| ${row.title} | ${row.brotli} (${row.gzip}) | ${digits(row.alone, 2)} (${digits(low, 2)} to ${digits(high, 2)}) | ${digits(row.aloneRatio)} | ${digits(row.parallel, 2)} | ${digits(row.cold)} | ${wait(row.waiting1000)} | ${wait(row.waiting10000)} |${row.refused ? ` could not be driven: ${row.refused}` : ''}`,
  );
}
console.log('\n| is this token expired, us | 250 B | 4 kB | UTF-8 |\n|---|--:|--:|--:|');
for (const [name, sizes] of Object.entries(decode)) {
  console.log(`| ${name} | ${Object.values(sizes).map((us) => digits(us, 2)).join(' | ')} |`);
}

const report = { date: new Date().toISOString(), rounds: ROUNDS, machine: { cores: cpus().length, model: cpus()[0]?.model }, rows, decode };
await writeFile(process.env.EVERTOKEN_BENCH_OUT, `${JSON.stringify(report, null, 1)}\n`);

// Measures Evertoken beside its peers: bench.mjs [ROUNDS] [PART ...]. All of a
// part in one run, in one browser, one after the other and again: what is
// compared had the same machine. Parts that are not named stay as they are in
// bench.json. Environment: EVERTOKEN_PKG, EVERTOKEN_STAGE, EVERTOKEN_BENCH_OUT,
// CHROMIUM, FIREFOX, GECKODRIVER.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { Chromium } from './chromium.mjs';
import { Firefox } from './firefox.mjs';
import { PARTS } from './parts.mjs';
import { Site } from './site.mjs';
import { TABLES } from './tables.mjs';

const ROUNDS = 7;
const out = process.env.EVERTOKEN_BENCH_OUT;
const given = process.argv.slice(2);
const rounds = /^\d+$/.test(given[0]) ? Number(given.shift()) : ROUNDS;
const unknown = given.find((part) => !(part in PARTS));
if (unknown) throw new Error(`no part is called ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);

const site = await Site.open();
const browsers = new Map();
const once = (kind) => () => {
  if (!browsers.has(kind)) browsers.set(kind, kind.launch(site.origin));
  return browsers.get(kind);
};
const world = { site, rounds, chromium: once(Chromium), firefox: once(Firefox) };

const report = JSON.parse(await readFile(out, 'utf8').catch(() => '{}'));
/** What is measured is kept, whatever becomes of the parts that follow. */
async function keep() {
  const order = ['machine', ...Object.keys(PARTS)].filter((name) => name in report);
  await writeFile(out, `${JSON.stringify(Object.fromEntries(order.map((name) => [name, report[name]])), null, 1)}\n`);
}

const load = () => Number(loadavg()[0].toFixed(1));
try {
  report.machine = { cores: cpus().length, model: cpus()[0]?.model, browser: (await world.chromium()).version };
  for (const part of given.length ? given : Object.keys(PARTS)) {
    const measured = { date: new Date().toISOString(), rounds, load: [load()] };
    const found = await PARTS[part](world);
    measured.load.push(load());
    report[part] = { measured, found };
    console.log(`\n${TABLES[part](found)}`);
    await keep();
  }
} finally {
  for (const browser of browsers.values()) await (await browser.catch(() => undefined))?.close();
  await site.close();
}

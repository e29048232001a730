// Chromium: pages that are new to it, a slower processor, and its profiler.
import { chromium } from 'playwright-core';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--enable-precise-memory-info', '--js-flags=--expose-gc'];
/** Requests that a profile is made of. */
export const PROFILED = 100_000;
const SAMPLE_US = 100;

export class Chromium {
  #browser;
  #origin;

  static async launch(origin) {
    const chrome = new Chromium();
    chrome.#origin = origin;
    chrome.#browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGS });
    return chrome;
  }

  get version() {
    return `Chromium ${this.#browser.version()}`;
  }

  async #page(work) {
    const context = await this.#browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${this.#origin}/`);
      return await work(page, context);
    } finally {
      await context.close();
    }
  }

  /** Runs something in a page that is new to the browser. */
  fresh(work, argument, { slower = 1 } = {}) {
    return this.#page(async (page, context) => {
      if (slower > 1) {
        const session = await context.newCDPSession(page);
        await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
      }
      return page.evaluate(work, argument);
    });
  }

  /** The functions in which requests spend their time, most of it first, and
   * how much of it is in WebAssembly. */
  profile() {
    return this.#page(async (page, context) => {
      await page.evaluate(async () => (await import('/path.js')).prepared());
      const session = await context.newCDPSession(page);
      await session.send('Profiler.enable');
      await session.send('Profiler.setSamplingInterval', { interval: SAMPLE_US });
      await session.send('Profiler.start');
      await page.evaluate((requests) => globalThis.runRequests(requests), PROFILED);
      const { profile } = await session.send('Profiler.stop');
      return selfTimes(profile);
    });
  }

  close() {
    return this.#browser.close();
  }
}

/** Adds up a profile's samples by function. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map();
  let wasm = 0;
  samples.forEach((id, at) => {
    const { functionName, url } = byId.get(id);
    // What the page did not do: the profiler, and waiting for it.
    if (functionName === '(idle)' || functionName === '(root)') return;
    const us = timeDeltas[at];
    const isWasm = url.startsWith('wasm:');
    if (isWasm) wasm += us;
    const place = isWasm ? 'WebAssembly' : placeOf(url, functionName);
    const name = `${functionName || '(anonymous)'}, ${place}`;
    functions.set(name, (functions.get(name) ?? 0) + us);
  });
  const rows = [...functions].map(([name, us]) => ({ name, us: us / PROFILED })).sort((a, b) => b.us - a.us);
  return { requests: PROFILED, wasm: wasm / PROFILED, total: rows.reduce((sum, { us }) => sum + us, 0), rows: rows.slice(0, 12) };
}

function placeOf(url, name) {
  if (/^\(.*\)$/.test(name) || !url) return 'browser';
  return url.endsWith('/named.js') ? 'evertoken' : 'bench';
}

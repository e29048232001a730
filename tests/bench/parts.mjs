// What is measured, by part. A part takes { site, chromium, firefox, rounds },
// of which the browsers are started when they are asked for, and gives what
// bench.json says of it.
import { figure, median } from './figures.mjs';
import { PROFILED } from './chromium.mjs';

const SLOWER = 4;
/** Ten thousand once in a while: some peers need seconds for them. */
const RARE = 3;
/** A start is short, and one differs from the next: so many times the rounds. */
const STARTS = 3;

const say = (what) => console.error(what);

const request = async (name) => {
  const peer = await import(`/${name}.js`);
  const { request } = await import('/measure.js');
  return { title: peer.title, refreshes: peer.refreshes !== false, ...(await request(peer)) };
};

const waiting = async ([name, count]) => {
  const { waiting } = await import('/measure.js');
  return waiting(await import(`/${name}.js`), count);
};

const cold = async (name) => {
  const { makeWorld } = await import('/world.js');
  const { cold } = await import('/measure.js');
  return cold(name, makeWorld);
};

const loopback = async (name) => {
  const peer = await import(`/${name}.js`);
  const { loopback } = await import('/loopback.js');
  return { title: peer.title, pairs: await loopback(peer) };
};

const decoders = async () => (await import('/decoders.js')).decoders();
const growth = async ([what, count]) => (await import('/growth.js'))[what](count);

/** Measures each peer in turn, again and again, and another one first each
 * time: what a peer leaves behind is not always the same one's burden. One
 * that cannot be driven is said to be so; the others are measured all the
 * same. */
async function each(peers, rounds, what, measure) {
  const found = new Map(peers.map(({ name }) => [name, []]));
  const refused = new Map();
  for (let round = 0; round < rounds; round++) {
    say(`${what}: round ${round + 1} of ${rounds}`);
    const first = round % peers.length;
    for (const { name } of [...peers.slice(first), ...peers.slice(0, first)]) {
      try {
        found.get(name).push(await measure(name, round));
      } catch (error) {
        refused.set(name, String(error?.message ?? error).split('\n')[0]);
      }
    }
  }
  return { found, refused };
}

/** What several runs with waiting requests come to. */
function waited(runs) {
  const all = runs.filter(Boolean);
  const middle = (what) => median(all.map((run) => run[what]));
  return all.length ? { calls: middle('calls'), ok: middle('ok'), ms: figure(all.map(({ ms }) => ms)), heap: middle('heap') } : undefined;
}

async function peers({ site, chromium, rounds }) {
  const browser = await chromium();
  const { found, refused } = await each(site.peers, rounds, 'peers', async (name, round) => {
    const run = await browser.fresh(request, name);
    if (run.refreshes) {
      run[1000] = await browser.fresh(waiting, [name, 1000]);
      if (round % RARE === 0) run[10_000] = await browser.fresh(waiting, [name, 10_000]);
    }
    return run;
  });
  // By themselves: while the browser clears away what a page with thousands of
  // requests leaves, ours took 36 ms instead of 25, and bare fetch 11 instead
  // of 6.
  const starts = await each(site.peers, rounds * STARTS, 'starts', async (name) => ({
    ...(await browser.fresh(cold, name)),
    slow: await browser.fresh(cold, name, { slower: SLOWER }),
  }));
  return site.peers.map(({ name, brotli, gzip }) => {
    const runs = found.get(name);
    const started = starts.found.get(name);
    return {
      name,
      title: runs[0]?.title ?? name,
      brotli,
      gzip,
      alone: figure(runs.map(({ alone }) => alone)),
      parallel: figure(runs.map(({ parallel }) => parallel)),
      cold: figure(started.map(({ first }) => first)),
      slowReady: figure(started.map(({ slow }) => slow.ready)),
      waiting1000: waited(runs.map((run) => run[1000])),
      waiting10000: waited(runs.map((run) => run[10_000])),
      refused: refused.get(name) ?? starts.refused.get(name),
    };
  });
}

async function overLoopback({ site, chromium, rounds }) {
  const browser = await chromium();
  const { found, refused } = await each(site.peers, rounds, 'loopback', (name) => browser.fresh(loopback, name));
  return site.peers.map(({ name }) => {
    const runs = found.get(name);
    const pairs = runs.flatMap((run) => run.pairs);
    return {
      name,
      title: runs[0]?.title ?? name,
      ms: figure(pairs.map(({ peer }) => peer)),
      ratio: figure(pairs.map(({ peer, bare }) => peer / bare)),
      refused: refused.get(name),
    };
  });
}

async function decodingIn(browser, rounds) {
  const runs = [];
  for (let round = 0; round < rounds; round++) runs.push(await browser.fresh(decoders));
  const [first] = runs;
  return Object.keys(first).map((name) => ({
    name,
    sizes: Object.fromEntries(Object.keys(first[name]).map((size) => [size, figure(runs.map((run) => run[name][size]))])),
  }));
}

const GROWTH = [
  ['waiting', 'waiting callers', [1, 100, 1000, 10_000]],
  ['subscribers', 'subscribers', [1, 100, 1000, 10_000]],
  ['origins', 'allowed origins', [1, 10, 100]],
  ['paths', 'allowed origins with a path', [1, 10, 100]],
  ['claims', 'bytes of claims', [100, 4096, 65_536]],
  ['tabs', 'tabs', [1, 10, 30]],
];

async function grown({ chromium, rounds }) {
  const browser = await chromium();
  const runs = GROWTH.flatMap(([name, title, counts]) => counts.map((count) => ({ name, title, count, found: [] })));
  for (let round = 0; round < rounds; round++) {
    say(`growth: round ${round + 1} of ${rounds}`);
    for (const { name, count, found } of runs) found.push(await browser.fresh(growth, [name, count]));
  }
  return runs.map(({ name, title, count, found }) => ({
    name,
    title,
    count,
    request: figure(found.map(({ request }) => request)),
    refresh: figure(found.map(({ refresh }) => refresh)),
  }));
}

async function profiled({ chromium }) {
  const browser = await chromium();
  say(`profile: ${PROFILED} requests`);
  const calls = await browser.fresh(async (requests) => (await import('/path.js')).calls(requests), PROFILED);
  return { ...(await browser.profile()), calls };
}

async function inFirefox({ site, firefox, rounds }) {
  const browser = await firefox();
  const { found, refused } = await each(site.peers, rounds, 'Firefox', async (name) => {
    const run = await browser.fresh(request, name);
    if (run.refreshes) run[1000] = await browser.fresh(waiting, [name, 1000]);
    return run;
  });
  const rows = site.peers.map(({ name }) => {
    const runs = found.get(name);
    return {
      name,
      title: runs[0]?.title ?? name,
      alone: figure(runs.map(({ alone }) => alone)),
      parallel: figure(runs.map(({ parallel }) => parallel)),
      waiting1000: waited(runs.map((run) => run[1000])),
      refused: refused.get(name),
    };
  });
  return { rows, decoding: await decodingIn(browser, rounds) };
}

export const PARTS = {
  peers,
  loopback: overLoopback,
  decoding: async ({ chromium, rounds }) => decodingIn(await chromium(), rounds),
  growth: grown,
  profile: profiled,
  firefox: inFirefox,
};

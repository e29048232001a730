// What is measured of a peer, in a page that has nothing else to do.
import { makeWorld } from './world.js';

const SEQUENTIAL = 1000;
const WARM_UP = 200;

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function oneByOne(get, count) {
  for (let i = 0; i < count; i++) await get('/data');
}

const atOnce = (get, count) => Promise.all(Array.from({ length: count }, () => get('/data')));

/** Microseconds that a request takes beyond the transport alone. */
export async function request({ make }) {
  const world = makeWorld({ lifetime: 600 });
  globalThis.fetch = world.fetch;
  const { get } = await make(world);
  const bare = (path) => world.fetch(world.api + path);
  await oneByOne(get, WARM_UP);
  await oneByOne(bare, WARM_UP);
  const per = async (run, count) => {
    const without = await timed(() => run(bare, count));
    const within = await timed(() => run(get, count));
    return ((within - without) * 1000) / count;
  };
  return { alone: await per(oneByOne, SEQUENTIAL), parallel: await per(atOnce, 1000) };
}

/** So many requests with a token that has just ended. */
export async function waiting({ make }, count) {
  const world = makeWorld({ lifetime: 1, checks: true });
  globalThis.fetch = world.fetch;
  const { get } = await make(world);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  globalThis.gc?.();
  const before = performance.memory?.usedJSHeapSize;
  let settled;
  const ms = await timed(async () => {
    const answers = Promise.allSettled(Array.from({ length: count }, () => get('/data')));
    await new Promise((resolve) => setTimeout(resolve, 25));
    globalThis.gc?.();
    world.heap = performance.memory?.usedJSHeapSize - before;
    settled = await answers;
  });
  const ok = settled.filter(({ value }) => value?.status === 200).length;
  return { calls: world.calls, ok, ms, heap: world.heap };
}

/** Microseconds to find out whether a token has ended. */
export function decoding(isOver, token) {
  for (let i = 0; i < 500; i++) isOver(token);
  const start = performance.now();
  for (let i = 0; i < 2000; i++) isOver(token);
  return ((performance.now() - start) * 1000) / 2000;
}

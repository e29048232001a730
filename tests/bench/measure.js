// What is measured of a peer, in a page that has nothing else to do.
import { makeWorld } from './world.js';

/** Turns of so many requests, with the peer and without. */
const TURNS = 9;
const EACH = 500;

export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function middle(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

export async function oneByOne(get, count) {
  for (let i = 0; i < count; i++) await get('/data');
}

export const atOnce = (get, count) => Promise.all(Array.from({ length: count }, () => get('/data')));

/** Microseconds that a request takes with `get` beyond one with `bare`. */
export async function added(run, get, bare, each = EACH) {
  await run(get, each);
  await run(bare, each);
  const turns = [];
  for (let i = 0; i < TURNS; i++) {
    const without = await timed(() => run(bare, each));
    const within = await timed(() => run(get, each));
    turns.push(((within - without) * 1000) / each);
  }
  return middle(turns);
}

/** Microseconds that a request takes beyond the transport alone. */
export async function request({ make }) {
  const world = makeWorld({ lifetime: 600 });
  globalThis.fetch = world.fetch;
  const { get } = await make(world);
  const bare = (path) => world.fetch(world.api + path);
  return { alone: await added(oneByOne, get, bare), parallel: await added(atOnce, get, bare, 1000) };
}

/** So many requests with a token that has just ended. */
export async function waiting({ make }, count) {
  const world = makeWorld({ lifetime: 1, checks: true });
  globalThis.fetch = world.fetch;
  const { get } = await make(world);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  globalThis.gc?.();
  const before = performance.memory?.usedJSHeapSize;
  let heap;
  let settled;
  const ms = await timed(async () => {
    const answers = Promise.allSettled(Array.from({ length: count }, () => get('/data')));
    await new Promise((resolve) => setTimeout(resolve, 25));
    globalThis.gc?.();
    heap = performance.memory?.usedJSHeapSize - before;
    settled = await answers;
  });
  const ok = settled.filter(({ value }) => value?.status === 200).length;
  return { calls: world.calls, ok, ms, heap };
}

/** Milliseconds from the import until a peer can be used, and until its first
 * request has been answered. */
export async function cold(name, makeWorld) {
  const world = makeWorld({ lifetime: 600 });
  globalThis.fetch = world.fetch;
  const start = performance.now();
  const { make } = await import(`/${name}.js`);
  const { get } = await make(world);
  const ready = performance.now() - start;
  await get('/data');
  return { ready, first: performance.now() - start };
}

/** Microseconds to find out whether a token has ended. */
export function decoding(isOver, token) {
  const run = () => {
    const start = performance.now();
    for (let i = 0; i < 500; i++) isOver(token);
    return ((performance.now() - start) * 1000) / 500;
  };
  run();
  return middle(Array.from({ length: TURNS }, run));
}

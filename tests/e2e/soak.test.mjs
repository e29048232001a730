// A long day, shortened: ten thousand lifetimes one after the other.
//
// The first thousand warm the page up: V8 compiles, and keeps what it compiled.
// Both endpoints answer in the page: what the browser itself keeps of each
// call over the network grows with their number, and is not ours.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();
const REFRESHES = 10_000;
const WARM_UP = 1_000;

/** The page's heap and what the module's own memory has, after a collection. */
async function bytes(page, devtools) {
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await devtools.send('Runtime.getHeapUsage');
  const module = await page.evaluate(() => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0));
  assert.ok(module > 0, 'the module was seen');
  return usedSize + embedderHeapUsedSize + backingStorageSize + module;
}

rule(`${REFRESHES} refreshes leave the memory as it was after ${WARM_UP}`, { timeout: 300_000 }, async ({ page, context, t }) => {
  await page.evaluate(async () => {
    const { instantiate } = WebAssembly;
    window.memories = [];
    WebAssembly.instantiate = async (...args) => {
      const result = await instantiate(...args);
      const { exports } = result.instance ?? result;
      memories.push(...Object.values(exports).filter((value) => value instanceof WebAssembly.Memory));
      return result;
    };
    window.clock = new kit.Clock();
    window.calls = 0;
    const part = (value) => btoa(JSON.stringify(value)).replaceAll('=', '');
    const issued = () => {
      const token = `${part({ alg: 'HS256' })}.${part({ sub: 'alice', jti: ++calls })}.s`;
      return Response.json({ accessToken: token, refreshToken: `refresh-${calls}`, expiresIn: 600 });
    };
    const answer = new Response();
    window.auth = await kit.create({
      clock,
      storage: 'local',
      refreshToken: { in: 'body' },
      fetch: async (input) => (/\/(?:login|refresh)$/.test(input) ? issued() : answer),
    });
    await auth.login({ user: 'alice' });
  });
  const devtools = await context.newCDPSession(page);
  const refresh = (count) =>
    page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) {
        clock.at += 601_000;
        const { status } = await auth.fetch('/api/posts');
        if (status !== 200) throw new Error(`request ${i}: ${status}`);
        // The kit writes every event down, which is not what is measured.
        kit.events.length = 0;
      }
    }, count);
  await refresh(WARM_UP);
  const early = await bytes(page, devtools);
  await refresh(REFRESHES - WARM_UP);
  const late = await bytes(page, devtools);
  t.diagnostic(`${early} bytes after ${WARM_UP} refreshes, ${late} after ${REFRESHES}`);
  assert.ok(late < early * 1.05, `${early} bytes after ${WARM_UP} refreshes, ${late} after ${REFRESHES}`);
  const seen = await page.evaluate(() => ({ calls, refreshes: auth.inspect().refreshes, failures: auth.inspect().refreshFailures }));
  assert.deepEqual(seen, { calls: REFRESHES + 1, refreshes: REFRESHES, failures: 0 });
});

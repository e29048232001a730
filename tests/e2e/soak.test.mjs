// A long day, shortened: ten thousand lifetimes one after the other, and the
// memory after the last of them beside that after the first hundred.
//
// A thousand before these warm the page up and are not counted: V8 compiles as
// long as it finds something to gain, and keeps what it compiled. Both endpoints answer in the page: what the browser itself keeps of each
// call over the network grows with their number, and is not ours.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();
const REFRESHES = 10_000;
const FIRST = REFRESHES / 100;
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

rule(`${REFRESHES} refreshes leave the memory as it was after ${FIRST} of them`, { timeout: 600_000 }, async ({ page, context, said, t }) => {
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
  await refresh(FIRST);
  const early = await bytes(page, devtools);
  await refresh(REFRESHES - FIRST);
  const late = await bytes(page, devtools);
  const figures = `${early} bytes after ${FIRST} refreshes, ${late} after ${REFRESHES}`;
  t.diagnostic(figures);
  assert.ok(late < early * 1.05, figures);
  assert.deepEqual(said, [], 'the console stays empty');
  const seen = await page.evaluate(() => ({ calls, refreshes: auth.inspect().refreshes, failures: auth.inspect().refreshFailures }));
  const all = WARM_UP + REFRESHES;
  assert.deepEqual(seen, { calls: all + 1, refreshes: all, failures: 0 });
});

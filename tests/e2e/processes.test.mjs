// Two tabs in two browser processes, on a machine with no time to spare.
// localStorage is not ordered between processes: a tab that has just been
// granted the lock may still read the record from before the other tab's
// write, and would send a refresh token a second time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { suite, times } from './support/suite.mjs';

const rule = suite();
const ROUNDS = Number(process.env.EVERTOKEN_ROUNDS ?? 25);
const LIFETIME_MS = 600_000;
const CONFIG = { storage: 'local', refreshToken: { in: 'body' }, proactive: false };
const OPTIONS = { newestOnly: true, timeout: 60_000 + ROUNDS * 5_000 };

/** Keeps every core busy while `work` goes on. */
async function underLoad(work) {
  const busy = cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  try {
    return await work();
  } finally {
    for (const one of busy) one.kill();
  }
}

/** The processes of the pages: while a page has work to do, the time that its
 * process has had grows, and no other's as much. So much work, and not for so
 * long: on a busy machine a page may get next to nothing of a second. */
async function processesOf(pages, browser) {
  const devtools = await browser.newBrowserCDPSession();
  const times = async () => {
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]));
  };
  const found = [];
  for (const page of pages) {
    let most;
    do {
      const before = await times();
      await page.evaluate(() => {
        let sum = 0;
        for (let i = 0; i < 200_000_000; i++) sum = (sum + i) | 0;
        return sum;
      });
      most = [...(await times())].map(([id, time]) => ({ id, time: time - (before.get(id) ?? 0) })).sort((a, b) => b.time - a.time);
    } while (most[0].time < 0.05 || most[0].time < 4 * (most[1]?.time ?? 0));
    found.push(most[0].id);
  }
  await devtools.detach();
  return found;
}

const start = (page, now, locks = true) =>
  page.evaluate(
    async ([config, now, locks]) => {
      if (!locks) Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
      window.clock = new kit.Clock(now);
      window.auth = await kit.create({ clock, ...config });
    },
    [CONFIG, now, locks],
  );
/** Asks for a token, and is told when the manager has been asked. */
const ask = (page) =>
  page.evaluate(async () => {
    window.asked = kit.outcome(auth.getToken());
    await kit.turn();
  });
const answer = (page) => page.evaluate(() => asked);

/** One refresh that both tabs want: while the first has its call under way,
 * the second waits for the lock. */
async function round(pages, server) {
  const refresh = server.hold('refresh', 1);
  await Promise.all(pages.map(ask));
  await refresh.arrived;
  refresh.release();
  const answers = await Promise.all(pages.map(answer));
  assert.ok(answers[0].value, JSON.stringify(answers[0]));
  assert.deepEqual(answers[1], answers[0]);
}

function sentOnce(server, count) {
  const sent = server.of('refresh').map(({ refreshToken }) => refreshToken);
  assert.equal(server.replays, 0, 'a refresh token came twice');
  assert.equal(new Set(sent).size, sent.length);
  assert.equal(sent.length, count);
  assert.equal(server.alive, 1);
}

for (const which of ['with', 'without']) {
  rule(`rule 1: two processes on a loaded machine send no refresh token twice, ${which} Web Locks (B1, B5)`, OPTIONS, async ({ t, page, open, server, browser }) => {
    const pages = [page, await open()];
    const processes = await processesOf(pages, browser);
    assert.equal(new Set(processes).size, 2, 'each tab has a process of its own');
    for (const one of pages) await start(one, Date.now(), which === 'with');
    await page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
    await pages[1].evaluate(() => kit.until(({ status }) => status === 'signed-in').then(() => undefined));
    await underLoad(async () => {
      for (let count = 1; count <= ROUNDS; count++) {
        await Promise.all(pages.map((one) => one.evaluate((ms) => void (clock.at += ms), LIFETIME_MS + 1000)));
        await round(pages, server);
        sentOnce(server, count);
      }
    });
    t.diagnostic(`${ROUNDS} rounds in processes ${processes.join(' and ')}`);
  });
}

rule('rule 1: nor do two that start at once with a token that has ended (B1, C9)', OPTIONS, async ({ t, page, open, server }) => {
  const pages = [page, await open()];
  const now = Date.now();
  await start(page, now);
  await page.evaluate(() => auth.login({ user: 'alice' }).then(() => undefined));
  await underLoad(async () => {
    for (let count = 1; count <= ROUNDS; count++) {
      await Promise.all(
        pages.map(async (one) => {
          await one.reload();
          await start(one, now + count * (LIFETIME_MS + 1000));
        }),
      );
      await round(pages, server);
      sentOnce(server, count);
    }
  });
  t.diagnostic(`${ROUNDS} rounds`);
});

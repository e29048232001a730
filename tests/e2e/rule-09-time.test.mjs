// Rule 9: no clock and no lifetime causes a loop or a dead token's request.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();
const DAY = 86_400;

rule('rule 9: the lifetime is expiresIn, else exp - iat, else expiresAt, else exp, else lifetimeSeconds', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock(Math.floor(Date.now() / 1000) * 1000);
    const now = Math.floor(clock.at / 1000);
    const at = (seconds) => new Date((now + seconds) * 1000).toISOString();
    const shifted = (seconds) => at(seconds + 7200).replace('Z', '+02:00');
    const cases = {
      expiresIn: { accessToken: kit.jwt({ iat: now, exp: now + 200 }), expiresIn: 100, until: at(300) },
      expires_in: { accessToken: kit.jwt({ iat: now, exp: now + 200 }), expires_in: '100' },
      'exp - iat': { accessToken: kit.jwt({ iat: now - 5000, exp: now - 4800 }), until: at(300) },
      expiresAt: { accessToken: kit.jwt({ exp: now + 400 }), until: at(300) },
      'expiresAt with an offset': { accessToken: 'opaque', until: shifted(300) },
      'expiresAt in seconds': { accessToken: 'opaque', until: now + 300 },
      exp: { accessToken: kit.jwt({ exp: now + 400 }) },
      nothing: { accessToken: 'opaque' },
      'nonsense (G8)': { accessToken: kit.jwt({ iat: now, exp: now - 100 }), expires_in: -5, until: 'soon' },
    };
    const lifetimes = {};
    for (const [name, answer] of Object.entries(cases)) {
      const auth = await kit.create({ clock, key: name, response: { expiresAt: 'until' }, fetch: async () => kit.answer(answer) });
      await auth.login({});
      const { expiresAt } = auth.snapshot;
      lifetimes[name] = expiresAt === null ? null : Math.round((expiresAt - clock.at) / 1000);
      auth.dispose();
    }
    const inMs = await kit.create({ clock, key: 'ms', response: { expiresIn: 'expires', expiresInUnit: 'ms' }, fetch: async () => kit.answer({ token: 'x', expires: 90_000 }) });
    await inMs.login({});
    const cookie = await kit.create({ clock, key: 'cookie', accessToken: { in: 'cookie', lifetimeSeconds: 55 }, fetch: async () => kit.answer({}) });
    await cookie.login({});
    return { lifetimes, ms: inMs.snapshot.expiresAt - clock.at, cookie: cookie.snapshot.expiresAt - clock.at };
  });
  assert.deepEqual(seen.lifetimes, {
    expiresIn: 100,
    expires_in: 100,
    'exp - iat': 200,
    expiresAt: 300,
    'expiresAt with an offset': 300,
    'expiresAt in seconds': 300,
    exp: 400,
    nothing: null,
    'nonsense (G8)': null,
  });
  assert.equal(seen.ms, 90_000);
  assert.equal(seen.cookie, 55_000);
});

for (const days of [25, 40, 4000, 36_500]) {
  rule(`rule 9: a token of ${days} days is renewed once, at its time (C1)`, { lifetime: days * DAY }, async ({ page, server }) => {
    const seen = await page.evaluate(async (days) => {
      const clock = new kit.Clock();
      const auth = await kit.create({ clock });
      await auth.login({ user: 'alice' });
      await clock.advance(5_000);
      const early = auth.inspect().refreshes;
      const made = clock.made;
      const due = auth.inspect().nextRefreshAt;
      await clock.advance(due - clock.at - 1);
      const before = auth.inspect().refreshes;
      await clock.advance(1);
      return { early, made, before, after: auth.inspect().refreshes, due: Math.round((due - (auth.snapshot.expiresAt - days * 86_400_000)) / 1000) };
    }, days);
    assert.equal(seen.early, 0);
    assert.ok(seen.made <= 3, `${seen.made} timers in five seconds`);
    assert.equal(seen.before, 0);
    assert.equal(seen.after, 1);
    assert.equal(server.count('refresh'), 1);
  });
}

rule('rule 9: with the clock of the page, 40 days start no refresh (C1)', { lifetime: 40 * DAY }, async ({ page, server }) => {
  const refreshes = await page.evaluate(async () => {
    const real = window.setTimeout;
    let fired = 0;
    const far = [];
    window.setTimeout = (f, ms, ...rest) => {
      if (ms > 1_000_000) far.push(ms);
      return real(() => (fired++, f()), ms, ...rest);
    };
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    for (let i = 0; i < 50; i++) await auth.fetch('/api/posts');
    return { refreshes: auth.inspect().refreshes, longest: Math.max(...far), far: far.length };
  });
  assert.equal(refreshes.refreshes, 0);
  assert.ok(refreshes.longest <= 2 ** 31 - 1, `a delay of ${refreshes.longest} ms`);
  assert.ok(refreshes.far <= 3);
  assert.equal(server.count('refresh'), 0);
});

for (const [lifetime, ahead] of [[60, 60], [60, 900], [5, 60], [1, 60], [1, 900]]) {
  rule(`rule 9: a lifetime of ${lifetime} s with ${ahead} s ahead is at most one refresh each half of it (C5)`, { lifetime }, async ({ page, server }) => {
    const spans = 20;
    await page.evaluate(
      async ([lifetime, refreshAheadSeconds, spans]) => {
        const clock = new kit.Clock();
        const auth = await kit.create({ clock, refreshAheadSeconds, proactive: true });
        await auth.login({ user: 'alice' });
        for (let i = 0; i < spans * 4; i++) {
          await clock.advance((lifetime * 1000) / 4);
          await auth.fetch('/api/posts');
        }
        await kit.quiet();
      },
      [lifetime, ahead, spans],
    );
    assert.ok(server.count('refresh') <= spans * 2, `${server.count('refresh')} refreshes in ${spans} lifetimes`);
    assert.ok(server.count('refresh') >= spans - 1);
  });
}

for (const [what, skew] of [['an hour fast', 3600], ['a day fast', DAY], ['an hour slow', -3600], ['ten minutes slow', -600]]) {
  rule(`rule 9: a clock ${what} changes nothing (D1, D2, D3)`, { lifetime: 60, newestOnly: true, shape: ({ accessToken, refreshToken }) => ({ accessToken, refreshToken }) }, async ({ page, server }) => {
    const seen = await page.evaluate(async (skew) => {
      const clock = new kit.Clock(Date.now() + skew * 1000);
      const auth = await kit.create({ clock });
      await auth.login({ user: 'alice' });
      const lifetime = Math.round((auth.snapshot.expiresAt - clock.at) / 1000);
      const statuses = [];
      for (let i = 0; i < 10; i++) {
        statuses.push((await auth.fetch('/api/posts')).status);
        await clock.advance(30_000);
      }
      return { lifetime, statuses, skew: Math.round(auth.inspect().clockSkewMs / 1000) };
    }, skew);
    assert.equal(seen.lifetime, 60);
    assert.deepEqual(seen.statuses, times(10, 200));
    // The page's clock ran five minutes ahead of the server's meanwhile.
    assert.ok(Math.abs(seen.skew + skew) <= 310, `skew ${seen.skew}`);
    assert.ok(server.count('refresh') <= 10 && server.count('refresh') >= 4, `${server.count('refresh')} refreshes`);
  });
}

rule('rule 9: the first request after a long sleep waits, and sends no expired token (C2, C3)', { lifetime: 60, newestOnly: true }, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock });
    await auth.login({ user: 'alice' });
    const old = await auth.getToken();
    // Asleep: time passes and no timer comes.
    clock.at += 8 * 3_600_000;
    const statuses = (await Promise.all([auth.fetch('/api/posts'), auth.fetch('/api/posts')])).map(({ status }) => status);
    clock.fire();
    await kit.quiet();
    return { old, statuses };
  });
  assert.deepEqual(seen.statuses, [200, 200]);
  assert.ok(server.of('api').every(({ token }) => token !== seen.old));
  assert.equal(server.count('refresh'), 1);
});

rule('rule 9: a clock that jumps to and fro makes no loop and signs nobody out', { lifetime: 60 }, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock });
    await auth.login({ user: 'alice' });
    const statuses = new Set();
    for (const jump of [86_400, -86_400, -3600, 3600, 31_536_000, -31_536_000, -1, 1]) {
      clock.jump(jump * 1000);
      await kit.quiet();
      statuses.add((await auth.fetch('/api/posts')).status);
      await clock.advance(1000);
    }
    return { statuses: [...statuses], status: auth.snapshot.status };
  });
  assert.deepEqual(seen, { statuses: [200], status: 'signed-in' });
  // At most one for each jump forward.
  assert.ok(server.count('refresh') <= 5, `${server.count('refresh')} refreshes`);
});

rule('rule 9: a clock that gives nonsense harms nobody', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock });
    await auth.login({ user: 'alice' });
    const statuses = [];
    for (const at of [NaN, Infinity, -1, 0, 1e300]) {
      clock.at = at;
      statuses.push(await kit.outcome(auth.fetch('/api/posts')));
    }
    return statuses.map(({ value, error }) => value ?? error.code);
  });
  assert.deepEqual(seen, times(5, 200));
});

rule('rule 9: a token with no known lifetime is used until it is refused (G1)', { shape: ({ accessToken, refreshToken }) => ({ accessToken, refreshToken }) }, async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const seen = [];
    for (const token of ['abc', 'a.b', 'a.b.c', '0f8fad5b-d9cb-469f-a165-70867728950e', 'x'.repeat(8000)]) {
      const clock = new kit.Clock();
      let refreshes = 0;
      let dead = false;
      const auth = await kit.create({
        clock,
        key: token.slice(0, 40),
        refresh: async () => ({ accessToken: `n${++refreshes}` }),
        fetch: async (input, init) => kit.answer({}, { status: dead && new Request(input, init).headers.get('authorization') === `Bearer ${token}` ? 401 : 200 }),
      });
      await auth.setTokens({ accessToken: token, refreshToken: 'r' });
      await clock.advance(400 * 86_400_000);
      const before = [(await auth.fetch('/api/a')).status, refreshes, auth.snapshot.expiresAt, auth.snapshot.claims, clock.timers];
      dead = true;
      seen.push([...before, (await auth.fetch('/api/a')).status, refreshes]);
      auth.dispose();
    }
    return seen;
  });
  assert.deepEqual(seen, times(5, [200, 0, null, null, 0, 200, 1]));
});

rule('rule 9: hiding and showing the page ten times with a valid token does nothing (C6)', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    let state = 'visible';
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state });
    const auth = await kit.create({ clock: new kit.Clock() });
    await auth.login({ user: 'alice' });
    await kit.turn();
    kit.events.length = 0;
    let changes = 0;
    auth.subscribe(() => changes++);
    for (let i = 0; i < 10; i++) {
      for (state of ['hidden', 'visible']) {
        document.dispatchEvent(new Event('visibilitychange'));
        window.dispatchEvent(new Event('focus'));
        await kit.turn();
      }
    }
    return { events: kit.types, changes };
  });
  assert.deepEqual(seen, { events: [], changes: 0 });
  assert.equal(server.count('refresh'), 0);
});

rule('rule 9: the stored session keeps its end over reloads (D4)', { lifetime: 600 }, async ({ page }) => {
  const make = () =>
    page.evaluate(async (at) => {
      window.clock = new kit.Clock(at);
      window.auth = await kit.create({ clock, storage: 'local', proactive: false });
      return auth.snapshot.expiresAt;
    }, at);
  let at = Date.now();
  await make();
  const expires = await page.evaluate(async () => {
    await auth.login({ user: 'alice' });
    return auth.snapshot.expiresAt;
  });
  for (let i = 0; i < 10; i++) {
    at += 55_000;
    await page.reload();
    assert.equal(await make(), expires);
  }
});

for (const [name, before] of [
  ['an ended token', () => void (clock.at += 601_000)],
  ['a refused one', () => void (refusing = true)],
]) {
  rule(`rule 9: a request that waits for the renewal of ${name} does not go bare when the page comes back meanwhile`, async ({ page }) => {
    const seen = await page.evaluate(async (before) => {
      window.clock = new kit.Clock();
      window.refusing = false;
      let record = null;
      let gate;
      let looked = kit.deferred();
      const sent = [];
      const answering = kit.deferred();
      const called = kit.deferred();
      const auth = await kit.create({
        clock,
        proactive: false,
        storage: {
          async get() {
            const found = record;
            const { promise } = gate ?? {};
            gate = undefined;
            if (promise) looked.resolve();
            await promise;
            return found;
          },
          set: (_, value) => void (record = value),
          remove: () => {},
        },
        refresh: async () => {
          called.resolve();
          await answering.promise;
          return { accessToken: 'new', expiresIn: 600 };
        },
        fetch: async (input, init) => {
          const authorization = new Request(input, init).headers.get('authorization');
          sent.push(authorization);
          return kit.answer({}, { status: refusing && authorization === 'Bearer old' ? 401 : 200 });
        },
      });
      await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
      eval(before)();
      const answer = auth.fetch('/api/posts');
      await called.promise;
      // The page was put away, and its store takes its time.
      gate = kit.deferred();
      const { resolve } = gate;
      document.dispatchEvent(new Event('resume'));
      await looked.promise;
      answering.resolve();
      for (let i = 0; i < 5; i++) await kit.turn();
      const early = sent.slice();
      resolve();
      const { status } = await answer;
      return { early, sent, status };
    }, `(${before})`);
    const first = name === 'a refused one' ? ['Bearer old'] : [];
    assert.deepEqual(seen, { early: first, sent: [...first, 'Bearer new'], status: 200 });
  });
}

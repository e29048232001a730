// Rule 13: storage helps where it works and is never required.
import assert from 'node:assert/strict';
import { ENGINE, suite, times } from './support/suite.mjs';

const rule = suite();

for (const storage of ['session', 'local', 'indexeddb', 'custom']) {
  rule(`rule 13: storage '${storage}' keeps the session over a reload`, async ({ page, server }) => {
    const make = () =>
      page.evaluate(async (storage) => {
        const own = { get: async (key) => localStorage.getItem(key), set: async (key, value) => localStorage.setItem(key, value), remove: async (key) => localStorage.removeItem(key) };
        window.auth = await kit.create({ storage: storage === 'custom' ? own : storage, key: 'own-key', refreshToken: { in: 'body' } });
        return auth.inspect().storage;
      }, storage);
    assert.equal(await make(), storage);
    await page.evaluate(async () => {
      await auth.login({ user: 'alice' });
    });
    await page.reload();
    await make();
    const seen = await page.evaluate(async () => ({ status: auth.snapshot.status, sub: auth.snapshot.claims?.sub, answer: (await auth.fetch('/api/posts')).status, refreshed: (await auth.refresh()).status }));
    assert.deepEqual(seen, { status: 'signed-in', sub: 'alice', answer: 200, refreshed: 'signed-in' });
    await page.evaluate(() => auth.logout());
    await page.reload();
    await make();
    assert.equal(await page.evaluate(() => auth.snapshot.status), 'signed-out');
    assert.equal(server.replays, 0);
  });
}

rule('rule 13: a slow storage of its own writes in order: a sign-out is not overwritten by the refresh before it', async ({ page }) => {
  const kept = await page.evaluate(async () => {
    let slow;
    let kept = null;
    const writing = new Promise((resolve) => (window.begun = resolve));
    const storage = {
      get: async () => kept,
      async set(_, value) {
        if (slow) {
          begun();
          await slow;
        }
        kept = value;
      },
      async remove() {},
    };
    const auth = await kit.create({ storage, refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
    let release;
    slow = new Promise((resolve) => (release = resolve));
    const refreshed = kit.outcome(auth.refresh());
    await writing;
    slow = undefined;
    const over = auth.logout();
    release();
    await Promise.all([refreshed, over]);
    return kept;
  });
  assert.equal(JSON.parse(kept).ended, 'logout');
});

for (const early of [true, false]) {
  rule(`rule 13: a sign-out reaches a slow storage of its own that was given up ${early ? 'after' : 'before'} it`, async ({ page }) => {
    const seen = await page.evaluate(async (early) => {
      let slow;
      let kept = null;
      const writing = new Promise((resolve) => (window.begun = resolve));
      const awaited = [];
      const written = (text) => new Promise((resolve) => awaited.push([text, resolve]));
      const storage = {
        get: async () => kept,
        async set(_, value) {
          if (slow) {
            begun();
            await slow;
          }
          kept = value;
          for (const [text, resolve] of awaited) if (value.includes(text)) resolve();
        },
        async remove() {},
      };
      const auth = await kit.create({ storage, refreshToken: { in: 'body' } });
      await auth.login({ user: 'alice' });
      let release;
      slow = new Promise((resolve) => (release = resolve));
      const refreshed = kit.outcome(auth.refresh());
      await writing;
      if (!early) await refreshed;
      await auth.logout();
      await Promise.all([refreshed, kit.event('warning')]);
      const before = JSON.parse(kept).ended;
      slow = undefined;
      const end = written('"ended"');
      release();
      await end;
      // So does the next sign-in.
      const next = written('"access"');
      await auth.login({ user: 'bob' });
      await next;
      return { before: before ?? 'signed in', degraded: auth.inspect().degraded };
    }, early);
    assert.deepEqual(seen, { before: 'signed in', degraded: ['storage'] });
  });
}

rule('rule 13: a sessionStorage that was full for a moment keeps no session that has ended', async ({ page }) => {
  const degraded = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'session', refreshToken: { in: 'body' } });
    await auth.login({ user: 'alice' });
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    await auth.refresh();
    Storage.prototype.setItem = setItem;
    const { degraded } = auth.inspect();
    await auth.logout();
    return degraded;
  });
  assert.deepEqual(degraded, ['storage']);
  await page.reload();
  const status = await page.evaluate(async () => (await kit.create({ storage: 'session', refreshToken: { in: 'body' } })).snapshot.status);
  assert.equal(status, 'signed-out');
});

rule('rule 13: a sign-out that could not be stored holds in memory', async ({ page }) => {
  const stored = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'session' });
    await auth.login({ user: 'alice' });
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (...args) {
      if (this === sessionStorage) throw new DOMException('full', 'QuotaExceededError');
      return setItem.apply(this, args);
    };
    await auth.logout();
    return JSON.parse(localStorage.getItem('evertoken'))?.ended;
  });
  assert.equal(stored, 'logout');
});

rule("rule 13: memory storage takes nothing away that is not its own", async ({ page }) => {
  const stored = await page.evaluate(async () => {
    localStorage.setItem('mine', '{"theme":"dark"}');
    const auth = await kit.create({ key: 'mine' });
    await auth.login({ user: 'alice' });
    return localStorage.getItem('mine');
  });
  assert.equal(stored, '{"theme":"dark"}');
});

rule("rule 13: storage 'memory' stores nothing anywhere", async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    await auth.refresh();
    return { local: localStorage.length, session: sessionStorage.length, databases: (await indexedDB.databases()).length, storage: auth.inspect().storage };
  });
  assert.deepEqual(seen, { local: 0, session: 0, databases: 0, storage: 'memory' });
});

const BROKEN = {
  'localStorage that throws when it is touched (F1)': ['local', () => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } })],
  'sessionStorage that throws when it is touched (F1)': ['session', () => Object.defineProperty(window, 'sessionStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } })],
  'localStorage that is null': ['local', () => Object.defineProperty(window, 'localStorage', { get: () => null })],
  'localStorage whose getItem throws': ['local', () => { Storage.prototype.getItem = () => { throw new Error('broken'); }; }],
  'localStorage that is full (B7)': ['local', () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }],
  'no indexedDB (F6)': ['indexeddb', () => Object.defineProperty(window, 'indexedDB', { value: undefined })],
  'an indexedDB whose open throws (F6)': ['indexeddb', () => { IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }; }],
  'an indexedDB whose open never answers (F6)': ['indexeddb', () => { IDBFactory.prototype.open = () => ({}); }],
  'an indexedDB whose open fails (F6)': ['indexeddb', () => {
    IDBFactory.prototype.open = () => {
      const request = { error: new DOMException('no', 'UnknownError') };
      queueMicrotask(() => request.onerror?.({ target: request }));
      return request;
    };
  }],
  'an indexedDB whose transactions throw': ['indexeddb', () => { IDBDatabase.prototype.transaction = () => { throw new DOMException('no', 'InvalidStateError'); }; }],
  'an own storage that throws': ['own', () => { window.own = { get() { throw new Error('broken'); }, set() { throw new Error('broken'); }, remove() { throw new Error('broken'); } }; }],
  'an own storage that rejects': ['own', () => { window.own = { get: () => Promise.reject(new Error('broken')), set: () => Promise.reject(new Error('broken')), remove: () => Promise.reject(new Error('broken')) }; }],
  'an own storage whose set fails': ['own', () => { window.own = { get: () => null, set: () => Promise.reject(new Error('full')), remove: () => null }; }],
  'an own storage that never answers': ['own', () => { window.own = { get: () => new Promise(() => {}), set: () => new Promise(() => {}), remove: () => new Promise(() => {}) }; }],
};
for (const [name, [storage, breaks]] of Object.entries(BROKEN)) {
  rule(`rule 13: ${name} degrades to memory with a warning`, async ({ page, server }) => {
    const seen = await page.evaluate(
      async ([storage, breaks]) => {
        eval(breaks)();
        const auth = await kit.create({ storage: storage === 'own' ? window.own : storage });
        const early = kit.types.length;
        await auth.login({ user: 'alice' });
        const statuses = [(await auth.fetch('/api/posts')).status];
        await auth.refresh();
        statuses.push((await auth.fetch('/api/posts')).status);
        const warning = kit.error((await kit.event('warning')).error);
        await auth.logout();
        return { early, statuses, warning, status: auth.snapshot.status, ...auth.inspect(), count: kit.types.filter((type) => type === 'warning').length };
      },
      [storage, `(${breaks})`],
    );
    assert.deepEqual(seen.statuses, times(2, 200));
    assert.equal(seen.status, 'signed-out');
    assert.equal(seen.storage, 'memory');
    assert.ok(seen.degraded.length > 0, 'inspect() says so');
    assert.ok(seen.warning.code && seen.warning.message, 'the warning says what happened');
    assert.equal(seen.count, 1, 'it is said once');
    assert.equal(seen.early, 0, 'what is raised during creation is delivered after it');
    assert.equal(server.replays, 0);
  });
}

rule('rule 13: a corrupt record is as if there were none, and is not shown (F3)', async ({ page, said }) => {
  const seen = await page.evaluate(async () => {
    const whole = JSON.stringify({ v: 1, sign_in: 1, salt: 1, generation: 0, access: 'leaked-token', refresh: 'leaked-refresh', received: Date.now() });
    const records = ['', 'garbage', '{', 'null', '[]', '1e999', '"text"', whole.slice(0, -1), whole.replace('"v":1', '"v":99'), whole.replace('"leaked-token"', '{}'), whole.replace('"sign_in":1', '"sign_in":"one"'), `${'['.repeat(100_000)}`, '\u0000\uffff\ud800'];
    const seen = [];
    for (const [i, record] of records.entries()) {
      localStorage.setItem(`k${i}`, record);
      const auth = await kit.create({ storage: 'local', key: `k${i}`, refreshToken: { in: 'body' } });
      const before = auth.snapshot.status;
      await auth.login({ user: 'alice' });
      const text = JSON.stringify([auth.inspect(), auth.snapshot, kit.events.map(({ error }) => kit.error(error))]);
      seen.push([before, (await auth.fetch('/api/posts')).status, localStorage.getItem(`k${i}`).includes('rt-'), text.includes('leaked')]);
    }
    return seen;
  });
  // A later version's is the only one that stays as it is.
  for (const [i, one] of seen.entries()) assert.deepEqual(one, ['signed-out', 200, i !== 8, false], `record ${i}`);
  assert.doesNotMatch(said.join(), /leaked/);
});

rule('rule 13: a record that somebody broke meanwhile ends nothing', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'local' });
    await auth.login({ user: 'alice' });
    localStorage.setItem('evertoken', '{"v":1,');
    window.dispatchEvent(new StorageEvent('storage', { key: 'evertoken', newValue: '{"v":1,' }));
    const first = await kit.outcome(auth.refresh());
    localStorage.removeItem('evertoken');
    const second = await kit.outcome(auth.refresh());
    return { first: first.value?.status, second: second.value?.status, answer: (await auth.fetch('/api/posts')).status };
  });
  assert.deepEqual(seen, { first: 'signed-in', second: 'signed-in', answer: 200 });
});

rule('rule 13: what is written elsewhere under the same key is no record', async ({ page }) => {
  const statuses = await page.evaluate(async () => {
    const auth = await kit.create({ storage: 'local' });
    await auth.login({ user: 'alice' });
    await auth.logout();
    const over = JSON.parse(localStorage.getItem('evertoken'));
    await auth.login({ user: 'alice' });
    const newValue = JSON.stringify({ ...over, sign_in: over.sign_in + 60_000 });
    const statuses = [];
    for (const storageArea of [sessionStorage, localStorage]) {
      if (storageArea === localStorage) localStorage.setItem('evertoken', newValue);
      window.dispatchEvent(new StorageEvent('storage', { key: 'evertoken', newValue, storageArea }));
      await kit.turn();
      statuses.push(auth.snapshot.status);
    }
    return statuses;
  });
  assert.deepEqual(statuses, ['signed-in', 'signed-out']);
});

rule('rule 13: a sandboxed page without any storage works (F1)', async ({ page, server }) => {
  server.origins.push('null');
  const seen = await page.evaluate(
    async ([api, engine]) => {
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      // In the page itself: whether the browser runs an init script in such a
      // frame before the frame's own is a matter of luck.
      frame.srcdoc = `<script>if (${JSON.stringify(engine)} === 'js') delete globalThis.WebAssembly;</script><script type=module>
        try {
          const { createTokenManager } = await import(${JSON.stringify(new URL('/pkg/index.js', location).href)});
          const auth = await createTokenManager({ baseUrl: ${JSON.stringify(api)}, login: '/login', refresh: '/refresh', storage: 'local', refreshToken: { in: 'body' } });
          await auth.login({ user: 'alice' });
          await auth.refresh();
          const { storage, engine } = auth.inspect();
          parent.postMessage([(await auth.fetch('/api/posts')).status, storage, engine, origin], '*');
        } catch (error) { parent.postMessage(String(error), '*'); }
      </script>`;
      const answer = new Promise((resolve) => window.addEventListener('message', ({ data }) => resolve(data)));
      document.body.append(frame);
      return answer;
    },
    [server.origin, ENGINE],
  );
  assert.deepEqual(seen, [200, 'memory', ENGINE, 'null']);
});

// evertoken/react, with the current major of React and the one before.
import assert from 'node:assert/strict';
import { load, suite } from './support/suite.mjs';

const app = suite();

const components = `
  import { StrictMode, createElement as h, useState } from 'react';
  import { createTokenManager } from 'evertoken';
  import { TokenProvider, useClaims, useSnapshot, useTokenManager } from 'evertoken/react';

  const renders = {};
  const count = (name) => (renders[name] = (renders[name] ?? 0) + 1);
  const same = (a, b) => a.sub === b.sub && a.status === b.status;

  function Whole() {
    count('whole');
    const { status, refreshing } = useSnapshot();
    return h('p', { id: 'whole' }, status, refreshing ? ', refreshing' : '');
  }
  function Status() {
    count('status');
    return h('p', { id: 'status' }, useSnapshot(({ status }) => status));
  }
  function User() {
    count('user');
    return h('p', { id: 'user' }, useClaims(({ sub }) => sub) ?? 'nobody');
  }
  let both;
  function Both() {
    count('both');
    const [, setN] = useState(0);
    const value = useSnapshot(({ status, claims }) => ({ status, sub: claims?.sub }), same);
    if (both && same(both, value) && both !== value) count('another object');
    both = value;
    return h('button', { id: 'both', onClick: () => setN((n) => n + 1) }, JSON.stringify(value));
  }
  function Manager() {
    count('manager');
    const manager = useTokenManager();
    return h('button', { id: 'manager', onClick: () => manager.logout() }, 'sign out');
  }
  const tree = (manager, strict) =>
    h(strict ? StrictMode : 'div', null, h(TokenProvider, { manager }, h(Whole), h(Status), h(User), h(Both), h(Manager)));
`;

const code = `
  import { createRoot, hydrateRoot } from 'react-dom/client';
  import { version } from 'react';
  ${components}
  const api = location.hash.slice(1);
  const auth = await createTokenManager({ baseUrl: api, login: '/login', refresh: '/refresh', logout: '/logout' });
  let subscribers = 0;
  const { subscribe } = auth;
  auth.subscribe = (listener) => {
    subscribers++;
    const off = subscribe(listener);
    return () => (subscribers--, off());
  };
  const element = document.getElementById('root');
  window.app = {
    auth, renders, version,
    root: undefined,
    get subscribers() { return subscribers; },
    render(strict) {
      app.root = createRoot(element);
      app.root.render(tree(auth, strict));
    },
    hydrate() {
      app.problems = [];
      app.root = hydrateRoot(element, tree(auth, false), { onRecoverableError: (error) => app.problems.push(String(error)) });
    },
    alone: () => createRoot(element).render(h(Status)),
    // A turn, in which React renders what it has to.
    settled: () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))),
  };
`;

const server = `
  import { renderToString } from 'react-dom/server';
  ${components}
  export const rendered = createTokenManager({ baseUrl: 'http://127.0.0.1:1', refresh: '/refresh', singleUser: true })
    .then(async (auth) => (await auth.setTokens({ accessToken: 'opaque' }), renderToString(tree(auth, false))));
`;

/** A list that takes a while: its items are rendered in turns with whatever
 * else goes on, until another user is there. */
const concurrent = `
  import { createElement as h, startTransition, useState } from 'react';
  import { createRoot } from 'react-dom/client';
  import { createTokenManager } from 'evertoken';
  import { TokenProvider, useClaims } from 'evertoken/react';

  const auth = await createTokenManager({ baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh' });
  const read = new Set();
  const shown = [];
  function Item() {
    const user = useClaims(({ sub }) => sub);
    if (!read.size) app.changed = auth.login({ user: 'bob' });
    read.add(user);
    // Longer than React renders in one go.
    const start = performance.now();
    while (!read.has('bob') && performance.now() - start < 6);
    return h('li', null, user);
  }
  let show;
  function List() {
    const [count, setCount] = useState(0);
    show = () => startTransition(() => setCount(2000));
    return h('ul', null, Array.from({ length: count }, (_, key) => h(Item, { key })));
  }
  const element = document.getElementById('root');
  new MutationObserver(() => {
    const items = [...element.querySelectorAll('li')];
    shown.push([...new Set(items.map(({ textContent }) => textContent))].join());
  }).observe(element, { childList: true, characterData: true, subtree: true });
  window.app = {
    async run() {
      await auth.login({ user: 'alice' });
      createRoot(element).render(h(TokenProvider, { manager: auth }, h(List)));
      while (!show) await new Promise((resolve) => setTimeout(resolve));
      show();
      while (!document.querySelector('li')) await new Promise((resolve) => setTimeout(resolve));
      await app.changed;
      return { read: [...read], shown };
    },
  };
`;

const REACT_18 = { react: 'react-18', 'react-dom': 'react-dom-18' };

for (const [major, alias] of [['19', {}], ['18', REACT_18]]) {
  app(concurrent, { alias })(`React ${major}: what is rendered while the state changes shows one state`, async ({ page }) => {
    const { read, shown } = await page.evaluate(() => app.run());
    assert.deepEqual(read, ['alice', 'bob'], 'the state changed in the middle of a rendering');
    assert.deepEqual(shown.filter(Boolean), ['bob']);
  });

  const check = app(code, { alias });
  const text = (page, id) => page.textContent(`#${id}`);

  check(`React ${major}: components show the state, in StrictMode too`, async ({ page, server }) => {
    assert.equal((await page.evaluate(() => app.version)).split('.')[0], major);
    await page.evaluate(() => app.render(true));
    await page.waitForSelector('#whole');
    assert.equal(await text(page, 'whole'), 'unknown');
    assert.equal(await text(page, 'user'), 'nobody');
    await page.evaluate(() => app.auth.login({ user: 'alice' }));
    await page.waitForFunction(() => document.querySelector('#user').textContent === 'alice');
    assert.equal(await text(page, 'both'), '{"status":"signed-in","sub":"alice"}');
    assert.equal(await page.evaluate(() => app.subscribers), 4);
    const refresh = server.hold('refresh');
    const refreshed = page.evaluate(() => app.auth.refresh());
    await refresh.arrived;
    await page.waitForFunction(() => document.querySelector('#whole').textContent === 'signed-in, refreshing');
    refresh.release();
    await refreshed;
    await page.click('#manager');
    await page.waitForFunction(() => document.querySelector('#whole').textContent === 'signed-out');
    assert.equal(await text(page, 'user'), 'nobody');
    await page.evaluate(() => app.root.unmount());
    assert.equal(await page.evaluate(() => app.subscribers), 0);
  });

  check(`React ${major}: a component renders again only when what it reads changes`, async ({ page }) => {
    const seen = await page.evaluate(async () => {
      await app.auth.login({ user: 'alice' });
      app.render(false);
      await app.settled();
      const before = { ...app.renders };
      await app.auth.refresh();
      await app.settled();
      const after = Object.fromEntries(Object.entries(app.renders).map(([name, count]) => [name, count - before[name]]));
      return { before, after };
    });
    assert.deepEqual(seen.before, { whole: 1, status: 1, user: 1, both: 1, manager: 1 });
    assert.ok(seen.after.whole >= 1, 'the whole snapshot changed');
    assert.deepEqual({ ...seen.after, whole: 0 }, { whole: 0, status: 0, user: 0, both: 0, manager: 0 });
    // Rendered for another reason, the selection is the one on show.
    await page.click('#both');
    await page.evaluate(() => app.settled());
    const renders = await page.evaluate(() => app.renders);
    assert.equal(renders.both, 2);
    assert.equal(renders['another object'], undefined);
  });

  check(
    `React ${major}: what a server rendered is taken over without a mismatch`,
    async ({ page }) => {
      assert.equal(await text(page, 'whole'), 'unknown');
      const problems = await page.evaluate(async () => {
        await app.auth.login({ user: 'alice' });
        const { firstChild } = document.querySelector('#whole');
        app.hydrate();
        await app.settled();
        if (document.querySelector('#whole').firstChild !== firstChild) app.problems.push('another node');
        return app.problems;
      });
      assert.deepEqual(problems, []);
      await page.waitForFunction(() => document.querySelector('#user').textContent === 'alice');
      assert.equal(await text(page, 'whole'), 'signed-in');
    },
    {
      async html() {
        return (await load(server, { alias })).rendered;
      },
    },
  );
}

// The session's end as React, Vue, Svelte and Angular show it, on pages whose
// time the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as svelte5 from 'svelte/compiler';
import { PKG } from './support/install.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

/** The application that all four have: `show(auth)` puts a paragraph and a
 * button on the page and gives the function that takes them away. On a `late`
 * page the test does so. */
const code = (framework) => `
  ${framework}
  import { createTokenManager } from 'evertoken';

  const real = await createTokenManager({
    baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', logout: '/logout', storage: 'local', crossTab: false,
    session: { idleSeconds: 600, warnSeconds: 60, activity: 'manual' },
  });
  let subscribers = 0;
  let reads = 0;
  const auth = Object.create(real, {
    snapshot: { get: () => (reads++, real.snapshot) },
    subscribe: {
      value(listener) {
        subscribers++;
        const off = real.subscribe(listener);
        return () => (subscribers--, off());
      },
    },
  });
  const appear = () => show(auth, document.getElementById('root'));
  const hide = window.late ? undefined : appear();
  window.app = { auth, hide, appear, get subscribers() { return subscribers; }, get reads() { return reads; } };
`;

const text = "({ ending, secondsLeft, endsAt }) => (window.texts = (window.texts ?? 0) + 1, `${ending} ${secondsLeft} ${endsAt > Date.now()}`)";

const REACT = `
  import { createElement as h } from 'react';
  import { createRoot } from 'react-dom/client';
  import { TokenProvider, useSessionEnd } from 'evertoken/react';
  const text = ${text};
  function End() {
    const end = useSessionEnd();
    return h('p', null, h('span', { id: 'end' }, text(end)), h('button', { onClick: end.stay }, 'stay'));
  }
  function show(manager, element) {
    const root = createRoot(element);
    root.render(h(TokenProvider, { manager }, h(End)));
    return () => root.unmount();
  }
`;
const VUE = `
  import { createApp, h } from 'vue';
  import { createTokens, useSessionEnd } from 'evertoken/vue';
  const text = ${text};
  const End = {
    setup() {
      const end = useSessionEnd();
      return () => h('p', [h('span', { id: 'end' }, text(end.value)), h('button', { onClick: end.value.stay }, 'stay')]);
    },
  };
  function show(manager, element) {
    const vue = createApp(End).use(createTokens(manager));
    vue.mount(element);
    return () => vue.unmount();
  }
`;
const SVELTE = `
  import { mount, unmount } from 'svelte';
  import { sessionEndStore } from 'evertoken/svelte';
  import End from 'End.svelte';
  function show(manager, target) {
    const component = mount(End, { target, props: { end: sessionEndStore(manager) } });
    return () => unmount(component);
  }
`;
const ANGULAR = `
  import '@angular/compiler';
  import { Component, provideZonelessChangeDetection } from '@angular/core';
  import { bootstrapApplication } from '@angular/platform-browser';
  import { sessionEndSignal } from 'evertoken/angular';
  const text = ${text};
  function show(manager, element) {
    class End {
      end = sessionEndSignal(manager);
      text = text;
    }
    Component({ selector: 'app-end', template: '<span id="end">{{ text(end()) }}</span><button (click)="end().stay()">stay</button>' })(End);
    element.append(document.createElement('app-end'));
    const application = bootstrapApplication(End, { providers: [provideZonelessChangeDetection()] });
    return async () => (await application).destroy();
  }
`;

const svelte = {
  name: 'svelte',
  setup(build) {
    build.onResolve({ filter: /^End\.svelte$/ }, ({ resolveDir }) => ({ path: 'End.svelte', namespace: 'svelte', pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: 'svelte' }, ({ pluginData }) => ({
      contents: svelte5.compile(
        `<script>let { end } = $props(); const text = ${text};</script><span id="end">{text($end)}</span><button onclick={$end.stay}>stay</button>`,
        { generate: 'client', dev: true, filename: 'End.svelte' },
      ).js.code,
      resolveDir: pluginData,
    }));
  },
};

const shows = (page, text) => page.waitForFunction((text) => document.getElementById('end')?.textContent === text, text);
const state = (page) => page.evaluate(() => ({ subscribers: app.subscribers, reads: app.reads, texts: window.texts }));
/** What Angular renders in. */
const FRAME = 20;

async function signIn(page) {
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.evaluate(() => app.auth.login({ user: 'alice' }));
  await page.clock.runFor(FRAME);
}

/** The test moves the time, and nothing else does. */
const still = {
  prepare(page, _, server) {
    server.lifetime = 86_400;
    return page.clock.install();
  },
};

for (const [framework, source, options] of [
  ['React 19', REACT, {}],
  ['React 18', REACT, { alias: { react: 'react-18', 'react-dom': 'react-dom-18' } }],
  ['Vue 3.5', VUE, {}],
  ['Vue 3.2', VUE, { alias: { vue: 'vue-3.2' } }],
  ['Svelte 5', SVELTE, { plugins: [svelte] }],
  ['Angular 22', ANGULAR, {}],
]) {
  const check = app(code(source), options);

  check(`${framework}: the seconds tick in the warning time, once for each, and while they are shown`, async ({ page }) => {
    await signIn(page);
    await shows(page, 'null null true');
    const quiet = await state(page);
    assert.equal(quiet.subscribers, 1);
    await page.clock.runFor(120_000);
    assert.deepEqual(await state(page), quiet, 'nothing is read before the warning');
    await page.clock.runFor(420_000);
    await shows(page, 'idle 60 true');
    const before = await state(page);
    for (const left of [59, 58, 57]) {
      await page.clock.runFor(1000);
      await shows(page, `idle ${left} true`);
    }
    assert.equal((await state(page)).texts - before.texts, 3);
    await page.evaluate(() => app.hide());
    const hidden = await state(page);
    assert.equal(hidden.subscribers, 0);
    await page.clock.runFor(5000);
    assert.deepEqual(await state(page), hidden, 'nothing ticks that nobody sees');
  }, still);

  check(
    `${framework}: a component that comes after the warning shows the seconds that are left`,
    async ({ page }) => {
      await signIn(page);
      await page.clock.runFor(540_000);
      assert.equal(await page.evaluate(() => app.auth.snapshot.sessionEnding), 'idle');
      await page.clock.runFor(2000);
      await page.evaluate(() => void app.appear());
      await page.clock.runFor(FRAME);
      await shows(page, 'idle 58 true');
      await page.clock.runFor(1000);
      await shows(page, 'idle 57 true');
    },
    {
      async prepare(page, ...rest) {
        await page.addInitScript(() => (window.late = true));
        return still.prepare(page, ...rest);
      },
    },
  );

  check(`${framework}: stay() puts the end off, and the warning goes`, async ({ page }) => {
    await signIn(page);
    await page.clock.runFor(540_000);
    await shows(page, 'idle 60 true');
    await page.evaluate(() => document.querySelector('button').click());
    await page.clock.runFor(FRAME);
    await shows(page, 'null null true');
    await page.clock.runFor(540_000);
    await shows(page, 'idle 60 true');
    // The tab asks the others first.
    await page.clock.runFor(65_000);
    await shows(page, 'null null false');
    assert.equal(await page.evaluate(() => app.auth.snapshot.status), 'signed-out');
  }, still);
}

test('a start that finds the warning time tells a component that comes at any time', async (t) => {
  const [{ createTokenManager }, { sessionEndStore }, { createKit }] = await Promise.all(['index', 'svelte', 'testing'].map((name) => import(`${PKG}/${name}.js`)));
  const kit = createKit({ lifetimeSeconds: 86_400 });
  t.after(() => kit.dispose());
  const stored = new Map();
  const storage = { get: (key) => stored.get(key) ?? null, set: (key, value) => void stored.set(key, value), remove: (key) => void stored.delete(key) };
  const make = () =>
    createTokenManager({
      baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', fetch: kit.server.fetch, clock: kit.clock, storage,
      session: { idleSeconds: 600, activity: 'manual' },
    });
  const first = await make();
  await first.login({ user: 'alice' });
  first.dispose();
  await kit.clock.advance(560_000);
  const auth = await kit.use(make());
  await kit.clock.advance(1000);
  let end;
  sessionEndStore(auth).subscribe((value) => (end = value))();
  assert.equal(end.ending, 'idle');
  auth.touch();
  assert.equal(auth.snapshot.sessionEnding, null);
});

test('of two who look on one may leave, and while nobody does nothing ticks', async (t) => {
  const [{ createTokenManager }, { sessionEndStore }, { createMockServer }] = await Promise.all(['index', 'svelte', 'testing'].map((name) => import(`${PKG}/${name}.js`)));
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let timers = 0;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (...all) => (timers++, setTimeout(...all));
  t.after(() => (globalThis.setTimeout = setTimeout));
  const { fetch } = createMockServer({ lifetimeSeconds: 86_400 });
  const auth = await createTokenManager({ baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', fetch, session: { idleSeconds: 600, activity: 'manual' } });
  t.after(() => auth.dispose());
  const run = async (ms) => {
    t.mock.timers.tick(ms);
    // Events come in a microtask of their own.
    for (let at = 0; at < 10; at++) await undefined;
  };
  const end = sessionEndStore(auth);
  await auth.login({ user: 'alice' });
  await run(540_000);
  const before = timers;
  await run(5000);
  assert.equal(timers, before, 'nobody looks on');

  const seen = { first: [], second: [] };
  const leave = end.subscribe(({ secondsLeft }) => seen.first.push(secondsLeft));
  const last = end.subscribe(({ secondsLeft }) => seen.second.push(secondsLeft));
  await run(1000);
  leave();
  leave();
  await run(1000);
  await run(1000);
  last();
  await run(1000);
  assert.deepEqual(seen, { first: [55, 54], second: [55, 54, 53, 52] });
});

// React's fast refresh, in Vite's dev server: an application's source changes
// on disk while it runs.
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withBrowser, withPage } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { serving } from './support/programs.mjs';

const TIME = { timeout: 900_000 };
const PAGE = '<!doctype html><link rel=icon href=data:,><div id=root></div><script type=module src=/main.jsx></script>';
const CONFIG = `
  import react from '@vitejs/plugin-react';
  export default { plugins: [react()] };
`;
/** Makes the manager. Counts are the page's, so that no update loses them. */
const auth = (storage, edition = 'first') => `
  import { createTokenManager } from 'evertoken';
  const baseUrl = location.hash.slice(1);
  export const auth = await createTokenManager({ baseUrl, login: '/login', refresh: '/refresh', logout: '/logout', storage: '${storage}' });
  const { subscribe } = auth;
  auth.subscribe = (listener) => {
    window.subscribers = (window.subscribers ?? 0) + 1;
    const off = subscribe(listener);
    return () => (window.subscribers--, off());
  };
  window.auths = [...(window.auths ?? []), auth];
  window.edition = '${edition}';
`;
const MAIN = `
  import { createRoot } from 'react-dom/client';
  import { TokenProvider } from 'evertoken/react';
  import { auth } from './auth.js';
  import { Panel } from './Panel.jsx';
  createRoot(document.getElementById('root')).render(<TokenProvider manager={auth}><Panel /></TokenProvider>);
`;
/** The same, with the manager in a component's module. */
const APP = `
  import { TokenProvider } from 'evertoken/react';
  import { auth } from './auth.js';
  import { Panel } from './Panel.jsx';
  const { edition } = window;
  export function App() {
    return <TokenProvider manager={auth}><p id="edition">{edition}</p><Panel /></TokenProvider>;
  }
`;
const MAIN_OF_APP = `
  import { createRoot } from 'react-dom/client';
  import { App } from './App.jsx';
  createRoot(document.getElementById('root')).render(<App />);
`;
/** A component: what it says, and what else it reads. */
const panel = (word, also = '') => `
  import { useState } from 'react';
  import { useClaims, useSnapshot, useTokenManager } from 'evertoken/react';

  export function Panel() {
    window.renders = (window.renders ?? 0) + 1;
    const manager = useTokenManager();
    const [count, setCount] = useState(0);
    const status = useSnapshot(({ status }) => status);
    const user = useClaims(({ sub }) => sub);
    ${also}
    return (
      <>
        <p id="said">${word}: {status} {user} {count}</p>
        <button id="count" onClick={() => setCount(count + 1)}>count</button>
        <button id="out" onClick={() => manager.logout()}>sign out</button>
      </>
    );
  }
`;

withBrowser();

/** Writes a source anew with one write over the old text. A file that is first
 * emptied is served empty by a watcher that was quicker, and one that is
 * renamed into its place soon after another is not noticed. */
async function rewrite(path, text) {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(text.padEnd(size), 0);
  } finally {
    await file.close();
  }
}

/** Runs `use({ page, server, edit, reads })` with the application of `files`. */
async function developed(files, use) {
  const application = await fixture({ 'index.html': PAGE, 'vite.config.js': CONFIG, ...files }, { kind: 'react' });
  const { folder } = application;
  const program = join(folder, 'node_modules/vite/bin/vite.js');
  try {
    await serving(process.execPath, [program, '--host', '127.0.0.1'], /(http:\/\/127\.0\.0\.1:\d+\/)/, { cwd: folder }, (url) =>
      withPage(new URL(url).origin, async (page, server) => {
        const reads = async (text) => {
          await page.locator('#said', { hasText: new RegExp(`^${text}$`) }).waitFor();
          // A turn, in which React subscribes and renders again if it has to.
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
        };
        /** Saves a source, once more where the watcher missed it: until the
         * page says that it was updated, or is loaded again. */
        const edit = async (name, text) => {
          const updated = (message) => message.text().startsWith('[vite] hot updated');
          for (let left = 10; ; left--) {
            const noticed = Promise.any([page.waitForEvent('console', { predicate: updated, timeout: 10_000 }), page.waitForEvent('load', { timeout: 10_000 })]);
            noticed.catch(() => {});
            await rewrite(join(folder, name), text);
            try {
              return await noticed;
            } catch (error) {
              if (left === 1) throw new Error(`the page heard nothing of ${name}, however often it was saved`, { cause: error });
            }
          }
        };
        const connected = page.waitForEvent('console', (message) => message.text() === '[vite] connected.');
        await page.goto(`${url}#${server.origin}`);
        await connected;
        await page.evaluate(() => (window.marked = true));
        await use({ page, server, edit, reads });
      }),
    );
  } finally {
    await application.remove();
  }
}
const title = (what) => `React ${version('react', 'react')} in Vite ${version('vite', 'react')}: ${what}`;

const calls = (server) => server.calls.map(({ route }) => route);

test(title('fast refresh keeps session, state and subscriptions'), TIME, () =>
  developed({ 'auth.js': auth('memory'), 'main.jsx': MAIN, 'Panel.jsx': panel('one') }, async ({ page, server, edit, reads }) => {
    await reads('one: unknown  0');
    await page.evaluate(() => auths[0].login({ user: 'alice' }));
    await page.click('#count');
    await page.click('#count');
    await reads('one: signed-in alice 2');
    assert.equal(await page.evaluate(() => subscribers), 2);

    for (const word of ['two', 'three']) {
      await edit('Panel.jsx', panel(word));
      await reads(`${word}: signed-in alice 2`);
      assert.equal(await page.evaluate(() => subscribers), 2);
    }

    // With other hooks it is another component to React, which begins anew.
    await edit('Panel.jsx', panel('four', 'useSnapshot(({ stale }) => stale);'));
    await reads('four: signed-in alice 0');
    assert.equal(await page.evaluate(() => subscribers), 3);

    const before = await page.evaluate(() => renders);
    await page.click('#out');
    await reads('four: signed-out  0');
    assert.equal(await page.evaluate(() => renders), before + 1);
    assert.equal(await page.evaluate(() => marked), true, 'the page was not loaded again');
    assert.deepEqual(calls(server), ['login', 'logout']);
  }));

test(title('another manager, imported beside the root, loads the page again'), TIME, () =>
  developed({ 'auth.js': auth('session'), 'main.jsx': MAIN, 'Panel.jsx': panel('one') }, async ({ page, server, edit, reads }) => {
    await page.evaluate(() => auths[0].login({ user: 'alice' }));
    await page.click('#count');
    await reads('one: signed-in alice 1');
    await edit('auth.js', auth('session', 'second'));
    await reads('one: signed-in alice 0');
    const seen = await page.evaluate(() => ({ edition, managers: auths.length, marked: 'marked' in window }));
    assert.deepEqual(seen, { edition: 'second', managers: 1, marked: false });
    assert.deepEqual(calls(server), ['login']);
  }));

test(title('another manager, imported by components alone, takes the session over'), TIME, () =>
  developed(
    { 'auth.js': auth('memory'), 'App.jsx': APP, 'main.jsx': MAIN_OF_APP, 'Panel.jsx': panel('one') },
    async ({ page, server, edit, reads }) => {
      await page.evaluate(() => auths[0].login({ user: 'alice' }));
      await page.click('#count');
      await reads('one: signed-in alice 1');
      await edit('auth.js', auth('memory', 'second'));
      await page.locator('#edition', { hasText: 'second' }).waitFor();
      await reads('one: signed-in alice 1');
      assert.deepEqual(await page.evaluate(() => ({ managers: auths.length, subscribers, marked })), { managers: 2, subscribers: 2, marked: true });

      await page.click('#out');
      await reads('one: signed-out  1');
      await page.waitForFunction(() => auths.every(({ snapshot }) => snapshot.status === 'signed-out'));
      assert.deepEqual(calls(server), ['login', 'logout']);
    },
  ));

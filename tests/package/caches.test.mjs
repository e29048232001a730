// What a component on the screen shows when another user signs in in another
// tab, and when that tab signs out: the recipes of www/guide/libraries.md for
// caches, and those of www/guide/state.md for state libraries.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { PATIENCE, serveFiles, withBrowser, withPage } from './support/browser.mjs';
import { fixture, modules, run, version } from './support/fixture.mjs';
import { recipe } from './support/readme.mjs';

const API = 'https://api.example.com';
const state = new Map(
  [...readFileSync(new URL('../../www/guide/state.md', import.meta.url), 'utf8').matchAll(/<!-- test: (\S+) -->\n```\w+\n([^]*?)```/g)].map(([, name, code]) => [name, code]),
);
let application;
let files;
before(async () => {
  application = await fixture({ 'auth.js': recipe('auth') }, { kind: 'libraries' });
  files = await serveFiles(application.folder);
});
after(async () => {
  await files?.stop();
  await application?.remove();
});
withBrowser();

async function bundle(name, code) {
  const { folder } = application;
  await writeFile(join(folder, `${name}.tsx`), code);
  await build({
    entryPoints: [join(folder, `${name}.tsx`)],
    outfile: join(folder, `${name}.out.js`),
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', 'globalThis.__DEV__': 'false', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
    logLevel: 'warning',
  });
  await writeFile(join(folder, `${name}.html`), `<!doctype html><link rel=icon href=data:,><div id=root></div><script type=module src=${name}.out.js></script>`);
}

/** Sends what goes to the recipes' origin to the auth server. */
const forward = (context, server, origin) =>
  context.route(`${API}/**`, async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    const endpoint = /^\/(?:login|refresh)$/.exec(pathname)?.[0];
    const response = await route.fetch({ url: `${server.origin}${endpoint ?? `/api${pathname}`}` });
    await route.fulfill({ response, headers: { ...response.headers(), 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' } });
  });

const userOf = ({ token }) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub;
const named = (call) => (call.path.endsWith('/graphql') ? { data: { me: { __typename: 'User', name: userOf(call) } } } : [{ title: userOf(call) }]);

/** Registers a test of a page that shows in `#root p` whose data it has. */
function follows(name, library, code) {
  test(`${library} ${version(library, 'libraries')}: nothing of one user is left for the next`, { timeout: 300_000 }, async () => {
    await bundle(name, code);
    await withPage(files.origin, async (page, server) => {
      server.on('api', (call, proceed) => (server.accepts(call.token) ? call.reply(200, named(call)) : proceed()));
      await forward(page.context(), server, files.origin);
      const open = async (tab) => {
        await tab.goto(`${files.origin}/${name}.html`);
        await tab.waitForFunction(() => window.app !== undefined);
        return tab;
      };
      await open(page);
      const shows = (text) => page.waitForFunction((text) => document.querySelector('#root p')?.textContent === text, text, { timeout: PATIENCE / 6 });
      await page.evaluate(() => app.auth.login({ user: 'alice' }));
      await page.evaluate(() => app.start?.());
      await shows('alice');
      const other = await open(await page.context().newPage());
      await other.evaluate(() => app.auth.login({ user: 'bob' }));
      await shows('bob');
      await other.evaluate(() => app.auth.logout());
      await shows('nobody');
    });
  });
}

/** A component that renders `hook`'s data while somebody is signed in and while it has some. */
const react = (hook, wrap = '(children) => children') => `
  import { createRoot } from 'react-dom/client';
  import { useSyncExternalStore } from 'react';
  const wrap = ${wrap};
  ${hook}
  function Shown() {
    return <p>{useName() ?? 'nobody'}</p>;
  }
  const root = createRoot(document.getElementById('root')!);
  (window as any).app = { auth, start: () => root.render(wrap(<Shown />)) };
`;
const BELOW = `
  function Session() {
    const { status } = useSyncExternalStore(auth.subscribe, () => auth.snapshot);
    return status === 'signed-in' ? <Shown /> : <p>nobody</p>;
  }
`;

follows('tanstack-query', '@tanstack/react-query', `${recipe('tanstack-query')}
  import { QueryClientProvider, useQuery } from '@tanstack/react-query';
  ${react(`const useName = () => useQuery<{ title: string }[]>({ queryKey: ['/posts'] }).data?.[0]?.title;`, '(children) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>')}`);
follows('swr', 'swr', `${recipe('swr')}${react('const useName = () => usePosts().data?.[0]?.title;')}`);
follows('apollo', '@apollo/client', `${recipe('apollo')}
  import { ApolloProvider, useQuery } from '@apollo/client/react';
  ${react(`${BELOW} const useName = () => (useQuery(ME).data as any)?.me.name;`, '() => <ApolloProvider client={client}><Session /></ApolloProvider>')}`);
follows('urql', '@urql/core', `${recipe('urql')}
  import { useEffect, useState } from 'react';
  ${react(`${BELOW}
    function useName() {
      const client = useSyncExternalStore(subscribe, current);
      const [name, setName] = useState<string>();
      useEffect(() => {
        setName(undefined);
        const { unsubscribe } = client.query(ME, {}).subscribe(({ data }) => setName(data?.me.name));
        return unsubscribe;
      }, [client]);
      return name;
    }`, '() => <Session />')}`);
follows('rtk-query', '@reduxjs/toolkit', `${recipe('rtk-query')}
  import { Provider } from 'react-redux';
  ${react(`${BELOW} const useName = () => api.endpoints.posts.useQuery().currentData?.[0]?.title;`, '() => <Provider store={store}><Session /></Provider>')}`);

// ---- state libraries ----

const show = (subscribe, name) => `
  const root = document.createElement('p');
  document.getElementById('root')!.append(root);
  const render = () => void (root.textContent = (${name}) ?? 'nobody');
  ${subscribe}
  render();
  (window as any).app = { auth };
`;
const own = (name) => state.get(name) ?? assert.fail(`no example is called ${name}`);

follows('pinia', 'pinia', `${own('pinia')}
  import { createPinia, setActivePinia } from 'pinia';
  import { watchEffect } from 'vue';
  setActivePinia(createPinia());
  ${show('watchEffect(render);', 'useSession().user')}`);
follows('pinia-data', 'pinia', `${own('pinia-data')}
  import { createPinia, setActivePinia } from 'pinia';
  import { watchEffect } from 'vue';
  setActivePinia(createPinia());
  const store = usePosts();
  const load = () => void store.load();
  auth.on('signed-in', load);
  auth.on('user-changed', load);
  ${show('watchEffect(render);', 'store.posts[0]?.title')}`);
follows('reactive', 'vue', `${own('reactive')}
  import { reactive, watchEffect } from 'vue';
  export const deep = reactive({ auth });
  ${show('watchEffect(render);', 'state.session.claims?.sub')}`);
follows('zustand', 'zustand', `${own('zustand')}${show('session.subscribe(render);', 'session.getState().claims?.sub')}`);
follows('mobx', 'mobx', `${own('mobx')}
  import { autorun } from 'mobx';
  ${show('autorun(render);', 'session.get().claims?.sub')}`);
follows('valtio', 'valtio', `${own('valtio')}
  import { subscribe } from 'valtio/vanilla';
  ${show('subscribe(state, render);', 'state.session.claims?.sub')}`);
follows('immer', 'immer', `${own('immer')}${show('auth.subscribe(render);', 'state.session.claims?.sub')}`);

test('every recipe for a state library is tested', () => {
  const text = readFileSync(new URL(import.meta.url), 'utf8');
  assert.deepEqual([...state.keys()].filter((name) => !text.includes(`follows('${name}'`)), []);
});

test('every recipe of these two pages compiles, strictly', { timeout: 300_000 }, async () => {
  const folder = join(application.folder, 'strict');
  const files = {
    'auth.ts': recipe('auth'),
    'router.ts': `
      import { initTRPC } from '@trpc/server';
      const t = initTRPC.create();
      const router = t.router({ posts: t.router({ list: t.procedure.query(() => [{ title: 'Hello' }]) }) });
      export type AppRouter = typeof router;
    `,
  };
  for (const name of recipe.names) if (name !== 'auth') files[`${name}.ts`] = recipe(name);
  for (const [name, code] of state) files[`state-${name}.ts`] = code;
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { stdout } = await run(join(modules('libraries'), '.bin/tsc'), ['-p', folder, '--pretty', 'false']).catch((error) => error);
  assert.equal(stdout, '');
});

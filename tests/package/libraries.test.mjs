// The recipes of www/guide/libraries.md, as they stand there, with the
// libraries that they are for.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { serveFiles, withBrowser, withPage } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { recipe } from './support/readme.mjs';

const API = 'https://api.example.com';
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

/** Makes a page of a recipe: `app.auth`, and `app.load`. */
async function bundle(name, code) {
  const { folder } = application;
  await writeFile(join(folder, `${name}.ts`), code);
  await build({
    entryPoints: [join(folder, `${name}.ts`)],
    outfile: join(folder, `${name}.out.js`),
    bundle: true,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"', 'globalThis.__DEV__': 'false' },
    logLevel: 'warning',
  });
  await writeFile(join(folder, `${name}.html`), `<!doctype html><link rel=icon href=data:,><div id=root></div><script type=module src=${name}.out.js></script>`);
}

/** Sends what goes to the recipe's origin to the auth server: the endpoints
 * by their last name, the rest as resources. */
const forward = (page, server) =>
  page.route(`${API}/**`, async (route) => {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    const endpoint = /\/(?:login|refresh)$/.exec(pathname)?.[0];
    const response = await route.fetch({ url: `${server.origin}${endpoint ?? `/api${pathname}`}${search}` });
    const headers = { 'access-control-allow-origin': request.headers().origin ?? new URL(page.url()).origin, 'access-control-allow-credentials': 'true' };
    await route.fulfill({ response, headers: { ...response.headers(), ...headers } });
  });

/** Registers the test of a recipe: what its library makes of an answer, with a
 * good token and with one that has ended. `silent` is how often it asks for a
 * token before anybody has signed in. */
function works(name, library, answer, expected, { rest = 'window.app = { auth, load };', shape, silent = 0 } = {}) {
  test(`${library} ${version(library, 'libraries')}: test`, { timeout: 300_000 }, async () => {
    await bundle(name, `${recipe(name)}\n${rest}`);
    await withPage(files.origin, async (page, server) => {
      if (shape) server.shape = shape;
      server.on('api', (call, proceed) => (server.accepts(call.token) ? call.reply(200, answer) : proceed()));
      await forward(page, server);
      await page.goto(`${files.origin}/${name}.html`);
      await page.waitForFunction(() => window.app !== undefined);
      if (silent) await server.seen('refresh', silent);
      await page.evaluate(() => app.auth.login({ email: 'alice', password: 'Password1!' }));

      assert.deepEqual(await page.evaluate(() => app.load()), expected);
      assert.deepEqual(server.of('api').map(({ token }) => server.accepts(token)), [true]);
      assert.equal(server.count('refresh'), silent);

      server.expire();
      assert.deepEqual(await page.evaluate(() => app.load()), expected);
      assert.equal(server.count('refresh'), silent + 1);
      assert.deepEqual(server.of('api').map(({ token }) => server.accepts(token)), [false, false, true]);
    });
  });
}

const POSTS = [{ title: 'Hello' }];
const ME = { me: { __typename: 'User', name: 'alice' } };

works('ky', 'ky', POSTS, POSTS);
works('ofetch', 'ofetch', POSTS, POSTS);
works('openapi-fetch', 'openapi-fetch', POSTS, POSTS);
works('apollo', '@apollo/client', { data: ME }, ME);
works('urql', '@urql/core', { data: ME }, ME);
works('graphql-request', 'graphql-request', { data: ME }, ME);
works('trpc', '@trpc/client', [{ result: { data: POSTS } }], POSTS);
works('tanstack-query', '@tanstack/react-query', POSTS, POSTS, {
  rest: "window.app = { auth, load: () => queries.fetchQuery({ queryKey: ['/posts'] }) };",
});
works('rtk-query', '@reduxjs/toolkit', POSTS, POSTS, {
  rest: 'window.app = { auth, load: () => store.dispatch(api.endpoints.posts.initiate(undefined, { forceRefetch: true })).unwrap() };',
});
// For its realtime client, which is not to connect as somebody else.
works('supabase', '@supabase/supabase-js', POSTS, POSTS, { silent: 1 });
works('directus', '@directus/sdk', { data: POSTS }, POSTS, {
  shape: ({ accessToken, refreshToken, expiresIn }) => ({
    data: { access_token: accessToken, refresh_token: refreshToken, expires: expiresIn * 1000 },
  }),
});
works('swr', 'swr', POSTS, POSTS, {
  rest: `
    import { createElement as h, useEffect } from 'react';
    import { createRoot } from 'react-dom/client';
    let mounted;
    let seen = () => {};
    function Posts() {
      const { data, mutate } = usePosts();
      useEffect(() => void (mounted = mutate), [mutate]);
      useEffect(() => seen(data), [data]);
      return h('p', null, JSON.stringify(data));
    }
    const root = createRoot(document.getElementById('root'));
    const load = async () => {
      if (mounted) return mounted();
      return new Promise((resolve) => {
        seen = (data) => data && resolve(data);
        root.render(h(Posts));
      });
    };
    window.app = { auth, load };
  `,
});

test('every recipe of the guide is tested', async () => {
  const own = await readFile(new URL(import.meta.url), 'utf8');
  for (const name of recipe.names) {
    if (name !== 'auth') assert.ok(own.includes(`works('${name}'`), `no test of the recipe ${name}`);
  }
});

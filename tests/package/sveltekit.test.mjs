// SvelteKit: its dev server and its build, both rendered on the server, with
// evertoken/svelte.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { guide } from './support/guide.mjs';
import { finish, node, serving } from './support/programs.mjs';
import { rendered } from './support/rendered.mjs';
import { TRIES, keepsUsersApart, staysInert } from './support/users.mjs';

const FILES = {
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite';
    import adapter from '@sveltejs/adapter-node';
    export default { plugins: [sveltekit({ adapter: adapter() })] };
  `,
  'src/app.html': '<!doctype html><html><head><link rel="icon" href="data:," />%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>',
  'touched.js': `
    import { watched } from './watch.js';
    export { start } from './app.js';
    export const touched = watched();
  `,
  'src/routes/+page.js': `
    import '../../touched.js';
    import { createTokenManager } from 'evertoken';
    import { tokenStore } from 'evertoken/svelte';
    export async function load() {
      const auth = await createTokenManager({ baseUrl: 'https://api.example.com', refresh: '/refresh', key: 'session', singleUser: true });
      return { auth, session: tokenStore(auth) };
    }
  `,
  'src/routes/+page.svelte': `
    <script>
      import { onMount } from 'svelte';
      import { start, touched } from '../../touched.js';
      let { data } = $props();
      const { auth, session } = data;
      let said = $state('');
      onMount(async () => {
        await auth.setTokens({ accessToken: 'opaque' });
        said = await start();
      });
    </script>
    <p id="said">{said}</p><p id="touched">{touched}</p><p id="session">{$session.status}</p>
  `,
};
/** The guide's application. */
const GUIDE = {
  'vite.config.js': FILES['vite.config.js'],
  'src/app.html': FILES['src/app.html'],
  'src/lib/auth.js': guide('sveltekit-auth'),
  'src/routes/+layout.svelte': guide('sveltekit-layout'),
  'src/routes/+page.svelte': `
    <script>
      import { onMount } from 'svelte';
      import { tokenStore } from 'evertoken/svelte';
      import { auth } from '../lib/auth';
      const user = tokenStore(auth, ({ claims }) => claims?.sub);
      onMount(() => void (window.auth = auth));
    </script>
    {#if $user}<p>signed-in as {$user}</p>{/if}
  `,
  'src/routes/try/+server.js': `
    import { auth } from '../../lib/auth';
    export async function GET() {
      ${TRIES}
      return new Response(answer);
    }
  `,
};
const TIME = { timeout: 900_000 };

let application;
before(async () => {
  application = await fixture(FILES, { kind: 'sveltekit', whole: true });
});
after(() => application?.remove());
withBrowser();

const title = (kind) => `SvelteKit ${version('@sveltejs/kit', 'sveltekit')}: ${kind}`;
const vite = (...rest) => [join(application.folder, 'node_modules/vite/bin/vite.js'), ...rest];
const options = (env) => ({ cwd: application.folder, env: { HOST: '127.0.0.1', PORT: '0', ...env } });

test(title('dev'), TIME, async () => {
  await serving(node('24'), vite('dev', '--host', '127.0.0.1'), /(http:\/\/127\.0\.0\.1:\d+)/, options({ DEV_SERVER: '1' }), async (url) => {
    assert.equal((await rendered(url)).session, 'unknown');
    await proves(`${url}/`, { session: 'signed-in' });
  });
});

test(title('build'), TIME, async () => {
  await finish(node('24'), vite('build'), options());
  await serving(node('24'), vite('preview', '--host', '127.0.0.1'), /(http:\/\/127\.0\.0\.1:\d+)/, options(), async (url) => {
    assert.deepEqual(await rendered(url), { touched: 'nothing', session: 'unknown' });
    await proves(`${url}/`, { session: 'signed-in' });
  });
});

test('SvelteKit: the application of the guide, with two users at once', TIME, async (t) => {
  const own = await fixture(GUIDE, { kind: 'sveltekit', whole: true });
  t.after(() => own.remove());
  const program = (command, ...rest) => [join(own.folder, 'node_modules/vite/bin/vite.js'), command, ...rest];
  const settings = { ...options(), cwd: own.folder };
  await finish(node('24'), program('build'), settings);
  await serving(node('24'), program('preview', '--host', '127.0.0.1'), /(http:\/\/127\.0\.0\.1:\d+)/, settings, async (url) => {
    await keepsUsersApart(`${url}/`);
    await staysInert(`${url}/try`);
  });
});

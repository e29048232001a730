// Nuxt: its dev server and its build, both rendered on the server, with
// evertoken/vue.
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
  'nuxt.config.js': `export default defineNuxtConfig({ compatibilityDate: '2026-01-01', telemetry: false, devtools: { enabled: false } });`,
  'touched.js': `
    import { watched } from './watch.js';
    export { start } from './app.js';
    export const touched = watched();
  `,
  'app/plugins/session.js': `
    import '../../touched.js';
    import { createTokenManager } from 'evertoken';
    import { createTokens } from 'evertoken/vue';
    export default defineNuxtPlugin(async ({ vueApp }) => {
      const auth = await createTokenManager({ baseUrl: 'https://api.example.com', refresh: '/refresh', key: 'session', singleUser: true });
      await auth.setTokens({ accessToken: 'opaque' });
      vueApp.use(createTokens(auth, { ssr: true }));
    });
  `,
  'app/app.vue': `
    <script setup>
    import { onMounted, ref } from 'vue';
    import { useSnapshot } from 'evertoken/vue';
    import { start, touched } from '../touched.js';
    const said = ref('');
    const session = useSnapshot();
    onMounted(async () => (said.value = await start()));
    useHead({ link: [{ rel: 'icon', href: 'data:,' }] });
    </script>
    <template><div><p id="said">{{ said }}</p><p id="touched">{{ touched }}</p><p id="session">{{ session.status }}</p></div></template>
  `,
};
/** The guide's application. */
const GUIDE = {
  'nuxt.config.js': FILES['nuxt.config.js'],
  'app/utils/auth.js': guide('nuxt-auth'),
  'app/plugins/session.js': guide('nuxt-plugin'),
  'app/app.vue': `
    <script setup>
    import { onMounted } from 'vue';
    import { useClaims, useSnapshot } from 'evertoken/vue';
    import { auth } from './utils/auth';
    const session = useSnapshot();
    const user = useClaims(({ sub }) => sub);
    onMounted(() => (window.auth = auth));
    useHead({ link: [{ rel: 'icon', href: 'data:,' }] });
    </script>
    <template><p role="status">{{ user ? 'signed-in as ' + user : session.status }}</p></template>
  `,
  'server/routes/try.js': `
    import { createTokenManager } from 'evertoken';
    // What Nitro builds may not await at the top.
    const ready = createTokenManager({ preset: 'strapi4' });
    export default defineEventHandler(async () => {
      const auth = await ready;
      ${TRIES}
      return answer;
    });
  `,
};
const TIME = { timeout: 900_000 };
const LISTENS = /(http:\/\/127\.0\.0\.1:\d+)/;

let application;
before(async () => {
  application = await fixture(FILES, { kind: 'nuxt', whole: true });
});
after(() => application?.remove());
withBrowser();

const title = (kind) => `Nuxt ${version('nuxt', 'nuxt')}: ${kind}`;
const nuxt = (...rest) => [join(application.folder, 'node_modules/nuxt/bin/nuxt.mjs'), ...rest];
const options = (env) => ({ cwd: application.folder, env: { NUXT_TELEMETRY_DISABLED: '1', HOST: '127.0.0.1', PORT: '0', ...env } });

test(title('dev'), TIME, async () => {
  await serving(node('24'), nuxt('dev', '--host', '127.0.0.1', '--port', '0'), LISTENS, options({ DEV_SERVER: '1' }), async (url) => {
    assert.equal((await rendered(url)).session, 'unknown');
    await proves(`${url}/`, { session: 'signed-in' });
  });
});

test(title('build'), TIME, async () => {
  await finish(node('24'), nuxt('build'), options());
  await serving(node('24'), ['.output/server/index.mjs'], LISTENS, options(), async (url) => {
    assert.deepEqual(await rendered(url), { touched: 'nothing', session: 'unknown' });
    await proves(`${url}/`, { session: 'signed-in' });
  });
});

test('Nuxt: the application of the guide, with two users at once', TIME, async (t) => {
  const own = await fixture(GUIDE, { kind: 'nuxt', whole: true });
  t.after(() => own.remove());
  const settings = { ...options(), cwd: own.folder };
  await finish(node('24'), [join(own.folder, 'node_modules/nuxt/bin/nuxt.mjs'), 'build'], settings);
  await serving(node('24'), ['.output/server/index.mjs'], LISTENS, settings, async (url) => {
    await keepsUsersApart(`${url}/`);
    await staysInert(`${url}/try`);
  });
});

// Nuxt: its dev server and its build, both rendered on the server.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { finish, node, serving } from './support/programs.mjs';
import { rendered } from './support/rendered.mjs';

const FILES = {
  'nuxt.config.js': `export default defineNuxtConfig({ compatibilityDate: '2026-01-01', telemetry: false, devtools: { enabled: false } });`,
  'app/app.vue': `
    <script>
    import { watched } from '../watch.js';
    import { start } from '../app.js';
    const touched = watched();
    </script>
    <script setup>
    import { onMounted, ref } from 'vue';
    const said = ref('');
    onMounted(async () => (said.value = await start()));
    useHead({ link: [{ rel: 'icon', href: 'data:,' }] });
    </script>
    <template><div><p id="said">{{ said }}</p><p id="touched">{{ touched }}</p></div></template>
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
    await rendered(url);
    await proves(`${url}/`);
  });
});

test(title('build'), TIME, async () => {
  await finish(node('24'), nuxt('build'), options());
  await serving(node('24'), ['.output/server/index.mjs'], LISTENS, options(), async (url) => {
    assert.equal(await rendered(url), 'nothing');
    await proves(`${url}/`);
  });
});

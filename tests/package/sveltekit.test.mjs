// SvelteKit: its dev server and its build, both rendered on the server.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { finish, node, serving } from './support/programs.mjs';
import { rendered } from './support/rendered.mjs';

const FILES = {
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite';
    import adapter from '@sveltejs/adapter-node';
    export default { plugins: [sveltekit({ adapter: adapter() })] };
  `,
  'src/app.html': '<!doctype html><html><head><link rel="icon" href="data:," />%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>',
  'src/routes/+page.svelte': `
    <script module>
      import { watched } from '../../watch.js';
      import { start } from '../../app.js';
      const touched = watched();
    </script>
    <script>
      import { onMount } from 'svelte';
      let said = $state('');
      onMount(async () => (said = await start()));
    </script>
    <p id="said">{said}</p><p id="touched">{touched}</p>
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
    await rendered(url);
    await proves(`${url}/`);
  });
});

test(title('build'), TIME, async () => {
  await finish(node('24'), vite('build'), options());
  await serving(node('24'), vite('preview', '--host', '127.0.0.1'), /(http:\/\/127\.0\.0\.1:\d+)/, options(), async (url) => {
    assert.equal(await rendered(url), 'nothing');
    await proves(`${url}/`);
  });
});

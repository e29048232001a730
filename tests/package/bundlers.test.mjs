// Bundlers, and none: what they make runs in a page.
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves, serveFiles } from './support/browser.mjs';
import { fixture, modules, version } from './support/fixture.mjs';
import { finish, serving } from './support/programs.mjs';

const MAIN = `
  import { start } from './app.js';
  start().then((said) => (document.getElementById('said').textContent = said));
`;
// A classic script is read as the page is (see the README's limits).
const page = (script) => `<!doctype html><meta charset=utf-8><link rel=icon href=data:,><p id=said></p>${script}`;

let application;
before(async () => {
  application = await fixture({ 'main.js': MAIN });
});
after(() => application?.remove());
withBrowser();

/** Proves what is in a folder of the application. */
async function works(folder, html) {
  if (html) await writeFile(join(application.folder, folder, 'index.html'), html);
  const files = await serveFiles(join(application.folder, folder));
  try {
    await proves(`${files.origin}/`);
  } finally {
    await files.stop();
  }
}

const program = (name) => join(modules(), '.bin', name);
const TIME = { timeout: 900_000 };

test('no bundler: build', TIME, async () => {
  const imports = JSON.stringify({ imports: { evertoken: './node_modules/evertoken/index.js' } });
  await works('', page(`<script type=importmap>${imports}</script><script type=module src=main.js></script>`));
  await rm(join(application.folder, 'index.html'));
});

test(`esbuild ${version('esbuild')}: build`, TIME, async () => {
  const { folder } = application;
  await finish(program('esbuild'), ['main.js', '--bundle', '--minify', '--splitting', '--format=esm', '--outdir=esbuild'], { cwd: folder });
  await works('esbuild', page('<script type=module src=main.js></script>'));
});

test(`esbuild ${version('esbuild')}: build of one classic script`, TIME, async () => {
  const { folder } = application;
  await finish(program('esbuild'), ['main.js', '--bundle', '--minify', '--outdir=classic'], { cwd: folder });
  await works('classic', page('<script src=main.js></script>'));
});

test(`Rollup ${version('rollup')}: build`, TIME, async () => {
  const { folder } = application;
  await finish(program('rollup'), ['main.js', '--dir', 'rollup', '--plugin', 'node-resolve'], { cwd: folder });
  await works('rollup', page('<script type=module src=main.js></script>'));
});

for (const mode of ['development', 'production']) {
  test(`webpack ${version('webpack')}: ${mode === 'production' ? 'build' : 'dev'}`, TIME, async () => {
    const { folder } = application;
    const webpack = createRequire(join(folder, 'main.js'))('webpack');
    const compiler = webpack({ mode, context: folder, entry: './main.js', output: { path: join(folder, mode) } });
    const stats = await new Promise((resolve, reject) => compiler.run((error, stats) => (error ? reject(error) : resolve(stats))));
    await new Promise((resolve) => compiler.close(resolve));
    if (stats.hasErrors()) throw new Error(stats.toString());
    await works(mode, page('<script src=main.js></script>'));
  });
}

test(`Parcel ${version('parcel')}: dev`, TIME, async () => {
  const { folder } = application;
  await writeFile(join(folder, 'parcel.html'), page('<script type=module src=main.js></script>'));
  // It takes another port than its own where that is in use.
  const parameters = ['serve', 'parcel.html', '--host', '127.0.0.1', '--dist-dir', 'parcel-dev', '--no-cache', '--no-hmr'];
  await serving(program('parcel'), parameters, /(http:\/\/127\.0\.0\.1:\d+)[^]*Built/, { cwd: folder }, (url) => proves(`${url}/parcel.html`));
});

test(`Parcel ${version('parcel')}: build`, TIME, async () => {
  const { folder } = application;
  await finish(program('parcel'), ['build', 'parcel.html', '--dist-dir', 'parcel', '--no-cache'], { cwd: folder });
  const files = await serveFiles(join(folder, 'parcel'));
  try {
    await proves(`${files.origin}/parcel.html`);
  } finally {
    await files.stop();
  }
});

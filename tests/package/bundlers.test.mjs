// Bundlers, and none: what they make runs in a page.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { withBrowser, proves, serveFiles, withPage } from './support/browser.mjs';
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
async function works(folder, html, engines) {
  if (html) await writeFile(join(application.folder, folder, 'index.html'), html);
  const files = await serveFiles(join(application.folder, folder));
  try {
    await proves(`${files.origin}/`, {}, engines);
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

// ---- one file: what runs the module where WebAssembly cannot is in it ----

const ONE_FILE = [
  ['esbuild: a classic script', 'esbuild', ['main.js', '--bundle', '--minify', '--outfile=one/main.js'], 'script'],
  ['esbuild: a module', 'esbuild', ['main.js', '--bundle', '--minify', '--format=esm', '--outfile=one/main.js'], 'script type=module'],
  ['Rollup: dynamic imports inlined', 'rollup', ['main.js', '--file', 'one/main.js', '--format', 'es', '--inlineDynamicImports', '--plugin', 'node-resolve'], 'script type=module'],
  ['Rollup: a classic script', 'rollup', ['main.js', '--file', 'one/main.js', '--format', 'iife', '--inlineDynamicImports', '--plugin', 'node-resolve'], 'script'],
];

const weight = async (file) => brotliCompressSync(await readFile(file)).length;

for (const [title, tool, parameters, tag] of ONE_FILE) {
  test(`one file: ${title}`, TIME, async () => {
    const { folder } = application;
    await finish(program(tool), parameters, { cwd: folder });
    await works('one', page(`<${tag} src=main.js></script>`));
    const [whole, entry, fallback] = await Promise.all(['one/main.js', 'node_modules/evertoken/index.js', 'node_modules/evertoken/fallback.js'].map((file) => weight(join(folder, file))));
    // The application's own lines are below 0.4 kB; the names that the bundler gives anew pack up to 0.2 kB worse.
    assert.ok(whole < entry + fallback + 600, `${whole} bytes, of which ${entry} and ${fallback} are the package's`);
    assert.ok(fallback < 3500, `${fallback} bytes`);
    await rm(join(folder, 'one'), { recursive: true });
  });
}

// www/guide/limits.md has these options.
const LEFT_OUT = [
  ['esbuild', ['main.js', '--bundle', '--minify', '--outfile=without/main.js', '--external:*/fallback.js']],
  ['rollup', ['main.js', '--file', 'without/main.js', '--format', 'iife', '--inlineDynamicImports', '--plugin', 'node-resolve', '--external', 'FALLBACK']],
];
for (const [tool, parameters] of LEFT_OUT) {
  test(`one file: ${tool} leaves out what runs the module without WebAssembly, where it is told so`, TIME, async () => {
    const { folder } = application;
    const fallback = join(folder, 'node_modules/evertoken/fallback.js');
    await finish(program(tool), parameters.map((one) => one.replace('FALLBACK', fallback)), { cwd: folder });
    await works('without', page('<script src=main.js></script>'), ['wasm']);
    const [whole, entry] = await Promise.all(['without/main.js', 'node_modules/evertoken/index.js'].map((file) => weight(join(folder, file))));
    assert.ok(whole < entry + 800, `${whole} bytes, of which ${entry} are the package's`);
    await rm(join(folder, 'without'), { recursive: true });
  });
}

test('evertoken/js: one file that runs without WebAssembly, and loads nothing', TIME, async () => {
  const { folder } = application;
  const main = `
    import { createTokenManager, TokenError } from 'evertoken/js';
    import { createTokenManager as other, TokenError as Other } from 'evertoken';
    const api = location.hash.slice(1);
    const auth = await createTokenManager({ baseUrl: api, login: '/login', refresh: '/refresh' });
    await auth.login({ user: 'alice' });
    const { user } = await (await auth.fetch('/api/posts')).json();
    const error = await other({ baseUrl: 'wrong' }).catch((error) => error);
    document.getElementById('said').textContent = [user, auth.inspect().engine, error instanceof Other, error instanceof TokenError].join(' ');
  `;
  await writeFile(join(folder, 'js.js'), main);
  await finish(program('esbuild'), ['js.js', '--bundle', '--minify', '--format=esm', '--outfile=js/main.js'], { cwd: folder });
  const text = await readFile(join(folder, 'node_modules/evertoken/js.js'), 'utf8');
  assert.doesNotMatch(text, /\bimport\s*[(.]|\bimport\.meta\b/);
  const html = page('<script type=module src=main.js></script>');
  await writeFile(join(folder, 'js/index.html'), html);
  const files = await serveFiles(join(folder, 'js'));
  try {
    await withPage(files.origin, async (page, server) => {
      await page.goto(`${files.origin}/#${server.origin}`);
      const said = page.locator('#said', { hasText: /\S/ });
      await said.waitFor();
      assert.equal(await said.textContent(), 'alice js true true');
    });
  } finally {
    await files.stop();
  }
});

// evertoken/testing, as applications use it: the tests of a small application
// (tests/testing), by three runners and in a browser.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createMockServer } from '../../pkg-template/testing.js';
import { javascript } from './support/guide.mjs';
import { install, run } from './support/install.mjs';
import { suite } from './support/suite.mjs';

const sample = fileURLToPath(new URL('../testing', import.meta.url));
const runners = join(sample, 'node_modules');
const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
let installed;
let names;

before(async () => {
  installed = await install();
  const { folder } = installed;
  for (const file of await readdir(sample)) {
    if (/^(app|cases)\..*js$/.test(file)) await copyFile(join(sample, file), join(folder, file));
  }
  /** The runners' own, in the place of what the adapters' tests have. */
  const link = async (name) => {
    const place = join(folder, 'node_modules', name);
    await rm(place, { recursive: true, force: true });
    await symlink(join(runners, name), place);
  };
  await link('vitest');
  for (const name of ['react', 'react-dom', 'jsdom', 'msw', '@testing-library']) await link(name);
  await writeFile(join(folder, 'vitest.vitest.js'), await javascript('testing-vitest'));
  await writeFile(join(folder, 'library.vitest.js'), `// @vitest-environment jsdom\n${await javascript('testing-library')}`);
  await writeFile(join(folder, 'msw.vitest.js'), await javascript('testing-msw'));
  const config = { test: { include: ['*.vitest.js'], reporters: ['json'], outputFile: 'vitest.json' } };
  await writeFile(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)};`);
  const [, example] = /<!-- test: testing -->\n```js\n([^]*?)```/.exec(readme);
  await writeFile(join(folder, 'readme.vitest.js'), example);
  names = [...(await readFile(join(sample, 'cases.js'), 'utf8')).matchAll(/^ {2}async '([^']+)'/gm)].map(([, name]) => name);
  assert.ok(names.length > 0);
});
after(() => installed?.remove());

/** Runs a program of Node.js beside the application; rejects if it fails. */
const node = (...parameters) =>
  run(process.execPath, parameters, { cwd: installed.folder, env: { ...process.env, NODE_TEST_CONTEXT: undefined, CI: '1' } });

/** What a runner that writes Jest's JSON says of each test that passed. */
const passed = ({ testResults }) =>
  testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'passed').map(({ title }) => title));

test('testing: by Vitest, and the examples of the README and the guide', { timeout: 180_000 }, async () => {
  await node(join(runners, 'vitest/vitest.mjs'), 'run');
  const told = JSON.parse(await readFile(join(installed.folder, 'vitest.json'), 'utf8'));
  const guide = ['a token that has ended is renewed before the request', 'the page follows the session', 'posts are loaded'];
  assert.deepEqual(passed(told).sort(), [...names, ...guide, 'posts are loaded after the token has ended'].sort());
});

test('testing: by Jest', { timeout: 180_000 }, async () => {
  const program = join(runners, 'jest/bin/jest.js');
  // The guide's example, as it is in Jest.
  await writeFile(join(installed.folder, 'guide.jest.js'), (await javascript('testing-vitest')).replace('"vitest"', '"@jest/globals"'));
  const config = { testMatch: ['**/*.jest.js'], transform: {} };
  await node('--experimental-vm-modules', program, '--json', '--outputFile=jest.json', '--runInBand', '--config', JSON.stringify({ ...config, rootDir: installed.folder }));
  const told = JSON.parse(await readFile(join(installed.folder, 'jest.json'), 'utf8'));
  assert.deepEqual(passed(told).sort(), [...names, 'a token that has ended is renewed before the request'].sort());
});

test("testing: by Node.js's own runner", { timeout: 60_000 }, async () => {
  const { stdout } = await node('--test', '--test-reporter=tap', 'app.node.mjs');
  assert.deepEqual([...stdout.matchAll(/^ok \d+ - (.*)$/gm)].map(([, name]) => name), names);
});

/** Has the application's files beside the installed package. */
const files = {
  name: 'sample',
  setup(build) {
    build.onResolve({ filter: /^\.\/(app|cases)\.js$/ }, ({ path, resolveDir }) => ({ path, namespace: 'sample', pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: 'sample' }, async ({ path, pluginData: resolveDir }) => ({ contents: await readFile(join(sample, path), 'utf8'), resolveDir }));
  },
};

const app = suite();
const check = app("import { cases } from './cases.js'; window.app = { cases };", { plugins: [files] });

check('testing: in a browser, where tabs share', async ({ page, server }) => {
  const outcomes = await page.evaluate(async () => {
    const outcomes = {};
    const equal = (found, expected) => {
      const [one, other] = [found, expected].map((value) => JSON.stringify(value));
      if (one !== other) throw new Error(`found ${one}, expected ${other}`);
    };
    for (const [name, run] of Object.entries(app.cases)) outcomes[name] = await run(equal).then(() => 'passed', String);
    return outcomes;
  });
  assert.deepEqual(outcomes, Object.fromEntries(names.map((name) => [name, 'passed'])));
  assert.equal(server.calls.length, 0);
});

const driven = app("import { createTokenManager } from 'evertoken'; window.app = { createTokenManager };");

driven('testing: by Playwright, whose route hands requests to a server', async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-guide-'));
  await writeFile(join(folder, 'answer.mjs'), await javascript('testing-playwright'));
  const { answer } = await import(pathToFileURL(join(folder, 'answer.mjs')).href);
  await rm(folder, { recursive: true });
  const server = createMockServer({ login: '/api/login', refresh: '/api/refresh', api: ({ user }) => `a post of ${user}` });
  await answer(page, server);
  const text = await page.evaluate(async () => {
    const auth = await app.createTokenManager({ baseUrl: location.origin, login: '/api/login', refresh: '/api/refresh' });
    await auth.login({ user: 'alice' });
    await auth.refresh();
    return (await auth.fetch('/api/posts')).text();
  });
  assert.equal(text, 'a post of alice');
  assert.equal(server.count('refresh'), 1);
});

// evertoken/testing, as applications use it: the tests of a small application
// (tests/testing), by three runners and in a browser.
import assert from 'node:assert/strict';
import { copyFile, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
  await symlink(join(runners, 'vitest'), join(folder, 'node_modules/vitest'));
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

test('testing: by Vitest, and the example of the README', { timeout: 180_000 }, async () => {
  await node(join(runners, 'vitest/vitest.mjs'), 'run');
  const told = JSON.parse(await readFile(join(installed.folder, 'vitest.json'), 'utf8'));
  assert.deepEqual(passed(told).sort(), [...names, 'posts are loaded after the token has ended'].sort());
});

test('testing: by Jest', { timeout: 180_000 }, async () => {
  const program = join(runners, 'jest/bin/jest.js');
  const config = { testMatch: ['**/app.jest.js'], transform: {} };
  await node('--experimental-vm-modules', program, '--json', '--outputFile=jest.json', '--runInBand', '--config', JSON.stringify({ ...config, rootDir: installed.folder }));
  const told = JSON.parse(await readFile(join(installed.folder, 'jest.json'), 'utf8'));
  assert.deepEqual(passed(told), names);
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

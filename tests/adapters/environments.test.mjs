// The environments that applications are tested in: Node.js, jsdom and
// happy-dom by Vitest and Jest, with and without fake timers. The test is the
// README's own, and one that has to end although no timer fires.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { install, run } from './support/install.mjs';

const runners = fileURLToPath(new URL('../testing/node_modules', import.meta.url));
const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const block = (text, name) => new RegExp(`<!-- test: ${name} -->\n\`\`\`\\w+\n([^]*?)\`\`\``).exec(text)[1];
const README = read('README.md');
const SAMPLE = block(README, 'testing');
const IMPORT = "import { expect, test } from 'vitest';";
const NAME = 'posts are loaded after the token has ended';

/** With every timer of the platform in the test's hands, and none let go. */
const still = ([use, end]) => `
  test('nothing waits for a timer of the platform', async () => {
    const server = createMockServer();
    ${use}
    try {
    const auth = await createTokenManager({ baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', logout: '/logout', storage: typeof localStorage === 'object' ? 'local' : 'memory', key: 'still', fetch: server.fetch });
    await auth.login({ user: 'alice' });
    server.expire();
    const answers = await Promise.all([1, 2, 3].map(() => auth.fetch('/posts')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await auth.refresh();
    const form = new FormData();
    form.append('a', 'b');
    expect((await auth.fetch('/posts', { method: 'POST', body: form, signal: new AbortController().signal })).status).toBe(200);
    await auth.logout();
    expect(auth.snapshot.status).toBe('signed-out');
    expect(server.count('refresh')).toBe(2);
    auth.dispose();
    } finally {
      ${end}
    }
  }, 20_000);
`;
const STILL = 'nothing waits for a timer of the platform';

let installed;
before(async () => {
  installed = await install();
  const { folder } = installed;
  for (const name of ['vitest', 'whatwg-fetch', 'jest-fixed-jsdom', 'jest-environment-jsdom', 'jsdom', 'happy-dom']) {
    await symlink(join(runners, name), join(folder, 'node_modules', name)).catch(({ code }) => assert.equal(code, 'EEXIST'));
  }
});
after(() => installed?.remove());

/** A project of its own; gives the titles of what passed, and what failed by its title. */
async function report(files, program, parameters) {
  const folder = join(installed.folder, `project-${++count}`);
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const output = join(folder, 'report.json');
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, CI: '1', NO_COLOR: '1' };
  const said = await run(process.execPath, [join(runners, program), ...parameters(folder, output)], { cwd: folder, env }).catch((error) => error);
  const told = await readFile(output, 'utf8').catch(() => assert.fail(`${said.stdout}\n${said.stderr}`));
  const results = JSON.parse(told).testResults.flatMap(({ assertionResults, message }) => (assertionResults.length ? assertionResults : assert.fail(message)));
  return Object.fromEntries(results.map(({ title, status, failureMessages }) => [title, status === 'passed' ? status : failureMessages.join('\n')]));
}
let count = 0;

const both = { [NAME]: 'passed', [STILL]: 'passed' };

const vitest = (environment, use) => () =>
  report(
    { 'package.json': '{ "type": "module" }', 'a.vitest.js': SAMPLE.replace(IMPORT, `import { expect, test, vi } from 'vitest';`) + still(use), 'vitest.config.mjs': `export default { test: { include: ['*.vitest.js'], environment: '${environment}' } };` },
    'vitest/vitest.mjs',
    (folder, output) => ['run', '--reporter=json', `--outputFile=${output}`],
  );

/** As people have it: CommonJS by Babel, and what the README says of Jest. */
const jest = (environment, use, setup = '') => () =>
  report(
    {
      'package.json': '{}',
      'babel.config.js': `module.exports = { presets: [[${JSON.stringify(join(runners, '@babel/preset-env'))}, { targets: { node: 'current' } }]] };`,
      'jest.config.js': `${block(README, 'jest')}\nObject.assign(module.exports, { testEnvironment: '${environment}', testMatch: ['**/a.jest.js'], setupFiles: ['./setup.js'] });`,
      'setup.js': setup,
      'a.jest.js': SAMPLE.replace(IMPORT, '') + still(use),
    },
    'jest/bin/jest.js',
    (folder, output) => ['--ci', '--runInBand', '--json', `--outputFile=${output}`],
  );

const NONE = ['', ''];
const VI = ['vi.useFakeTimers();', 'vi.useRealTimers();'];
const JEST = ['jest.useFakeTimers();', 'jest.useRealTimers();'];
const polyfills = `require('whatwg-fetch'); const { TextDecoder, TextEncoder } = require('node:util'); Object.assign(globalThis, { TextDecoder, TextEncoder });`;

for (const [title, outcome] of Object.entries({
  'Vitest in Node.js': vitest('node', NONE),
  'Vitest in jsdom': vitest('jsdom', NONE),
  'Vitest in happy-dom': vitest('happy-dom', NONE),
  "Vitest in Node.js, with Vitest's timers": vitest('node', VI),
  "Vitest in jsdom, with Vitest's timers": vitest('jsdom', VI),
  "Vitest in happy-dom, with Vitest's timers": vitest('happy-dom', VI),
  "Jest in Node.js, with Jest's timers": jest('node', JEST),
  'Jest in jest-fixed-jsdom': jest('jest-fixed-jsdom', NONE),
  "Jest in jest-fixed-jsdom, with Jest's timers": jest('jest-fixed-jsdom', JEST),
  'Jest in jsdom, with whatwg-fetch and TextDecoder': jest('jsdom', NONE, polyfills),
})) {
  test(`${title}: the README's test passes, and nothing waits for a timer`, { timeout: 120_000 }, async () => {
    assert.deepEqual(await outcome(), both);
  });
}

test('Jest in jsdom as it is: the error names what is missing and how to get it', { timeout: 120_000 }, async () => {
  const { [NAME]: said } = await jest('jsdom', NONE)();
  assert.match(said, /TokenError: this environment has no TextDecoder, TextEncoder: bring a polyfill, in Jest jest-fixed-jsdom/);
});

// Test runners: what they make of the package.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { AuthServer } from '../e2e/support/auth-server.mjs';
import { fixture, modules, version } from './support/fixture.mjs';
import { finish, node } from './support/programs.mjs';
import { readme } from './support/readme.mjs';

const BODY = `
  test('signs in', async () => {
    const auth = await createTokenManager({ baseUrl: process.env.API, login: '/login', refresh: '/refresh', singleUser: true });
    await auth.login({ user: 'alice' });
    const response = await auth.fetch('/api/posts');
    expect((await response.json()).user).toBe('alice');
    expect(auth.inspect().engine).toBe('wasm');
    await expect(auth.login({ user: 'mallory' })).rejects.toBeInstanceOf(TokenError);
    auth.dispose();
  }, 60_000);
`;
const IMPORT = `import { TokenError, createTokenManager } from 'evertoken';`;

let server;
before(async () => {
  server = await new AuthServer().start();
});
after(() => server?.stop());

/** Runs a runner on an application of its own. */
function passes(title, files, program, parameters, pattern) {
  test(title, { timeout: 900_000 }, async () => {
    const application = await fixture(files);
    try {
      const said = await finish(program, parameters, { cwd: application.folder, env: { API: server.origin } });
      assert.match(said, pattern);
    } finally {
      await application.remove();
    }
  });
}

const jest = join(modules(), 'jest/bin/jest.js');
const JEST = ['--ci', '--runInBand', '--no-cache'];

passes(
  `Jest ${version('jest')}: test (CommonJS)`,
  {
    'package.json': '{ "private": true }',
    'babel.config.js': `module.exports = { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] };`,
    'jest.config.js': readme('jest'),
    'auth.test.js': IMPORT + BODY,
  },
  process.execPath,
  [jest, ...JEST],
  /Tests: +1 passed/,
);

passes(
  `Jest ${version('jest')}: test (ES modules)`,
  { 'jest.config.js': 'export default { transform: {} };', 'auth.test.js': IMPORT + BODY },
  process.execPath,
  ['--experimental-vm-modules', jest, ...JEST],
  /Tests: +1 passed/,
);

passes(
  `Vitest ${version('vitest')}: test`,
  { 'auth.test.js': `import { expect, test } from 'vitest';\n${IMPORT}${BODY}` },
  node('24'),
  [join(modules(), 'vitest/vitest.mjs'), 'run'],
  /Tests +1 passed/,
);

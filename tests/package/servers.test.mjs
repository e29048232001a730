// Where there is no page: Node.js, Deno, Bun and workerd.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AuthServer } from '../e2e/support/auth-server.mjs';
import { fixture, modules, version } from './support/fixture.mjs';
import { finish, node, serving } from './support/programs.mjs';

const MAIN = `
  import { answer } from './server.mjs';
  console.log(await answer(process.argv[2]));
`;
// ES modules are what require() gives since Node.js 20.19.
const REQUIRED = `
  const { createTokenManager, TokenError } = require('evertoken');
  createTokenManager({ refresh: '/refresh', baseUrl: process.argv[2], fetch }).then((auth) => {
    console.log(auth.inspect().engine, new TokenError('signed-out').code);
    auth.dispose();
  });
`;
// In a place with tabs, as a test's environment pretends to be: with a channel
// to them, a lock and a timer. The program ends itself where they keep it.
const ALIVE = `
  globalThis.location = new URL(process.argv[2]);
  const { createTokenManager } = await import('evertoken');
  const auth = await createTokenManager({ login: '/login', refresh: '/refresh' });
  await auth.login({ user: 'alice' });
  await auth.refresh();
  console.log(auth.inspect().nextRefreshAt > Date.now());
  setTimeout(() => process.exit(3), 20_000).unref();
`;
const WORKER = `
  import { answer } from './server.mjs';
  export default {
    async fetch(request, { API }) {
      return new Response(await answer(API).catch((error) => String(error?.stack ?? error)));
    },
  };
`;

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const TYPED = Object.fromEntries(['anywhere.ts', 'fetch.ts'].map((name) => [name, read(`../adapters/runtimes/${name}`).replace("'./anywhere.js'", "'./anywhere.ts'")]));

let application;
let server;
before(async () => {
  const text = read('support/server.mjs');
  application = await fixture({ ...TYPED, 'server.mjs': text, 'main.mjs': MAIN, 'required.cjs': REQUIRED, 'alive.mjs': ALIVE, 'worker.js': WORKER });
  server = await new AuthServer().start();
});
after(async () => {
  await server?.stop();
  await application?.remove();
});

const TIME = { timeout: 300_000 };
const expected = (engine) => `alice ${engine} memory, the import touched nothing`;

/** Programs as npm has them, without the launchers that its scripts make. */
const platform = `${process.platform}-${process.arch}`;
const [deno, bun, workerd] = [
  { 'linux-x64': '@deno/linux-x64-glibc/deno', 'linux-arm64': '@deno/linux-arm64-glibc/deno' },
  { 'linux-x64': '@oven/bun-linux-x64/bin/bun', 'linux-arm64': '@oven/bun-linux-aarch64/bin/bun' },
  { 'linux-x64': '@cloudflare/workerd-linux-64/bin/workerd', 'linux-arm64': '@cloudflare/workerd-linux-arm64/bin/workerd' },
].map((programs) => {
  assert.ok(programs[platform], `no programs are known for ${platform}`);
  return join(modules(), programs[platform]);
});

const nodes = [[process.execPath, process.versions.node]];
for (const major of ['22', '24', '26']) nodes.push([node(major), version(`node-${major}-${platform}`)]);
for (const [program, version] of nodes) {
  test(`Node.js ${version}: test`, TIME, async () => {
    const said = await finish(program, ['main.mjs', server.origin], { cwd: application.folder });
    assert.equal(said.trim(), expected('wasm'));
  });

  test(`Node.js ${version}: test of require`, TIME, async () => {
    const said = await finish(program, ['--no-warnings', 'required.cjs', server.origin], { cwd: application.folder });
    assert.equal(said.trim(), 'wasm signed-out');
  });

  test(`Node.js ${version}: ends by itself with a manager that nobody disposed of`, TIME, async () => {
    const said = await finish(program, ['--no-warnings', 'alive.mjs', server.origin], { cwd: application.folder });
    assert.equal(said.trim(), 'true');
  });
}

test(`Deno ${version('deno')}: test`, TIME, async () => {
  const env = { DENO_DIR: join(application.folder, 'deno') };
  // The variable is watch.js's; the package asks for the network alone.
  const parameters = ['run', '--quiet', '--no-prompt', '--allow-net=127.0.0.1', '--allow-env=DEV_SERVER', '--node-modules-dir=manual', 'main.mjs', server.origin];
  const said = await finish(deno, parameters, { cwd: application.folder, env });
  assert.equal(said.trim(), expected('wasm'));
});

test(`Deno ${version('deno')}: the types compile with its own library, and it ends by itself`, TIME, async () => {
  const env = { DENO_DIR: join(application.folder, 'deno') };
  const options = { cwd: application.folder, env };
  await finish(deno, ['check', '--quiet', '--node-modules-dir=manual', ...Object.keys(TYPED)], options);
  const said = await finish(deno, ['run', '--quiet', '--no-prompt', '--allow-net=127.0.0.1', '--node-modules-dir=manual', 'alive.mjs', server.origin], options);
  assert.equal(said.trim(), 'true');
});

test(`Bun ${version('bun')}: ends by itself with a manager that nobody disposed of`, TIME, async () => {
  const said = await finish(bun, ['run', 'alive.mjs', server.origin], { cwd: application.folder });
  assert.equal(said.trim(), 'true');
});

test(`Bun ${version('bun')}: test`, TIME, async () => {
  const said = await finish(bun, ['run', 'main.mjs', server.origin], { cwd: application.folder });
  assert.equal(said.trim(), expected('wasm'));
});

test(`workerd ${version('workerd')}: test`, TIME, async () => {
  const { folder } = application;
  // As wrangler bundles; the platform compiles no bytes to WebAssembly.
  const parameters = ['worker.js', '--bundle', '--format=esm', '--conditions=workerd,worker,browser', '--outfile=worker.mjs'];
  await finish(join(modules(), '.bin/esbuild'), parameters, { cwd: folder });
  const config = `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (
          modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
          compatibilityDate = "2026-01-01",
          bindings = [(name = "API", text = "${server.origin}")],
        )),
        (name = "internet", network = (allow = ["private", "local"])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
  `;
  await writeFile(join(folder, 'config.capnp'), config);
  const options = { cwd: folder, stdio: ['pipe'] };
  await serving(workerd, ['serve', 'config.capnp', '--control-fd=3'], /"event":"listen".*"port":(\d+)/, options, async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), expected('js'));
  });
});

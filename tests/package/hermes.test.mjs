// React Native: its bundler, its Babel preset, the compiler that it has today,
// and an application that Hermes runs.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fixture, modules, version } from './support/fixture.mjs';
import { finish } from './support/programs.mjs';

const KIND = 'hermes';
const own = (path) => join(modules(KIND), path);
const page = await readFile(new URL('../../www/guide/react-native.md', import.meta.url), 'utf8');
const example = (name) => new RegExp(`<!-- test: ${name} -->\n\`\`\`js\n([^]*?)\`\`\``).exec(page)[1];

/** What React Native has beside its engine, from where it has it. The timers
 * of the program do not wait, so the application's clock stands still. */
const PLATFORM = `
  import { AbortController, AbortSignal } from 'abort-controller/dist/abort-controller';
  import { decode, encode } from 'base-64';
  const started = Date.now();
  Object.assign(globalThis, {
    self: globalThis, AbortController, AbortSignal, atob: decode, btoa: encode,
    performance: { now: () => Date.now() - started },
    console: { log: print, warn: print, error: print, assert() {} },
    // Of the server in memory alone.
    crypto: { getRandomValues: (bytes) => bytes.map(() => Math.random() * 256) },
  });
`;
const FETCH = `import 'whatwg-fetch';`;
/** Modules of the device, which the test stands for. */
const DEVICE = {
  'node_modules/react-native-url-polyfill/auto.js': `import { URL, URLSearchParams } from 'whatwg-url-without-unicode'; Object.assign(globalThis, { URL, URLSearchParams });`,
  'node_modules/react-native-url-polyfill/package.json': '{ "name": "react-native-url-polyfill", "version": "0.0.0" }',
  'node_modules/expo-secure-store/index.js': `
    export const kept = new Map();
    export const getItemAsync = async (key) => kept.get(key) ?? null;
    export const setItemAsync = async (key, value) => void kept.set(key, value);
    export const deleteItemAsync = async (key) => void kept.delete(key);`,
  'node_modules/expo-secure-store/package.json': '{ "name": "expo-secure-store", "version": "0.0.0", "main": "index.js" }',
  'node_modules/react-native/index.js': `
    export const listeners = new Set();
    export const AppState = { addEventListener: (type, listener) => (listeners.add(listener), { remove: () => listeners.delete(listener) }) };`,
  'node_modules/react-native/package.json': '{ "name": "react-native", "version": "0.0.0", "main": "index.js" }',
  'node_modules/@react-native-community/netinfo/index.js': `
    export const listeners = new Set();
    export default { addEventListener: (listener) => (listeners.add(listener), () => listeners.delete(listener)) };`,
  'node_modules/@react-native-community/netinfo/package.json': '{ "name": "@react-native-community/netinfo", "version": "0.0.0", "main": "index.js" }',
};

const APP = `
  import './platform.js';
  import './polyfills.js';
  import './fetch.js';
  import { listeners as net } from '@react-native-community/netinfo';
  import { TokenError, decodeJwt } from 'evertoken';
  import { createClock, createMockServer } from 'evertoken/testing';
  import { kept } from 'expo-secure-store';
  import { listeners as app } from 'react-native';
  import { signIn } from './auth.js';
  import { follow } from './device.js';

  async function main() {
    const clock = createClock();
    const server = createMockServer({ clock, api: ({ user }) => ['a post of ' + user] });
    const config = { clock, fetch: server.fetch };
    const auth = await signIn(config);
    const seen = {};
    await auth.login({ user: 'älice' });
    seen.claims = auth.snapshot.claims.sub;
    seen.kept = [...kept.keys()];

    clock.jump(601000);
    const answers = await Promise.all(Array.from({ length: 10 }, () => auth.fetch('/posts')));
    seen.answers = answers.map(({ status }) => status).join();
    [seen.text] = await answers[9].json();
    seen.refreshes = server.count('refresh');

    const off = follow(auth);
    server.fail('refresh', { status: 503 });
    clock.jump(601000);
    for (const listener of app) listener('active');
    while (!auth.snapshot.stale) await new Promise((resolve) => auth.subscribe(resolve));
    server.on('refresh', (call, proceed) => proceed());
    clock.jump(60000);
    for (const listener of net) listener({ isConnected: true });
    while (auth.snapshot.stale) await new Promise((resolve) => auth.subscribe(resolve));
    seen.device = server.count('refresh');
    off();
    seen.listening = app.size + net.size;
    auth.dispose();

    const again = await signIn(config);
    seen.again = again.snapshot.status;
    seen.engine = again.inspect().engine;
    const controller = new AbortController();
    controller.abort();
    seen.aborted = await again.getToken({ signal: controller.signal }).catch((error) => error.name);
    const hold = server.hold('refresh');
    const late = new AbortController();
    const waiting = again.refresh({ signal: late.signal }).catch((error) => error.name);
    late.abort();
    seen.abortedLater = await waiting;
    (hold.release ?? hold)();
    server.fail('login', { status: 401 });
    seen.refused = await again.login({ user: 'mallory' }).catch((error) => [error instanceof TokenError, error.code].join());
    await again.logout();
    seen.status = again.snapshot.status;
    seen.left = [...kept.values()].join().includes('eyJ');
    seen.decoded = decodeJwt('eyJhbGciOiJub25lIn0.eyJzdWIiOiLDpCJ9.').claims.sub;
    print(JSON.stringify(seen));
  }
  main().catch((error) => print('failed', error && (error.stack || error.message || error), String(error && error.cause && error.cause.stack)));
`;

/** npm has these programs for one kind of Linux. */
const skip = process.platform === 'linux' && process.arch === 'x64' ? false : `no Hermes for ${process.platform}-${process.arch}`;

let application;
before(async () => {
  application = await fixture(
    { ...DEVICE, 'platform.js': PLATFORM, 'fetch.js': FETCH, 'polyfills.js': example('react-native-polyfills'), 'auth.js': example('react-native-auth'), 'device.js': example('react-native-device'), 'index.js': APP },
    { kind: KIND, whole: true },
  );
});
after(() => application?.remove());

/** The Babel preset of React Native, by the name that Metro asks for. */
const TRANSFORMER = `
  const babel = require('@babel/core');
  const presets = [[require('@react-native/babel-preset'), { disableDeepImportWarnings: true }]];
  exports.transform = ({ filename, src, options }) =>
    babel.transformSync(src, { filename, babelrc: false, configFile: false, ast: true, code: false, caller: { name: 'metro', platform: options.platform }, presets });
`;

/** Bundles as React Native's own configuration of Metro has it. */
async function bundle(folder) {
  const Metro = createRequire(join(folder, 'index.js'))('metro');
  const config = await Metro.loadConfig(
    { cwd: folder, 'reset-cache': true },
    {
      projectRoot: folder,
      cacheStores: [],
      maxWorkers: 1,
      reporter: { update() {} },
      resolver: { unstable_conditionNames: ['require', 'react-native'], unstable_conditionsByPlatform: {}, useWatchman: false },
      transformer: { babelTransformerPath: join(folder, 'transformer.cjs') },
    },
  );
  const { code } = await Metro.runBuild(config, { entry: 'index.js', dev: false, minify: false, platform: 'ios', out: join(folder, 'out.js') });
  return code;
}

test(`React Native: bundled by Metro ${version('metro', KIND)}, compiled, and run by Hermes ${version('hermes-engine-cli', KIND)}`, { timeout: 300_000, skip }, async () => {
  const { folder } = application;
  await writeFile(join(folder, 'transformer.cjs'), TRANSFORMER);
  const code = await bundle(folder);
  assert.doesNotMatch(code, /fallback\.js|WebAssembly\.(?:Instance|Module)/, 'the engine is the one in JavaScript');
  await writeFile(join(folder, 'app.js'), code);

  // Today's compiler, which is not to be had with its virtual machine.
  const compilers = [own('hermes-compiler/hermesc/linux64-bin/hermesc'), own('hermes-engine-cli/linux64-bin/hermesc')];
  for (const compiler of compilers) await finish(compiler, ['-emit-binary', '-O', '-w', '-out', 'app.hbc', 'app.js'], { cwd: folder });
  const said = await finish(own('hermes-engine-cli/linux64-bin/hermes'), ['-b', 'app.hbc'], { cwd: folder });
  assert.deepEqual(JSON.parse(said), {
    claims: 'älice',
    kept: ['evertoken'],
    answers: Array(10).fill(200).join(),
    text: 'a post of älice',
    refreshes: 1,
    device: 3,
    listening: 0,
    again: 'signed-in',
    engine: 'js',
    aborted: 'AbortError',
    abortedLater: 'AbortError',
    refused: 'true,login-rejected',
    status: 'signed-out',
    left: false,
    decoded: 'ä',
  });
});

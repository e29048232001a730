// Starts one real backend behind the recorder. See README.md for the interface.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installedModules } from './packages.mjs';
import { createRecorder } from './recorder.mjs';

const BOOT_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 8_000;
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The user that every backend is seeded with. */
export const USER = { username: 'alice', email: 'alice@example.com', password: 'Password1!' };

/** Whole seconds of '3s', '10m', '2h' or '14d'. */
export function secondsOf(duration) {
  const match = /^(\d+)([smhd])$/.exec(duration);
  if (!match) throw new UsageError(`found the duration "${duration}", expected a whole number and s, m, h or d`);
  return Number(match[1]) * UNITS[match[2]];
}

class UsageError extends Error {}

function readArguments(switches) {
  const flags = Object.fromEntries(Object.keys(switches).map((key) => [key, { type: 'boolean', default: false }]));
  const usage = [
    `usage: node start.mjs [--port N] [--access-ttl 3s] [--refresh-ttl 14d] [--origin URL]... [--data DIR] [--until-stdin-ends]`,
    ...Object.entries(switches).map(([key, text]) => `  --${key}: ${text}`),
  ].join('\n');
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        'access-ttl': { type: 'string', default: '3s' },
        'refresh-ttl': { type: 'string', default: '14d' },
        origin: { type: 'string', multiple: true, default: ['http://127.0.0.1:3000'] },
        data: { type: 'string' },
        'until-stdin-ends': { type: 'boolean', default: false },
        ...flags,
      },
    }));
  } catch (error) {
    throw new UsageError(`${error.message}\n${usage}`);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`found --port ${values.port}, expected 0 to 65535`);
  }
  return {
    port,
    accessTtl: values['access-ttl'],
    accessSeconds: secondsOf(values['access-ttl']),
    refreshTtl: values['refresh-ttl'],
    refreshSeconds: secondsOf(values['refresh-ttl']),
    origins: values.origin,
    data: values.data && resolve(values.data),
    untilStdinEnds: values['until-stdin-ends'],
    switches: Object.fromEntries(Object.keys(switches).map((key) => [key, values[key]])),
  };
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done, fail) => server.once('listening', done).once('error', fail));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs one program to its end and rejects with its output if that is not 0. */
export function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(output);
      else fail(new Error(`${basename(command)} ended with ${code}, expected 0:\n${output.slice(-4000)}`));
    });
  });
}

const answers = (port, path) =>
  new Promise((done) => {
    http
      .get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        response.resume();
        done(true);
      })
      .on('error', () => done(false));
  });

/** A child process that can be stopped and started again; `describe()` gives its command each time. */
export class Service {
  #child = null;
  #exited = null;

  constructor({ name, logFile, describe, ready, signal = 'SIGTERM', onDeath }) {
    Object.assign(this, { name, logFile, describe, ready, signal, onDeath });
  }

  get running() {
    return this.#child !== null;
  }

  async start() {
    if (this.#child) return;
    const { command, args, ...options } = await this.describe();
    const out = openSync(this.logFile, 'a', 0o600);
    const child = spawn(command, args, { ...options, stdio: ['ignore', out, out] });
    closeSync(out);
    this.#child = child;
    this.#exited = new Promise((done) => {
      child.once('error', (error) => done(error.message));
      child.once('exit', (code, signal) => done(signal ?? `code ${code}`));
    });
    let ended = null;
    this.#exited.then((why) => {
      ended = why;
      if (this.#child !== child) return;
      this.#child = null;
      if (this.booted) this.onDeath?.(`${this.name} ended by itself (${why})`);
    });
    const deadline = Date.now() + BOOT_LIMIT_MS;
    while (!(await this.ready())) {
      if (ended !== null || Date.now() > deadline) {
        const why = ended === null ? `is not ready after ${BOOT_LIMIT_MS / 1000} s` : `ended before it was ready (${ended})`;
        await this.stop();
        throw new Error(`${this.name} ${why}:\n${(await readFile(this.logFile, 'utf8')).slice(-4000)}`);
      }
      await new Promise((done) => setTimeout(done, 50));
    }
    this.booted = true;
  }

  async stop() {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    this.booted = false;
    child.kill(this.signal);
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.#exited;
    clearTimeout(force);
  }
}

/**
 * Runs a backend until SIGTERM.
 *
 * - `switches`: the backend's own flags and what they do.
 * - `sources`: the folders, later ones over earlier ones, that a copy is run of.
 * - `prepare(context)`: what has to be there before the first start.
 * - `command(context)`: `{ command, args, env }` of the real backend, run in `context.app`.
 * - `health`: a path that the backend answers, whatever the status.
 * - `host(setting)`: the public host name, where a cookie's Domain forces another than 127.0.0.1.
 * - `actions(context)`: what `POST /__control/<name>` does beside the common ones.
 */
export async function launch(folder, { switches = {}, sources = ['app'], prepare, command, health, host, actions }) {
  const name = basename(folder);
  const cleanups = [];
  let ending = null;
  const end = (code, message) => {
    if (message && !ending) process.stderr.write(`${name}: ${message}\n`);
    ending ??= (async () => {
      // One that is waited for may add others, which then come next.
      while (cleanups.length > 0) await cleanups.pop()();
      process.exit(code);
    })();
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0));

  try {
    const setting = readArguments(switches);
    if (setting.untilStdinEnds) process.stdin.resume().on('close', () => end(0));
    const abort = new AbortController();
    const installing = installedModules(folder, { signal: abort.signal });
    cleanups.push(() => {
      abort.abort();
      return installing.catch(() => {});
    });
    const modules = await installing;
    if (ending) return;
    // Made and noted in one step, or a signal between the two would leave it behind.
    const data = setting.data ?? mkdtempSync(join(tmpdir(), `evertoken-${name}-`));
    if (!setting.data) cleanups.push(() => rm(data, { recursive: true, force: true, maxRetries: 5 }));
    const app = join(data, 'app');
    const home = join(data, 'home');
    await mkdir(home, { recursive: true });
    // A database server that runs as another user has to reach its own folder below this one.
    await chmod(data, 0o711);
    await rm(app, { recursive: true, force: true });
    for (const source of sources) await cp(join(folder, source), app, { recursive: true });
    await cp(join(folder, 'package.json'), join(app, 'package.json'));
    await symlink(modules, join(app, 'node_modules'), 'dir');

    const context = { setting, data, app, port: await freePort(), require: createRequire(join(app, 'package.json')) };
    context.env = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: data };
    context.own = (cleanup) => cleanups.push(cleanup);
    context.fail = (message) => end(1, message);
    const preparing = Promise.resolve(prepare?.(context));
    cleanups.push(() => preparing.catch(() => {}));
    await preparing;
    if (ending) return;

    const service = new Service({
      name,
      logFile: join(data, 'backend.log'),
      describe: async () => {
        const { env: extra, ...rest } = await command(context);
        return { cwd: app, ...rest, env: { ...context.env, ...extra } };
      },
      ready: () => answers(context.port, health),
      onDeath: (message) => end(1, message),
    });
    cleanups.push(() => service.stop());
    await service.start();

    // Requests that come during a restart wait for it; while the backend is stopped they are refused.
    let restarting = null;
    const restart = async () => {
      restarting = service.stop().then(() => service.start());
      await restarting.finally(() => (restarting = null));
    };
    context.restart = restart;
    const recorder = createRecorder({
      target: async () => {
        if (restarting) await restarting.catch(() => {});
        return service.running && service.booted ? context.port : null;
      },
      actions: {
        stop: () => service.stop(),
        start: () => service.start(),
        restart,
        ...actions?.(context),
      },
    });
    await new Promise((done, fail) => recorder.once('error', fail).listen(setting.port, '127.0.0.1', done));
    cleanups.push(() => {
      recorder.close();
      recorder.closeAllConnections();
    });
    process.stdout.write(`READY http://${host?.(setting) ?? '127.0.0.1'}:${recorder.address().port}\n`);
  } catch (error) {
    await end(error instanceof UsageError ? 2 : 1, error.message);
  }
}

// What servers say of the session's end in words of their own (rule 18), by
// the answers of the running systems: the package in Node.js against each.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { LOGIN, startBackend } from './harness.mjs';

const { createTokenManager } = await import(join(process.env.EVERTOKEN_PKG ?? join(import.meta.dirname, '../../pkg'), 'index.js'));
const run = promisify(execFile);
const HOUR = 3600;
const FOLDER = join(import.meta.dirname, 'django');

/** The Python of a place of its own with Django in it, by the hashes of
 * requirements.txt; undefined where this machine cannot have one. */
async function python(t) {
  const list = join(FOLDER, 'requirements.txt');
  const name = createHash('sha256').update(await readFile(list)).digest('hex').slice(0, 16);
  const place = join(process.env.EVERTOKEN_CACHE ?? join(homedir(), '.cache/evertoken'), 'python', name);
  const found = join(place, 'bin/python');
  const ready = join(place, 'ready');
  try {
    await access(ready);
  } catch {
    try {
      await mkdir(place, { recursive: true });
      await run('python3', ['-m', 'venv', '--clear', place]);
      await run(found, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', list], { timeout: 120_000 });
      await mkdir(ready);
    } catch (error) {
      t.skip(`no Django: ${String(error.stderr || error.message).trim().split('\n').at(-1)}`);
      return undefined;
    }
  }
  return found;
}

async function startDjango(t, ...args) {
  const program = await python(t);
  if (!program) return undefined;
  const child = spawn(program, [join(FOLDER, 'server.py'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('READY ')) return line.slice(6);
  throw new Error('Django ended before READY');
}

/** Seconds from now to the session's end. */
const left = ({ snapshot }) => snapshot.sessionEndsAt && (snapshot.sessionEndsAt - Date.now()) / 1000;
const about = (found, expected) => assert.ok(Math.abs(found - expected) < 3, `${found} seconds are left, ${expected} were expected`);

async function manager(t, config) {
  const auth = await createTokenManager({ fetch, ...config });
  t.after(() => auth.dispose());
  return auth;
}

for (const rotate of [false, true]) {
  test(`Django with simplejwt${rotate ? ' that rotates' : ''}: the session ends with the refresh token, which says so itself`, { timeout: 180_000 }, async (t) => {
    const url = await startDjango(t, String(2 * HOUR), ...(rotate ? ['--rotate'] : []));
    if (!url) return;
    const auth = await manager(t, {
      baseUrl: url,
      login: '/api/token/',
      refresh: '/api/token/refresh/',
      refreshToken: { in: 'body', field: 'refresh' },
    });
    const answer = await auth.login({ username: 'alice', password: 'Password1!' });
    assert.deepEqual(Object.keys(answer).sort(), ['access', 'refresh']);
    about(left(auth), 2 * HOUR);
    const first = auth.snapshot.sessionEndsAt;
    // The tokens' times are in whole seconds.
    await new Promise((done) => setTimeout(done, 1100));
    await auth.refresh();
    about(left(auth), 2 * HOUR);
    if (rotate) assert.ok(auth.snapshot.sessionEndsAt > first, 'a new refresh token has an end of its own');
    else assert.equal(auth.snapshot.sessionEndsAt, first, 'the same refresh token ends when it did');
  });
}

test('Strapi 5: the session ends with the refresh token, which says so itself, and each renewal brings another', { timeout: 120_000 }, async (t) => {
  const backend = await startBackend('strapi5', ['--refresh-ttl', '2h']);
  t.after(() => backend.stop());
  const auth = await manager(t, { preset: 'strapi5', baseUrl: backend.url });
  await auth.login(LOGIN);
  about(left(auth), 2 * HOUR);
  await auth.refresh();
  about(left(auth), 2 * HOUR);
});

test('Strapi 5 with its plugin: the session ends with the refresh token, which a renewal leaves as it is', { timeout: 120_000 }, async (t) => {
  const backend = await startBackend('strapi5-plugin', ['--refresh-ttl', '2h']);
  t.after(() => backend.stop());
  const auth = await manager(t, { preset: 'strapi5-plugin', baseUrl: backend.url });
  await auth.login(LOGIN);
  about(left(auth), 2 * HOUR);
  const { sessionEndsAt } = auth.snapshot;
  await auth.refresh();
  assert.equal(auth.snapshot.sessionEndsAt, sessionEndsAt);
});

test('Strapi 4 says nothing, for no script sees its cookie: what the application knows is configured', { timeout: 120_000 }, async (t) => {
  const backend = await startBackend('strapi4', ['--refresh-ttl', '2h']);
  t.after(() => backend.stop());
  const silent = await manager(t, { preset: 'strapi4', baseUrl: backend.url });
  await silent.login(LOGIN);
  assert.equal(left(silent), null);
  const told = await manager(t, { preset: 'strapi4', baseUrl: backend.url, session: { maxSeconds: 2 * HOUR } });
  await told.login(LOGIN);
  about(left(told), 2 * HOUR);
});

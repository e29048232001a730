// Installs a backend's packages once into the tool cache, keyed by its lock file.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

const cacheRoot = () => process.env.EVERTOKEN_CACHE || join(homedir(), '.cache', 'evertoken');
const exists = (path) => access(path).then(() => true, () => false);

/** Returns the node_modules folder for `folder`, and installs it first where the cache has none. */
export async function installedModules(folder, { signal } = {}) {
  const say = (line) => process.stderr.write(`${line}\n`);
  const lock = await readFile(join(folder, 'package-lock.json'));
  const key = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const home = join(cacheRoot(), 'npm', key);
  const modules = join(home, 'node_modules');
  if (await exists(modules)) return modules;

  // Installed beside its final place and renamed: an interrupted install is never taken for a whole one.
  const partial = `${home}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    await copyFile(join(folder, name), join(partial, name));
  }
  const name = basename(folder);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  say(`${name}: installing packages into ${home} (once; minutes for Strapi)`);
  const ticker = setInterval(() => say(`${name}: still installing, ${seconds()} s`), 20_000);
  try {
    await npmInstall(partial, signal);
    await rename(partial, home).catch(async (error) => {
      // Another process finished the same install first; both are equal.
      if (!(await exists(modules))) throw error;
    });
  } finally {
    clearInterval(ticker);
    await rm(partial, { recursive: true, force: true });
  }
  say(`${name}: installed in ${seconds()} s`);
  return modules;
}

function npmInstall(cwd, signal) {
  return new Promise((resolve, reject) => {
    // NODE_ENV=production in the caller's environment would leave out the TypeScript compiler.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
    // A process group of its own, so that the compilers which npm starts end with it.
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = () => process.kill(-child.pid, 'SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    const file = createWriteStream(join(cwd, 'npm.log'));
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        file.write(chunk);
        tail = (tail + chunk).slice(-4000);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      file.end();
      if (code === 0) resolve();
      else reject(new Error(`npm ci in ${cwd} ended with ${code}, expected 0:\n${tail}`));
    });
  });
}

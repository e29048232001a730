// The package as a stranger gets it: packed, and unpacked into the
// node_modules of an application in a folder of its own, beside the tools of
// one of the lock files here.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
const HERE = fileURLToPath(new URL('..', import.meta.url));
const shared = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** What every tool builds, and what looks at a module while it is imported. */
const SHARED = { 'app.js': shared('app.js'), 'watch.js': shared('watch.js') };

/** The node_modules that go with one of the lock files. */
export const modules = (kind = '') => join(HERE, kind, 'node_modules');

/** The version of an installed package. */
export const version = (name, kind) => JSON.parse(readFileSync(join(modules(kind), name, 'package.json'), 'utf8')).version;

/** Links each file, or copies it where the cache is on another disk. */
const copyTree = (from, to) =>
  run('cp', ['-al', `${from}/.`, to], { maxBuffer: Infinity }).catch(() => cp(from, to, { recursive: true, verbatimSymlinks: true }));

/** Makes an application of `files`, by their names; gives `{ folder, remove }`.
 * `whole` is for tools that do not follow links out of their root. */
export async function fixture(files, { kind = '', whole = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-package-'));
  const packages = join(folder, 'node_modules');
  await mkdir(packages);
  if (whole) await copyTree(modules(kind), packages);
  const links = whole ? [] : (await readdir(modules(kind))).filter((name) => !name.startsWith('.') || name === '.bin');
  for (const name of links) await symlink(join(modules(kind), name), join(packages, name));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: process.env.EVERTOKEN_PKG });
  const tarball = join(folder, stdout.trim().split('\n').at(-1));
  await mkdir(join(packages, 'evertoken'));
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(packages, 'evertoken')]);
  const manifest = { private: true, type: 'module', dependencies: { evertoken: '*' } };
  const all = { 'package.json': JSON.stringify(manifest), ...SHARED, ...files };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

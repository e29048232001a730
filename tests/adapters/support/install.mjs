// The package as a stranger gets it: packed, and installed in a folder of its
// own, beside the libraries that are adapted.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const LIBRARIES = fileURLToPath(new URL('../node_modules', import.meta.url));
export const PKG = process.env.EVERTOKEN_PKG;

/** Gives `{ folder, tarball, remove }`. */
export async function install() {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-adapters-'));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: PKG });
  const tarball = join(folder, stdout.trim().split('\n').at(-1));
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: folder });
  const modules = join(folder, 'node_modules');
  const there = new Set(await readdir(modules));
  for (const name of await readdir(LIBRARIES)) {
    if (!there.has(name) && !name.startsWith('.')) await symlink(join(LIBRARIES, name), join(modules, name));
  }
  return { folder, tarball, remove: () => rm(folder, { recursive: true, force: true }) };
}

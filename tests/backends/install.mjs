// node install.mjs [NAME]...: fills the tool cache for these backends, or for all, one after the other.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installedModules } from './packages.mjs';

const here = import.meta.dirname;
const entries = await readdir(here, { recursive: true });
const all = entries.filter((path) => /^[\w-]+\/package-lock\.json$/.test(path)).map((path) => path.split('/')[0]).sort();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no backend named ${unknown.join(', ')}, there are: ${all.join(', ')}\n`);
  process.exit(2);
}
for (const name of wanted) process.stdout.write(`${name}: ${await installedModules(join(here, name))}\n`);

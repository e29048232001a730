// The npm package as it is published: what is in it, and that a browser loads
// it from a static server without a bundler.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const pkg = process.env.EVERTOKEN_PKG;
const manifest = JSON.parse(await readFile(join(pkg, 'package.json'), 'utf8'));
const documents = ['CHANGELOG.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'SECURITY.md', 'guide/turn.svg'];
const pages = (await readdir(new URL('../../www/guide/', import.meta.url))).filter((name) => name.endsWith('.md')).map((name) => `guide/${name}`);

const leaves = (value) =>
  typeof value === 'string' ? [value.replace('./', '')] : Object.values(value).flatMap(leaves);

/** The paths in the tarball. @returns {Promise<string[]>} */
async function packed() {
  const run = await promisify(execFile)('npm', ['pack', '--dry-run', '--json'], { cwd: pkg });
  const report = JSON.parse(run.stdout);
  const [{ files }] = Array.isArray(report) ? report : Object.values(report);
  return files.map(({ path }) => path);
}

test('the tarball holds what the exports name, its types, the documents, and nothing else', async () => {
  const files = await packed();
  // index.js loads the last one where it has to.
  const exported = new Set([...leaves(manifest.exports), 'fallback.js']);
  for (const file of exported) assert.ok(files.includes(file), `${file} is exported, not packed`);
  const maps = [...exported].filter((file) => file.endsWith('.js')).map((file) => `${file}.map`);
  for (const file of maps) assert.ok(files.includes(file), `${file} is not packed`);
  const superfluous = files.filter(
    (file) =>
      ![...exported, ...maps, ...documents, ...pages].includes(file) && !file.endsWith('.d.ts'),
  );
  assert.deepEqual(superfluous, []);
});

test('the tarball holds what the list of a release says', async () => {
  const listed = await readFile(new URL('../../xtask/release/npm.txt', import.meta.url), 'utf8');
  assert.deepEqual([...(await packed())].sort(), listed.trimEnd().split('\n'));
});

test('every link of the packed README and guide leads somewhere, also from the site of npm', async () => {
  const files = `https://unpkg.com/evertoken@${manifest.version}/`;
  const anchors = (text) => [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}\s-]/gu, '').trim().replaceAll(/\s+/g, '-'));
  for (const page of ['README.md', ...pages]) {
    const text = await readFile(join(pkg, page), 'utf8');
    const links = [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    for (const link of links) {
      const [path, anchor] = link.replace(files, '/').split('#');
      if (path.startsWith('https:')) continue;
      // npm's site knows of no other file of the package.
      if (page === 'README.md') assert.ok(link.startsWith('#') || path.startsWith('/'), `${page}: ${link}`);
      const found = path === '' ? page : path.startsWith('/') ? path.slice(1) : `guide/${path}`;
      const there = await readFile(join(pkg, found), 'utf8');
      if (anchor) assert.ok(anchors(there).includes(anchor), `${page}: ${link} has no such heading`);
    }
  }
});

test('the version is that of the crate', async () => {
  const cargo = await readFile(new URL('../../Cargo.toml', import.meta.url), 'utf8');
  assert.equal(manifest.version, /^version = "(.*)"$/m.exec(cargo)?.[1]);
});

test('a browser loads the default entry from a static server, as one file', async (t) => {
  const requested = [];
  const server = createServer(async (request, response) => {
    requested.push(request.url);
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html').end('<!doctype html><link rel=icon href=data:,>');
    } else {
      response.setHeader('content-type', 'text/javascript');
      response.end(await readFile(join(pkg, 'index.js')));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  t.after(() => browser.close());

  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const names = await page.evaluate(async () => Object.keys(await import('/index.js')));
  assert.deepEqual(complaints, []);
  assert.deepEqual(requested, ['/', '/index.js']);
  for (const name of ['createTokenManager', 'decodeJwt', 'init', 'TokenError']) {
    assert.ok(names.includes(name), `${name} is missing, found ${names.join(', ')}`);
  }
});

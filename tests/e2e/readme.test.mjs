// The README and the types say what the package does: their examples run, and
// their tables name what there is.
import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { startBackend } from './support/backend.mjs';
import { BROWSER, PKG } from './support/suite.mjs';

const root = new URL('../../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');
const types = await readFile(join(PKG, 'index.d.ts'), 'utf8');
const { createTokenManager } = await import(pathToFileURL(join(PKG, 'index.js')).href);

const blocks = new Map(
  [...readme.matchAll(/<!-- test: (\S+) -->\n```(?:js|ts)\n([^]*?)```/g)].map(([, name, code]) => [name, code]),
);

/** The rows of the first table below a heading, or of the `nth`; cells in order. */
function table(heading, nth = 0) {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const tables = section.split(/\n\n/).filter((part) => part.startsWith('|'));
  const [, , ...rows] = tables[nth]?.split('\n') ?? [];
  return rows.filter(Boolean).map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
}

/** The names in backticks in a cell. */
const quoted = (cell) => [...cell.matchAll(/`'?([^`']+)'?`/g)].map(([, name]) => name);

const json = (body, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evertoken-readme-'));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  await symlink(PKG, join(modules, 'evertoken'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});

after(() => rm(folder, { recursive: true }));

/** Runs an example in Node.js; its `./auth.js` has the manager. */
async function run(name, auth) {
  globalThis.readme = { auth };
  // Each run in a folder of its own, since modules are evaluated once.
  const own = await mkdtemp(join(folder, `${name}-`));
  await writeFile(join(own, 'auth.js'), 'export const { auth } = globalThis.readme;');
  await writeFile(join(own, 'example.js'), blocks.get(name));
  return import(pathToFileURL(join(own, 'example.js')).href);
}

/** Runs an example in a page of `origin`; gives the page. */
async function runInBrowser(t, name, { origin, exports, prepare }) {
  const browser = await chromium.launch(BROWSER);
  t.after(() => browser.close());
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  const map = JSON.stringify({ imports: { evertoken: '/evertoken.js' } });
  const files = {
    '/readme.html': ['text/html', `<!doctype html><link rel=icon href=data:,><script type=importmap>${map}</script>`],
    '/readme.js': ['text/javascript', `${blocks.get(name)}\nexport { ${exports} };`],
    '/evertoken.js': ['text/javascript', await readFile(join(PKG, 'index.js'), 'utf8')],
  };
  for (const [path, [contentType, body]] of Object.entries(files)) {
    await page.route(`${origin}${path}`, (route) => route.fulfill({ contentType: `${contentType}; charset=utf-8`, body }));
  }
  await prepare?.(page);
  await page.goto(`${origin}/readme.html`);
  await page.evaluate(async () => {
    window.example = await import('/readme.js');
  });
  return { page, complaints };
}

// They are TypeScript without a type, so that they run as they stand.
test('README: every example is run: here, or with what it is for', async () => {
  assert.equal(readme.match(/^```(?:js|ts)$/gm)?.length, blocks.size);
  const elsewhere = ['start', 'axios', 'react', 'vue', 'socket', 'oauth', 'testing'];
  assert.deepEqual([...blocks.keys()], ['jest', 'quick-start', 'plain-options', ...elsewhere, 'errors']);
  assert.match(await readFile(new URL('tests/package/runners.test.mjs', root), 'utf8'), /readme\('jest'\)/);
  const there = await readFile(new URL('tests/adapters/readme.test.mjs', root), 'utf8');
  for (const name of elsewhere.slice(0, -2)) assert.match(there, new RegExp(`^example\\(\\n  '${name}',$`, 'm'));
  for (const [file, name] of [['oauth/readme', 'oauth'], ['adapters/testing', 'testing']]) {
    assert.match(await readFile(new URL(`tests/${file}.test.mjs`, root), 'utf8'), new RegExp(`test: ${name} -->`));
  }
});

test('README: quick-start works with the embedded backend', { timeout: 60_000 }, async (t) => {
  const { origin, stop } = await startBackend();
  t.after(stop);
  const { page, complaints } = await runInBrowser(t, 'quick-start', { origin, exports: 'auth, response, posts' });
  const seen = await page.evaluate(async () => {
    const { auth, response, posts } = window.example;
    const first = await auth.getToken();
    await auth.refresh();
    return {
      status: response.status,
      posts: posts.data.length,
      session: auth.snapshot.status,
      another: (await auth.getToken()) !== first,
    };
  });
  assert.equal(seen.status, 200);
  assert.ok(seen.posts > 0);
  assert.equal(seen.session, 'signed-in');
  assert.equal(seen.another, true, 'the cookie refreshes it');
  const [said] = await Promise.all([page.waitForEvent('console'), page.evaluate(() => window.example.auth.logout())]);
  assert.equal(said.text(), 'please sign in again: logout');
  assert.deepEqual(complaints, []);
});

test('README: plain-options carry the refresh token in the body and keep the session in IndexedDB', { timeout: 60_000 }, async (t) => {
  const calls = [];
  const { page, complaints } = await runInBrowser(t, 'plain-options', {
    origin: 'http://localhost:1',
    exports: 'auth, response',
    prepare: (page) =>
      page.route('https://api.example.com/**', (route) => {
        const request = route.request();
        const { pathname } = new URL(request.url());
        calls.push([pathname, request.method(), request.headers().authorization, request.postDataJSON()]);
        const tokens = { access_token: `at-${calls.length}`, refresh_token: `rt-${calls.length}`, expires_in: 600 };
        const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization, content-type' };
        return route.fulfill({ status: 200, headers, json: pathname === '/posts' ? { id: 1 } : tokens });
      }),
  });
  const seen = await page.evaluate(async () => {
    const { auth, response } = window.example;
    await auth.refresh();
    const { storage } = auth.inspect();
    await auth.logout();
    return { status: response.status, storage };
  });
  assert.deepEqual(seen, { status: 200, storage: 'indexeddb' });
  assert.deepEqual(calls, [
    ['/login', 'POST', undefined, { user: 'alice', password: 'secret' }],
    ['/posts', 'POST', 'Bearer at-1', { title: 'Hello' }],
    ['/token/refresh', 'POST', undefined, { refresh_token: 'rt-1' }],
    ['/logout', 'POST', 'Bearer at-3', { refresh_token: 'rt-3' }],
  ]);
  assert.deepEqual(complaints, []);
});

/** A manager whose refresh endpoint gives what it is told to. */
const manager = (answer = () => json({ token: 'second', expiresIn: 600 })) =>
  createTokenManager({
    baseUrl: 'https://api.example.com',
    refresh: '/refresh',
    fetch: async (url) => (new URL(url).pathname === '/refresh' ? answer() : json({}, 401)),
  });

test('README: errors tell a server that is down from a session that is over', async () => {
  const outcome = async (status) => {
    const auth = await manager(() => json({}, status));
    await auth.setTokens({ accessToken: 'first', expiresIn: 600 });
    const { load } = await run('errors', auth);
    return load();
  };
  assert.match(await outcome(503), /^not now, again in [\d.]+ ms$/);
  assert.equal(await outcome(401), 'please sign in');
});

test('README: the example of the types is that of the quick start', () => {
  const [, example] = /@example\n([^]*?)\n \*\//.exec(types);
  const lines = example.split('\n').map((line) => line.replace(/^ \* ?/, '')).filter(Boolean);
  const code = blocks.get('quick-start').split('\n');
  assert.deepEqual(lines.filter((line) => !code.includes(line)), []);
});

test('README: the tables name every option, error, event and preset of the types, and no other', () => {
  const declared = types.replaceAll(/\/\*\*[^]*?\*\//g, '');
  const options = /interface Options \{([^]*?)\n\}/.exec(declared)[1];
  const names = [...options.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  const listed = table('Options').flatMap(([cell]) => quoted(cell));
  assert.deepEqual(listed.sort(), [...names, 'preset', 'refresh'].sort());

  const union = (name) => [...new RegExp(`type ${name} =([^;]*);`).exec(declared)[1].matchAll(/'([^']+)'/g)].map(([, word]) => word);
  assert.deepEqual(table('Errors').flatMap(([cell]) => quoted(cell)), union('TokenErrorCode'));
  assert.deepEqual(table('Options', 1).flatMap(([cell]) => quoted(cell)), union('Preset'));

  const events = [...declared.matchAll(/^ {2}\| \{\s*readonly type: '([^']+)'/gm)].map(([, type]) => type);
  assert.deepEqual(table('Events').flatMap(([cell]) => quoted(cell)).sort(), events.sort());
});

for (const [preset, login, refresh, logout] of table('Options', 1).map((row) => row.map((cell) => quoted(cell)[0]))) {
  test(`README: preset ${preset} calls what the table says`, async () => {
    const calls = [];
    const auth = await createTokenManager({
      preset,
      baseUrl: 'https://api.example.com',
      fetch: async (url, { method }) => {
        calls.push(`${method} ${new URL(url).pathname}`);
        return json({ jwt: 'access', refreshToken: 'refresh', expiresIn: 600 });
      },
    });
    await auth.login({ identifier: 'alice', password: 'secret' });
    await auth.refresh();
    await auth.logout();
    assert.deepEqual(calls, [login, refresh, logout].filter(Boolean));
  });
}

test('README, SECURITY, CHANGELOG: what they link to is there', async () => {
  for (const name of ['README.md', 'SECURITY.md', 'CHANGELOG.md']) {
    const text = await readFile(new URL(name, root), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(([, link]) => link);
    for (const link of links.filter((link) => !link.startsWith('#'))) await access(new URL(link, root));
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => `#${heading.toLowerCase().replaceAll(' ', '-')}`);
    for (const link of links.filter((link) => link.startsWith('#'))) assert.ok(headings.includes(link), `${name}: ${link}`);
  }
});

test('README: the comparison has the figures of the bench, and the first screen those of the costs', async () => {
  const { peers } = JSON.parse(await readFile(new URL('www/bench.json', root), 'utf8'));
  const [row] = table('Why not an interceptor by hand, or axios-auth-refresh?');
  const names = ['axios-interceptor', 'axios-auth-refresh', 'evertoken'];
  const figures = row.slice(1).map((cell) => [...cell.matchAll(/([\d,]+) (?:refresh calls?|answered)/g)].map(([, figure]) => Number(figure.replace(',', ''))));
  const measured = names.map((name) => peers.found.find((peer) => peer.name === name).waiting1000);
  assert.deepEqual(figures, measured.map(({ calls, ok }) => [calls, ok]));

  const [first, costs] = [readme.slice(0, readme.indexOf('## Install')), readme.slice(readme.indexOf('## What it costs'))];
  const [, raw, compressed] = /one file of (\d+) kB, (\d+) kB with brotli/.exec(first);
  assert.match(costs, new RegExp(`about ${raw} kB\\s+raw`));
  assert.match(costs, new RegExp(`\\*\\*${compressed} kB with brotli\\*\\*`));
});

test('README: nothing in it is a picture, which a package registry could not show', () => {
  assert.doesNotMatch(readme, /!\[|<img/);
  assert.doesNotMatch(readme, /not published/);
});

test('README: the download is not larger than it says', async () => {
  const bytes = await readFile(join(PKG, 'index.js'));
  const sizes = {
    raw: bytes.length,
    'with gzip': gzipSync(bytes, { level: 9 }).length,
    'with brotli': brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }).length,
  };
  const costs = readme.slice(readme.indexOf('## What it costs'));
  for (const [how, size] of Object.entries(sizes)) {
    const said = new RegExp(`([\\d.]+) kB ${how}`).exec(costs)?.[1];
    assert.ok(size <= Number(said) * 1030, `${how}: ${size} bytes, the README says about ${said} kB`);
  }
});

// Cookie-only mode against a backend for a frontend, the embedded one: the
// browser has no token, and a constant header goes with every call.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBackend } from './support/backend.mjs';
import { BROWSER, chromium } from './support/suite.mjs';

let backend;
let browser;
before(async () => {
  backend = await startBackend('--bff', '--refresh-ttl', '1h');
  browser = await chromium.launch(BROWSER);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

const USER = { identifier: 'alice', password: 'Password1!' };

/** The application of the guide, on the server's own origin. */
async function open(context) {
  const page = await context.newPage();
  await page.goto(`${backend.origin}/favicon.svg`);
  await page.evaluate(async () => {
    const { createTokenManager } = await import('/pkg/index.js');
    window.events = [];
    window.auth = await createTokenManager({
      login: '/bff/login',
      refresh: '/bff/session',
      logout: '/bff/logout',
      accessToken: { in: 'cookie' },
      refreshToken: { in: 'cookie' },
      csrf: { header: 'X-CSRF', value: '1' },
      hint: { cookie: 'signed_in' },
    });
    for (const type of ['signed-in', 'refreshed', 'signed-out', 'warning']) auth.on(type, ({ reason = '' }) => events.push(type + reason));
  });
  return page;
}

/** What the browser sent to `/bff/`, as `path header`. */
function watch(context) {
  const sent = [];
  context.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/bff/')) sent.push({ path: pathname, csrf: request.headers()['x-csrf'], authorization: request.headers().authorization });
  });
  return sent;
}

test('a session of cookies alone: sign-in, API, renewal behind the backend, other tabs, sign-out', { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const sent = watch(context);
  const page = await open(context);
  assert.equal(await page.evaluate(() => auth.snapshot.status), 'signed-out', 'no hint, nobody is asked');
  assert.deepEqual(sent, []);
  const first = await page.evaluate(async (user) => {
    const refused = (await auth.fetch('/bff/api/users/me')).status;
    const answer = await auth.login(user);
    const me = await (await auth.fetch('/bff/api/users/me')).json();
    return { refused, answer: Object.keys(answer), me: me.username, token: await auth.getToken(), snapshot: auth.snapshot, scripts: document.cookie };
  }, USER);
  assert.equal(first.refused, 401);
  assert.deepEqual(first.answer, ['sessionExpiresIn', 'user']);
  assert.equal(first.me, 'alice');
  assert.equal(first.token, null);
  assert.equal(first.snapshot.claims, null);
  assert.equal(first.scripts, 'signed_in=1', 'the session is no affair of scripts');
  const left = (first.snapshot.sessionEndsAt - Date.now()) / 1000;
  assert.ok(left > 3500 && left <= 3600, `the backend says when it ends: ${left}`);

  // The API's own tokens end, and the browser hears nothing of it.
  await backend.order('expire');
  const statuses = await page.evaluate(() =>
    Promise.all(Array.from({ length: 5 }, () => auth.fetch('/bff/api/posts', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"data":{"title":"a","content":"b"}}' }).then(({ status }) => status))),
  );
  assert.deepEqual(statuses, Array(5).fill(200));
  const { counters } = await backend.state();
  assert.deepEqual([counters.refreshesOk, counters.replays], [1, 0]);
  assert.deepEqual(await page.evaluate(() => events), ['signed-in']);

  const other = await open(context);
  assert.equal(await other.evaluate(async () => (await auth.restore()).status), 'signed-in');
  await Promise.all([page.close(), other.close()]);
  const asked = () => sent.filter(({ path }) => path === '/bff/session').length;
  const before = asked();
  const later = await open(context);
  assert.equal(await later.evaluate(async () => (await auth.restore()).status), 'signed-in');
  assert.equal(asked(), before + 1, 'without another tab the backend says it');

  await later.evaluate(() => auth.logout());
  assert.deepEqual(await later.evaluate(() => [auth.snapshot.status, document.cookie]), ['signed-out', '']);
  assert.equal(await later.evaluate(async () => (await auth.fetch('/bff/api/users/me')).status), 401);
  const names = new Set(sent.map(({ path }) => path));
  assert.ok(['/bff/login', '/bff/session', '/bff/logout', '/bff/api/posts', '/bff/api/users/me'].every((path) => names.has(path)), [...names].join());
  for (const { path, csrf, authorization } of sent) assert.deepEqual([csrf, authorization], ['1', undefined], path);
  await context.close();
});

test('without the constant header nothing is done, signed in or not', { timeout: 30_000 }, async () => {
  const context = await browser.newContext();
  const page = await open(context);
  const statuses = await page.evaluate(async (user) => {
    const json = { 'content-type': 'application/json' };
    const status = async (path, init) => (await fetch(path, init)).status;
    const before = await status('/bff/login', { method: 'POST', headers: json, body: JSON.stringify(user) });
    await auth.login(user);
    const posts = '{"data":{"title":"forged","content":"b"}}';
    const after = [await status('/bff/api/posts', { method: 'POST', headers: json, body: posts }), await status('/bff/session', { method: 'POST' }), await status('/bff/logout', { method: 'POST' }), await status('/bff/api/users/me')];
    return [before, ...after, (await auth.fetch('/bff/api/users/me')).status];
  }, USER);
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 200]);
  await context.close();
});

test('a session that the API ended ends here at the next request', { timeout: 30_000 }, async () => {
  const context = await browser.newContext();
  const page = await open(context);
  await page.evaluate((user) => auth.login(user), USER);
  await backend.order('revoke');
  await backend.order('expire');
  const seen = await page.evaluate(async () => {
    const outcome = await auth.fetch('/bff/api/posts').then(({ status }) => status, ({ code }) => code);
    return { outcome, status: auth.snapshot.status, events };
  });
  assert.deepEqual(seen, { outcome: 'refresh-rejected', status: 'signed-out', events: ['signed-in', 'signed-outrefresh-rejected'] });
  await context.close();
});

// What somebody may try between the page, the browser and the server. Each is
// refused with its reason, nothing is sent that should not be, and whoever was
// signed in still is.
import assert from 'node:assert/strict';
import { DeviantServer, jwt } from './support/deviant.mjs';
import { arrive, depart, ready, signIn, stateOf, suite } from './support/suite.mjs';

const check = suite();
const now = () => Math.floor(Date.now() / 1000);

/** Wants a refusal, an address bar without an answer, and no session of it. */
async function refused(page, outcome, reason) {
  assert.equal(outcome.error?.code, 'sign-in-failed', JSON.stringify(outcome));
  assert.equal(outcome.error.reason, reason, outcome.error.message);
  assert.match(outcome.error.message, /\w{3,}/);
  assert.doesNotMatch(outcome.error.message, /undefined/);
  assert.doesNotMatch(outcome.error.text, /code-\d|access-\d|refresh-\d|eyJ/, 'no secret in an error');
  const { href, status } = await stateOf(page);
  assert.doesNotMatch(href, /[?&](code|state|iss|error)/);
  assert.equal(status, 'signed-out');
}

// ---- the answer in the front channel ----

const OPEN = ["if (!verifier) fail('state-mismatch', 'the answer is of no sign-in of this tab');", ''];
const PROMISED = ['iss === null ? promised :', 'iss === null ? false :'];
const NAMED = [': iss !== found.issuer)', ': false)'];
const WORD = ["/^\\w+$/.exec(error ?? '')?.[0] ?? ''", "error ?? ''"];

for (const [name, reason, answer, without] of [
  ['without a state', 'state-mismatch', (usual) => ({ ...usual, state: undefined }), OPEN],
  ['with an empty state', 'state-mismatch', (usual) => ({ ...usual, state: '' })],
  ['with another state', 'state-mismatch', (usual) => ({ ...usual, state: 'x'.repeat(43) })],
  ['with the name of what every object has as its state', 'state-mismatch', (usual) => ({ ...usual, state: '__proto__' })],
  ['without iss, where the server announces it', 'issuer-mismatch', (usual) => ({ ...usual, iss: undefined }), PROMISED],
  ['with an empty iss', 'issuer-mismatch', (usual) => ({ ...usual, iss: '' })],
  ['with the iss of another server', 'issuer-mismatch', (usual) => ({ ...usual, iss: 'https://evil.example' }), NAMED],
  ['with an iss that differs by a slash', 'issuer-mismatch', (usual) => ({ ...usual, iss: `${usual.iss}/` })],
  ['with two codes', 'invalid-response', (usual) => ({ ...usual, code: ['one', 'two'] })],
  ['with two states', 'invalid-response', (usual) => ({ ...usual, state: [usual.state, 'other'] })],
  ['with two iss', 'invalid-response', (usual) => ({ ...usual, iss: [usual.iss, 'https://evil.example'] })],
  ['that brings an ID token, as the implicit grant', 'invalid-response', (usual) => ({ ...usual, id_token: 'x.y.z' })],
  ['in which the user said no', 'access-denied', ({ state, iss }) => ({ state, iss, error: 'access_denied' }), ["word === 'access_denied'", 'false']],
  ['in which the server could ask nobody', 'login-required', ({ state, iss }) => ({ state, iss, error: 'interaction_required' }), ["word.endsWith('_required')", 'false']],
  ['in which the server could not', 'server-error', ({ state, iss }) => ({ state, iss, error: 'temporarily_unavailable' })],
  ['in which the user said no, of a server that leaves iss out of errors', 'access-denied', ({ state }) => ({ state, error: 'access_denied' }), [" && !parameters.has('error')", '']],
  ['in which the server could ask nobody, without iss', 'login-required', ({ state }) => ({ state, error: 'login_required' })],
  ['that is an error with the iss of another server', 'issuer-mismatch', ({ state }) => ({ state, iss: 'https://evil.example', error: 'access_denied' })],
  ['that is an error of no sign-in', 'state-mismatch', ({ iss }) => ({ iss, error: 'access_denied' })],
]) {
  check(`refused: an answer ${name}`, async ({ page, server, config }) => {
    server.answer = (query, usual) => answer(usual);
    const outcome = await signIn(page, config);
    await refused(page, outcome, reason);
    assert.equal(server.sent.length, 0, 'the code went nowhere');
  }, { without });
}

check('refused: an answer with iss of another server, where none is announced', async ({ page, server, config }) => {
  server.metadata = { authorization_response_iss_parameter_supported: undefined };
  server.answer = (query, usual) => ({ ...usual, iss: 'https://evil.example' });
  await refused(page, await signIn(page, config), 'issuer-mismatch');
  assert.equal(server.sent.length, 0);
});

check('refused: an error that carries HTML, of which nothing is told', async ({ page, server, config }) => {
  server.answer = (query, { state, iss }) => ({ state, iss, error: '<img src=x onerror=alert(1)>', error_description: '<script>alert(2)</script>' });
  const outcome = await signIn(page, config);
  await refused(page, outcome, 'server-error');
  assert.doesNotMatch(outcome.error.text, /img|script|alert/);
}, { without: WORD });

check('refused: two servers, and the answer of the one at the state of the other (mix-up)', async ({ page, server, config, pages }) => {
  const evil = await new DeviantServer(pages.origin).start();
  try {
    // The user meant to go to the honest server, and was led to it by the other.
    let honest;
    evil.answer = (query, usual) => ({ ...usual, code: honest.code, iss: honest.iss });
    server.answer = (query, usual) => (honest = usual);
    await signIn(page, config);
    server.tokens.length = 0;
    await page.evaluate(() => auth.logout());
    server.revocations.length = 0;
    await refused(page, await signIn(page, { ...config, issuer: evil.issuer }), 'issuer-mismatch');
    assert.equal(evil.sent.length, 0, 'the honest server’s code did not go to the other');
    assert.equal(server.sent.length, 0);
  } finally {
    await evil.stop();
  }
});

check('refused: an answer to a sign-in that began at another server', async ({ page, server, config, pages }) => {
  const other = await new DeviantServer(pages.origin).start();
  try {
    await depart(page, config);
    await refused(page, await arrive(page, { ...config, issuer: other.issuer }), 'state-mismatch');
    assert.equal(other.sent.length + server.sent.length, 0);
  } finally {
    await other.stop();
  }
}, { without: ['`${key} ${issuer}`', 'key'] });

check('refused: an answer to a sign-in of another tab, and of another browser; the tab’s own is good once', async ({ page, server, config, open, browser }) => {
  await depart(page, config);
  const path = new URL(page.url()).pathname + new URL(page.url()).search;
  await refused(...(await taken(await open(path), config)), 'state-mismatch');
  const elsewhere = await browser.newContext();
  await refused(...(await taken(await open(path, elsewhere), config)), 'state-mismatch');
  await elsewhere.close();
  assert.equal(server.sent.length, 0);
  assert.deepEqual(await arrive(page, config), { value: { returnTo: null } });
  // Replayed in its own tab, signed out and signed in.
  await page.evaluate((path) => history.replaceState(null, '', path), path);
  await page.reload();
  await ready(page);
  await page.evaluate((config) => app.start(config), config);
  assert.deepEqual(await page.evaluate(() => app.handle()), { value: null }, 'whoever is signed in sees no error');
  assert.equal((await stateOf(page)).status, 'signed-in');
  await page.evaluate(() => auth.logout());
  await page.goto(new URL(path, page.url()).href);
  await ready(page);
  await refused(page, await arrive(page, config), 'state-mismatch');
  assert.equal(server.tokens.length, 1);
}, { without: ['note(state, { at });', ''] });

const taken = async (page, config) => [page, await arrive(page, config)];

check('refused: a code injected into the session of somebody else, who stays signed in', async ({ page, server, config, open }) => {
  await signIn(page, config);
  // The attacker's code, at a state of the attacker's.
  await page.goto(`${new URL(page.url()).origin}/callback?code=evil&state=evil&iss=${encodeURIComponent(server.issuer)}`);
  await ready(page);
  const { error } = await arrive(page, config);
  assert.equal(error.reason, 'state-mismatch');
  const { status, claims, href } = await stateOf(page);
  assert.deepEqual([status, claims.sub, new URL(href).search], ['signed-in', 'alice', '']);
  assert.equal(server.tokens.length, 1);
  // Nor at a state that is open: the code's verifier is not this one, which is the server's to say.
  server.answer = (query, usual) => ({ ...usual, code: 'of another browser' });
  server.token = () => ({ status: 400, body: { error: 'invalid_grant' } });
  await depart(page, config);
  const outcome = await arrive(page, config);
  assert.deepEqual([outcome.error.reason, outcome.error.error], ['server-error', 'invalid_grant']);
  assert.equal((await stateOf(page)).status, 'signed-in');
  assert.equal(server.tokens.at(-1).get('code_verifier').length, 43);
});

check('refused: an answer after ten minutes', async ({ page, server, config }) => {
  await depart(page, config);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 601_000;
  });
  await refused(page, await arrive(page, config), 'expired');
  assert.equal(server.sent.length, 0);
  // It is used up by that.
  assert.equal((await page.evaluate(() => Object.values(sessionStorage).join())).includes('verifier'), false);
}, { without: ['Math.abs(Date.now() - at) > LIFE_MS', 'false'] });

check('refused: an answer in a frame', async ({ page, server, config }) => {
  await depart(page, config);
  const outcome = await page.evaluate(async (config) => {
    const frame = document.createElement('iframe');
    frame.src = location.href;
    document.body.append(frame);
    await new Promise((resolve) => frame.addEventListener('load', resolve));
    while (!frame.contentWindow.app) await new Promise(requestAnimationFrame);
    await frame.contentWindow.app.start({ ...config, key: 'framed' });
    return frame.contentWindow.app.handle();
  }, config);
  assert.equal(outcome.error?.reason, 'invalid-response');
  assert.equal(server.sent.length, 0);
}, { without: ['window?.parent !== window', 'false'] });

check('an answer that the browser has loaded ahead waits until somebody is there', async ({ page, server, config }) => {
  await depart(page, config);
  await page.evaluate((config) => app.start(config), config);
  await page.evaluate(() => {
    Object.defineProperty(document, 'prerendering', { value: true, configurable: true });
    window.outcome = app.handle();
  });
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.equal(server.sent.length, 0);
  await page.evaluate(() => document.dispatchEvent(new Event('prerenderingchange')));
  assert.deepEqual(await page.evaluate(() => window.outcome), { value: { returnTo: null } });
}, { without: ['page?.prerendering', 'false'] });

// ---- the server ----

check('refused: a server without S256, before anybody goes there', async ({ page, server, config }) => {
  server.metadata = { code_challenge_methods_supported: ['plain'] };
  await page.evaluate((config) => app.start(config), config);
  await refused(page, await page.evaluate(() => app.signIn()), 'unsupported-server');
  assert.equal(server.authorizations.length, 0);
}, { without: ["found.code_challenge_methods_supported?.includes('S256') === false", 'false'] });

check('S256 it is, at a server that does not say what it has', async ({ page, server, config }) => {
  server.metadata = { code_challenge_methods_supported: undefined };
  await signIn(page, config);
  const { code_challenge_method: method, code_challenge: challenge } = server.asked;
  assert.equal(method, 'S256');
  const { createHash } = await import('node:crypto');
  assert.equal(createHash('sha256').update(server.tokens[0].get('code_verifier')).digest('base64url'), challenge);
});

for (const [name, reason, metadata, without] of [
  ['calls itself something else', 'issuer-mismatch', { issuer: 'https://evil.example' }, ["cause?.attribute === 'issuer'", 'false']],
  ['has no authorization endpoint', 'unsupported-server', { authorization_endpoint: undefined }],
  ['has an authorization endpoint without TLS', 'unsupported-server', { authorization_endpoint: 'http://evil.example/authorize' }, ['secure(server[name]) ??', 'server[name] ??']],
  ['has an authorization endpoint that is a script', 'unsupported-server', { authorization_endpoint: 'javascript:alert(1)' }],
  ['is not there', 'server-error', null],
]) {
  check(`refused: a server that ${name}`, async ({ page, server, config }) => {
    server.metadata = metadata;
    await page.evaluate((config) => app.start(config), config);
    const outcome = await page.evaluate(() => app.signIn());
    await refused(page, outcome, reason);
    assert.equal(server.authorizations.length, 0);
  }, { without });
}

check('refused: a token endpoint without TLS', async ({ page, server, config }) => {
  server.metadata = { token_endpoint: 'http://evil.example/token' };
  await refused(page, await signIn(page, config), 'unsupported-server');
  assert.equal(server.sent.length, 0);
}, { without: ['endpoint(found, TOKEN);', ''] });

// ---- the answer of the token endpoint ----

for (const [name, change, without] of [
  ['for another client', (claims) => ({ ...claims, aud: 'other' })],
  ['for another client too, without azp', (claims) => ({ ...claims, aud: ['other', 'another'] })],
  ['with another nonce', (claims) => ({ ...claims, nonce: 'other' })],
  ['without a nonce', (claims) => ({ ...claims, nonce: undefined }), ['expectedNonce: nonce', 'expectedNonce: undefined']],
  ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
  ['that has ended', (claims) => ({ ...claims, iat: now() - 7200, exp: now() - 3600 })],
  ['that is issued in the future', (claims) => ({ ...claims, iat: now() + 3600, exp: now() + 7200 }), [' > Date.now() / 1000 + TOLERANCE_SECONDS', ' > Infinity']],
  ['that is not valid yet', (claims) => ({ ...claims, nbf: now() + 3600 })],
  ['without a subject', (claims) => ({ ...claims, sub: undefined })],
]) {
  check(`refused: an ID token ${name}`, async ({ page, server, config }) => {
    server.claims = change;
    await refused(page, await signIn(page, config), 'invalid-response');
    assert.equal(server.tokens.length, 1);
  }, { without });
}

for (const [name, reason, token, without] of [
  ['another token_type', 'invalid-response', (form, { body }) => ({ body: { ...body, token_type: 'mac' } })],
  ['a token_type that wants a proof', 'invalid-response', (form, { body }) => ({ body: { ...body, token_type: 'DPoP' } }), ["result.token_type !== 'bearer' || ", '']],
  ['no token_type', 'invalid-response', (form, { body }) => ({ body: { ...body, token_type: undefined } })],
  ['no access token', 'invalid-response', (form, { body }) => ({ body: { ...body, access_token: undefined } })],
  ['no ID token, where openid was asked for', 'invalid-response', (form, { body }) => ({ body: { ...body, id_token: undefined } })],
  ['an ID token that is none', 'invalid-response', (form, { body }) => ({ body: { ...body, id_token: 'x' } })],
  ['HTML and 200', 'invalid-response', () => ({ headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' })],
  ['HTML and 503', 'server-error', () => ({ status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>Down</h1>' }), ['cause?.ok === false', 'false']],
  ['JSON and 500', 'server-error', () => ({ status: 500, body: { message: 'down' } })],
  ['an empty 400', 'server-error', () => ({ status: 400, body: '' })],
  ['invalid_grant', 'server-error', () => ({ status: 400, body: { error: 'invalid_grant' } })],
]) {
  check(`refused: a token endpoint that answers with ${name}`, async ({ page, server, config }) => {
    server.token = token;
    await refused(page, await signIn(page, config), reason);
    assert.equal(server.tokens.length, 1);
  }, { without });
}

check('refused: a redirect of the token endpoint, which is not followed', async ({ page, server, config }) => {
  server.token = () => ({ status: 307, headers: { location: `${server.issuer}/elsewhere` }, body: '' });
  const outcome = await signIn(page, config);
  assert.equal(outcome.error.code, 'sign-in-failed');
  assert.deepEqual([server.tokens.length, server.resources.length], [1, 0]);
});

// ---- what the application says ----

const ELSEWHERE = [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\evil.example',
  'javascript:alert(1)',
  '/%2F/evil.example',
  '/%2fevil.example',
  '/%5Cevil.example',
  '/a/..//evil.example',
  '/.//evil.example',
  '/%2e%2e//evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  ' /evil',
  'orders',
  '',
  7,
];

check('refused: every returnTo that could lead elsewhere, before anything is sent', async ({ page, server, config }) => {
  // Whatever is not refused for itself fails here, and no page is left.
  server.metadata = null;
  await page.evaluate((config) => app.start(config), config);
  for (const returnTo of ELSEWHERE) {
    const { error } = await page.evaluate((returnTo) => app.signIn({ returnTo }), returnTo);
    assert.equal(error?.code, 'invalid-config', JSON.stringify(returnTo));
    assert.match(error.message, /^returnTo: expected a path of this origin/);
  }
  assert.equal(server.authorizations.length + server.discoveries.length, 0);
}, { without: ['!PATH.test(returnTo)', 'false'] });

check('a path of this origin comes back as it was said', async ({ page, config }) => {
  const returnTo = '/orders/7?next=https://other.example/&q=a//b#part';
  assert.deepEqual(await signIn(page, config, { returnTo }), { value: { returnTo } });
});

check('no parameter of the protocol can be said another way', async ({ page, server, config }) => {
  const extra = { redirect_uri: new URL('/callback?other', page.url()).href, code_challenge_method: 'plain', state: 'x', nonce: 'x', client_id: 'x', response_type: 'token', ui_locales: 'de' };
  await signIn(page, config, { extra });
  const { asked } = server;
  assert.deepEqual([asked.redirect_uri, asked.client_id, asked.response_type, asked.code_challenge_method], [new URL('/callback', page.url()).href, 'spa', 'code', 'S256']);
  assert.equal(asked.ui_locales, 'de');
  assert.ok(asked.state.length === 43 && asked.nonce.length === 43);
}, { without: ['      resource,\n    });', '      resource,\n      ...extra,\n    });'] });

// ---- what stays behind ----

check('no code stays in the address bar, the history or a Referer', async ({ page, server, config, pages }) => {
  await depart(page, config);
  const length = await page.evaluate(() => history.length);
  await page.evaluate(() => history.replaceState({ router: 7 }, '', `${location.href}&theme=dark#top`));
  await page.evaluate((config) => app.start(config), config);
  // Clean before anything is awaited.
  const search = await page.evaluate(() => {
    window.outcome = app.handle();
    return location.search + location.hash;
  });
  assert.equal(search, '?theme=dark#top');
  assert.deepEqual(await page.evaluate(() => outcome), { value: { returnTo: null } });
  assert.deepEqual(await page.evaluate(() => [history.length, history.state]), [length, { router: 7 }]);
  await page.evaluate(() => auth.fetch('/posts'));
  await page.evaluate(() => fetch('/own'));
  const referers = [...server.tokens, ...server.resources, pages.requests.at(-1).headers].map(({ referer }) => referer ?? '');
  assert.ok(referers.some((referer) => referer.includes('theme=dark')), 'the page’s own server gets one');
  for (const referer of referers) assert.doesNotMatch(referer, /code/);
  await page.goto(`${pages.origin}/next`);
  await page.goBack();
  assert.doesNotMatch(page.url(), /code/);
}, { without: ['if (history) clean();', ''] });

check('twice at once is one: nothing is sent twice', async ({ page, server, config }) => {
  await depart(page, config);
  await page.evaluate((config) => app.start(config), config);
  const outcome = await page.evaluate(async () => {
    const { href } = location;
    const [one, two] = [auth.handleRedirect(), auth.handleRedirect()];
    const same = one === two && two === auth.handleRedirect(href);
    return [same, await one, await two, await auth.handleRedirect(), await auth.handleRedirect(href)];
  });
  assert.deepEqual(outcome, [true, { returnTo: null }, { returnTo: null }, null, null]);
  assert.equal(server.tokens.length, 1);
  assert.equal((await stateOf(page)).status, 'signed-in');
}, { without: ['if (last !== url.href) {', 'if (last !== 1) {'] });

check('a page that is no callback, or has only part of an answer, gives null and stays as it is', async ({ page, config, pages, server }) => {
  for (const path of ['/?code=spring&state=x', '/callback', '/callback?state=x', '/callback?iss=x', '/callback#code=x&state=y', '/callbacks?code=x&state=y']) {
    await page.goto(pages.origin + path);
    await ready(page);
    assert.deepEqual(await arrive(page, config), { value: null });
    assert.equal((await stateOf(page)).href, pages.origin + path);
  }
  assert.equal(server.sent.length + server.discoveries.length, 0);
}, { without: ["origin + pathname === back.split('?')[0] && ", ''] });

check('a token that a server signed for another user takes the place of the first, with a word', async ({ page, server, config }) => {
  await signIn(page, config);
  server.claims = (claims) => ({ ...claims, sub: 'bob' });
  server.token = (form, { body }) => ({ body: { ...body, access_token: jwt({ sub: 'bob' }) } });
  await signIn(page, config);
  assert.equal((await stateOf(page)).claims.sub, 'bob');
});

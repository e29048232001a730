// Rule 11: the token goes to exact origins, and into nothing that is shown.
import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

const rule = suite();

/** Defines `sentTo(config, inputs)` in a page: which of these get the token. */
const prepare = (page) =>
  page.evaluate(() => {
    let count = 0;
    window.sentTo = async (config, inputs) => {
      const seen = {};
      const auth = await kit.create({
        key: `k${count++}`,
        refresh: 'https://api.ok/refresh',
        fetch: async (input, init) => {
          // Not every input makes a Request: a URL with a password does not.
          const headers = new Headers(init?.headers ?? input.headers);
          seen.token = headers.get('authorization') === 'Bearer secret';
          return kit.answer({});
        },
        ...config,
      });
      await auth.setTokens({ accessToken: 'secret', refreshToken: 'r' });
      const result = {};
      for (const input of inputs) {
        for (const [kind, make] of [['string', (x) => x], ['string once more', (x) => x], ['URL', (x) => new URL(x, config.baseUrl)], ['Request', (x) => new Request(new URL(x, config.baseUrl))]]) {
          seen.token = undefined;
          try {
            await auth.fetch(make(input));
          } catch {
            continue; // fetch takes no such input
          }
          result[input] ??= seen.token;
          if (result[input] !== seen.token) result[input] = `differs for a ${kind}`;
        }
      }
      return result;
    };
  });

rule('rule 11: only the exact origin of baseUrl gets the token (J1)', async ({ page }) => {
  await prepare(page);
  const inside = ['/a', 'a', './a?b#c', '', '?q', 'https://api.ok/a', 'https://API.OK/a', 'https://api.ok:443/a', '//api.ok/a', 'https:\\\\api.ok\\a', ' https://api.ok/a', '/\ta'];
  const outside = [
    'http://api.ok/a',
    'https://api.ok:8443/a',
    'https://sub.api.ok/a',
    'https://ok/a',
    'https://api.ok.evil/a',
    'https://api.okevil/a',
    'https://evil/https://api.ok/a',
    'https://evil?https://api.ok/',
    '//evil/a',
    '/\\evil/a',
    '\\\\evil/a',
    '/\t/evil/a',
    '/\n/evil/a',
    ' //evil/a',
    'https:\\\\evil\\a',
    'data:text/plain,a',
    'blob:https://api.ok/0f8fad5b-d9cb-469f-a165-70867728950e',
    'https://api.ok./a',
  ];
  const result = await page.evaluate(([inside, outside]) => sentTo({ baseUrl: 'https://api.ok/v1/' }, [...inside, ...outside]), [inside, outside]);
  assert.deepEqual(result, Object.fromEntries([...inside.map((url) => [url, true]), ...outside.map((url) => [url, false])]));
});

rule('rule 11: a URL with a password gets no token', async ({ page }) => {
  await prepare(page);
  const url = 'https://api.ok@evil/a';
  assert.deepEqual(await page.evaluate((url) => sentTo({ baseUrl: 'https://api.ok/v1/' }, [url]), url), { [url]: false });
});

rule('rule 11: attachTo replaces it, with path prefixes that end at a segment (J2)', async ({ page }) => {
  await prepare(page);
  const inside = ['https://one.ok/anything', 'https://two.ok:8443/v1', 'https://two.ok:8443/v1/', 'https://two.ok:8443/v1/a', 'https://two.ok:8443/v1?q', 'https://two.ok:8443/x/../v1/a', 'https://two.ok:8443/./v1/a'];
  const outside = ['/relative', 'https://api.ok/a', 'https://two.ok:8443/', 'https://two.ok:8443/v1evil', 'https://two.ok:8443/v1/../v2', 'https://two.ok:8443/v1/%2e%2e/v2', 'https://two.ok:8443/V1/a', 'https://two.ok/v1/a', 'https://one.ok.evil/'];
  const result = await page.evaluate(([inside, outside]) => sentTo({ baseUrl: 'https://api.ok/', attachTo: ['https://one.ok', new URL('https://two.ok:8443/v1')] }, [...inside, ...outside]), [inside, outside]);
  assert.deepEqual(result, Object.fromEntries([...inside.map((url) => [url, true]), ...outside.map((url) => [url, false])]));
});

rule("rule 11: without baseUrl it is the page's origin, with an empty attachTo nobody", async ({ page, pages, server }) => {
  await prepare(page);
  const result = await page.evaluate(
    async ([page, api]) => [await sentTo({ baseUrl: undefined }, [`${page}/a`, `${api}/a`]), await sentTo({ baseUrl: 'https://api.ok', attachTo: [] }, ['/a', 'https://api.ok/a'])],
    [pages.origin, server.origin],
  );
  assert.deepEqual(result, [{ [`${pages.origin}/a`]: true, [`${server.origin}/a`]: false }, { '/a': false, 'https://api.ok/a': false }]);
});

/** Makes a manager for each; gives what each says. */
const refusals = async (page, entries) => {
  const results = await page.evaluate(async (entries) => {
    const results = [];
    for (const attachTo of entries) {
      const { error } = await kit.outcome(kit.create({ baseUrl: 'https://api.ok', attachTo }));
      results.push([JSON.stringify(attachTo), error?.code, error?.message ?? '']);
    }
    return results;
  }, entries);
  for (const [entry, code, message] of results) {
    assert.equal(code, 'invalid-config', `attachTo ${entry}`);
    assert.match(message, /attachTo/, `attachTo ${entry}: ${message}`);
  }
};

rule('rule 11: an entry that could never match is refused at creation (J2)', async ({ page }) => {
  const wrong = ['*', 'https://*.ok', 'https://api.ok/*', 'api.ok', 'api.ok:443', '/v1', '', 'ftp://api.ok', 'data:text/plain,a', 'https://user:pw@api.ok', 'https://api.ok?q=1', 'https://api.ok#a', 'https://', 'null', 'javascript:alert(1)', 'blob:https://api.ok/x'];
  await refusals(page, wrong.map((entry) => [entry]));
});

rule('rule 11: an entry of another type is refused at creation', ({ page }) => refusals(page, [[5], [null], [{}], [['https://api.ok']], 'https://api.ok']));

rule('rule 11: with a header of its own redirects are not followed', async ({ page, server, pages }) => {
  server.on('api', (call) => call.reply(302, '', { location: `${pages.origin}/elsewhere` }));
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ accessToken: { in: 'header', name: 'X-Access-Token', prefix: '' } });
    await auth.login({ user: 'alice' });
    const answers = [await auth.fetch('/api/a'), await auth.fetch(new Request(`${kit.api}/api/a`))];
    return { types: answers.map(({ type, redirected }) => [type, redirected]), refused: (await kit.outcome(auth.fetch('/api/a', { redirect: 'error' }))).error?.name };
  });
  assert.deepEqual(seen, { types: [['opaqueredirect', false], ['opaqueredirect', false]], refused: 'TypeError' });
  assert.ok(server.of('api').every(({ headers }) => headers['x-access-token']));
});

rule('rule 11: no token is in a URL, log, error, event or anything that can be shown (J4, J5)', async ({ page, server, said }) => {
  const tokens = new Set();
  const shape = server.shape;
  server.shape = (set) => {
    tokens.add(set.accessToken).add(set.refreshToken);
    return shape(set);
  };
  server.on('logout', (call) => call.reply(500));
  const shown = await page.evaluate(async () => {
    const shown = [];
    const show = (value) => {
      const seen = new Set();
      const walk = (value) => {
        if (typeof value !== 'object' && typeof value !== 'function') return void shown.push(String(value));
        if (value === null || seen.has(value)) return;
        seen.add(value);
        if (value instanceof Error) shown.push(String(value), value.stack ?? '');
        for (const name of Reflect.ownKeys(value)) {
          if (value instanceof Response) return;
          const { value: member } = Object.getOwnPropertyDescriptor(value, name);
          shown.push(String(name));
          walk(member);
        }
      };
      walk(value);
      try {
        shown.push(JSON.stringify(value) ?? '');
      } catch {
        // Not everything can be written down.
      }
    };
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    window.auth = auth;
    const all = () => [auth, auth.snapshot, auth.inspect(), kit.events].forEach(show);
    show(await kit.outcome(auth.getToken({ refresh: 'never' })));
    await auth.login({ user: 'alice' });
    all();
    await auth.refresh();
    all();
    window.allShown = async () => {
      for (const { reason } of await Promise.allSettled([auth.fetch('/api/posts'), auth.refresh(), auth.fetch('bad://[')])) {
        show(reason ?? null);
        show(reason?.cause ?? null);
      }
      all();
      return shown;
    };
    window.end = async () => {
      clock.at += 601_000;
      return allShown();
    };
    return shown;
  });
  server.once('refresh', (call) => call.reply(200, `<html>${[...tokens].join()}`, { 'content-type': 'text/html' }));
  shown.push(...(await page.evaluate(() => end())));
  server.once('refresh', (call) => call.reply(200, { nothing: [...tokens] }));
  shown.push(...(await page.evaluate(() => end())));
  server.on('refresh', (call) => call.reply(401, { error: [...tokens].join() }));
  shown.push(...(await page.evaluate(() => end())));
  shown.push(...(await page.evaluate(async () => {
    await auth.login({ user: 'alice' });
    await auth.logout();
    await kit.turn();
    return allShown();
  })));
  assert.ok(tokens.size >= 6 && shown.length > 200, `${tokens.size} tokens, ${shown.length} texts`);
  for (const text of [...shown, ...said, ...server.calls.map(({ path, search }) => path + search)]) {
    // The payload and the signature: a whole token, or enough of one to use.
    for (const token of tokens) assert.ok(!text.includes(token) && !text.includes(token.split('.')[1] ?? token), `a token is shown in: ${text.slice(0, 200)}`);
  }
});

rule('rule 11: a page with a strict Content-Security-Policy works, without workers (J6)', async ({ open, said }) => {
  const page = await open('/strict');
  const status = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.login({ user: 'alice' });
    return (await auth.fetch('/api/posts')).status;
  });
  assert.equal(status, 200);
  assert.deepEqual(said, [], 'the browser reports no violation');
});

rule('rule 11: what a script does afterwards, to the configuration or by a message, lets no other origin have the token (J8)', async ({ page, open }) => {
  const other = await open();
  await page.evaluate(async () => {
    window.tokens = {};
    window.config = {
      baseUrl: 'https://api.ok/',
      attachTo: ['https://api.ok'],
      refresh: { url: 'https://api.ok/refresh' },
      refreshToken: { in: 'body' },
      proactive: false,
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const { url, headers } = request;
        const text = await request.text();
        tokens[url] = Boolean(headers.get('authorization')) || /first|second/.test(text);
        return kit.answer({ accessToken: 'at-second', refreshToken: 'rt-second', expiresIn: 600 });
      },
    };
    await kit.create(config);
    await auth.setTokens({ accessToken: 'at-first', refreshToken: 'rt-first', expiresIn: 600 });
    config.attachTo.push('https://evil.example');
    config.attachTo[0] = 'https://evil.example';
    config.baseUrl = 'https://evil.example/';
    config.refresh.url = 'https://evil.example/refresh';
    window.postMessage({ kind: 'here', attachTo: ['https://evil.example'] }, '*');
  });
  await other.evaluate(() => {
    const channel = new BroadcastChannel('evertoken:evertoken');
    const attachTo = ['https://evil.example'];
    for (const message of [{ attachTo }, { kind: 'here', from: 'x', attachTo, record: JSON.stringify({ v: 1, attachTo, baseUrl: attachTo[0] }) }]) channel.postMessage(message);
    channel.close();
  });
  const tokens = await page.evaluate(async () => {
    for (const url of ['/a', 'https://evil.example/a']) await auth.fetch(url);
    await auth.refresh();
    return tokens;
  });
  assert.deepEqual(tokens, { 'https://api.ok/a': true, 'https://evil.example/a': false, 'https://api.ok/refresh': true });
});

rule('rule 11: DPoP is not spoken: a nonce that one server gives goes to no other, and each is asked twice at most (J7)', async ({ page }) => {
  const calls = await page.evaluate(async () => {
    const calls = [];
    await kit.create({
      baseUrl: 'https://one.ok/',
      attachTo: ['https://one.ok', 'https://two.ok'],
      refreshToken: { in: 'body' },
      fetch: async (input, init) => {
        const { url, headers } = new Request(input, init);
        calls.push([url, headers.has('dpop'), [...headers.values()].some((value) => value.includes('nonce'))]);
        if (url.endsWith('/refresh')) return kit.answer({ accessToken: 'at-2', refreshToken: 'rt-2', expiresIn: 600 });
        const nonce = `nonce-of-${new URL(url).host}`;
        return kit.answer({ error: 'use_dpop_nonce' }, { status: 401, headers: { 'dpop-nonce': nonce, 'www-authenticate': 'DPoP error="use_dpop_nonce"' } });
      },
    });
    await auth.setTokens({ accessToken: 'at-1', refreshToken: 'rt-1', expiresIn: 600 });
    await Promise.all(['https://one.ok/a', 'https://two.ok/a'].map((url) => auth.fetch(url)));
    return calls;
  });
  const times = (url) => calls.filter(([called]) => called === url).length;
  assert.deepEqual(['https://one.ok/a', 'https://two.ok/a', 'https://one.ok/refresh'].map(times), [2, 2, 1]);
  assert.ok(calls.every(([, dpop, nonce]) => !dpop && !nonce), JSON.stringify(calls));
});

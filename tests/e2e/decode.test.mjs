// decodeJwt beside npm jose, over tokens as servers write and break them.
//
// Where the two differ on purpose, `inBase64url` says how: jose takes base64url as
// RFC 7515 writes it, and servers that forget the "url" in it send the other
// alphabet, or one of two padding characters: it names the same bytes. In two things
// this package is the stricter one: white space, which atob ignores, cannot
// stand in a header; a byte order mark, which a TextDecoder eats, is no JSON.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { before, test } from 'node:test';
import { decodeJwt as joseClaims, decodeProtectedHeader as joseHeader } from 'jose';
import { chromium } from 'playwright-core';
import { BROWSER, servePages } from './support/suite.mjs';

const COUNT = 12_000;
let decodeJwt;

before(async () => {
  const evertoken = await import(pathToFileURL(join(process.env.EVERTOKEN_PKG, 'index.js')).href);
  await evertoken.init();
  ({ decodeJwt } = evertoken);
});

/** A generator of pseudo-random numbers (mulberry32): each run has the same. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function generator(seed) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const chance = (p) => next() < p;

  const texts = ['alice', '', 'ünïcödé', '漢字かな', '🙂👩‍👩‍👧', '\u0000\u001f', '"quoted" \\ /', '\u2028\u2029', '\ud800', 'a'.repeat(300), '__proto__', '\ufeffbom'];
  const numbers = [0, 1, -1, 1.5, -0.25, 1e21, 1e-9, 1700000000, 2 ** 53, 1e308, -1e308, 253402300800];
  const value = (depth = 0) => {
    switch (below(depth > 3 ? 5 : 7)) {
      case 0: return pick(texts);
      case 1: return pick(numbers);
      case 2: return chance(0.5);
      case 3: return null;
      case 4: return below(2 ** 31);
      case 5: return Array.from({ length: below(4) }, () => value(depth + 1));
      default: return object(depth + 1);
    }
  };
  const object = (depth = 0) => {
    const entries = Array.from({ length: below(6) }, () => [pick(['sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'id', 'user_id', 'roles', 'ü', '漢', '', '__proto__', 'constructor', 'a.b']), value(depth)]);
    return Object.fromEntries(entries);
  };
  const sources = [
    () => JSON.stringify(object()),
    () => JSON.stringify(object(), null, pick([1, '\t', 2])),
    () => `{"exp":${pick(['1e999', '-1e999', '1e-999', '99999999999999999999999999', '-5', '1.5', '0.1e1', '-0', '1E+2', '01', '+1', '.5', '1.', 'NaN', 'Infinity', '0x10', '"1"', 'null'])}}`,
    () => `{"a":1,"a":2,"sub":"${pick(texts).replace(/[\u0000-\u001f"\\]/g, '')}","sub":"last"}`,
    () => `{"e":"${pick(['\\u00fc', '\\ud83d\\ude00', '\\ud800', '\\udc00\\ud800', '\\u0000', '\\n\\t\\/\\b', '\\x41', '\\u12', '\\u{41}', '\\'])}"}`,
    () => '['.repeat(1 + below(50)) + ']'.repeat(1 + below(50)),
    () => `{"deep":${'['.repeat(500)}${']'.repeat(pick([500, 499]))}}`,
    () => `${'{"a":'.repeat(400)}1${'}'.repeat(400)}`,
    () => pick(['', ' ', 'null', 'true', '1', '"text"', '[]', '[{}]', '{}', ' {} ', '{}{}', '{"a":1,}', "{'a':1}", '{a:1}', '{"a"}', '{"a":1', '/**/{}', '{"a":\u00a01}', '\t\n\r{}\n', '{"__proto__":{"x":1}}', '{"a":"\n"}', '{"a":tru}', '{"a":nulll}']),
  ];
  const bytes = () => {
    const source = Buffer.from(pick(sources)(), 'utf8');
    if (!chance(0.15) || !source.length) return source;
    // Bytes that are no UTF-8, within a string as a rule.
    const broken = Buffer.from('{"s":"<>"}');
    const bad = pick([[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80, 0x80], [0xf0, 0x9f, 0x99]]);
    return chance(0.7) ? Buffer.concat([broken.subarray(0, 6), Buffer.from(bad), broken.subarray(8)]) : Buffer.concat([source, Buffer.from(bad)]);
  };
  const encode = (data) => {
    switch (below(10)) {
      case 0: return data.toString('base64');
      case 1: return data.toString('base64').replaceAll('=', '');
      case 2: return data.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
      case 3: {
        // Bits beyond the last byte that are not zero.
        const text = data.toString('base64url');
        return data.length % 3 ? text.slice(0, -1) + pick([...'ABCDQRghwx-_']) : text;
      }
      default: return data.toString('base64url');
    }
  };
  const spoil = (part) => {
    switch (below(12)) {
      case 0: return `${part}=`;
      case 1: return `${part}A`;
      case 2: return part.slice(0, -1);
      case 3: return part.replace(/.$/, '!');
      case 4: return `=${part}`;
      case 5: return part.slice(1);
      case 6: return `${part.slice(0, 4)}é${part.slice(4)}`;
      case 7: return `${part.slice(0, 4)}\u0000${part.slice(4)}`;
      case 8: return `${part}====`;
      case 9: return `${part.slice(0, 2)}=${part.slice(2)}`;
      case 10: return `${part.slice(0, 3)}\ud800${part.slice(3)}`;
      default: return '';
    }
  };
  const header = () => (chance(0.8) ? Buffer.from(JSON.stringify({ alg: pick(['HS256', 'none', 'RS256']), typ: 'JWT', ...(chance(0.2) ? object() : {}) })) : bytes());
  return () => {
    const parts = [encode(header()), encode(bytes()), chance(0.1) ? '' : Buffer.from(String(next())).toString('base64url')];
    if (chance(0.25)) {
      const at = below(3);
      parts[at] = spoil(parts[at]);
    }
    if (chance(0.06)) return parts.slice(0, below(3)).join('.');
    if (chance(0.06)) return [...parts, ...Array.from({ length: 1 + below(3) }, () => 'e30')].join('.');
    return parts.join('.');
  };
}

function jose(token) {
  try {
    return { header: joseHeader(token), claims: joseClaims(token) };
  } catch {
    return null;
  }
}

/** The token in the alphabet that jose reads, and without the padding where
 * only a part of it is there. */
const inBase64url = (token) =>
  token
    .split('.')
    .map((part) => {
      const [, text, padding] = /^(.*?)(=*)$/s.exec(part.replaceAll('+', '-').replaceAll('/', '_'));
      const missing = (4 - (text.length % 4)) % 4;
      return padding.length < missing ? text : text + padding;
    })
    .join('.');

test(`decodeJwt agrees with jose on ${COUNT} generated tokens (G2)`, { timeout: 120_000 }, (t) => {
  const make = generator(20_260_101);
  let valid = 0;
  let forgiven = 0;
  for (let i = 0; i < COUNT; i++) {
    const token = make();
    const strict = jose(token);
    const expected = strict ?? jose(inBase64url(token));
    let found;
    assert.doesNotThrow(() => (found = decodeJwt(token)), `token ${i}: ${JSON.stringify(token)}`);
    assert.deepStrictEqual(found, expected, `token ${i}: ${JSON.stringify(token)}`);
    if (strict) valid++;
    else if (expected) forgiven++;
  }
  t.diagnostic(`${valid} valid, ${forgiven} forgiven, ${COUNT - valid - forgiven} broken`);
  assert.ok(valid > COUNT / 4 && forgiven > 50 && valid + forgiven < (COUNT * 3) / 4, 'all kinds are in it');
});

const part = (data) => Buffer.from(data).toString('base64url');

test('decodeJwt differs from jose on purpose: the other alphabet', () => {
  const claims = Buffer.from('{"s":"???>>>"}');
  const token = (payload) => `${part('{"alg":"none"}')}.${payload}.`;
  assert.match(claims.toString('base64'), /[+/]/);
  const other = token(claims.toString('base64'));
  assert.equal(jose(other), null);
  assert.deepEqual(decodeJwt(other).claims, { s: '???>>>' });
});

test('decodeJwt differs from jose on purpose: white space and a byte order mark', () => {
  for (const space of [' ', '\n', '\t', '\r', '\f']) {
    const token = `${part('{"alg":"none"}')}.${part('{"sub":"a"}').slice(0, 4)}${space}${part('{"sub":"a"}').slice(4)}.`;
    assert.deepEqual(jose(token)?.claims, { sub: 'a' });
    assert.equal(decodeJwt(token), null);
  }
  const bom = `${part('{"alg":"none"}')}.${part('\ufeff{"sub":"a"}')}.`;
  assert.deepEqual(jose(bom)?.claims, { sub: 'a' });
  assert.equal(decodeJwt(bom), null);
});

test('decodeJwt is the same with and without Uint8Array.fromBase64', async () => {
  const browser = await chromium.launch(BROWSER);
  const pages = await servePages();
  try {
    const page = await browser.newPage();
    await page.goto(`${pages.origin}/blank`);
    const tokens = Array.from({ length: 3000 }, generator(7));
    const [one, other] = await page.evaluate(async (tokens) => {
      const { decodeJwt } = await import('/pkg/index.js');
      const all = () => tokens.map((token) => JSON.stringify(decodeJwt(token)));
      const native = typeof Uint8Array.fromBase64 === 'function' && all();
      delete Uint8Array.fromBase64;
      return [native, all()];
    }, tokens);
    assert.deepEqual(one, other);
    assert.ok(other.filter((text) => text !== 'null').length > 500);
  } finally {
    pages.stop();
    await browser.close();
  }
});

test('decodeJwt gives new objects each time, though a header is not decoded twice', () => {
  for (const header of ['{"alg":"none","kid":"1"}', '{"alg":"none","crit":["b64"],"jwk":{"kty":"EC"}}', '{"__proto__":"text"}', '{"typ":null}', '{}']) {
    const token = `${part(header)}.${part('{"sub":"a","roles":["x"]}')}.s`;
    const expected = { header: JSON.parse(header), claims: { sub: 'a', roles: ['x'] } };
    for (let i = 0; i < 3; i++) {
      const found = decodeJwt(token);
      assert.deepStrictEqual(found, expected);
      found.header.crit?.push('more');
      found.header.alg = 'other';
      found.claims.roles.push('y');
      assert.equal(decodeJwt(`${part('[]')}.${part('{}')}.s`), null);
    }
  }
});

test('decodeJwt gives null for any other value and never throws (G1)', () => {
  const symbol = Symbol('token');
  for (const value of [undefined, null, 5, {}, [], symbol, () => '', new String('a.b.c'), '', '.', '..', '...', 'abc', 'a.b', '0f8fad5b-d9cb-469f-a165-70867728950e', '\ud800.\udc00.x', `${'.'.repeat(100_000)}`]) {
    assert.equal(decodeJwt(value), null);
  }
  const large = 'x'.repeat(2 ** 20);
  assert.equal(decodeJwt(`${part('{}')}.${part(JSON.stringify({ large }))}.s`)?.claims.large.length, 2 ** 20);
  const deep = `{"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  assert.doesNotThrow(() => decodeJwt(`${part('{}')}.${part(deep)}.s`));
});

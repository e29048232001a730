// "Has this token ended?", asked of each decoder.
import { decodeJwt as jose } from 'jose';
import { jwtDecode } from 'jwt-decode';
import { decodeJwt, init } from 'evertoken';
import { decoding } from './measure.js';

const part = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

function token(filler, length) {
  const claims = JSON.stringify({ sub: 'alice', iat: 1_700_000_000, exp: 4_000_000_000, filler: filler.repeat(length) });
  return `${part('{"alg":"HS256","typ":"JWT"}')}.${part(claims)}.${'s'.repeat(43)}`;
}

const TOKENS = { '250 B': token('x', 180), '4 kB': token('x', 3900), 'UTF-8': token('čšž', 60) };
const DECODERS = {
  evertoken: (text) => decodeJwt(text).claims.exp * 1000 <= Date.now(),
  jose: (text) => jose(text).exp * 1000 <= Date.now(),
  'jwt-decode': (text) => jwtDecode(text).exp * 1000 <= Date.now(),
};

export async function decoders() {
  await init();
  const measure = (isOver) => Object.fromEntries(Object.entries(TOKENS).map(([size, text]) => [size, decoding(isOver, text)]));
  const all = () => Object.fromEntries(Object.entries(DECODERS).map(([name, isOver]) => [name, measure(isOver)]));
  // Whoever is first would warm up what the others use as well.
  all();
  return all();
}

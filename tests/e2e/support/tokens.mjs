// Tokens for the tests: signed by nobody, since nobody here checks.
import { randomBytes } from 'node:crypto';

const base64url = (value) => Buffer.from(value).toString('base64url');

/** A JWT with these claims. */
export function jwt(claims, header = { alg: 'HS256', typ: 'JWT' }) {
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}.${base64url('signature')}`;
}

/** A name that occurs nowhere else, so that a leak can be searched for. */
export function unique(prefix) {
  return `${prefix}-${randomBytes(12).toString('hex')}`;
}

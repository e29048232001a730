// Tokens for tests: signed by nobody, since nobody here checks.

/**
 * Base64url of a text's UTF-8 (RFC 7515 section 2).
 * @param {string} text
 */
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * A JWT with these claims.
 * @param {object} claims
 * @param {object} [header]
 */
export function jwt(claims, header = { alg: 'HS256', typ: 'JWT' }) {
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}.${base64url('signature')}`;
}

/**
 * A name that occurs nowhere else, so that a leak can be searched for.
 * @param {string} prefix
 */
export function unique(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

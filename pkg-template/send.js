// How another HTTP client sends what a manager's fetch has decided: a call's
// options may name, under this symbol, what takes the place of the manager's
// own fetch at each sending of that call.
import { TokenError } from './error.js';

export const SEND = Symbol.for('evertoken.send');

/** The error of a client that follows redirects, where the header must not. */
export const redirects = () =>
  new TokenError('not-supported', {
    message: 'accessToken: a header other than Authorization needs a client that can leave redirects alone; use the fetch of the manager',
  });

/**
 * What a manager's fetch says of one sending.
 * @typedef {object} Licence
 * @property {HeadersInit} [headers]
 * @property {RequestCredentials} [credentials]
 * @property {RequestRedirect} [redirect]
 */

/**
 * The part of an answer that decides.
 * @param {number} status
 * @param {[string, string][]} headers
 */
export const verdict = (status, headers) => (status >= 200 ? new Response(null, { status, headers }) : Response.error());

/**
 * Where a request goes: relative to the page, as other clients have it, and
 * to the manager's own base where there is no page.
 * @param {string} url
 */
export function absolute(url) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  return base ? new URL(url, base).href : url;
}

/**
 * Gives what says of an error whether the manager was gone before a request
 * was made. Such a request is sent as if nobody had attached the manager; one
 * that waited when the manager was disposed of is rejected.
 * @param {import('./index.js').TokenManager<object>} auth
 * @returns {(error: unknown) => Promise<boolean>}
 */
export function gone(auth) {
  const before = auth.getToken({ refresh: 'never' }).then(
    () => false,
    ({ code }) => code === 'disposed',
  );
  return async (error) => /** @type {{ code?: unknown } | null | undefined} */ (error)?.code === 'disposed' && before;
}

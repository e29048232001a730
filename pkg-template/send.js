// How another HTTP client sends what a manager's fetch has decided: the manager
// hands the options of a call to the fetch that it was made with, on every
// sending, and this member comes along.
import { TokenError } from './index.js';

export const SEND = Symbol.for('evertoken.send');

/** Makes the `fetch` of a manager; see axios.d.ts. */
export function transport(fetch = (input, init) => globalThis.fetch(input, init)) {
  return (input, init) => (init?.[SEND] ?? fetch)(input, init);
}

/** Refuses a manager that sends by itself, before it sends anything: nobody
 * is asked for what a data URL holds. */
export function requireTransport(auth) {
  let reached = false;
  const send = async () => {
    reached = true;
    return new Response();
  };
  auth.fetch('data:,', { [SEND]: send }).catch(() => {});
  if (!reached) {
    const message = 'auth: expected a manager in use that was made with `fetch: transport()`, found another';
    throw new TokenError('invalid-config', { message });
  }
}

/** The error of a client that follows redirects, where the header must not. */
export const redirects = () =>
  new TokenError('not-supported', {
    message: 'accessToken: a header other than Authorization needs a client that can leave redirects alone; use the fetch of the manager',
  });

/** The part of an answer that decides. */
export const verdict = (status, headers) => (status >= 200 ? new Response(null, { status, headers }) : Response.error());

/** Where a request goes: relative to the page, as other clients have it, and
 * to the manager's own base where there is no page. */
export function absolute(url) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  return base ? new URL(url, base).href : url;
}

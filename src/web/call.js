// Calls to the endpoints: what the core put together, carried out.

import { isA, lasts } from './body.js';
import { invalid, reason } from './error.js';

/** What can stand in a header. */
const SENDABLE = /^[ -~\x80-\xff]+$/;

/**
 * The value of a cookie that can stand in a header, or undefined: also where
 * a page may not read cookies at all, as in a sandboxed frame.
 * @param {string} name
 * @returns {string | undefined}
 */
export function cookie(name) {
  try {
    const pair = globalThis.document?.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`));
    const found = pair?.slice(name.length + 1) ?? '';
    let decoded = '';
    try {
      decoded = decodeURIComponent(found);
    } catch {
      // A per cent sign that is meant as one.
    }
    return [decoded, found].find((text) => SENDABLE.test(text));
  } catch {
    return undefined;
  }
}

/** The words of src/web/policy.rs for endpoints, bodies and credentials. */
export const ENDPOINTS = /** @type {const} */ (['login', 'refresh', 'logout']);
export const BODIES = /** @type {const} */ (['none', 'json', 'form']);
export const CREDENTIALS = /** @type {const} */ (['include', 'same-origin', 'omit']);
/** What is sent though its page ends may have 64 KiB (Fetch, section 4.6),
 * which is as many characters of three bytes. */
const KEEPALIVE_LENGTH = 20_000;

/**
 * What the core says of a call. A flag is 1, or not there.
 * @typedef {object} EndpointCall
 * @property {typeof ENDPOINTS[number]} target
 * @property {typeof BODIES[number]} body
 * @property {typeof CREDENTIALS[number]} credentials
 * @property {number} [access] whether the access token goes with it
 * @property {'header' | 'field'} [refresh] where the refresh token does
 * @property {number} [grant] whether the body says grant_type=refresh_token
 * @property {number} [keepalive]
 * @property {number} [login] the request that it carries out
 * @property {string} [accessToken]
 * @property {string} [refreshToken]
 */

/**
 * Makes the request of a call, or says what of it cannot be sent: without a
 * value or a cause, for one of them may be a secret.
 * @param {EndpointCall} call
 * @param {import('./config.js').Settings} settings
 * @param {any} constant what the application configured of the endpoint: a
 *   URL, or an object with constant headers and fields
 * @param {{ headers?: any, body?: any }} [own] for a sign-in, what the caller
 *   of login() brought
 */
export function requestOf(call, settings, constant, own) {
  const { target, access: licensed, refresh, credentials, body } = call;
  const { access, carrier } = settings;
  const { csrf, method } = settings[target];
  let expected = `${target}.headers: expected what new Headers() takes`;
  try {
    const headers = new Headers(constant?.headers);
    new Headers(own?.headers).forEach((value, name) => headers.set(name, value));
    expected = 'refreshToken: expected one that can stand in a header';
    if (refresh === 'header') headers.set(carrier.name, carrier.prefix + call.refreshToken);
    // One header can carry one token: the later takes it.
    if (access && licensed) headers.set(access.name, access.prefix + call.accessToken);
    const value = csrf && (csrf.value ?? cookie(csrf.cookie));
    if (value) headers.set(csrf.header, value);
    expected = `${target}: expected a body that can be written${body === 'none' ? '' : ` as ${body}`}`;
    const content = bodyOf(call, settings, constant?.fields, own?.body, headers);
    return {
      method,
      headers,
      body: content,
      credentials,
      cache: 'no-store',
      // No password and no token goes where an endpoint points.
      redirect: 'manual',
      keepalive: !!call.keepalive && String(content).length < KEEPALIVE_LENGTH,
    };
  } catch {
    throw reason(invalid(`${expected}, found something else`));
  }
}

/**
 * @param {EndpointCall} call
 * @param {import('./config.js').Settings} settings
 * @param {any} given the constant fields
 * @param {any} body the caller's
 * @param {Headers} headers
 */
function bodyOf({ target, grant, refresh, body: kind, refreshToken }, settings, given, body, headers) {
  if (kind === 'none') return undefined;
  const { flag, tokenField } = settings[target];
  const constant = { ...(flag && { [flag]: true }), ...given };
  if (body != null && lasts(body)) {
    if (isA(body, 'URLSearchParams') || isA(body, 'FormData')) {
      const all = new body.constructor();
      for (const [name, value] of body) all.append(name, value);
      for (const [name, value] of written(constant)) if (!body.has(name)) all.append(name, value);
      return all;
    }
    return body;
  }
  const form = kind === 'form';
  const fields = { ...(grant && { grant_type: 'refresh_token' }), ...constant, ...body };
  if (refresh === 'field') fields[tokenField ?? settings.carrier.field ?? (form ? 'refresh_token' : 'refreshToken')] = refreshToken;
  if (form) return new URLSearchParams(written(fields));
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(fields);
}

/**
 * The members of an object that a form has: JSON leaves out undefined ones too.
 * @param {Record<string, any>} fields
 */
const written = (fields) => Object.entries(fields).filter(([, value]) => value !== undefined);

/**
 * The body of an answer: what its JSON says, else the text.
 * @param {string} text
 * @returns {unknown}
 */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

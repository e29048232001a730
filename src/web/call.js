// Calls to the endpoints: what the core put together, carried out.

/** The value of a cookie, or undefined. */
export function cookie(name) {
  const found = globalThis.document?.cookie
    ?.split('; ')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
  if (!found) return undefined;
  try {
    return decodeURIComponent(found);
  } catch {
    return found; // a per cent sign that is meant as one
  }
}

/** Whether fetch takes a value as a body as it stands. */
export function isBody(value) {
  const types = [URLSearchParams, FormData, Blob, ArrayBuffer, ReadableStream];
  return typeof value === 'string' || ArrayBuffer.isView(value) || types.some((type) => value instanceof type);
}

/** By the numbers in what src/web/numbers.rs says of a call and is told of an
 * endpoint. */
export const ENDPOINTS = ['login', 'refresh', 'logout'];
export const BODIES = ['none', 'json', 'form'];
export const CREDENTIALS = ['include', 'same-origin', 'omit'];
const ACCESS = 64;
const REFRESH_IN_HEADER = 128;
const REFRESH_IN_FIELD = 256;
const GRANT_TYPE = 512;
const FOLLOW = 1024;

/**
 * Makes the request of a call.
 * @param call what the core says of it
 * @param settings what src/web/config.js read
 * @param constant what the application configured of the endpoint: a URL, or
 *   an object with constant headers and fields
 * @param own for a sign-in, what the caller of login() brought
 */
export function requestOf(call, settings, constant, own) {
  const { target, how, credentials } = call;
  const { access, carrier } = settings;
  const { csrf, method } = settings[target];
  const headers = new Headers(constant?.headers);
  new Headers(own?.headers).forEach((value, name) => headers.set(name, value));
  if (how & REFRESH_IN_HEADER) headers.set(carrier.name, carrier.prefix + call.refreshToken);
  // One header can carry one token: the later takes it.
  if (how & ACCESS) headers.set(access.name, access.prefix + call.accessToken);
  const token = csrf && cookie(csrf.cookie);
  if (token) headers.set(csrf.header, token);
  return {
    method,
    headers,
    body: bodyOf(call, settings, constant?.fields, own?.body, headers),
    credentials,
    cache: 'no-store',
    redirect: how & FOLLOW ? 'follow' : 'error',
    // A page that is left still signs out.
    keepalive: target === 'logout',
  };
}

function bodyOf({ target, how, body: kind, refreshToken }, settings, given, body, headers) {
  if (kind === 'none') return undefined;
  const { flag, tokenField } = settings[target];
  const constant = { ...(flag && { [flag]: true }), ...given };
  if (isBody(body)) {
    if (body instanceof URLSearchParams || body instanceof FormData) {
      const all = new body.constructor();
      for (const [name, value] of body) all.append(name, value);
      for (const [name, value] of Object.entries(constant)) if (!body.has(name)) all.append(name, value);
      return all;
    }
    return body;
  }
  const form = kind === 'form';
  const fields = { ...(how & GRANT_TYPE && { grant_type: 'refresh_token' }), ...constant, ...body };
  if (how & REFRESH_IN_FIELD) fields[tokenField ?? settings.carrier.field ?? (form ? 'refresh_token' : 'refreshToken')] = refreshToken;
  if (form) return new URLSearchParams(fields);
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(fields);
}

/** The body of an answer: what its JSON says, else the text. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

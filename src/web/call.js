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

/**
 * Makes the request of a call.
 * @param call what the core says of it
 * @param endpoint what the application configured: a URL, or an object
 * @param own for a sign-in, what the caller of login() brought
 */
export function requestOf(call, endpoint, own) {
  const headers = new Headers(endpoint?.headers);
  new Headers(own?.headers).forEach((value, name) => headers.set(name, value));
  for (let at = 0; at < call.headers.length; at += 2) headers.set(call.headers[at], call.headers[at + 1]);
  const token = call.csrf && cookie(call.csrf[0]);
  if (token) headers.set(call.csrf[1], token);
  return {
    method: call.method,
    headers,
    body: bodyOf(call, endpoint, own?.body, headers),
    credentials: call.credentials,
    cache: 'no-store',
    redirect: call.follow ? 'follow' : 'error',
    // A page that is left still signs out.
    keepalive: call.target === 'logout',
  };
}

function bodyOf(call, endpoint, body, headers) {
  if (call.body === 'none') return undefined;
  const constant = { ...(call.flag && { [call.flag]: true }), ...endpoint?.fields };
  if (isBody(body)) {
    if (body instanceof URLSearchParams || body instanceof FormData) {
      const all = new body.constructor();
      for (const [name, value] of body) all.append(name, value);
      for (const [name, value] of Object.entries(constant)) if (!body.has(name)) all.append(name, value);
      return all;
    }
    return body;
  }
  const fields = { ...(call.grantType && { grant_type: 'refresh_token' }), ...constant, ...body };
  if (call.field) fields[call.field[0]] = call.field[1];
  if (call.body === 'form') return new URLSearchParams(fields);
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

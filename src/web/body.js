// Bodies: which of them can be sent twice, and how an answer's is put away.

/** The classes of bodies that can be sent twice. Anything else, on any
 * runtime, is taken for a stream. */
const LASTING = ['URLSearchParams', 'FormData', 'Blob', 'ArrayBuffer'];

/**
 * Whether a value is an object of one of the platform's classes, which not
 * every platform has.
 * @param {any} value
 * @param {string} name
 */
export function isA(value, name) {
  const found = /** @type {any} */ (globalThis)[name];
  return typeof found === 'function' && value instanceof found;
}

/**
 * Whether a body can be sent twice.
 * @param {any} body
 */
export const lasts = (body) => body == null || typeof body === 'string' || ArrayBuffer.isView(body) || LASTING.some((name) => isA(body, name));

/**
 * Whether a value is used up by reading it once.
 * @param {any} value
 */
export const isStream = (value) => [value.getReader, value.pipe, value.next, value[Symbol.asyncIterator]].some((member) => typeof member === 'function');

/**
 * A copy of a body, which what the caller changes later does not reach.
 * @param {any} body
 */
export function copyOf(body) {
  if (isA(body, 'URLSearchParams')) return new URLSearchParams(body);
  if (isA(body, 'ArrayBuffer') || ArrayBuffer.isView(body)) {
    return new Uint8Array(/** @type {any} */ (body).buffer ?? body, body.byteOffset, body.byteLength).slice();
  }
  if (isA(body, 'FormData')) {
    const copy = new FormData();
    for (const [name, value] of body) copy.append(name, value);
    return copy;
  }
  return body;
}

/**
 * Puts the body of an answer away that nobody will read, so that its
 * connection is free. Other implementations of fetch have bodies without
 * `cancel`: those of Node.js's streams are read to the end, which frees the
 * connection of their agents.
 * @param {any} response
 * @param {boolean} [keepalive] whether the request was one: Chromium counts its
 *   body among those in flight until the answer has been read to the end
 */
export async function putAway(response, keepalive) {
  try {
    const { body } = response;
    if (!body) return;
    if (keepalive) await response.text();
    else if (body.cancel) await body.cancel();
    else if (body.resume) body.on('error', () => {}).resume();
    else if (body.destroy) body.destroy();
    else await response.text();
  } catch {
    // It was read or locked by the application, which then has it.
  }
}

// How the core looks into JavaScript's values: what is at a dotted path of
// one; and the texts that the platform takes apart for it. None of these
// throws, whatever the value is.

/** What relative URLs are relative to at this moment, as plain fetch has it;
 * undefined where there is no page.
 * @returns {string | undefined} */
export const pageUrl = () => globalThis.document?.baseURI ?? globalThis.location?.href;

/** What is at a path, or undefined.
 * @param {any} value
 * @param {string} path
 * @returns {any} */
export function at(value, path) {
  try {
    for (const name of path ? path.split('.') : []) value = value?.[name];
    // A URL stands for its text.
    return typeof value?.toJSON === 'function' ? value.toJSON() : value;
  } catch {
    return undefined;
  }
}

/**
 * @param {any} value
 * @param {string} path
 */
export function text(value, path) {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** NaN where there is no number.
 * @param {any} value
 * @param {string} path */
export function number(value, path) {
  const found = at(value, path);
  return typeof found === 'number' ? found : NaN;
}

/** Undefined where the text is no JSON.
 * @param {string} text */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The date that HTTP or JSON writes, in milliseconds since the epoch; NaN
 * where there is none. One without a zone is in UTC, of which JavaScript
 * would make the machine's own.
 * @param {string} text */
export function date(text) {
  const zoned = /(?:z|gmt|[+-]\d\d:?\d\d)$/i.test(text);
  return Date.parse(zoned ? text : text + (/t/i.test(text.slice(4)) ? 'Z' : ' GMT'));
}

/** @type {TextDecoder | undefined} */
let utf8;

/** The bytes of base64url as servers write it: some pad, some leave bits in
 * the last character, and some forget the "url" in its name. Throws where
 * it is none.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(text) {
  const { length } = text;
  try {
    // As the standard has it. White space, which is passed over, makes it
    // shorter, but for one that is a character too many anyway.
    const bytes = /** @type {any} */ (Uint8Array).fromBase64(text, { alphabet: 'base64url' });
    if (bytes.length === (length * 3) >> 2 && (length & 3) !== 1) return bytes;
  } catch {
    // A platform that does not have it, or a text that is not so.
  }
  // atob passes over white space, and wants all of the padding or none.
  const [, digits, padding] = /** @type {RegExpExecArray} */ (/^([\w+/-]+)(=*)$/.exec(text));
  if (padding.length > (-digits.length & 3)) throw new Error();
  return Uint8Array.from(atob(digits.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

/** The object of JSON in a part of a token, or undefined. Throws where it is
 * no JSON.
 * @param {string} json */
function objectOf(json) {
  const value = JSON.parse(json);
  return typeof value === 'object' && value && !Array.isArray(value) ? value : undefined;
}

/** @param {string} part */
function jsonOf(part) {
  // A byte order mark is no JSON, and stays to be seen.
  utf8 ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return utf8.decode(bytesOf(part));
}

/** Takes a token apart (RFC 7519), without checking its signature.
 * @param {string} token
 * @returns {string[]} */
function parts(token) {
  const all = token.split('.', 4);
  return all.length === 3 ? all : [];
}

/** The claims of a token; undefined where it has none.
 * @param {string} token */
export function claimsOf(token) {
  try {
    return objectOf(jsonOf(parts(token)[1]));
  } catch {
    return undefined;
  }
}

/** The last header, and what makes another one of it: tokens of one server
 * have the same, and it need not be decoded each time.
 * @type {{ part?: string, copy: () => Record<string, unknown> }} */
let known = { copy: () => ({}) };

/** Header and claims of a token, or null.
 * @param {string} token */
export function decode(token) {
  try {
    const [part, claimsPart] = parts(token);
    if (part !== known.part) {
      const json = jsonOf(part);
      const header = objectOf(json);
      const flat = Object.values(header).every((value) => typeof value !== 'object');
      known = { part, copy: flat ? () => ({ ...header }) : () => JSON.parse(json) };
    }
    const claims = objectOf(jsonOf(claimsPart));
    return claims ? { header: known.copy(), claims } : null;
  } catch {
    return null;
  }
}

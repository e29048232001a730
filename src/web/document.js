// How the core looks into JavaScript's values: what is at a dotted path of
// one; and the texts that the platform takes apart for it. None of these
// throws, whatever the value is.

/** What is at a path, or undefined. */
export function at(value, path) {
  try {
    for (const name of path ? path.split('.') : []) value = value?.[name];
    // A URL stands for its text.
    return typeof value?.toJSON === 'function' ? value.toJSON() : value;
  } catch {
    return undefined;
  }
}

export function text(value, path) {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** NaN where there is no number. */
export function number(value, path) {
  const found = at(value, path);
  return typeof found === 'number' ? found : NaN;
}

/** Undefined where the text is no JSON. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The date that HTTP or JSON writes, in milliseconds since the epoch; NaN
 * where there is none. One without a zone is in UTC, of which JavaScript
 * would make the machine's own. */
export function date(text) {
  const zoned = /(?:z|gmt|[+-]\d\d:?\d\d)$/i.test(text);
  return Date.parse(zoned ? text : text + (/t/i.test(text.slice(4)) ? 'Z' : ' GMT'));
}

let utf8;

/** The object of JSON in a part of a token; undefined where there is none.
 * base64url as servers write it: some pad, some leave bits in the last
 * character, and some forget the "url" in its name. */
function part(text) {
  // atob passes over white space, and wants all of the padding or none.
  const [, digits, padding] = /^([\w+/-]+)(=*)$/.exec(text) ?? [];
  if (!digits || padding.length > (-digits.length & 3)) return undefined;
  try {
    const standard = digits.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.fromBase64?.(standard) ?? Uint8Array.from(atob(standard), (c) => c.charCodeAt(0));
    // A byte order mark is no JSON, and stays to be seen.
    utf8 ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const value = JSON.parse(utf8.decode(bytes));
    return typeof value === 'object' && value && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a token apart (RFC 7519), without checking its signature. */
function parts(token) {
  const all = token.split('.', 4);
  return all.length === 3 ? all : [];
}

/** The claims of a token; undefined where it has none. */
export function claimsOf(token) {
  return part(parts(token)[1] ?? '');
}

/** Header and claims of a token, or null. */
export function decode(token) {
  const [header, claims] = parts(token).slice(0, 2).map(part);
  return header && claims ? { header, claims } : null;
}

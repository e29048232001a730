// How the core looks into JavaScript's values: what is at a dotted path of
// one. None of these throws, whatever the value is.

function at(value, path) {
  try {
    for (const name of path ? path.split('.') : []) value = value?.[name];
    // A URL stands for its text.
    return typeof value?.toJSON === 'function' ? value.toJSON() : value;
  } catch {
    return undefined;
  }
}

/** Which Kind of src/core/document.rs. */
export function kind(value, path) {
  const found = at(value, path);
  if (found === undefined) return 0;
  if (found === null) return 1;
  if (Array.isArray(found)) return 3;
  if (typeof found === 'string') return found ? 6 : 5;
  return { object: 2, function: 4, boolean: found ? 8 : 7 }[typeof found] ?? 9;
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

/** Undefined where it is no URL. */
export function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

// The configuration as the core reads it: JSON, in which a function stands as
// { function: true }.

import { TokenError } from './error.js';

const METHODS = { storage: ['get', 'set', 'remove'], clock: ['now', 'setTimeout', 'clearTimeout'] };

export function described(config) {
  if (typeof config !== 'object' || config === null) return JSON.stringify(config) ?? 'null';
  const shape = { ...config };
  // Methods may stand on a prototype, where JSON does not look.
  for (const [name, methods] of Object.entries(METHODS)) {
    const value = config[name];
    if (typeof value === 'object' && value !== null) {
      shape[name] = Object.fromEntries(methods.map((method) => [method, value[method]]));
    }
  }
  for (const name of ['login', 'refresh', 'logout']) checkHeaders(name, config[name]?.headers);
  try {
    return JSON.stringify(shape, (_, value) => (typeof value === 'function' ? { function: true } : value));
  } catch (cause) {
    throw new TokenError('invalid-config', { message: 'config: expected plain options, found a cycle or a bigint', cause });
  }
}

function checkHeaders(name, headers) {
  try {
    new Headers(headers);
  } catch (cause) {
    const message = `${name}.headers: expected what new Headers() takes, found something else`;
    throw new TokenError('invalid-config', { message, cause });
  }
}

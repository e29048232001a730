import { FAULTS, NOTHING_FOUND, USUAL } from './core.js';

/** @typedef {import('./index.js').TokenErrorCode} Code */

/** The one error class of the package; `code` says what can be done. */
export class TokenError extends Error {
  /**
   * @param {Code} code
   * @param {{ message?: string, status?: number, retryable?: boolean, retryAfterMs?: number, cause?: unknown }} [options]
   */
  constructor(code, { message = code, status, retryable = false, retryAfterMs, cause } = {}) {
    super(message, cause == null ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
    if (status != null) this.status = status;
    if (retryAfterMs != null) this.retryAfterMs = retryAfterMs;
  }

  /** Knows the errors of another copy: of evertoken/js beside evertoken, or of
   * an adapter, each of which is a file of its own.
   * @param {any} value
   */
  static [Symbol.hasInstance](value) {
    return this === TokenError ? value?.name === 'TokenError' : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}
// On the prototype, where Error has it: no error lists it among its own.
Object.defineProperty(TokenError.prototype, 'name', { value: 'TokenError', configurable: true, writable: true });

/**
 * The caller's mistake.
 * @param {string} message
 * @param {unknown} [cause]
 */
export const invalid = (message, cause) => new TokenError('invalid-config', { message, cause });

/** Errors that say themselves why a call cannot be made. @type {WeakSet<any>} */
const reasons = new WeakSet();

/**
 * Marks an error as all that there is to say of a call that cannot be made: it
 * is no cause of something else.
 * @template {TokenError} T
 * @param {T} error
 */
export function reason(error) {
  reasons.add(error);
  return error;
}

/** @param {any} error */
export const isReason = (error) => reasons.has(error);

/**
 * What the core says of an error: see Act in src/web/host.rs.
 * @typedef {{ fault: number, cause?: number, status?: number, call?: number, wait?: number }} Failure
 */

/**
 * Makes the error that the core tells of. Its cause is the core's own, or
 * what the platform threw at the call that it is about.
 * @param {Failure} failure
 * @param {Map<number, unknown>} thrown what was thrown, by the call's number
 * @param {{ response?: { accessToken?: string } }} config
 * @returns {TokenError}
 */
export function tokenError({ fault, cause, status, call, wait }, thrown, config) {
  let [code, message, retryable] = FAULTS[fault];
  /** @type {any} */
  const found = thrown.get(/** @type {number} */ (call));
  if (isReason(found)) return code === 'invalid-config' ? found : new TokenError(code, { message: found.message });
  const behind = cause === undefined ? found : tokenError({ fault: cause, status, call }, thrown, config);
  if (fault === NOTHING_FOUND) {
    const path = config.response?.accessToken;
    message += path ? `response.accessToken = '${path}'` : USUAL;
  }
  return new TokenError(code, { message, retryable: !!retryable, status: status || undefined, retryAfterMs: wait || undefined, cause: behind });
}

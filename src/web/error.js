/** The one error class of the package; `code` says what can be done. */
export class TokenError extends Error {
  constructor(code, { message = code, status, retryable = false, retryAfterMs, cause } = {}) {
    super(message, cause == null ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
    if (status != null) this.status = status;
    if (retryAfterMs != null) this.retryAfterMs = retryAfterMs;
  }
}
// On the prototype, where Error has it: no error lists it among its own.
Object.defineProperty(TokenError.prototype, 'name', { value: 'TokenError', configurable: true, writable: true });

/** The caller's mistake. */
export const invalid = (message, cause) => new TokenError('invalid-config', { message, cause });

/** Makes the error that the core describes; `thrown` is what the platform
 * threw at the last call, which may be its cause. */
export function tokenError({ code, call, cause, ...details }, thrown) {
  const behind = cause ? tokenError(cause, thrown) : call !== undefined && call === thrown?.call ? thrown.reason : undefined;
  return new TokenError(code, { ...details, cause: behind });
}

// What the tests import in the place of the npm package: its face over the
// Rust host. It converts, and decides nothing.
import load, { Manager, install } from './face.js';

export class TokenError extends Error {
  name = 'TokenError';
  constructor(code, { message = code, status, retryable = false, retryAfterMs, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
    if (status !== undefined) this.status = status;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** Makes the error that the crate describes; its source is the cause. */
function told(code, message, status, retryable, retryAfterMs, cause) {
  return new TokenError(code, { message, status, retryable, retryAfterMs, cause });
}

/** What is behind an error: its text, and its name where the platform threw. */
function reason(text, cause) {
  const [, name, message] = /^(\w*(?:Error|Exception)): (.*)$/su.exec(text) ?? [null, 'Error', text];
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { name });
}

let loaded;
export const init = () => (loaded ??= load().then(() => install(told, reason)));

/** Calls a listener. One in Rust can throw nothing. */
function guarded(listener) {
  return (value) => {
    try {
      Promise.resolve(listener(value)).catch((error) => console.error('a listener rejected', error));
    } catch (error) {
      console.error('a listener threw', error);
    }
  };
}

/** Managers that nobody holds are not disposed of, as in JavaScript. */
const managers = new Set();

class TokenManager {
  #own;

  constructor(own) {
    this.#own = own;
    managers.add(own);
  }

  fetch = async (input, init) => {
    // What the crate gets is a request of the platform's, in both forms.
    const request = input instanceof Request ? (init ? new Request(input.clone(), init) : input) : new Request(this.#own.url(String(input)), init);
    // A response that came is not broken off by a signal that follows another.
    return this.#own.fetch(request).catch((error) => {
      if (error?.code !== 'fetch') throw error;
      if (error.aborted) throw request.signal.reason;
      throw Object.assign(new TypeError(error.cause?.message ?? error.message), { name: error.cause?.name ?? 'TypeError' });
    });
  };

  async getToken({ minValiditySeconds = 0, refresh = 'auto', signal } = {}) {
    return this.#own.token(minValiditySeconds, refresh, signal);
  }
  async refresh({ signal } = {}) {
    return this.#own.refresh(signal);
  }
  async restore({ signal, afterSignOut = false } = {}) {
    return this.#own.restore(afterSignOut, signal);
  }
  async login(body, { signal, remember = false } = {}) {
    return this.#own.login(JSON.stringify(body) ?? 'null', remember, signal);
  }
  async setTokens(tokens, { remember = false } = {}) {
    return this.#own.setTokens(tokens, remember);
  }
  async logout({ signal, local = false } = {}) {
    return this.#own.logout(local, signal);
  }
  touch() {
    this.#own.touch();
  }
  get snapshot() {
    return this.#own.snapshot();
  }
  subscribe(listener) {
    return this.#own.subscribe(guarded(listener));
  }
  on(type, listener) {
    const call = guarded(listener);
    return this.#own.on((event) => event.type === type && call(event));
  }
  inspect() {
    return this.#own.inspect();
  }
  dispose() {
    this.#own.dispose();
  }
  [Symbol.dispose ?? Symbol()]() {
    this.dispose();
  }
}

export async function createTokenManager(config) {
  await init();
  return new TokenManager(await Manager.create(config));
}

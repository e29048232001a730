import { tell } from './tell.js';

const FLOOR_MS = 250;
/** A longer delay would be none (WHATWG HTML, section 8.6). */
const LONGEST_MS = 2 ** 31 - 1;
/** How soon a disposed manager is noticed: it tells nobody. */
const CHECK_MS = 1000;

/**
 * @typedef {import('./socket.js').Attempt} Attempt
 * @typedef {import('./socket.js').AttemptEnd} AttemptEnd
 * @typedef {import('./socket.js').ConnectionState} ConnectionState
 * @typedef {import('./index.js').TokenManager<object>} TokenManager
 */

/**
 * Keeps a connection; see socket.d.ts.
 * @param {TokenManager} auth
 * @param {(attempt: Attempt) => Promise<AttemptEnd>} connect
 * @param {import('./socket.js').ConnectionOptions} options
 * @returns {import('./socket.js').Connection}
 */
export function reconnect(auth, connect, { baseMs = 1000, capMs = 60_000, signal: outer, onState } = {}) {
  /** @type {ConnectionState | undefined} */
  let state;
  /** @type {import('./socket.js').Closed | undefined} */
  let outcome;
  /** @type {AbortController | undefined} */
  let attempt;
  let failures = 0;
  /** @type {string | null | undefined} */
  let refused;
  /** @type {boolean | undefined} */
  let repaired;

  /** @param {ConnectionState} next */
  const enter = (next) => next !== state && tell(onState, (state = next));
  const again = () => attempt?.abort();
  /** @type {(reason: any, error?: unknown) => void} */
  const close = (reason, error) => {
    outcome ??= { reason, error };
    again();
  };
  const closed = () => close('closed');
  /** @type {(error: any) => number | undefined} whatever was thrown */
  const failed = (error) => {
    const { code } = error ?? {};
    if (code === 'signed-out' || code === 'refresh-rejected') close('signed-out', error);
    else if (code !== 'refresh-unavailable') close(code === 'disposed' ? code : 'failed', error);
    return error?.retryAfterMs;
  };
  const alive = () => {
    failures = 0;
    repaired = false;
  };
  const opened = () => enter('open');

  /** @type {{ unref?(): void } & ReturnType<typeof setInterval>} in Node.js it has more than a number has */
  const check = setInterval(() => auth.getToken({ refresh: 'never' }).catch(failed), CHECK_MS);
  // The connection keeps a process alive, and nothing beside it.
  check.unref?.();
  const offs = [
    auth.on('signed-out', () => close('signed-out')),
    auth.on('user-changed', again),
    () => clearInterval(check),
    () => outer?.removeEventListener('abort', closed),
  ];
  outer?.addEventListener('abort', closed);
  if (outer?.aborted) closed();

  /**
   * One connection; gives the milliseconds until the next at least.
   * @param {AbortController} attempt
   */
  async function once({ signal }) {
    let token = await auth.getToken({ signal });
    // Refused although it is valid, and no other has come since.
    if (token && token === refused && !repaired) {
      repaired = true;
      token = await auth.getToken({ signal, refresh: 'force' });
    }
    if (auth.snapshot.status === 'signed-out') return close('signed-out');
    if (signal.aborted) throw signal.reason;
    // Given up at once, whether what connects looks at the signal or not.
    /** @type {Promise<never>} */
    const given = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { delayMs, unauthorized } = (await Promise.race([connect({ token, signal, opened, alive }), given])) ?? {};
    refused = unauthorized ? token : undefined;
    return delayMs;
  }

  async function run() {
    while (!outcome) {
      enter('connecting');
      const { signal } = (attempt = new AbortController());
      const delayMs = await once(attempt).catch((error) => (signal.aborted ? 0 : failed(error)));
      // Another user's connection is made at once: this attempt was aborted.
      if (signal.aborted) continue;
      enter('waiting');
      const jitter = Math.random() * Math.min(capMs, baseMs * 2 ** failures++);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(Math.max(jitter, delayMs || 0, FLOOR_MS), LONGEST_MS));
        signal.addEventListener('abort', () => resolve(clearTimeout(timer)));
      });
    }
    for (const off of offs) off();
    enter('closed');
    return outcome;
  }

  // Not before the caller has what this gives.
  return { close: closed, closed: Promise.resolve().then(run) };
}

/**
 * Keeps a WebSocket; see socket.d.ts.
 * @param {TokenManager} auth
 * @param {Parameters<typeof import('./socket.js').openSocket>[1]} url
 * @param {import('./socket.js').SocketOptions} options
 * @returns {import('./socket.js').SocketConnection}
 */
export function openSocket(auth, url, { protocols, onOpen, onMessage, unauthorized = [3000, 4401], ...options } = {}) {
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {(attempt: Attempt) => Promise<AttemptEnd>} */
  const connect = ({ token, signal, opened, alive }) => {
    /** @type {<T>(value: T | ((token: string | null) => T)) => T} */
    const told = (value) => (typeof value === 'function' ? /** @type {Function} */ (value)(token) : value);
    const made = (socket = new WebSocket(told(url), told(protocols)));
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        made.onopen = made.onmessage = null;
        made.close();
        resolve({});
      });
      made.onopen = () => {
        opened();
        tell(onOpen, made, token);
      };
      made.onmessage = (event) => {
        alive();
        tell(onMessage, event);
      };
      made.onclose = ({ code }) => resolve({ unauthorized: unauthorized.includes(code) });
    });
  };
  return {
    ...reconnect(auth, connect, options),
    send(data) {
      const open = socket?.readyState === WebSocket.OPEN;
      if (open) /** @type {WebSocket} */ (socket).send(data);
      return open;
    },
  };
}

import { parser } from './events/parser.js';
import { reconnect } from './socket.js';
import { tell } from './tell.js';

/** Answers after which another attempt makes sense, beside those of 500 and more. */
const PASSING = [408, 425, 429];

/**
 * Keeps a stream of events; see events.d.ts.
 * @param {import('./index.js').TokenManager<object>} auth
 * @param {string | URL} url
 * @param {import('./events.js').EventsOptions} options
 */
export function openEvents(auth, url, { headers, credentials, onMessage, ...options } = {}) {
  let lastEventId = '';
  /** @type {number | undefined} */
  let delayMs;

  /**
   * @param {import('./socket.js').Attempt} attempt
   * @returns {Promise<import('./socket.js').AttemptEnd>}
   */
  async function connect({ signal, opened, alive }) {
    const own = new Headers(headers);
    own.set('accept', 'text/event-stream');
    if (lastEventId) own.set('last-event-id', bytes(lastEventId));
    try {
      const { status, body, headers: answered } = await auth.fetch(url, { headers: own, signal, cache: 'no-store', ...(credentials && { credentials }) });
      const type = answered.get('content-type');
      if (status !== 200 || !type?.toLowerCase().startsWith('text/event-stream')) {
        giveUp(body);
        if (status > 499 || PASSING.includes(status)) return { delayMs: retryAfter(answered.get('retry-after')) ?? delayMs };
        throw Object.assign(new Error(`expected 200 and text/event-stream, found ${status} and ${type}`), { status });
      }
      opened();
      const reader = /** @type {NonNullable<typeof body>} */ (body).getReader();
      // Not every fetch ends a body with the signal of its request.
      signal.addEventListener('abort', () => giveUp(reader));
      const parse = parser({
        identify: (id) => (lastEventId = id),
        retry: (ms) => (delayMs = ms),
        dispatch: (type, data) => !signal.aborted && tell(onMessage, { type, data, lastEventId }),
      });
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return { delayMs };
        alive();
        parse(value);
      }
    } catch (error) {
      // What the network does passes.
      if (/** @type {any} */ (error)?.name === 'TokenError' || /** @type {any} */ (error)?.status) throw error;
      return { delayMs };
    }
  }

  return reconnect(auth, connect, options);
}

/**
 * Lets go of what is not read to its end.
 * @param {{ cancel?(): Promise<void> } | null} body
 */
function giveUp(body) {
  body?.cancel?.().catch?.(() => {});
}

/**
 * The bytes that a text has in UTF-8, as a header takes them: one character
 * for each (WHATWG HTML, section 9.2.3).
 * @param {string} text
 */
const bytes = (text) => Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');

/**
 * Milliseconds of a Retry-After, which is seconds or a date (RFC 9110 section
 * 10.2.3).
 * @param {string | null} value
 */
function retryAfter(value) {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? /** @type {any} */ (value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? ms : undefined;
}

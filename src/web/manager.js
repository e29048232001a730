// The manager as applications see it.

import { abortable } from './abort.js';
import { GO, REFRESH, TOKEN, TOKEN_FORCED, TOKEN_NOW } from './ask.js';
import { isBody } from './call.js';
import { Input } from './engine.js';
import { invalid } from './error.js';
import { EVENTS, Host } from './host.js';
import { makeFetch } from './request.js';

const TYPES = [...EVENTS, 'signed-out'];

export class TokenManager {
  #host;
  #listeners = new Set();
  #pending = new Set();
  /** Bound, as useSyncExternalStore wants it. */
  subscribe = (listener) => this.#listen(undefined, listener);

  /** @param loaded a promise of what makes the engine, and is told when it
   *   closed or trapped */
  constructor(config, loaded) {
    const own = config?.fetch;
    // Another HTTP client may do the sending; see pkg-template/send.js.
    const transport = (input, init) => (init?.[Symbol.for('evertoken.send')] ?? own ?? globalThis.fetch)(input, init);
    this.#host = new Host(config, transport, (event) => this.#later(event), loaded);
    this.fetch = makeFetch(this.#host, transport, config);
  }

  static async create(config, loaded) {
    const manager = new TokenManager(config, loaded);
    await manager.#host.start(loaded);
    return manager;
  }

  get snapshot() {
    return this.#host.snapshot;
  }

  async getToken({ minValiditySeconds = 0, refresh = 'auto', signal } = {}) {
    const kind = refresh === 'never' ? TOKEN_NOW : refresh === 'force' ? TOKEN_FORCED : TOKEN;
    const reply = await this.#ask(kind, signal, Math.max(minValiditySeconds, 0) * 1000);
    return reply === GO ? (this.#host.token ?? null) : null;
  }

  async refresh({ signal } = {}) {
    await this.#ask(REFRESH, signal);
    return this.snapshot;
  }

  async #ask(kind, signal, least) {
    const host = this.#host;
    host.check();
    signal?.throwIfAborted();
    while (host.hold) await abortable(host.hold, signal);
    return host.waiting.settle(host.enter(Input.Ask, kind, least), kind, signal);
  }

  async login(body, { signal, headers } = {}) {
    signal?.throwIfAborted();
    if (!isBody(body) && (typeof body !== 'object' || body === null)) {
      throw invalid('login: expected an object or a body that fetch takes, found something else');
    }
    return this.#host.request(Input.Login, signal, { body, headers });
  }

  async setTokens(tokens) {
    await this.#host.request(Input.SetTokens, undefined, { tokens });
    return this.snapshot;
  }

  async logout({ signal, local } = {}) {
    await this.#host.request(Input.Logout, signal, { local: !!local });
  }

  on(type, listener) {
    if (TYPES.includes(type)) return this.#listen(type, listener);
    throw invalid(`on: expected one of ${TYPES.join(', ')}, found another type`);
  }

  inspect() {
    return this.#host.inspect();
  }

  dispose() {
    this.#host.dispose();
    this.#listeners.clear();
  }

  /** A listener that is added twice is called twice and taken off once. One
   * without a type listens to the snapshot. */
  #listen(type, listener) {
    if (typeof listener !== 'function') throw invalid('listener: expected a function');
    const entry = { type, listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Listeners run in a microtask of their own: whatever one does, the
   * manager is not in the middle of anything. */
  #later(event) {
    if (!this.#pending.size) queueMicrotask(() => this.#dispatch());
    this.#pending.add(event);
  }

  #dispatch() {
    const events = this.#pending;
    this.#pending = new Set();
    if (events.delete(undefined)) this.#dispatchOne(undefined, this.snapshot);
    for (const event of events) this.#dispatchOne(event.type, event);
  }

  #dispatchOne(type, value) {
    for (const entry of [...this.#listeners]) if (entry.type === type) run(entry.listener, value);
  }
}
// Safari has no Symbol.dispose yet.
if (Symbol.dispose) TokenManager.prototype[Symbol.dispose] = TokenManager.prototype.dispose;

/** What a listener throws, or rejects with, is its own affair; it is shown
 * where developers look. */
async function run(listener, value) {
  try {
    await listener(value);
  } catch (error) {
    console.error('evertoken: a listener failed:', error);
  }
}

// The manager as applications see it.

import { isBody } from './call.js';
import { checkHeaders } from './config.js';
import { Input, Query } from './engine.js';
import { TokenError } from './error.js';
import { Host } from './host.js';
import { makeFetch } from './request.js';

const TOKEN = 2;
const TOKEN_NOW = 3;
const TOKEN_FORCED = 4;
const REFRESH = 5;
const TYPES = ['signed-in', 'refreshed', 'refresh-failed', 'signed-out', 'user-changed', 'warning'];

export class TokenManager {
  #host;
  #subscribers = new Map();
  #listeners = new Map();
  #pending = [];
  #changed = false;
  /** Bound, as useSyncExternalStore wants it. */
  subscribe = (listener) => add(this.#subscribers, listener);

  /** @param module makes the engine, and is told when it is closed or trapped */
  constructor(config, module) {
    const given = config?.fetch;
    const transport = typeof given === 'function' ? given : (input, init) => globalThis.fetch(input, init);
    this.#host = new Host(
      config ?? {},
      (input, init) => transport(input, init),
      {
        changed: () => this.#later(() => (this.#changed = true)),
        happened: (event) => this.#later(() => this.#pending.push(event)),
      },
      module,
    );
    const page = globalThis.document?.baseURI ?? globalThis.location?.href ?? '';
    const host = this.#host;
    checkHeaders(config);
    try {
      host.engine = module.make(config, host, page, host.now());
    } catch (refusal) {
      throw typeof refusal === 'string' ? new TokenError('invalid-config', { message: refusal }) : refusal;
    }
    host.prefix = JSON.parse(host.engine.query(Query.RequestPath, 0)).prefix ?? '';
    this.fetch = makeFetch(host, (input, init) => transport(input, init), config);
  }

  static async create(config, module) {
    const manager = new TokenManager(config, module);
    await manager.#host.start(config.key ?? 'evertoken');
    return manager;
  }

  get snapshot() {
    return this.#host.value;
  }

  async getToken({ minValiditySeconds = 0, refresh = 'auto', signal } = {}) {
    const host = this.#host;
    host.check();
    signal?.throwIfAborted();
    const kind = refresh === 'never' ? TOKEN_NOW : refresh === 'force' ? TOKEN_FORCED : TOKEN;
    const reply = await host.settle(kind, Math.max(minValiditySeconds, 0) * 1000, signal);
    return reply === host.GO ? (host.token ?? null) : null;
  }

  async refresh({ signal } = {}) {
    const host = this.#host;
    host.check();
    signal?.throwIfAborted();
    await host.settle(REFRESH, 0, signal);
    return this.snapshot;
  }

  async login(body, { signal, headers } = {}) {
    signal?.throwIfAborted();
    if (!isBody(body) && (typeof body !== 'object' || body === null)) {
      throw new TypeError('login: expected an object or a body that fetch takes');
    }
    return this.#host.request(signal, { body, headers, abandon: (n) => this.#host.enter(Input.Abandon, n) }, (n) =>
      this.#host.enter(Input.Login, n),
    );
  }

  async setTokens(tokens) {
    await this.#host.request(undefined, {}, (n) => this.#host.enter(Input.SetTokens, n, 0, 0, tokens));
    return this.snapshot;
  }

  async logout({ signal, local = false } = {}) {
    await this.#host.request(signal, {}, (n) => this.#host.enter(Input.Logout, n, 0, local ? 1 : 0));
  }

  on(type, listener) {
    if (!TYPES.includes(type)) {
      throw new TokenError('invalid-config', { message: `on: expected one of ${TYPES.join(', ')}, found another type` });
    }
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Map());
    return add(this.#listeners.get(type), listener);
  }

  inspect() {
    const { storage, lockKind, retries, waiting, degraded } = this.#host;
    return {
      engine: 'wasm',
      storage,
      lock: lockKind,
      ...this.#host.inspection(),
      retries,
      waiting,
      degraded: [...degraded],
    };
  }

  dispose() {
    this.#host.dispose();
    this.#subscribers.clear();
    this.#listeners.clear();
  }

  /** Listeners run in a microtask of their own: whatever one does, the
   * manager is not in the middle of anything. */
  #later(note) {
    const first = !this.#changed && !this.#pending.length;
    note();
    if (first) queueMicrotask(() => this.#dispatch());
  }

  #dispatch() {
    const events = this.#pending.splice(0);
    const changed = this.#changed;
    this.#changed = false;
    if (changed) for (const listener of [...this.#subscribers.values()]) run(listener, this.snapshot);
    for (const event of events) {
      for (const listener of [...(this.#listeners.get(event.type)?.values() ?? [])]) run(listener, event);
    }
  }
}
// Safari has no Symbol.dispose yet.
if (Symbol.dispose) TokenManager.prototype[Symbol.dispose] = TokenManager.prototype.dispose;

/** Adds a listener under a key of its own, so that one that is added twice is
 * called twice and taken off once. */
function add(listeners, listener) {
  if (typeof listener !== 'function') {
    throw new TokenError('invalid-config', { message: 'listener: expected a function' });
  }
  const key = {};
  listeners.set(key, listener);
  return () => void listeners.delete(key);
}

/** What a listener throws, or rejects with, is its own affair; it is shown
 * where developers look. */
function run(listener, value) {
  try {
    Promise.resolve(listener(value)).catch(report);
  } catch (error) {
    report(error);
  }
}

function report(error) {
  console.error('evertoken: a listener failed:', error);
}

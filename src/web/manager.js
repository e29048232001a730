// The manager as applications see it.

import { check } from './abort.js';
import { isStream, lasts } from './body.js';
import { next } from './clock.js';
import { checkTokens } from './config.js';
import { Ask, Input, Reply } from './engine.js';
import { invalid, reason, TokenError } from './error.js';
import { Host } from './host.js';
import { makeFetch } from './request.js';

/**
 * @typedef {import('./index.js').TokenManager} Manager
 * @typedef {import('./index.js').TokenEvent} TokenEvent
 */

const TYPES = ['signed-in', 'refreshed', 'refresh-failed', 'user-changed', 'warning', 'signed-out', 'session-ending', 'step-up'];
/** Under which another HTTP client says what does the sending; see
 * pkg-template/send.js. */
const SEND = Symbol.for('evertoken.send');

/**
 * Everything a manager does is a property of its own that needs no `this`:
 * Vue, Pinia, Alpine and MobX hold objects in proxies, which have no part in
 * the private fields of a class.
 */
export class TokenManager {
  /**
   * @param {any} config
   * @param {Promise<any>} loaded a promise of what makes the engine, and is
   *   told when it closed or trapped
   * @returns {Promise<Manager>}
   */
  static async create(config, loaded) {
    /** @type {any} */
    const manager = new TokenManager();
    const transport = transportOf(config);
    const { tell, clear } = manageListeners(manager);
    const host = new Host(config, transport, tell);
    manager.fetch = makeFetch(host, transport, config);
    methods(manager, host);
    manager.dispose = () => {
      host.dispose();
      clear();
    };
    // Safari has no Symbol.dispose yet.
    if (Symbol.dispose) manager[Symbol.dispose] = manager.dispose;
    await host.start(loaded);
    return manager;
  }
}

/**
 * The fetch that really sends.
 * @param {any} config
 * @returns {import('./request.js').Transport}
 */
function transportOf(config) {
  const own = config?.fetch;
  return (input, init) => {
    const send = init?.[SEND] ?? own ?? globalThis.fetch;
    if (send) return send(input, init);
    throw reason(new TokenError('not-supported', { message: 'fetch: this platform has none; name one in the configuration' }));
  };
}

/**
 * Gives a manager what asks its host.
 * @param {any} manager
 * @param {Host} host
 */
function methods(manager, host) {
  // Not enumerable, so that JSON.stringify shows nobody's claims.
  Object.defineProperty(manager, 'snapshot', { get: () => host.snapshot });

  /** @type {Manager['getToken']} */
  manager.getToken = async ({ minValiditySeconds = 0, refresh = 'auto', signal } = {}) => {
    const kind = refresh === 'never' ? Ask.TokenNow : refresh === 'force' ? Ask.TokenForced : Ask.Token;
    const reply = await host.ask(kind, { least: Math.max(minValiditySeconds, 0) * 1000 }, signal);
    return reply === Reply.Go ? (host.token ?? null) : null;
  };

  /** @type {Manager['refresh']} */
  manager.refresh = async ({ signal } = {}) => {
    await host.ask(Ask.Refresh, undefined, signal);
    return host.snapshot;
  };

  /** @type {Manager['restore']} */
  manager.restore = async ({ signal, afterSignOut } = {}) => {
    await host.ask(afterSignOut ? Ask.RestoreAfterSignOut : Ask.Restore, undefined, signal);
    return host.snapshot;
  };

  /** @type {Manager['login']} */
  manager.login = async (body, { signal, headers, remember } = {}) => {
    check(signal);
    const stream = body != null && isStream(body);
    if (body == null || stream || (!lasts(body) && typeof body !== 'object')) {
      throw invalid(`login: expected an object or a body that fetch takes, found ${stream ? 'a stream' : 'something else'}`);
    }
    return host.request(Input.Login, signal, { body, headers, remember });
  };

  /** @type {Manager['setTokens']} */
  manager.setTokens = async (tokens, { remember } = {}) => {
    host.check();
    checkTokens(tokens);
    await host.request(Input.SetTokens, undefined, { tokens, remember });
    return host.snapshot;
  };

  manager.touch = () => host.touch();

  /** @type {Manager['logout']} */
  manager.logout = async ({ signal, local } = {}) => {
    await host.request(Input.Logout, signal, { local: !!local });
  };

  manager.inspect = () => host.inspect();
}

/**
 * Gives a manager `on` and `subscribe`. `tell` tells the listeners of an event,
 * or without one of another snapshot.
 * @param {any} manager
 */
function manageListeners(manager) {
  /** @type {Set<{ type: string | undefined, listener: (value: any) => unknown }>} */
  const listeners = new Set();
  /** @type {Set<TokenEvent | undefined>} */
  let pending = new Set();

  /**
   * A listener that is added twice is called twice and taken off once. One
   * without a type listens to the snapshot.
   * @param {string | undefined} type
   * @param {(value: any) => unknown} listener
   */
  function listen(type, listener) {
    if (typeof listener !== 'function') throw invalid('listener: expected a function');
    const entry = { type, listener };
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /**
   * @param {string | undefined} type
   * @param {unknown} value
   */
  function dispatch(type, value) {
    for (const entry of [...listeners]) if (entry.type === type) run(entry.listener, value);
  }

  function dispatchAll() {
    const events = pending;
    pending = new Set();
    if (events.delete(undefined)) dispatch(undefined, manager.snapshot);
    for (const event of events) dispatch(event?.type, event);
  }

  /** @param {(value: any) => unknown} listener */
  manager.subscribe = (listener) => listen(undefined, listener);
  /** @type {(type: string, listener: (value: any) => unknown) => () => void} */
  manager.on = (type, listener) => {
    if (TYPES.includes(type)) return listen(type, listener);
    throw invalid(`on: expected one of ${TYPES.join(', ')}, found another type`);
  };

  /**
   * Calls listeners in a microtask of their own: whatever one does, the
   * manager is not in the middle of anything.
   * @param {TokenEvent} [event]
   */
  function tell(event) {
    if (!pending.size) next(dispatchAll);
    pending.add(event);
  }

  return { tell, clear: () => listeners.clear() };
}

/**
 * What a listener throws, or rejects with, is its own affair; it is shown
 * where developers look.
 * @param {(value: any) => unknown} listener
 * @param {unknown} value
 */
async function run(listener, value) {
  try {
    await listener(value);
  } catch (error) {
    console.error('evertoken: a listener failed:', error);
  }
}

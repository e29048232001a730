// The calls to the endpoints that are under way, and what became of them.

import { requestOf } from './call.js';
import { Input } from './engine.js';
import { invalid, isReason, reason, tokenError } from './error.js';

/** Calls of which it is remembered what they threw. */
const REMEMBERED = 16;

/**
 * How a call ended.
 * @typedef {{ input: Input, status?: number, value?: unknown }} Ended
 * What the caller of login() brought, and what the server answered.
 * @typedef {{ body?: any, headers?: any, answer?: { response: any, body: string } }} Own
 */

export class Calls {
  /** The refresh function is being called. */
  refreshing = false;

  #config;
  #settings;
  #transport;
  /** @type {Map<number, AbortController>} */
  #underWay = new Map();
  /** What calls threw, by their numbers. @type {Map<number, unknown>} */
  #thrown = new Map();

  /**
   * @param {any} config
   * @param {import('./config.js').Settings} settings
   * @param {import('./request.js').Transport} transport
   */
  constructor(config, settings, transport) {
    this.#config = config;
    this.#settings = settings;
    this.#transport = transport;
  }

  /**
   * Carries out a call, and feeds how it ended.
   * @param {number} id
   * @param {import('./call.js').EndpointCall} call
   * @param {Own | undefined} own
   * @param {import('./tabs.js').Feed} feed
   */
  async begin(id, call, own, feed) {
    const abort = new AbortController();
    this.#underWay.set(id, abort);
    const custom = call.target === 'refresh' && typeof this.#config.refresh === 'function';
    // Not before the engine has said all that it has to say.
    await undefined;
    /** @type {Ended} */
    let ended;
    try {
      ended = await (custom ? this.#refresh(call, abort.signal) : this.#send(call, own, abort.signal));
    } catch (value) {
      if (this.#thrown.size >= REMEMBERED) this.#thrown.delete([...this.#thrown.keys()][0]);
      this.#thrown.set(id, value);
      ended = { input: custom ? Input.Rejected : isReason(value) ? Input.Unsendable : Input.Unreachable, value };
    }
    this.#underWay.delete(id);
    feed(ended.input, id, ended.status, ended.value);
  }

  /**
   * @param {import('./call.js').EndpointCall} call
   * @param {Own | undefined} own
   * @param {AbortSignal} signal
   * @returns {Promise<Ended>}
   */
  async #send(call, own, signal) {
    const { target } = call;
    const request = requestOf(call, this.#settings, this.#config[target], own);
    const { url = '' } = this.#settings[target];
    if (!/^https?:/.test(url)) throw reason(invalid(`${target}: expected an absolute URL, or a baseUrl, where there is no page; found a relative one`));
    const response = await this.#transport(url, { ...request, signal });
    if (typeof response?.text !== 'function') throw reason(invalid('fetch: expected a promise of a Response, found something else'));
    const { status, type, headers } = response;
    if (type === 'opaqueredirect') return { input: Input.Redirected };
    const body = await response.text();
    if (own) own.answer = { response, body };
    return { input: Input.Answered, status, value: { after: headers?.get('retry-after'), body } };
  }

  /**
   * @param {import('./call.js').EndpointCall} call
   * @param {AbortSignal} signal
   * @returns {Promise<Ended>}
   */
  async #refresh({ accessToken, refreshToken }, signal) {
    let tokens;
    this.refreshing = true;
    try {
      tokens = this.#config.refresh({ accessToken, refreshToken, signal, fetch: this.#transport });
    } finally {
      this.refreshing = false;
    }
    return { input: Input.Provided, value: await tokens };
  }

  /** @param {number} id */
  abort(id) {
    this.#underWay.get(id)?.abort();
    this.#underWay.delete(id);
  }

  abortAll() {
    for (const id of [...this.#underWay.keys()]) this.abort(id);
  }

  /**
   * The error that was told, if there was one.
   * @param {Record<string, any>} told
   */
  error(told) {
    return told.fault === undefined ? undefined : tokenError(/** @type {any} */ (told), this.#thrown, this.#config);
  }
}

// The other tabs of the same key: a channel to them, and the lock that one of
// them holds at a time. What is said and who gets the lock when is the core's.

import { parse } from './document.js';
import { Input } from './engine.js';

/** @typedef {(input: Input, number?: number, figure?: number, value?: unknown) => void} Feed */

export class Tabs {
  #name;
  #feed;
  /** @type {BroadcastChannel | undefined} */
  #channel;
  /** @type {Map<number, { waiting: AbortController, release?: (value: unknown) => void }>} */
  #locks = new Map();

  /**
   * @param {string} key
   * @param {Feed} feed
   */
  constructor(key, feed) {
    this.#name = `evertoken:${key}`;
    this.#feed = feed;
  }

  /** @param {number} tab what the core calls this one */
  open(tab) {
    try {
      const channel = new BroadcastChannel(this.#name);
      channel.onmessage = ({ data }) => {
        if (typeof data !== 'string') return;
        const message = parse(data);
        // In a browser with many tabs most are for another one.
        if ((message?.to ?? tab) === tab) this.#feed(Input.Message, 0, 0, message);
      };
      // In Node.js no channel keeps the process.
      /** @type {any} */ (channel).unref?.();
      this.#channel = channel;
    } catch {
      // An opaque origin: such a page has no other tabs.
      this.#feed(Input.ChannelUnavailable);
    }
  }

  close() {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** @param {string} text */
  post(text) {
    post(this.#channel, text);
  }

  /**
   * Posts a text that comes back here as well.
   * @param {string} text
   */
  echo(text) {
    if (!this.#channel) return;
    try {
      const second = new BroadcastChannel(this.#name);
      post(second, text);
      second.close();
    } catch {
      // The core does not wait for it without an end.
    }
  }

  /**
   * Asks for the lock, which is held from `Granted` until `unlock`, or until
   * `Robbed`.
   * @param {number} id
   * @param {boolean} steal
   * @param {boolean} shared
   */
  lock(id, steal, shared) {
    this.unlock(id);
    /** @type {{ waiting: AbortController, release?: (value: unknown) => void }} */
    const lock = { waiting: new AbortController() };
    this.#locks.set(id, lock);
    const { signal } = lock.waiting;
    const held = () =>
      new Promise((resolve) => {
        lock.release = resolve;
        if (this.#locks.get(id) === lock) this.#feed(Input.Granted, id);
        else resolve(undefined);
      });
    const request = async () => navigator.locks.request(this.#name, steal ? { steal } : { signal, mode: shared ? 'shared' : 'exclusive' }, held);
    request().catch(() => {
      // Given back, or not waited for any more.
      if (this.#locks.get(id) !== lock) return;
      this.#locks.delete(id);
      this.#feed(lock.release ? Input.Robbed : Input.LockUnavailable, id);
    });
  }

  /** @param {number} id */
  unlock(id) {
    const lock = this.#locks.get(id);
    this.#locks.delete(id);
    lock?.waiting.abort();
    lock?.release?.(undefined);
  }

  /** Gives everything back. */
  leave() {
    for (const id of [...this.#locks.keys()]) this.unlock(id);
    this.close();
  }
}

/**
 * @param {BroadcastChannel | undefined} channel
 * @param {string} text
 */
function post(channel, text) {
  try {
    channel?.postMessage(text);
  } catch {
    // Nothing depends on a message: the records say who is right.
  }
}

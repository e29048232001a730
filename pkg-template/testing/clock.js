const LONGEST_TIMEOUT = 2 ** 31 - 1;
const later = globalThis.setTimeout;

/**
 * A turn of the event loop, so that all promises have had theirs.
 * @returns {Promise<void>}
 */
export const turn = () =>
  new Promise((resolve) => {
    // jsdom has no channels.
    if (typeof MessageChannel !== 'function') return later(resolve, 0);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

/**
 * @typedef {import('../index.js').TokenManager<object>} TokenManager
 * @typedef {{ f: () => void, due: number }} Timer
 */

/**
 * Settles at a manager's next snapshot.
 * @param {TokenManager} manager
 */
export const change = (manager) =>
  new Promise((resolve) => {
    const off = manager.subscribe((snapshot) => {
      off();
      resolve(snapshot);
    });
  });

/**
 * Settles when a manager has no refresh under way.
 * @param {TokenManager} [manager]
 */
export async function idle(manager) {
  await turn();
  while (manager?.snapshot.refreshing) await change(manager);
}

/** A clock that stands still until it is told otherwise. As in a browser, a
 * delay of more than 2^31-1 ms is one of 1 ms, and timers go by the monotonic
 * reading: a step of the wall clock makes none of them due. */
export class Clock {
  /** @type {Map<unknown, Timer>} */
  #timers = new Map();
  #count = 0;
  #wall;
  #elapsed = 0;
  made = 0;
  #disposed = false;
  now = () => this.#wall;
  monotonic = () => this.#elapsed;
  /** @type {(f: () => void, ms: number) => number} */
  setTimeout = (f, ms) => {
    this.made++;
    // What is still finished after a test sets no timer for the next one.
    if (this.#disposed) return 0;
    const delay = ms > LONGEST_TIMEOUT || !(ms >= 1) ? 1 : ms;
    this.#timers.set(++this.#count, { f, due: this.#elapsed + delay });
    return this.#count;
  };
  /** @param {unknown} id */
  clearTimeout = (id) => void this.#timers.delete(id);

  constructor(at = Date.now()) {
    this.#wall = at;
  }

  get at() {
    return this.#wall;
  }

  /** A later time has come, an earlier one was set. */
  set at(time) {
    this.#elapsed += Math.max(0, time - this.#wall);
    this.#wall = time;
  }

  get timers() {
    return this.#timers.size;
  }

  get next() {
    return this.#wall + this.#wait;
  }

  /** Milliseconds until a timer is due. */
  get #wait() {
    return Math.min(...[...this.#timers.values()].map(({ due }) => due)) - this.#elapsed;
  }

  /**
   * Lets time go by, timer after timer, each with all that it sets off.
   * @param {number} ms
   * @param {TokenManager[]} managers
   */
  async advance(ms, ...managers) {
    const until = this.#elapsed + ms;
    // What is under way sets its timers first.
    await turn();
    for (let fired = 0; this.#elapsed + this.#wait <= until; fired++) {
      if (fired > 20_000) throw new Error('the timers come without end');
      this.at += Math.max(0, this.#wait);
      this.fire();
      await turn();
      for (const manager of managers) await idle(manager);
    }
    this.at += Math.max(0, until - this.#elapsed);
  }

  /**
   * A machine that slept: the time is another one, then what is due fires.
   * @param {number} ms
   */
  jump(ms) {
    this.at += ms;
    this.fire();
  }

  /**
   * Somebody set the wall clock: no time has passed.
   * @param {number} ms
   */
  step(ms) {
    this.#wall += ms;
  }

  /** Fires what is due. */
  fire() {
    for (const [id, { f, due }] of [...this.#timers]) {
      if (due > this.#elapsed || !this.#timers.delete(id)) continue;
      f();
    }
  }

  dispose() {
    this.#disposed = true;
    this.#timers.clear();
  }
}

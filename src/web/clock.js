// The time, and timers: the one file that asks the platform for either.

import { at } from './document.js';

/** The longest delay that setTimeout does not take for 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** The last instant that a Date can name (ECMA-262, 21.4.1.1). */
const LAST_DATE = 8.64e15;

/**
 * The application's own clock.
 * @typedef {object} OwnClock
 * @property {() => number} now
 * @property {() => number} [monotonic]
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(id: any) => void} clearTimeout
 */

/**
 * The clock of one manager.
 * @typedef {object} Clock
 * @property {boolean} isPlatforms
 * @property {() => number} now milliseconds since the epoch
 * @property {() => number} monotonic milliseconds since some moment; never less than before
 * @property {(work: () => void, ms: number) => () => void} timer calls `work`
 *   once, and gives the function that stops it
 */

/**
 * Makes a manager's clock. Where the application's own throws, or gives no
 * number, the platform's takes its place: no clock can fail.
 *
 * *Algorithm:* a monotonic reading is the sum of the positive steps of what it
 * is read from: of the application's `monotonic`, else of its `now`, else of
 * the platform's `performance.now`.
 *
 * @param {OwnClock} [own]
 * @returns {Clock}
 */
export function makeClock(own) {
  const stepsOfNow = own !== undefined && at(own, 'monotonic') === undefined;
  /** What was read last, by what it was read from. @type {number[]} */
  const last = [];
  let reading = 0;

  /** @param {'now' | 'monotonic'} name */
  function read(name) {
    if (!own) return undefined;
    try {
      const found = own[name]?.();
      return typeof found === 'number' && Math.abs(found) <= LAST_DATE ? found : undefined;
    } catch {
      return undefined;
    }
  }

  const now = () => read('now') ?? Date.now();

  function monotonic() {
    let source = 0;
    let found = read('monotonic');
    if (found === undefined && stepsOfNow) {
      source = 1;
      found = read('now');
    }
    if (found === undefined) {
      source = 2;
      found = performance.now();
    }
    reading += Math.max(found - (last[source] ?? found), 0);
    last[source] = found;
    return reading;
  }

  /**
   * @param {() => void} work
   * @param {number} ms
   */
  function timer(work, ms) {
    const delay = Math.min(Math.max(Math.ceil(ms), 0) || 0, LONGEST_MS);
    const due = monotonic() + delay;
    // Fake timers let a timer fire though performance.now stands still.
    const fire = () => {
      reading = Math.max(monotonic(), due);
      work();
    };
    /** @type {Pick<OwnClock, 'setTimeout' | 'clearTimeout'>} */
    let owner = own ?? globalThis;
    /** @type {any} */
    let id;
    try {
      id = owner.setTimeout(fire, delay);
    } catch {
      owner = globalThis;
      id = owner.setTimeout(fire, delay);
    }
    // In Node.js no timer keeps the process.
    id?.unref?.();
    return () => {
      try {
        owner.clearTimeout(id);
      } catch {
        // Whatever the timer is for looks whether it is still wanted.
      }
    };
  }

  monotonic();
  return { now, monotonic, timer, isPlatforms: own === undefined };
}

/**
 * Calls `work` in a microtask of its own. Fake timers hold queueMicrotask
 * back, and no promise.
 * @param {() => void} work
 */
export const next = (work) => void Promise.resolve().then(work);

/**
 * Calls `work` in a task of its own.
 * @param {() => void} work
 */
export function soon(work) {
  /** @type {any} */
  const id = setTimeout(work, 0);
  id?.unref?.();
}

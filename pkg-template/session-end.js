// What the adapters for frameworks show of a session's end.

/**
 * @typedef {import('./index.js').TokenManager<object>} TokenManager
 * @typedef {import('./index.js').SessionEnd} SessionEnd
 * @typedef {(end: SessionEnd) => void} Listener
 */

/**
 * @typedef {object} Watch
 * @property {SessionEnd} none where no end is known
 * @property {() => SessionEnd} read the same object until something in it changes
 * @property {(listener: Listener) => () => void} subscribe
 */

/**
 * One for each manager: all components see the same seconds.
 * @type {WeakMap<TokenManager, Watch>}
 */
const watches = new WeakMap();

/**
 * Gives the one watch of a manager.
 * @param {TokenManager} manager
 */
export function sessionEnd(manager) {
  const known = watches.get(manager) ?? watch(manager);
  watches.set(manager, known);
  return known;
}

/**
 * @param {TokenManager} manager
 * @returns {Watch}
 */
function watch(manager) {
  /** @type {SessionEnd} */
  const none = Object.freeze({ endsAt: null, ending: null, secondsLeft: null, stay: () => manager.touch() });
  /** @type {Set<Listener>} */
  const listeners = new Set();
  let value = none;
  let told = none;
  /** @type {any} */
  let timer;
  let leave = () => {};

  function read() {
    const { sessionEndsAt: endsAt, sessionEnding: ending } = manager.snapshot;
    const secondsLeft = ending && Math.max(Math.ceil((Number(endsAt) - Date.now()) / 1000), 0);
    const same = endsAt === value.endsAt && ending === value.ending && secondsLeft === value.secondsLeft;
    if (!same) value = Object.freeze({ ...none, endsAt, ending, secondsLeft });
    return value;
  }

  /** Tells what has changed, and wakes when the next second begins. */
  function look() {
    clearTimeout(timer);
    const { endsAt, secondsLeft } = read();
    if (secondsLeft && listeners.size) {
      timer = setTimeout(look, Number(endsAt) - Date.now() - (secondsLeft - 1) * 1000);
      // In Node.js no timer keeps the process.
      timer.unref?.();
    }
    if (value === told) return;
    told = value;
    for (const listener of [...listeners]) listener(value);
  }

  return {
    none,
    read,
    subscribe(listener) {
      /** @type {Listener} */
      const own = (end) => listener(end);
      if (!listeners.size) {
        leave = manager.subscribe(look);
        told = read();
      }
      listeners.add(own);
      look();
      return () => {
        if (!listeners.delete(own) || listeners.size) return;
        leave();
        clearTimeout(timer);
      };
    },
  };
}

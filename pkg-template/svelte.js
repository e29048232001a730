import { sessionEnd } from './session-end.js';

/**
 * Makes a store; see svelte.d.ts.
 * @template [T=import('./index.js').Snapshot<object>]
 * @param {import('./index.js').TokenManager<object>} manager
 * @param {(snapshot: import('./index.js').Snapshot<object>) => T} [select]
 */
export function tokenStore(manager, select = (snapshot) => /** @type {T} */ (snapshot)) {
  return {
    /** @param {(value: T) => void} run */
    subscribe(run) {
      let shown = select(manager.snapshot);
      run(shown);
      return manager.subscribe((snapshot) => {
        const next = select(snapshot);
        if (!Object.is(next, shown)) run((shown = next));
      });
    },
  };
}

/**
 * Makes a store; see svelte.d.ts.
 * @param {import('./index.js').TokenManager<object>} manager
 */
export function sessionEndStore(manager) {
  const { read, subscribe } = sessionEnd(manager);
  return {
    /** @param {(value: import('./index.js').SessionEnd) => void} run */
    subscribe(run) {
      run(read());
      return subscribe(run);
    },
  };
}

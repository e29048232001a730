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

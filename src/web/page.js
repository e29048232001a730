// What happens to the page: seen or hidden, frozen, put away and brought back,
// online again, told of another tab's storage.

/** Calls the given functions until the function that it gives is called; who
 * need not hear of storage leaves `stored` out. */
export function follow({ visible, online, hidden, shown, stored }) {
  const off = [];
  const on = (target, type, listener) => {
    target?.addEventListener?.(type, listener);
    off.push(() => target?.removeEventListener?.(type, listener));
  };
  const { document } = globalThis;
  const isVisible = () => document.visibilityState !== 'hidden';
  if (document && !isVisible()) visible(false);
  on(document, 'visibilitychange', () => visible(isVisible()));
  on(document, 'resume', () => shown(true));
  on(globalThis, 'online', online);
  on(globalThis, 'pagehide', hidden);
  on(globalThis, 'pageshow', (event) => shown(event.persisted));
  // To listen opens both storages, which every start would wait for.
  if (stored) on(globalThis, 'storage', (event) => stored(event.key, event.newValue));
  return () => off.splice(0).forEach((remove) => remove());
}

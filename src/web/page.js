// What happens to the page: seen or hidden, frozen, put away and brought back,
// online again, told of another tab's storage.

/** Calls the given functions until the function that it gives is called. */
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
  on(globalThis, 'storage', (event) => stored(event.key, event.newValue));
  return () => off.splice(0).forEach((remove) => remove());
}

/**
 * Follows the device for a manager; see react-native.d.ts.
 * @param {import('./index.js').TokenManager<object>} auth
 * @param {import('./react-native.js').Device} device
 */
export function followDevice(auth, { AppState, NetInfo }) {
  // Timers stand still in the background, and no event tells of the network.
  const wake = () => void (auth.snapshot.stale ? auth.refresh() : auth.getToken()).catch(() => {});
  const app = AppState?.addEventListener('change', (state) => {
    if (state !== 'active') return;
    auth.touch();
    wake();
  });
  const offNet = NetInfo?.addEventListener(({ isConnected }) => {
    if (isConnected) wake();
  });
  return () => {
    app?.remove();
    offNet?.();
  };
}

import type { TokenManager } from './index.js';

/** What the manager follows; either may be left out. */
export interface Device {
  /** Of `react-native`: coming back to the application is activity, and does what has become due. */
  AppState?: { addEventListener(type: 'change', listener: (state: string) => void): { remove(): void } };
  /** Of `@react-native-community/netinfo`: the network that is back does what has become due. */
  NetInfo?: { addEventListener(listener: (state: { isConnected: boolean | null }) => void): () => void };
}

/**
 * Follows the device: refreshes what has ended, and asks again where the last attempt failed, when the application comes to
 * the foreground and when the network comes back. While the back-off lasts nothing is sent. Gives what ends it.
 *
 * @example
 * import NetInfo from '@react-native-community/netinfo';
 * import { AppState } from 'react-native';
 *
 * const off = followDevice(auth, { AppState, NetInfo });
 */
export function followDevice(auth: TokenManager<object>, device: Device): () => void;

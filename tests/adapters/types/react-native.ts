import type { TokenManager } from 'evertoken';
import { followDevice } from 'evertoken/react-native';

declare const auth: TokenManager<{ sub: string }>;
// As React Native and NetInfo declare them.
declare const AppState: { addEventListener(type: 'change' | 'memoryWarning' | 'blur' | 'focus', listener: (state: 'active' | 'background' | 'inactive' | 'unknown' | 'extension') => void): { remove(): void } };
declare const NetInfo: { addEventListener(listener: (state: { type: string; isConnected: boolean | null; isInternetReachable: boolean | null }) => void): () => void };

const off: () => void = followDevice(auth, { AppState, NetInfo });
followDevice(auth, { AppState });
// @ts-expect-error the device's parts are given
followDevice(auth);

export { off };

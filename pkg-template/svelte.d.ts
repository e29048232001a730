import type { Claims, SessionEnd, Snapshot, TokenManager } from './index.js';

/** Fits Svelte's `Readable`, and its `$` in a component. */
export interface TokenStore<T> {
  /** Calls `run` with the value at once and on each change; gives the function that stops it. */
  subscribe(this: void, run: (value: T) => void): () => void;
}

/**
 * Makes a store of the state.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { tokenStore } from 'evertoken/svelte';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * export const session = tokenStore(auth); // in a component: $session.status
 */
export declare function tokenStore<C extends object = Claims>(manager: TokenManager<C>): TokenStore<Snapshot<C>>;
/** Makes a store of what `select` takes from the state; it tells only when that changes, by `Object.is`. */
export declare function tokenStore<T, C extends object = Claims>(
  manager: TokenManager<C>,
  select: (snapshot: Snapshot<C>) => T,
): TokenStore<T>;

/**
 * Makes a store of when the session ends; each second of the warning time is a change. Make it where the manager is made, so that it
 * hears of every warning.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { sessionEndStore } from 'evertoken/svelte';
 *
 * const auth = await createTokenManager({ preset: 'strapi4', session: { idleSeconds: 900 } });
 * export const end = sessionEndStore(auth); // in a component: $end.secondsLeft
 */
export declare function sessionEndStore<C extends object>(manager: TokenManager<C>): TokenStore<SessionEnd>;

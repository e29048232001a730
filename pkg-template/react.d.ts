import type { ReactElement, ReactNode } from 'react';
import type { Claims, SessionEnd, Snapshot, TokenManager } from './index.js';

/** Gives the components below it a manager: made once, outside of any component. */
export declare function TokenProvider<C extends object>(props: {
  manager: TokenManager<C>;
  children?: ReactNode;
}): ReactElement;

/** Gives the manager of the nearest `TokenProvider`; throws where there is none. `C` is what `createTokenManager` was given. */
export declare function useTokenManager<C extends object = Claims>(): TokenManager<C>;

/**
 * Gives the state, and renders again when it changes.
 *
 * On a server, and while a page takes over what a server rendered, `status` is 'unknown'.
 */
export declare function useSnapshot<C extends object = Claims>(): Snapshot<C>;
/**
 * Gives what `select` takes from the state, and renders again only when that changes.
 *
 * @param select runs in every rendering and at every change
 * @param equal says whether two selections are the same; default `Object.is`
 *
 * @example
 * import { useSnapshot } from 'evertoken/react';
 *
 * const useSignedIn = () => useSnapshot(({ status }) => status === 'signed-in');
 */
export declare function useSnapshot<T, C extends object = Claims>(
  select: (snapshot: Snapshot<C>) => T,
  equal?: (a: T, b: T) => boolean,
): T;

/** Gives the access token's claims; null when signed out, for an opaque token and for one in a cookie. Each refresh brings a new object. */
export declare function useClaims<C extends object = Claims>(): C | null;
/** Gives what `select` takes from the claims, and renders again only when that changes; null where there are none. */
export declare function useClaims<T, C extends object = Claims>(
  select: (claims: C) => T,
  equal?: (a: T, b: T) => boolean,
): T | null;

/**
 * Gives when the session ends, and renders again when that changes, each second of the warning time included.
 *
 * @example
 * import { useSessionEnd } from 'evertoken/react';
 *
 * const useWarning = () => {
 *   const { ending, secondsLeft } = useSessionEnd();
 *   return ending && `You will be signed out in ${secondsLeft} s.`;
 * };
 */
export declare function useSessionEnd(): SessionEnd;

/** The provider and the hooks of this file for one type of claims. */
export interface TokenHooks<C extends object> {
  TokenProvider(this: void, props: { manager: TokenManager<C>; children?: ReactNode }): ReactElement;
  useTokenManager(this: void): TokenManager<C>;
  useSnapshot(this: void): Snapshot<C>;
  useSnapshot<T>(this: void, select: (snapshot: Snapshot<C>) => T, equal?: (a: T, b: T) => boolean): T;
  useClaims(this: void): C | null;
  useClaims<T>(this: void, select: (claims: C) => T, equal?: (a: T, b: T) => boolean): T | null;
  useSessionEnd(this: void): SessionEnd;
}

/**
 * Binds the provider and the hooks to one type of claims, so that a provider takes no manager of other claims and no
 * hook has to be told. They are the same functions as those of this file.
 *
 * @example
 * import { createTokenHooks } from 'evertoken/react';
 *
 * interface MyClaims { sub: string; roles: string[] }
 * export const { TokenProvider, useClaims, useSnapshot, useTokenManager } = createTokenHooks<MyClaims>();
 */
export declare function createTokenHooks<C extends object>(): TokenHooks<C>;

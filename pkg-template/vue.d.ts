import type { ComputedRef, Plugin, ShallowRef } from 'vue';
import type { Claims, SessionEnd, Snapshot, TokenManager } from './index.js';

/**
 * Makes the plugin that gives an application its manager.
 *
 * @param options `ssr`, default false: components start with status 'unknown' and take the state when they are
 * mounted, as a page must that takes over what a server rendered
 *
 * @example
 * import { createApp } from 'vue';
 * import { createTokenManager } from 'evertoken';
 * import { createTokens } from 'evertoken/vue';
 *
 * const manager = await createTokenManager({ preset: 'strapi4' });
 * createApp({}).use(createTokens(manager)).mount('#app');
 */
export declare function createTokens<C extends object>(manager: TokenManager<C>, options?: { ssr?: boolean }): Plugin<[]>;

/** Gives the manager of the application; throws where there is none. `C` is what `createTokenManager` was given. */
export declare function useTokenManager<C extends object = Claims>(): TokenManager<C>;

/** Gives the state, until the effect scope ends that it was asked for in. */
export declare function useSnapshot<C extends object = Claims>(): Readonly<ShallowRef<Snapshot<C>>>;

/** Gives the access token's claims; null when signed out, for an opaque token and for one in a cookie. */
export declare function useClaims<C extends object = Claims>(): ComputedRef<C | null>;
/** Gives what `select` takes from the claims, and tells only when that changes; null where there are none. */
export declare function useClaims<T, C extends object = Claims>(select: (claims: C) => T): ComputedRef<T | null>;

/** Gives when the session ends, each second of the warning time included, until the effect scope ends that it was asked for in. */
export declare function useSessionEnd(): Readonly<ShallowRef<SessionEnd>>;

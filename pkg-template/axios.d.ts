import type { TokenManager } from './index.js';

/** What is needed of an axios instance, of 0.27 or later; the types of the old ones do not tell of its `create`. */
export interface AxiosLike {
  /** `adapter` is replaced until the instance is detached. */
  defaults: { adapter?: unknown };
  /** Says where a request goes. */
  getUri(config?: object): string;
}

/**
 * Puts a manager's tokens on what an axios instance sends; gives the function that detaches it.
 *
 * The manager decides as it does for its own `fetch`: where the token goes, who waits
 * for a refresh, and that an `unauthorized` answer is repaired once. The instance's own adapter sends, so that
 * progress, time-outs, aborting and response types are axios's. Interceptors and transforms run once for a request.
 * Relative URLs are resolved as axios does. A time-out counts from the sending and not from the wait for a token.
 *
 * Requests reject with what axios rejects with, and with the manager's `TokenError` where a needed token cannot be had.
 * Where the access token travels in a header other than Authorization, redirects are not followed: axios 1 sends by its
 * fetch adapter then, without upload progress where that has none; an earlier one rejects with 'not-supported'.
 *
 * @example
 * import axios from 'axios';
 * import { createTokenManager } from 'evertoken';
 * import { attach } from 'evertoken/axios';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * const api = axios.create({ baseURL: '/api' });
 * const detach = attach(api, auth);
 */
export declare function attach<C extends object>(instance: AxiosLike, auth: TokenManager<C>): () => void;

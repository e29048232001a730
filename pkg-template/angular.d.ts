import type { HttpInterceptorFn } from '@angular/common/http';
import type { Signal } from '@angular/core';
import type { SessionEnd, TokenManager } from './index.js';

/**
 * Makes the functional interceptor that puts a manager's tokens on what `HttpClient` sends.
 *
 * The manager decides as it does for its own `fetch`: where the token goes, who waits
 * for a refresh, and that an `unauthorized` answer is repaired once. Angular sends, so that progress, response types
 * and later interceptors are Angular's. Unsubscribing ends the wait for a token as well.
 *
 * Requests fail with what Angular fails with, and with the manager's `TokenError` where a needed token cannot be had.
 * Where the access token travels in a header other than Authorization, redirects are not followed; XMLHttpRequest cannot
 * do that, and requests by `withXhr()`, before Angular 22 those without `withFetch()`, then fail with 'not-supported'.
 *
 * @example
 * import { provideHttpClient, withInterceptors } from '@angular/common/http';
 * import { createTokenManager } from 'evertoken';
 * import { tokenInterceptor } from 'evertoken/angular';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * export const providers = [provideHttpClient(withInterceptors([tokenInterceptor(auth)]))];
 */
export declare function tokenInterceptor<C extends object>(auth: TokenManager<C>): HttpInterceptorFn;

/**
 * Makes a signal of when the session ends, in an injection context; each second of the warning time is a change, until that context is
 * destroyed.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { sessionEndSignal } from 'evertoken/angular';
 *
 * const auth = await createTokenManager({ preset: 'strapi4', session: { idleSeconds: 900 } });
 * export class Warning {
 *   readonly end = sessionEndSignal(auth); // in the template: end().secondsLeft
 * }
 */
export declare function sessionEndSignal<C extends object>(auth: TokenManager<C>): Signal<SessionEnd>;

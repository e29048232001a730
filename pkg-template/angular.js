import { FetchBackend, HttpBackend, HttpContext } from '@angular/common/http';
import { DestroyRef, inject, signal } from '@angular/core';
import { Observable } from 'rxjs';
import { SEND, absolute, gone, redirects, verdict } from './send.js';
import { sessionEnd } from './session-end.js';

/** HttpEventType.Response. */
const RESPONSE = 4;

/**
 * @typedef {import('@angular/common/http').HttpResponse<unknown>} HttpResponse
 * @typedef {import('@angular/common/http').HttpErrorResponse} HttpErrorResponse
 * @typedef {import('@angular/common/http').HttpEvent<unknown>} HttpEvent
 */

/**
 * The contexts of requests that a manager sends. A request keeps its context
 * when it is cloned: a second interceptor lets it pass.
 */
const decided = new WeakSet();

/**
 * A context that says the same, and that nobody else has.
 * @param {HttpContext} context
 */
function copyOf(context) {
  const copy = new HttpContext();
  for (const token of context.keys()) copy.set(token, context.get(token));
  decided.add(copy);
  return copy;
}

/**
 * Makes an interceptor; see angular.d.ts.
 * @param {import('./index.js').TokenManager<object>} auth
 * @returns {import('@angular/common/http').HttpInterceptorFn}
 */
export function tokenInterceptor(auth) {
  return (request, next) => {
    if (decided.has(request.context)) return next(request);
    const byFetch = inject(HttpBackend) instanceof FetchBackend;
    return new Observable((/** @type {import('rxjs').Subscriber<HttpEvent>} */ observer) => {
      const waiting = new AbortController();
      /** @type {import('rxjs').Subscription | undefined} */
      let sending;
      /** @type {() => void} set before the manager's fetch settles */
      let deliver;

      /** @type {(url: string, options: import('./send.js').Licence) => Promise<Response>} */
      function send(_, { headers, credentials, redirect }) {
        const manual = redirect === 'manual';
        const licensed = request.clone({
          context: copyOf(request.context),
          setHeaders: headers instanceof Headers ? Object.fromEntries(headers) : /** @type {Record<string, string>} */ (headers),
          ...(credentials === 'include' && { withCredentials: true }),
          ...(manual && { redirect }),
        });
        // Before version 20 the option is lost.
        if (manual && !(byFetch && licensed.redirect === redirect)) return Promise.reject(redirects());
        return new Promise((resolve, reject) => {
          /** @type {(answer: HttpResponse | HttpErrorResponse, settle: () => void) => void} */
          const answered = (answer, settle) => {
            deliver = settle;
            const { headers } = answer;
            resolve(verdict(answer.status, headers.keys().map((name) => /** @type {[string, string]} */ ([name, /** @type {string[]} */ (headers.getAll(name)).join(', ')]))));
          };
          sending = next(licensed).subscribe({
            next(event) {
              if (event.type !== RESPONSE) return observer.next(event);
              answered(/** @type {HttpResponse} */ (event), () => {
                observer.next(event);
                observer.complete();
              });
            },
            error: (error) => (error?.status ? answered(error, () => observer.error(error)) : reject(error)),
          });
        });
      }

      const over = gone(auth);
      auth
        .fetch(absolute(request.urlWithParams), /** @type {RequestInit} */ ({
          method: request.method,
          headers: Object.fromEntries(request.headers.keys().map((name) => [name, /** @type {string[]} */ (request.headers.getAll(name)).join(', ')])),
          ...(request.withCredentials && { credentials: 'include' }),
          signal: waiting.signal,
          [SEND]: send,
        }))
        .then(
          () => deliver(),
          async (error) => {
            if (!(await over(error))) observer.error(error);
            else if (!waiting.signal.aborted) sending = next(request).subscribe(observer);
          },
        );
      return () => {
        waiting.abort();
        sending?.unsubscribe();
      };
    });
  };
}

/**
 * Makes a signal; see angular.d.ts.
 * @param {import('./index.js').TokenManager<object>} auth
 */
export function sessionEndSignal(auth) {
  const { read, subscribe } = sessionEnd(auth);
  const end = signal(read());
  inject(DestroyRef).onDestroy(subscribe((value) => end.set(value)));
  return end.asReadonly();
}

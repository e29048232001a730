import { FetchBackend, HttpBackend, HttpContext } from '@angular/common/http';
import { inject } from '@angular/core';
import { Observable } from 'rxjs';
import { SEND, absolute, gone, redirects, verdict } from './send.js';

/** HttpEventType.Response. */
const RESPONSE = 4;

/** The contexts of requests that a manager sends. A request keeps its context
 * when it is cloned: a second interceptor lets it pass. */
const decided = new WeakSet();

/** A context that says the same, and that nobody else has. */
function copyOf(context) {
  const copy = new HttpContext();
  for (const token of context.keys()) copy.set(token, context.get(token));
  decided.add(copy);
  return copy;
}

/** Makes an interceptor; see angular.d.ts. */
export function tokenInterceptor(auth) {
  return (request, next) => {
    if (decided.has(request.context)) return next(request);
    const byFetch = inject(HttpBackend) instanceof FetchBackend;
    return new Observable((observer) => {
      const waiting = new AbortController();
      let sending;
      let deliver;

      function send(_, { headers, credentials, redirect }) {
        const manual = redirect === 'manual';
        const licensed = request.clone({
          context: copyOf(request.context),
          setHeaders: headers instanceof Headers ? Object.fromEntries(headers) : headers,
          ...(credentials === 'include' && { withCredentials: true }),
          ...(manual && { redirect }),
        });
        // Before version 20 the option is lost.
        if (manual && !(byFetch && licensed.redirect === redirect)) return Promise.reject(redirects());
        return new Promise((resolve, reject) => {
          const answered = (answer, settle) => {
            deliver = settle;
            const { headers } = answer;
            resolve(verdict(answer.status, headers.keys().map((name) => [name, headers.getAll(name).join(', ')])));
          };
          sending = next(licensed).subscribe({
            next(event) {
              if (event.type !== RESPONSE) return observer.next(event);
              answered(event, () => {
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
        .fetch(absolute(request.urlWithParams), {
          method: request.method,
          headers: Object.fromEntries(request.headers.keys().map((name) => [name, request.headers.getAll(name).join(', ')])),
          ...(request.withCredentials && { credentials: 'include' }),
          signal: waiting.signal,
          [SEND]: send,
        })
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

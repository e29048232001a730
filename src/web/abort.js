// A caller's AbortSignal.

/** Rejects with the signal's reason, at once, and harms nobody else. */
export function abortable(promise, signal, aborted) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      aborted?.();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

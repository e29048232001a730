// A caller's AbortSignal.

/**
 * Rejects with the signal's reason, at once, and harms nobody else.
 * @template T
 * @param {PromiseLike<T>} promise
 * @param {AbortSignal | null} [signal]
 * @param {() => void} [aborted] is called when the signal ended the wait
 * @returns {Promise<T>}
 */
export function abortable(promise, signal, aborted) {
  const whole = Promise.resolve(promise);
  if (!signal) return whole;
  return new Promise((resolve, reject) => {
    const abort = () => {
      aborted?.();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    whole.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

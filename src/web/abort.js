// A caller's AbortSignal.

/**
 * Why a signal aborted. React Native's says nothing of it.
 * @param {AbortSignal} signal
 */
const reasonOf = ({ reason }) => reason ?? Object.assign(new Error('aborted'), { name: 'AbortError' });

/**
 * Throws where a signal has aborted.
 * @param {AbortSignal | null} [signal]
 */
export function check(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

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
      reject(reasonOf(signal));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    whole.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

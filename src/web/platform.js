// What the platform has, as far as the core's decisions go by it.

import { lease, placeOf } from './store.js';

/** `storage` and `remember` by what is known of such a place.
 * @type {Record<string, string>} */
const KEEPS = { memory: 'memory', session: 'tab', local: 'shared', indexeddb: 'shared' };

/** @param {any} kind */
export const keepOf = (kind) => (typeof kind === 'object' ? 'custom' : KEEPS[kind]);

/**
 * @param {any} config
 * @param {boolean} singleUser
 * @returns {{ tabs: boolean, mark: number, channel: number, locks: string | undefined, inert: number }}
 */
export function capabilitiesOf({ crossTab = true, storage, remember, fetch }, singleUser) {
  // A page, or a worker's scope.
  const scope = typeof globalThis.location === 'object';
  const tabs = scope && crossTab;
  // Where a session is kept that other pages may have as well, they must not
  // refresh it at the same time, whatever they tell each other.
  const shares = tabs || (scope && [storage, remember].some((kind) => !['memory', 'tab', undefined].includes(keepOf(kind))));
  const locks = globalThis.navigator?.locks ? 'web' : 'indexedDB' in globalThis ? 'lease' : undefined;
  return {
    tabs,
    // In localStorage the record itself is in the place of the mark.
    mark: +(typeof globalThis.document === 'object' && storage !== 'local' && remember !== 'local'),
    // Deno's keeps the process, and has no unref().
    channel: +(tabs && typeof globalThis.BroadcastChannel === 'function' && !('Deno' in globalThis)),
    locks: shares ? locks : undefined,
    inert: +!(scope || fetch || singleUser),
  };
}

/** The places of one manager, by the core's numbers: `storage`, `remember`, the
 * mark of a sign-out, and the lease that stands in for Web Locks. Each is
 * opened when it is first needed. */
export class Places {
  /** What `inspect` says of `storage`. */
  kind;

  #kinds;
  #key;
  /** @type {import('./store.js').Place[]} */
  #open = [];

  /**
   * @param {any} config
   * @param {string} key
   * @param {{ mark: number }} policy
   */
  constructor({ storage = 'memory', remember }, key, { mark }) {
    this.kind = typeof storage === 'object' ? 'custom' : storage;
    this.#kinds = [storage, remember];
    this.#key = key;
    const first = storage === 'memory' && mark ? 2 : 0;
    if (typeof storage === 'string') this.#warm(first);
  }

  /**
   * What a place is asked first takes the longest: it is asked for nothing.
   * @param {number} number
   */
  #warm(number) {
    try {
      Promise.resolve(this.at(number).read()).catch(() => {});
    } catch {
      // The core will hear of it.
    }
  }

  /** @param {number} number */
  at(number) {
    return (this.#open[number] ??= number === 3 ? lease(`${this.#key} lease`) : placeOf(number === 2 ? 'local' : this.#kinds[number], this.#key));
  }

  /** Those that another page's change of localStorage is about. */
  inLocalStorage() {
    return [0, 1].filter((number) => this.#kinds[number] === 'local');
  }

  close() {
    for (const place of this.#open) place?.close?.();
  }
}

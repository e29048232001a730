// The places a record can be kept. Every place gives the same two operations:
//   read()               the stored text, or null
//   swap(text, outranks) writes `text` unless something is stored that it does
//                        not outrank; gives null, or the text that stays
// either at once or as a promise. They may throw; a store falls back to memory.

import { TokenError } from './error.js';

/** A store that hangs is given up after this; a page waits for it. */
const PATIENCE_MS = 1500;

/** Where a session is kept: the place that was chosen, or memory once that has
 * failed, which `failed` is told. An operation that fails gives nothing. What
 * is written to memory then goes to the failed place as well: the next page
 * reads what that has kept, and must not find a session that has ended. */
export class Store {
  /** What `inspect` says of it. */
  kind = 'memory';

  #key;
  #failed;
  #place;

  /** @param page whether there is one, whose memory ends with a reload */
  constructor(storage, key, page, failed) {
    this.#key = key;
    this.#failed = failed;
    if (storage !== 'memory') {
      this.kind = typeof storage === 'string' ? storage : 'custom';
      this.#attempt(() => (this.#place = openPlace(storage, key)));
    }
    if (page) this.#place ??= memory(key);
  }

  read() {
    return this.#attempt((place) => place?.read());
  }

  swap(text, outranks) {
    const swap = (place) => place?.swap(text, outranks);
    return this.#attempt(swap, () => void swap(this.#place));
  }

  close() {
    this.#place?.close?.();
  }

  #attempt(operation, again) {
    const failed = (cause) => {
      this.#degrade(cause);
      again?.();
    };
    try {
      const given = operation(this.#place);
      return given instanceof Promise ? given.catch(failed) : given;
    } catch (error) {
      return failed(error);
    }
  }

  #degrade(cause) {
    if (this.kind === 'memory') return;
    const message = `storage: '${this.kind}' cannot be used here, the session is kept in memory`;
    this.#place = memory(this.#key, this.#place);
    this.kind = 'memory';
    this.#failed(new TokenError('not-supported', { message, cause }));
  }
}

function openPlace(kind, key) {
  if (typeof kind === 'object') return custom(kind, key);
  if (kind === 'session') return web(globalThis.sessionStorage, key);
  if (kind === 'local') return web(globalThis.localStorage, key);
  return database(key);
}

/**
 * What is kept of a session in memory: that it was signed out, which holds no
 * token. The server's cookie may have outlived the sign-out, and a reload must
 * not sign the user in again. Where there is no such storage, nothing is kept.
 * @param lost the place that failed, if it is for that
 */
function memory(key, lost) {
  const attempt = (work) => {
    try {
      return work(globalThis.localStorage);
    } catch {
      return null;
    }
  };
  const isEnd = (text) => JSON.parse(text)?.ended === 'logout';
  attempt((area) => area.getItem(key));
  return {
    read: () =>
      attempt((area) => {
        const stored = area.getItem(key);
        return isEnd(stored) ? stored : null;
      }),
    swap(text, outranks) {
      attempt((area) => {
        const stored = area.getItem(key);
        if (isEnd(text)) area.setItem(key, text);
        else if (isEnd(stored) && outranks(stored)) area.removeItem(key);
      });
      // It has been given up: nobody waits for it, or hears of it again.
      attempt(() => lost?.swap(text, outranks)?.catch?.(() => {}));
      return null;
    },
    close: () => lost?.close?.(),
  };
}

/** Fails a promise that does not settle. */
function bounded(promise) {
  let timer;
  return Promise.race([
    promise,
    new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('the storage did not answer')), PATIENCE_MS);
      timer.unref?.();
    }),
  ]).finally(() => clearTimeout(timer));
}

function web(area, key) {
  if (!area) throw new Error('there is no such storage here');
  // What it is asked first takes the longest.
  area.getItem(key);
  return {
    read: () => area.getItem(key),
    swap(text, outranks) {
      const stored = area.getItem(key);
      if (stored !== null && !outranks(stored)) return stored;
      area.setItem(key, text);
      return null;
    },
  };
}

function custom(area, key) {
  const read = async () => {
    const stored = await area.get(key);
    return typeof stored === 'string' ? stored : null;
  };
  // One after the other: a slow write would come over a sign-out otherwise.
  let last = Promise.resolve();
  return {
    read: () => bounded(read()),
    swap(text, outranks) {
      const swapped = last.then(read).then(async (stored) => {
        if (stored !== null && !outranks(stored)) return stored;
        await area.set(key, text);
        return null;
      });
      last = swapped.catch(() => {});
      return bounded(swapped);
    },
  };
}

/** Opens the database. `transact` gives what `work` leaves as `value`. */
export function connect() {
  const opened = new Promise((resolve, reject) => {
    const request = globalThis.indexedDB.open('evertoken', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('records');
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  // Whoever uses it sees the rejection; nobody may do so yet.
  opened.catch(() => {});
  const transact = (mode, work) =>
    opened.then(
      (db) =>
        new Promise((resolve, reject) => {
          const transaction = db.transaction('records', mode);
          const result = {};
          transaction.oncomplete = () => resolve(result.value ?? null);
          transaction.onerror = transaction.onabort = () => reject(transaction.error);
          work(transaction.objectStore('records'), result);
        }),
    );
  return { transact, close: () => opened.then((db) => db.close(), () => {}) };
}

// One transaction reads, compares and writes: between processes these are
// ordered, so of two tabs that commit at once one sees the other's record.
function database(key) {
  const { transact, close } = connect();
  return {
    read: () =>
      bounded(
        transact('readonly', (records, result) => {
          const request = records.get(key);
          request.onsuccess = () => {
            if (typeof request.result === 'string') result.value = request.result;
          };
        }),
      ),
    swap: (text, outranks) =>
      bounded(
        transact('readwrite', (records, result) => {
          const request = records.get(key);
          request.onsuccess = () => {
            const stored = request.result;
            if (typeof stored === 'string' && !outranks(stored)) result.value = stored;
            else records.put(text, key);
          };
        }),
      ),
    close,
  };
}

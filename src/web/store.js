// The places where a text can be kept. Each has the same two operations:
//   read()                the text, or null
//   swap(expected, text)  if the place keeps `expected`, lets it keep `text`,
//                         null being nothing, and gives true; else false and
//                         what it keeps
// which give their result at once or as a promise, or fail. Nothing here waits,
// tries again or knows what a text says.

/**
 * @typedef {string | null} Text
 * @typedef {true | { found: Text }} Swap
 * @typedef {object} Place
 * @property {() => Text | Promise<Text>} read
 * @property {(expected: Text, text: Text) => Swap | Promise<Swap>} swap
 * @property {() => void} [close]
 */

/** @param {unknown} value @returns {Text} */
const textOf = (value) => (typeof value === 'string' ? value : null);

/**
 * Opens the place that a configuration names.
 * @param {any} kind
 * @param {string} key
 * @returns {Place}
 */
export function placeOf(kind, key) {
  if (typeof kind === 'object') return custom(kind, key);
  return kind === 'indexeddb' ? database(key) : web(`${kind}Storage`, key);
}

/**
 * `localStorage` or `sessionStorage`: to name one fails where it is blocked,
 * so each operation does.
 * @param {string} name
 * @param {string} key
 * @returns {Place}
 */
function web(name, key) {
  /** @returns {Storage} */
  const area = () => /** @type {any} */ (globalThis)[name];
  const read = () => area().getItem(key);
  return {
    read,
    swap(expected, text) {
      const found = read();
      if (found !== expected) return { found };
      if (text === null) area().removeItem(key);
      else area().setItem(key, text);
      return true;
    },
  };
}

/**
 * The application's own.
 *
 * *Boundary:* it has no transactions, so between the two steps of a swap
 * another page may write.
 * @param {any} area
 * @param {string} key
 * @returns {Place}
 */
function custom(area, key) {
  const read = async () => textOf(await area.get(key));
  return {
    read,
    async swap(expected, text) {
      const found = await read();
      if (found !== expected) return { found };
      await (text === null ? area.remove(key) : area.set(key, text));
      return true;
    },
  };
}

/**
 * A key of the database. The transactions of all pages are in one order, so of
 * two tabs that swap at once one finds the other's text.
 *
 * *Algorithm:* the connection is opened at the first operation, and let go
 * when the platform closes it, another page deletes or upgrades the database,
 * or an operation fails: the next one opens another. So does an operation that
 * begins while one is under way: the core asks for one at a time, so it has
 * given that up.
 * @param {string} key
 * @returns {Place}
 */
export function database(key) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let connection;
  let busy = false;

  /** @param {Promise<IDBDatabase> | undefined} [which] */
  function forget(which = connection) {
    if (connection === which) connection = undefined;
    which?.then(
      (db) => db.close(),
      () => {},
    );
  }

  /** @returns {Promise<IDBDatabase>} */
  const opened = () => {
    /** @type {Promise<IDBDatabase>} */
    const own = new Promise((resolve, reject) => {
      const request = globalThis.indexedDB.open('evertoken', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('records');
      request.onsuccess = () => {
        const db = request.result;
        db.onversionchange = db.onclose = () => forget(own);
        resolve(db);
      };
      request.onerror = () => reject(request.error);
    });
    return own;
  };

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(found: Text, records: IDBObjectStore) => T} work
   * @returns {Promise<T>}
   */
  async function transact(mode, work) {
    if (busy) forget();
    busy = true;
    const own = (connection ??= opened());
    try {
      const db = await own;
      return await new Promise((resolve, reject) => {
        const transaction = db.transaction('records', mode);
        const records = transaction.objectStore('records');
        const request = records.get(key);
        /** @type {T} */
        let result;
        request.onsuccess = () => {
          result = work(textOf(request.result), records);
          // Without waiting for what might follow: the page may be going.
          transaction.commit?.();
        };
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      forget(own);
      throw error;
    } finally {
      if (connection === own || !connection) busy = false;
    }
  }

  return {
    read: () => transact('readonly', (found) => found),
    swap: (expected, text) =>
      transact('readwrite', (found, records) => {
        if (found !== expected) return { found };
        if (text === null) records.delete(key);
        else records.put(text, key);
        return true;
      }),
    close: () => forget(),
  };
}

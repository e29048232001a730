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

/**
 * What is kept, as the core gets to see it: its strings are UTF-8, which has
 * no half of a surrogate pair.
 * @param {unknown} value
 * @returns {Text}
 */
const textOf = (value) => (typeof value === 'string' ? value.replace(/[\ud800-\udfff]/gu, '\uFFFD') : null);

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
  const read = () => textOf(area().getItem(key));
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
 * Opens connections to the database.
 *
 * *Algorithm:* one is opened at the first operation, and let go when the
 * platform closes it, another page deletes or upgrades the database, or an
 * operation fails: the next one opens another. So does an operation that
 * begins while one is under way: the core asks for one at a time, so it has
 * given that up.
 */
function connections() {
  /** @type {Promise<IDBDatabase> | undefined} */
  let connection;
  let busy = 0;

  /** @param {Promise<IDBDatabase> | undefined} [which] */
  function forget(which = connection) {
    if (connection === which) connection = undefined;
    which?.then(
      (db) => db.close(),
      () => {},
    );
  }

  function open() {
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
  }

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(records: IDBObjectStore, give: (result: T) => void) => void} work
   * @returns {Promise<T>}
   */
  async function transact(mode, work) {
    if (busy) forget();
    const own = (connection ??= open());
    busy++;
    try {
      const db = await own;
      return await new Promise((resolve, reject) => {
        const transaction = db.transaction('records', mode);
        /** @type {T} */
        let result;
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = () => reject(transaction.error);
        work(transaction.objectStore('records'), (given) => (result = given));
      });
    } catch (error) {
      forget(own);
      throw error;
    } finally {
      busy--;
    }
  }

  return { transact, close: () => forget() };
}

/**
 * Goes on with what a key has. What fails then fails the transaction.
 * @param {IDBObjectStore} records
 * @param {IDBValidKey} key
 * @param {(value: any) => void} next
 */
function get(records, key, next) {
  const request = records.get(key);
  request.onsuccess = () => {
    try {
      next(request.result);
    } catch {
      records.transaction.abort();
    }
  };
}

/**
 * Ends a transaction without waiting for what might follow: the page may be
 * going.
 * @param {IDBObjectStore} records
 */
function commit({ transaction }) {
  try {
    transaction.commit?.();
  } catch {
    // It has been aborted already.
  }
}

/**
 * A key of the database. The transactions of all pages are in one order, so of
 * two tabs that swap at once one finds the other's text.
 * @param {string} key
 * @returns {Place}
 */
function database(key) {
  const { transact, close } = connections();
  return {
    read: () => transact('readonly', (records, give) => get(records, key, (found) => give(textOf(found)))),
    swap: (expected, text) =>
      transact('readwrite', (records, give) =>
        get(records, key, (value) => {
          const found = textOf(value);
          if (found !== expected) return give({ found });
          if (text === null) records.delete(key);
          else records.put(text, key);
          give(true);
          commit(records);
        }),
      ),
    close,
  };
}

/**
 * The lease that stands in for Web Locks.
 *
 * *Algorithm:* a page that is left has no time for a transaction. So it first
 * writes into `localStorage`, which takes no time, which lease it gives back:
 * a tab that reads that one from then on finds nothing. No two leases are the same
 * text. A page that stays then takes both away.
 * @param {string} key
 * @returns {Place}
 */
export function lease(key) {
  const { transact, close } = connections();
  /**
   * Where it is blocked, a lease ends with its transaction or by itself.
   * @template T
   * @param {(area: Storage) => T} use
   */
  const mark = (use) => {
    try {
      return use(localStorage);
    } catch {
      return undefined;
    }
  };
  /** @param {unknown} value */
  const held = (value) => {
    const text = textOf(value);
    return text === mark((area) => area.getItem(key)) ? null : text;
  };
  return {
    read: () => transact('readonly', (records, give) => get(records, key, (value) => give(held(value)))),
    async swap(expected, text) {
      const back = text === null;
      if (back) mark((area) => area.setItem(key, `${expected}`));
      const done = await transact('readwrite', (records, give) =>
        get(records, key, (value) => {
          const found = back ? textOf(value) : held(value);
          if (found !== expected) return give({ found });
          if (back) records.delete(key);
          else records.put(text, key);
          give(true);
          commit(records);
        }),
      );
      if (back) mark((area) => area.removeItem(key));
      return done;
    },
    close,
  };
}

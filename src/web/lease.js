// A stand-in for navigator.locks, which only secure contexts have: a lease in
// IndexedDB, whose transactions are ordered between processes.

import { connect } from './store.js';

/** How long one who waits looks away. */
const POLL_MS = 50;
/** What a turn takes at most beside its call: reading twice, and a commit. */
const GRACE_MS = 5000;

/**
 * Calls `grant` once nobody else has the lease, which is given back when what
 * it gives has settled. A tab that died cannot give it back: a lease ends by
 * itself after `timeoutMs` and a little more.
 */
export async function request(name, timeoutMs, steal, signal, grant) {
  // Of the same database as the records, whose keys are strings.
  const key = [name, Math.random()];
  const all = IDBKeyRange.bound([name], [name, '']);
  const { transact, close } = connect();
  const claim = (records, result) => {
    const found = records.getAll(all);
    found.onsuccess = () => {
      const now = Date.now();
      if (!steal && found.result.some((until) => until > now)) return;
      records.delete(all);
      records.put(now + timeoutMs + GRACE_MS, key);
      result.value = true;
    };
  };
  try {
    while (!(await transact('readwrite', claim))) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (signal.aborted) return;
    }
    await grant();
  } finally {
    // At once: the page may be going.
    transact('readwrite', (records) => {
      records.delete(key);
      records.transaction.commit?.();
    }).then(close, close);
  }
}

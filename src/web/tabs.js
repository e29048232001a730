// The other tabs of the same key: a lock that one of them holds at a time,
// and a channel over which they tell each other their records.

import { request } from './lease.js';

/** How long the known tabs may take to answer; a frozen one never does. */
const ANSWER_MS = 150;
/** How long after the start unknown tabs may still be about to answer. */
const HELLO_MS = 50;

export class Tabs {
  #name;
  #channel;
  #id = Math.random().toString(36).slice(2);
  #peers = new Set();
  #waits = new Set();
  #locks = new Map();
  #born = 0;
  #questions = 0;
  #record;
  #heard;
  /** The record that was told or heard last. */
  #last;
  #begun;
  #timeoutMs;
  #web = globalThis.navigator?.locks;
  /** What keeps the tabs apart, for inspect(). */
  kind = this.#web ? 'web-locks' : 'indexedDB' in globalThis ? 'fallback' : 'none';

  /** `record()` gives the record to tell, `heard(text)` takes one, `begun()`
   * hears that another tab has sent its call, which takes `timeoutMs` at
   * most. */
  constructor(key, timeoutMs, record, heard, begun) {
    this.#name = `evertoken:${key}`;
    this.#timeoutMs = timeoutMs;
    this.#record = record;
    this.#heard = heard;
    this.#begun = begun;
    this.open();
  }

  open() {
    if (this.#channel || typeof BroadcastChannel !== 'function') return;
    try {
      this.#channel = new BroadcastChannel(this.#name);
    } catch {
      return; // an opaque origin: such a page has no other tabs
    }
    this.#born = Date.now();
    this.#channel.onmessage = (event) => this.#take(event.data);
    this.#post({ kind: 'ask' });
  }

  /** The page is put away, or ends. */
  close() {
    // A page that stands still would keep the others waiting.
    for (const { release } of this.#locks.values()) release?.();
    if (!this.#channel) return;
    this.#post({ kind: 'bye' });
    this.#channel.close();
    this.#channel = undefined;
    this.#peers.clear();
  }

  begin() {
    this.#post({ kind: 'begun' });
  }

  tell(record) {
    this.#last = record;
    this.#post({ kind: 'here', record });
  }

  #post(message) {
    try {
      this.#channel?.postMessage({ ...message, from: this.#id });
    } catch {
      // Nothing depends on a message: the records say who is right.
    }
  }

  #take(message) {
    if (!message || typeof message.from !== 'string') return;
    const { kind, from, record, question } = message;
    if (kind === 'bye') this.#peers.delete(from);
    else this.#peers.add(from);
    if (kind === 'ask') this.#post({ kind: 'here', record: this.#record(), to: from, question });
    // A question is answered by all, and each answer heard by all: to look at
    // the same record again would cost as much as there are tabs.
    if (kind === 'here' && typeof record === 'string' && record !== this.#last) this.#heard((this.#last = record));
    if (kind === 'begun') this.#begun();
    // Only what was said after the question answers it: what was said before
    // may be older than what a lock was given back for.
    const answer = kind === 'here' && message.to === this.#id ? question : undefined;
    for (const wait of this.#waits) wait(from, answer, kind === 'bye');
  }

  /** Asks the other tabs for their records; settles when all that are known
   * to be there have answered. Gives nothing at all where nobody is. */
  ask() {
    const hello = this.#channel ? this.#born + HELLO_MS - Date.now() : 0;
    if (!this.#peers.size && hello <= 0) return undefined;
    const waited = new Set(this.#peers);
    const any = !waited.size;
    const number = ++this.#questions;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waits.delete(wait);
        // Whoever is silent is not waited for again until it speaks.
        for (const silent of waited) this.#peers.delete(silent);
        resolve();
      };
      const wait = (from, answer, gone) => {
        if (answer !== number && !gone) return;
        waited.delete(from);
        if (any ? !gone : !waited.size) done();
      };
      const timer = setTimeout(done, any ? hello : ANSWER_MS);
      this.#waits.add(wait);
      this.#post({ kind: 'ask', question: number });
    });
  }

  /** Calls `granted` once the lock is held, until `unlock`; then `robbed` if
   * another tab takes it away. */
  lock(turn, steal, granted, robbed) {
    this.unlock(turn);
    const lock = { waiting: new AbortController() };
    this.#locks.set(turn, lock);
    const grant = (kind) => {
      if (this.#locks.get(turn) !== lock) return undefined;
      this.kind = kind;
      const held = new Promise((resolve) => (lock.release = resolve));
      granted();
      return held;
    };
    const { signal } = lock.waiting;
    const asked = this.#web
      ? this.#web.request(this.#name, steal ? { steal } : { signal }, () => grant('web-locks'))
      : request(this.#name, this.#timeoutMs, steal, signal, () => grant('fallback'));
    // Stolen; or else aborted, or refused to a page such as this.
    asked.catch(() => {
      if (!lock.release) grant('none');
      else if (this.#locks.get(turn) === lock) robbed();
    });
  }

  /** Gives everything back. */
  leave() {
    for (const turn of [...this.#locks.keys()]) this.unlock(turn);
    this.close();
  }

  unlock(turn) {
    const lock = this.#locks.get(turn);
    if (!lock) return;
    this.#locks.delete(turn);
    lock.waiting.abort();
    lock.release?.();
  }
}

// What happens to the page, as it happens: seen or hidden, left, put away,
// frozen and brought back, online again; what its user does; and what another
// page does to the storage they share.

import { Input } from './engine.js';

/** What a user does who is there. */
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'touchstart', 'wheel'];

export class Page {
  hidden = false;
  #tell;
  /** @type {(() => void)[]} */
  #off = [];
  #stopLeaving = () => {};
  #stopActivity = () => {};

  /**
   * @param {(input: Input, number?: number, figure?: number, value?: unknown) => void} tell
   */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * Follows the page from now on.
   * @param {string} key
   * @param {number[]} places those that are kept in localStorage
   */
  follow(key, places) {
    const tell = this.#tell;
    const { document } = globalThis;
    const seen = () => {
      this.hidden = document?.visibilityState === 'hidden';
      tell(this.hidden ? Input.Hidden : Input.Visible);
    };
    if (document?.visibilityState === 'hidden') seen();
    this.#on(document, 'visibilitychange', seen);
    this.#on(document, 'resume', () => tell(Input.Resumed));
    this.#on(globalThis, 'online', () => tell(Input.Online));
    this.#on(globalThis, 'pagehide', () => tell(Input.PutAway));
    this.#on(globalThis, 'pageshow', ({ persisted }) => tell(Input.Shown, 0, persisted));
    // To listen opens both storages, which every start would wait for.
    if (!places.length) return;
    this.#on(globalThis, 'storage', ({ key: changed, newValue, storageArea }) => {
      if (changed !== key && changed !== null) return;
      if (storageArea && storageArea !== globalThis.localStorage) return;
      for (const place of places) tell(Input.Changed, place, 0, newValue);
    });
  }

  /**
   * No longer than it is asked for: to listen keeps pages out of Firefox's
   * back-forward cache.
   * @param {boolean} watch
   */
  watchLeaving(watch) {
    this.#stopLeaving();
    this.#stopLeaving = watch ? listen(globalThis, 'beforeunload', () => this.#tell(Input.Leaving)) : () => {};
  }

  /**
   * Tells of the next thing that the user does, once.
   * @param {boolean} watch
   */
  watchActivity(watch) {
    this.#stopActivity();
    const active = () => {
      this.#stopActivity();
      this.#tell(Input.Activity);
    };
    const stops = watch ? ACTIVITY.map((type) => listen(globalThis.document, type, active, { capture: true, passive: true })) : [];
    this.#stopActivity = () => stops.splice(0).forEach((stop) => stop());
  }

  leave() {
    this.watchLeaving(false);
    this.#stopActivity();
    this.#off.splice(0).forEach((off) => off());
  }

  /**
   * @param {any} target
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  #on(target, type, listener) {
    this.#off.push(listen(target, type, listener));
  }
}

/**
 * Listens where there is something to listen to; gives what ends it.
 * @param {any} target
 * @param {string} type
 * @param {(event: any) => void} listener
 * @param {AddEventListenerOptions} [options]
 */
function listen(target, type, listener, options) {
  target?.addEventListener?.(type, listener, options);
  return () => target?.removeEventListener?.(type, listener, options);
}

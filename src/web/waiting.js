// The callers that ask the engine, and wait as long as it says so.

import { abortable } from './abort.js';
import { next } from './clock.js';
import { Ask, Input, Reply } from './engine.js';

/**
 * @typedef {{ serial?: number, party?: number, worked?: boolean, least?: number }} About
 */

export class Waiting {
  /** How many wait. */
  count = 0;

  #host;
  /** What is waited for, by its number. @type {Map<number, { ended: Promise<void>, end: () => void }>} */
  #waits = new Map();
  /** The callers that wait together. @type {{ asked: string, size: number, end: Promise<Reply> } | undefined} */
  #line;

  /** @param {import('./host.js').Host} host */
  constructor(host) {
    this.#host = host;
  }

  /** @param {number} id */
  #wait(id) {
    let wait = this.#waits.get(id);
    if (!wait) {
      let end = () => {};
      const ended = new Promise((/** @type {(value: void) => void} */ resolve) => (end = resolve));
      this.#waits.set(id, (wait = { ended, end }));
    }
    return wait;
  }

  /**
   * A wait has ended. The engine may say so before it says who waits.
   * @param {number} id
   */
  end(id) {
    this.#wait(id).end();
    next(() => this.#waits.delete(id));
  }

  /** All waits end, for the engine has. */
  endAll() {
    for (const id of this.#waits.keys()) this.end(id);
  }

  /** The engine had an input, and may say something else now. */
  part() {
    this.#line = undefined;
  }

  /**
   * Asks, and waits. Those who ask the same stand in one line: until its next
   * input or its deadline the engine would say the same to each.
   * @param {Ask} ask
   * @param {About} [about]
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<Reply>} Go, Bare or Deliver
   */
  ask(ask, { serial, party, worked, least } = {}, signal) {
    const host = this.#host;
    const asked = [ask, serial, party, worked, least].join();
    let line = this.#line;
    if (line?.asked !== asked || !(host.timersComeInTime || host.clock.monotonic() < host.wakeAt)) {
      const about = { serial, party, worked: +!!worked, least };
      const reply = host.enter(Input.Ask, 0, ask, about);
      const end = this.#settled(reply, ask, about);
      if (reply !== Reply.Wait) return end;
      const own = { asked, size: 0, end };
      const left = () => {
        this.count -= own.size;
        own.size = 0;
      };
      end.then(left, left);
      this.#line = line = own;
    }
    const own = line;
    own.size++;
    this.count++;
    return abortable(own.end, signal, () => {
      if (!own.size) return;
      own.size--;
      this.count--;
    });
  }

  /**
   * Waits as long as a reply says so.
   * @param {Reply} reply
   * @param {Ask} ask
   * @param {object} about
   */
  async #settled(reply, ask, about) {
    const host = this.#host;
    let asker;
    while (reply === Reply.Wait) {
      const told = host.told();
      asker ??= told.asker;
      await this.#wait(told.wait).ended;
      reply = host.enter(Input.Resume, told.wait, ask, { ...about, asker });
    }
    if (reply === Reply.Fail) throw host.error(host.told());
    return reply;
  }
}

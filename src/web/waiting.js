// Those who wait for a turn of the engine.

import { abortable } from './abort.js';
import { FAIL, REQUEST, WAIT } from './ask.js';
import { Input, Query } from './engine.js';

export class Waiting {
  /** How many wait. */
  count = 0;

  #host;
  /** The turn under way, or the last one. */
  #turn;
  /** The requests that wait together: since when, and for what. */
  #line;

  constructor(host) {
    this.#host = host;
  }

  /** A turn begins, or goes on. */
  begin(number) {
    if (number === this.#turn?.number) return;
    let resolve;
    const ended = new Promise((settle) => (resolve = settle));
    this.#turn = { number, ended, resolve };
  }

  /** A turn has ended, or whichever it is, with an error or without. */
  end(error, number = this.#turn?.number) {
    if (number === this.#turn?.number) this.#turn?.resolve(error);
  }

  /** The engine had an input, and may say something else now. */
  part() {
    this.#line = undefined;
  }

  /** Asks for a request; gives GO or BARE, at once or later. Those who have to
   * wait stand in one line: until its next input or its deadline the engine
   * would say the same to each. */
  apply(signal) {
    const host = this.#host;
    host.check();
    const now = host.now();
    let line = this.#line;
    if (!line || now < line.since || now >= host.wakeAt) {
      const reply = host.enter(Input.Ask, REQUEST);
      if (reply < WAIT) return reply === FAIL ? this.#settled(reply) : reply;
      line = { since: now, end: this.#settled(reply, REQUEST) };
      this.#line = line;
    }
    return abortable(line.end, signal);
  }

  /** Waits for turns as long as a reply says so, and gives the last reply,
   * which says nothing of waiting or failing. */
  async settle(reply, kind, signal) {
    this.count++;
    try {
      return await this.#settled(reply, kind, signal);
    } finally {
      this.count--;
    }
  }

  async #settled(reply, kind, signal) {
    const host = this.#host;
    const party = host.query(Query.Party);
    let error;
    while (reply >= WAIT) {
      const turn = reply - WAIT;
      error = await abortable(turn === this.#turn?.number ? this.#turn.ended : Promise.resolve(), signal);
      while (host.hold) await abortable(host.hold, signal);
      reply = host.enter(Input.Resume, turn, kind, party);
    }
    // Those who waited for a turn share its error.
    if (reply === FAIL) throw error ?? (host.query(Query.Error), host.error());
    return reply;
  }
}

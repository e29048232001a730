// The JavaScript half of one manager: what the engine's outputs do in the
// world. Its own state is promises and handles; every decision is the core's.

import { again, parsed, requestOf } from './call.js';
import { Act, Input, Query } from './engine.js';
import { TokenError, tokenError } from './error.js';
import { follow } from './page.js';
import { memory, openStore } from './store.js';
import { Tabs } from './tabs.js';

/** The longest delay that setTimeout does not take for 1 ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;
/** How many ended turns somebody may still ask for. */
const REMEMBERED = 8;

export class Host {
  // Replies of the engine; a turn to wait for is WAIT + its number.
  GO = 0;
  BARE = 1;
  DELIVER = 2;
  FAIL = 3;
  WAIT = 4;

  pass;
  /** While it is there, nobody goes on with what was known before. */
  hold;
  value;
  waiting = 0;
  retries = 0;
  degraded = [];
  storage = 'memory';
  engine;

  #config;
  #key;
  #transport;
  #clock;
  #sink;
  #module;
  #store;
  #tabs;
  #dead;
  #early = [];
  #turns = new Map();
  #requests = new Map();
  #count = 0;
  #calls = new Map();
  #refreshing = false;
  #timer;
  #wakeAt = Infinity;
  #header;
  #issued;
  #claims;
  #shown;
  #thrown;
  token;
  #off = () => {};

  /**
   * @param sink takes what the application sees: snapshots and events
   * @param module is told when the engine is closed, or trapped
   */
  constructor(config, transport, sink, module) {
    this.#config = config;
    this.#transport = transport;
    this.#sink = sink;
    this.#clock = config.clock ?? {
      now: () => Date.now(),
      setTimeout: (f, ms) => setTimeout(f, ms),
      clearTimeout: (id) => clearTimeout(id),
    };
    this.#module = module;
  }

  // ---- into the engine ----

  now() {
    const now = this.#clock.now();
    return Number.isFinite(now) ? now : Date.now();
  }

  /** Feeds the engine. A module that trapped ends everything that waits; the
   * next manager gets a new one. */
  enter(input, number, a, b, value) {
    this.check();
    return this.#enter(input, number, a, b, value);
  }

  #enter(input, number = 0, a = 0, b = 0, value) {
    try {
      return this.engine.feed(input, this.now(), number, a, b, value);
    } catch (cause) {
      const error = new TokenError('disposed', {
        message: 'the WebAssembly module failed; make a new token manager',
        cause,
      });
      this.#module.trapped(error);
      throw error;
    }
  }

  /** What comes from timers and events has nobody to throw to. */
  #feed(input, number, a, b, value) {
    if (!this.engine) return;
    try {
      this.#enter(input, number, a, b, value);
    } catch {
      // The crash has been told to everybody who waits.
    }
  }

  /** Throws if the manager cannot answer any more, or must not. */
  check() {
    if (this.#dead) throw this.#dead;
    if (this.#refreshing) {
      throw new TokenError('invalid-config', {
        message: "refresh: the function called its own manager, which waits for it; use the context's fetch",
      });
    }
  }

  /** Ends everything with an error. */
  die(error) {
    if (this.#dead) return;
    this.#dead = error;
    this.pass = undefined;
    this.#off();
    for (const turn of this.#turns.values()) turn.resolve(error);
    for (const request of this.#requests.values()) request.reject(error);
    this.#requests.clear();
  }

  /** Ends all at once: the module trapped, and nothing of it is asked again. */
  crash(error) {
    this.die(error);
    this.#leave();
  }

  /** Disposes: what waits is rejected, what was sent is finished. */
  dispose() {
    if (this.#dead) return;
    this.#feed(Input.Dispose);
    this.die(new TokenError('disposed', { message: 'this token manager has been disposed of' }));
  }

  // ---- what waits ----

  async wait(turn, signal) {
    const { promise } = this.#turns.get(turn) ?? { promise: undefined };
    this.waiting++;
    try {
      return await abortable(promise, signal);
    } finally {
      this.waiting--;
    }
  }

  party() {
    return this.engine.party();
  }

  /** The error of a reply: the turn's own, which all who waited share. */
  failure(error) {
    return this.#dead ?? error ?? this.#error(this.engine.query(Query.Error, 0));
  }

  /** Asks, waits for turns as long as it is told to, and gives the last
   * reply. */
  async settle(kind, a, signal) {
    if (this.hold) await abortable(this.hold, signal);
    let reply = this.enter(Input.Ask, kind, a);
    const party = this.party();
    let error;
    while (reply >= this.WAIT) {
      const turn = reply - this.WAIT;
      error = await this.wait(turn, signal);
      if (this.#dead) throw this.#dead;
      reply = this.enter(Input.Resume, turn, kind, party);
    }
    if (reply === this.FAIL) throw this.failure(error);
    return reply;
  }

  /** Starts a request of the engine's that ends with signInEnded or
   * logoutEnded. */
  request(signal, extra, start) {
    this.check();
    const number = ++this.#count;
    const promise = new Promise((resolve, reject) => {
      this.#requests.set(number, { resolve, reject, ...extra });
    });
    // Whoever aborts does not hear of what comes later.
    promise.catch(() => {});
    start(number);
    return abortable(promise, signal, () => this.#requests.delete(number) && extra.abandon?.(number));
  }

  // ---- what the engine asks for ----

  /** Does what the core asks for; see Act in src/web/host.rs. */
  act(act, number, flag, json) {
    const [first, ...rest] = Act[act];
    this[first.toLowerCase() + rest.join('')](number, json, flag);
  }

  /** Makes the error that the core describes. Its cause is the core's own,
   * or what the platform threw at the call that it is about. */
  #error(json) {
    return json && tokenError(typeof json === 'string' ? JSON.parse(json) : json, this.#thrown);
  }

  lock(turn, _, steal) {
    if (!this.#turns.has(turn)) {
      let resolve;
      const promise = new Promise((settle) => (resolve = settle));
      this.#turns.set(turn, { promise, resolve });
      const [oldest] = this.#turns.keys();
      if (this.#turns.size > REMEMBERED) this.#turns.delete(oldest);
    }
    const granted = () => {
      // Others who wait for a tab that hangs need not take the lock as well.
      this.#tabs?.begin();
      this.#feed(Input.Granted, turn);
    };
    if (this.lockKind === 'web-locks') this.#tabs.lock(turn, steal, granted);
    else granted();
  }

  unlock(turn) {
    this.#tabs?.unlock(turn);
  }

  read(turn) {
    const asked = this.#tabs?.ask();
    const done = (text) => this.#feed(Input.Read, turn, 0, 0, text ?? undefined);
    // The store last: it may be written while the tabs are asked.
    if (asked) return void asked.then(() => this.#stored()).then(done);
    const stored = this.#stored();
    if (stored instanceof Promise) stored.then(done);
    else done(stored);
  }

  call(number, json) {
    const call = JSON.parse(json);
    const { target } = call;
    const abort = new AbortController();
    this.#calls.set(number, abort);
    if (target === 'refresh') this.#tabs?.begin();
    const own = target === 'login' && [...this.#requests.values()].find((request) => request.body !== undefined && !request.call);
    if (own) own.call = number;
    if (target === 'refresh' && typeof this.#config.refresh === 'function') return this.#function(call, abort);
    const endpoint = this.#config[target];
    const transport = this.#transport;
    // Not before the engine has said all that it has to say.
    Promise.resolve()
      .then(() => transport(call.url, { ...requestOf(call, endpoint, own), signal: abort.signal }))
      .then(async (response) => {
        const body = await response.text();
        const type = response.headers.get('content-type');
        const after = response.headers.get('retry-after');
        if (own) own.answer = { response, text: body };
        return () => this.#feed(Input.Answered, number, response.status, 0, { type, after, body });
      })
      .catch((reason) => () => {
        this.#thrown = { call: number, reason };
        this.#feed(Input.Failed, number);
      })
      .then((report) => {
        this.#calls.delete(number);
        report();
      });
  }

  #function({ number, accessToken, refreshToken }, { signal }) {
    const context = {
      accessToken: accessToken ?? undefined,
      refreshToken: refreshToken ?? undefined,
      signal,
      fetch: this.#transport,
    };
    Promise.resolve()
      .then(() => {
        this.#refreshing = true;
        try {
          return this.#config.refresh(context);
        } finally {
          this.#refreshing = false;
        }
      })
      .then(
        (tokens) => () => this.#feed(Input.Provided, number, 0, 0, tokens),
        (reason) => () => {
          this.#thrown = { call: number, reason };
          this.#feed(Input.Failed, number, 0, 1, reason);
        },
      )
      .then((report) => {
        this.#calls.delete(number);
        report();
      });
  }

  abort(number) {
    this.#calls.get(number)?.abort();
    this.#calls.delete(number);
  }

  commit(number, text) {
    const finish = (stored, kept) => {
      if (stored === null) {
        this.#tabs?.tell(text);
      }
      this.#feed(Input.Committed, number, 0, kept ? 1 : 0, stored ?? undefined);
    };
    let swapped = null;
    try {
      swapped = this.#store?.swap(text, (stored) => this.engine.query(Query.Outranks, number, stored) !== undefined) ?? null;
    } catch (error) {
      this.#degrade(error);
      return finish(null, true);
    }
    if (!(swapped instanceof Promise)) return finish(swapped, !this.#store);
    swapped.then(
      (stored) => finish(stored, false),
      (error) => {
        this.#degrade(error);
        finish(null, true);
      },
    );
  }

  tell(_, text) {
    this.#tabs?.tell(text);
  }

  turnEnded(turn, json) {
    this.#turns.get(turn)?.resolve(this.#error(json));
  }

  signInEnded(number, json) {
    const request = this.#requests.get(number);
    if (!request) return;
    this.#requests.delete(number);
    const { answer } = request;
    const error = this.#error(json);
    if (!error) return request.resolve(answer && parsed(answer.text));
    if (error.code === 'login-rejected' && answer) error.cause = again(answer);
    request.reject(error);
  }

  logoutEnded(number) {
    const request = this.#requests.get(number);
    this.#requests.delete(number);
    request?.resolve();
  }

  snapshot(serial, json) {
    const { status, refreshing, stale, expiresAt = null, claims = null, error = null } = JSON.parse(json);
    // What has not changed stays the same object.
    if (serial !== this.#claims?.serial) this.#claims = { serial, claims };
    const held = this.value?.error;
    const same = held && error && JSON.stringify(error) === this.#shown;
    this.#shown = error && JSON.stringify(error);
    this.value = Object.freeze({
      status,
      refreshing,
      stale,
      expiresAt,
      claims: this.#claims.claims,
      error: same ? held : (this.#error(error) ?? null),
    });
    this.#sink.changed();
  }

  issue(token, serial, party, since, until) {
    if (this.#dead) return;
    if (!serial) {
      this.pass = this.#issued = undefined;
      return;
    }
    if (token !== this.token) {
      this.token = token;
      this.#header = token === undefined ? undefined : this.prefix + token;
    }
    const worked = this.#issued?.serial === serial && this.#issued.worked;
    this.#issued = { value: this.#header, serial, party, since, until, worked };
    this.pass = this.hold ? undefined : this.#issued;
  }

  event(_, json) {
    const event = JSON.parse(json);
    if (event.error) event.error = this.#error(event.error);
    this.#sink.happened(event);
  }

  inspection() {
    const json = this.engine?.query(Query.Inspection, 0);
    const { lastError, ...figures } = json ? JSON.parse(json) : { refreshes: 0, refreshFailures: 0, clockSkewMs: 0 };
    return { nextRefreshAt: null, ...figures, lastError: this.#error(lastError) ?? null };
  }

  wake(at) {
    if (at === this.#wakeAt) return;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeAt = at;
    if (at === Infinity) return;
    const delay = Math.min(Math.max(Math.ceil(at - this.now()), 0), LONGEST_TIMEOUT);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#wakeAt = Infinity;
      this.#feed(Input.Wake);
    }, delay);
    // On a server no timer keeps the process.
    this.#timer?.unref?.();
  }

  closed() {
    const { engine } = this;
    this.#leave();
    this.#module.closed(this);
    // Not while it is at work.
    queueMicrotask(() => engine.free());
  }

  #leave() {
    this.wake(Infinity);
    this.#tabs?.leave();
    this.#store?.close?.();
    this.engine = undefined;
  }

  // ---- the world around ----

  /** Opens store and channel, reads the record, follows the page. */
  async start(key) {
    this.#key = key;
    const { storage = 'memory', crossTab = true } = this.#config;
    if (storage !== 'memory') {
      this.storage = typeof storage === 'string' ? storage : 'custom';
      try {
        this.#store = openStore(storage, key);
      } catch (error) {
        this.#degrade(error);
      }
    }
    const page = typeof globalThis.location === 'object';
    if (page) this.#store ??= memory(key);
    this.lockKind = 'none';
    if (crossTab && page) {
      this.#tabs = new Tabs(
        key,
        () => this.engine?.query(Query.Record, 0),
        (text) => this.#feed(Input.Heard, 0, 0, 0, text),
        () => this.#feed(Input.Begun),
      );
      if (globalThis.navigator?.locks) this.lockKind = 'web-locks';
      else this.degraded.push('web-locks');
    }
    const stored = await this.#stored();
    this.#feed(Input.Load, 0, 0, 0, stored ?? undefined);
    this.#off = follow({
      visible: (visible) => {
        if (visible) this.#reread();
        this.#feed(Input.Visible, 0, 0, visible ? 1 : 0);
      },
      online: () => this.#feed(Input.Online),
      // An open channel keeps a page out of the back-forward cache.
      hidden: () => this.#tabs?.close(),
      shown: (again) => {
        this.#tabs?.open();
        if (again) this.#recheck();
      },
      stored: (name, text) => {
        if (this.storage === 'local' && name === key && text !== null) this.#feed(Input.Heard, 0, 0, 0, text);
      },
    });
    const early = this.#early;
    this.#early = undefined;
    if (early.length) setTimeout(() => early.forEach((event) => this.#sink.happened(event)), 0);
  }

  /** A page that was frozen or put away knows nothing for certain until it
   * has looked: requests wait for that. */
  #recheck() {
    this.pass = undefined;
    const hold = Promise.all([this.#reread(), this.#tabs?.ask()]).then(() => {
      if (this.hold !== hold) return;
      this.hold = undefined;
      this.pass = this.#issued;
    });
    this.hold = hold;
  }

  #reread() {
    const stored = this.#stored();
    const hear = (text) => text != null && this.#feed(Input.Heard, 0, 0, 0, text);
    return stored instanceof Promise ? stored.then(hear) : hear(stored);
  }

  /** The stored text, at once or as a promise; never throws or rejects. */
  #stored() {
    try {
      const stored = this.#store?.read() ?? null;
      if (!(stored instanceof Promise)) return stored;
      return stored.catch((error) => {
        this.#degrade(error);
        return null;
      });
    } catch (error) {
      this.#degrade(error);
      return null;
    }
  }

  #degrade(cause) {
    if (this.storage === 'memory') return;
    const message = `storage: '${this.storage}' cannot be used here, the session is kept in memory`;
    this.#store = memory(this.#key);
    this.storage = 'memory';
    this.degraded.push('storage');
    const error = new TokenError('not-supported', { message, cause });
    const warning = { type: 'warning', error };
    // What is raised during creation waits for somebody to listen.
    if (this.#early) this.#early.push(warning);
    else this.#sink.happened(warning);
  }
}

/** Rejects with the signal's reason, at once, and harms nobody else. */
export function abortable(promise, signal, aborted) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      aborted?.();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

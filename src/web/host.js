// The JavaScript half of one manager: what the engine's outputs do in the
// world. Its own state is promises and handles; every decision is the core's.

import { abortable } from './abort.js';
import { GO, REFUSED, REQUEST, RESTORE, TOKEN } from './ask.js';
import { answerOf, BODIES, CREDENTIALS, ENDPOINTS, parsed, requestOf } from './call.js';
import { makeClock } from './clock.js';
import { readConfig } from './config.js';
import { KEY, TIMEOUT_MS } from './core.js';
import { claimsOf } from './document.js';
import { Act, Input, Query } from './engine.js';
import { invalid, TokenError, tokenError } from './error.js';
import { nearMiss } from './hints.js';
import { follow } from './page.js';
import { Store } from './store.js';
import { Tabs } from './tabs.js';
import { Waiting } from './waiting.js';

/** Calls of which it is remembered what they threw. */
const REMEMBERED = 8;
/** How long it takes at most until a page that is left has gone. */
const LEAVING_MS = 3000;

const STATUSES = ['unknown', 'signed-out', 'signed-in'];
/** By the number that src/web/engine.rs gives them; then come the reasons of
 * a sign-out. */
export const EVENTS = ['signed-in', 'refreshed', 'refresh-failed', 'user-changed', 'warning'];
const REASONS = ['logout', 'refresh-rejected', 'other-tab'];

/** What an application sees of an instant, of which never is none. */
const dateOf = (ms) => (ms === Infinity ? null : ms);

/**
 * What lets a request go without asking the core.
 * @typedef {object} Pass
 * @property {string} value the text of the header
 * @property {number} serial
 * @property {number} party
 * @property {number} [since] wall clock, in milliseconds
 * @property {number} until wall clock, in milliseconds
 * @property {number} [untilMono] monotonic clock, in milliseconds
 * @property {boolean} worked whether a server has accepted it
 */

export class Host {
  /** @type {Pass | undefined} */
  pass;
  /** While it is there, nobody goes on with what was known before. */
  hold;
  token;
  snapshot;
  retries = 0;
  waiting = new Waiting(this);
  /** When the engine wants to be woken. */
  wakeAt = Infinity;
  engine;
  /** The configuration as src/web/config.js read it. */
  settings;

  #config;
  #key;
  #transport;
  #tell;
  #page = typeof globalThis.location === 'object';
  #module;
  #store;
  #tabs;
  #degraded = [];
  #dead;
  /** Ends `#over`, which is when this manager does. */
  #end;
  #over = new Promise((resolve) => (this.#end = resolve));
  #requests = new Map();
  #count = 0;
  #calls = new Map();
  #refreshing = false;
  #away = false;
  /** Firefox and WebKit break calls off some time before pagehide, and the
   * page may stay after all. */
  #leaving = () => {
    this.#away = true;
    setTimeout(() => (this.#away = false), LEAVING_MS);
  };
  #stopTimer = () => {};
  #issued;
  #claims = {};
  #shown = { error: null };
  /** What calls threw, by their numbers. */
  #thrown = new Map();
  #hints = new Set();
  /** What the engine told before the act or query that it is about. */
  #failure;
  #record = {};
  #figures = { refreshes: 0, refreshFailures: 0, nextRefreshAt: null, clockSkewMs: 0, lastError: null };
  #off = () => {};

  /**
   * @param transport the fetch that really sends
   * @param tell takes an event; without one, there is another snapshot
   * @param loaded a promise of the module, which makes the engine, knows its
   *   kind, and is told when it closed or trapped
   */
  constructor(config, transport, tell, loaded) {
    this.#config = config ?? {};
    this.#key = this.#config.key ?? KEY;
    this.#transport = transport;
    this.#tell = tell;
    this.settings = readConfig(config);
    this.clock = makeClock(this.#config.clock);
    // The platform opens it while the module compiles.
    this.#store = new Store(this.#config.storage ?? 'memory', this.#key, this.#page, (error) => {
      this.#degraded.push('storage');
      // Whoever made the manager, in the moment before, listens by then.
      loaded.then(() => setTimeout(() => this.#tell({ type: 'warning', error })), () => {});
    });
  }

  // ---- into the engine ----

  now() {
    return this.clock.now();
  }

  /** Feeds the engine. A module that trapped ends everything that waits; the
   * next manager gets a new one. */
  enter(input, number, a, b, value) {
    this.check();
    return this.#enter(input, number, a, b, value);
  }

  #enter(input, number = 0, a = 0, b = 0, value) {
    this.waiting.part();
    try {
      return this.engine.feed(input, this.now(), number, a, b, value);
    } catch (cause) {
      const message = 'the WebAssembly module failed; make a new token manager';
      const error = new TokenError('disposed', { message, cause });
      this.#module.trapped(error);
      throw error;
    }
  }

  /** What comes from timers and events has nobody to throw to. */
  #feed(input, number, a, b, value) {
    try {
      if (this.engine) this.#enter(input, number, a, b, value);
    } catch {
      // The crash has been told to everybody who waits.
    }
  }

  /** Throws if the manager cannot answer any more, or must not. */
  check() {
    if (this.#dead) throw this.#dead;
    if (this.#refreshing) {
      throw invalid("refresh: the function called its own manager, which waits for it; use the context's fetch");
    }
  }

  /** Ends everything that waits with an error. */
  #die(error) {
    this.#dead ??= error;
    this.pass = this.#issued = undefined;
    this.#off();
    this.waiting.end(error);
    this.#end();
    for (const { reject } of this.#requests.values()) reject(error);
    this.#requests.clear();
  }

  /** Ends all at once: the module trapped, and nothing of it is asked again. */
  crash(error) {
    this.#die(error);
    this.#leave();
  }

  /** Disposes: what waits is rejected, what was sent is finished. */
  dispose() {
    if (this.#dead) return;
    this.#feed(Input.Dispose);
    this.#die(new TokenError('disposed', { message: 'this token manager has been disposed of' }));
  }

  // ---- what waits ----

  /** Starts what the engine ends with SignInEnded or LogoutEnded. */
  request(input, signal, { local, tokens, ...extra } = {}) {
    this.check();
    const number = ++this.#count;
    const ended = new Promise((resolve, reject) => {
      this.#requests.set(number, { resolve, reject, ...extra });
    });
    // Whoever aborts does not hear of what comes later.
    ended.catch(() => {});
    this.enter(input, number, 0, local, tokens);
    return abortable(ended, signal, () => {
      if (this.#requests.delete(number)) this.#feed(Input.Abandon, number);
    });
  }

  // ---- what the engine asks for ----

  /** Does what the core asks for; see Act in src/web/host.rs. */
  act(act, number, flag) {
    this[act](number, flag);
  }

  fail(fault, cause, status, call, wait) {
    this.#failure = { fault, cause, status, call, wait };
  }

  text(name, value) {
    this.#record[name] = value;
  }

  number(name, value) {
    if (Number.isFinite(value)) this.#record[name] = value;
  }

  /** The error that was told, if there was one. */
  error() {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure && tokenError(failure, this.#thrown, this.#config);
  }

  /** The record that was told, as it is stored. */
  #text() {
    const record = this.#record;
    this.#record = {};
    return JSON.stringify(record);
  }

  query(query, number = 0, value) {
    return this.engine?.query(query, number, value);
  }

  // ---- what the path of a request needs ----

  /**
   * Asks the core what a caller has to do, and waits as long as it says so.
   * @param {number} kind
   * @param {{ serial?: number, party?: number, worked?: boolean, least?: number }} [about]
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<number>} GO, BARE or DELIVER
   */
  async ask(kind, { serial, party, worked, least } = {}, signal) {
    this.check();
    signal?.throwIfAborted();
    while (this.hold) await abortable(this.hold, signal);
    if (kind >= RESTORE) {
      if (this.snapshot.status !== 'unknown') return GO;
      kind = TOKEN;
    }
    if (kind !== REQUEST) {
      return this.waiting.settle(this.enter(Input.Ask, kind, kind === REFUSED ? serial : least, party, worked ? '' : undefined), kind, signal);
    }
    this.waiting.count++;
    try {
      return await this.waiting.apply(signal);
    } finally {
      this.waiting.count--;
    }
  }

  /** The user is here. */
  touch() {}

  tell(event) {
    this.#tell(event);
  }

  /** Tells of something that works less well than asked for. */
  warn(error) {
    this.#tell({ type: 'warning', error });
  }

  /** Whether a challenge asks for a stronger sign-in, which is told. */
  stepUp(value) {
    if (!value || !this.query(Query.StepUp, 0, value)) return false;
    const { acrValues, maxAge = null, scope } = this.#record;
    this.#record = {};
    // A backslash quotes the character after it (RFC 9110 section 5.6.4).
    const unquoted = (text) => text?.replace(/\\(.)/g, '$1');
    this.#tell({ type: 'step-up', acrValues: unquoted(acrValues).split(' ').filter(Boolean), maxAge, scope: unquoted(scope) ?? null });
    return true;
  }

  /** A request went without a token, because its origin gets none. */
  missed(url) {
    const hint = nearMiss(url, this.settings.places);
    if (hint) this.#hints.add(hint);
  }

  [Act.Lock](number, steal) {
    this.waiting.begin(number);
    const granted = () => {
      // Others who wait for a tab that hangs need not take the lock as well.
      this.#tabs?.begin();
      this.#feed(Input.Granted, number);
    };
    if (this.#tabs) this.#tabs.lock(number, steal, granted, () => this.#feed(Input.Robbed, number));
    else granted();
  }

  [Act.Unlock](turn) {
    this.#tabs?.unlock(turn);
  }

  [Act.Read](turn) {
    const done = (text) => this.#feed(Input.Read, turn, 0, 0, text);
    const asked = this.#tabs?.ask();
    // The store last: it may be written while the tabs are asked.
    if (asked) asked.then(() => this.#store.read()).then(done);
    else after(this.#store.read(), done);
  }

  call(number, how, accessToken, refreshToken) {
    const target = ENDPOINTS[how & 3];
    const call = { target, body: BODIES[(how >> 2) & 3], credentials: CREDENTIALS[(how >> 4) & 3], how, accessToken, refreshToken };
    const abort = new AbortController();
    this.#calls.set(number, abort);
    // No longer than that: it keeps pages out of Firefox's back-forward cache.
    globalThis.addEventListener?.('beforeunload', this.#leaving);
    if (target === 'refresh') this.#tabs?.begin();
    const custom = target === 'refresh' && typeof this.#config.refresh === 'function';
    const own = target === 'login' && [...this.#requests.values()].find(({ body, call }) => body !== undefined && !call);
    if (own) own.call = number;
    // Not before the engine has said all that it has to say.
    Promise.resolve()
      .then(() => (custom ? this.#refresh(call, abort) : this.#send(call, abort, own)))
      .catch((reason) => {
        if (this.#thrown.size >= REMEMBERED) this.#thrown.delete(this.#thrown.keys().next().value);
        this.#thrown.set(number, reason);
        return [Input.Failed, 0, custom, reason];
      })
      .then(([input, status, rejected, value]) => {
        this.#calls.delete(number);
        if (!this.#calls.size) globalThis.removeEventListener?.('beforeunload', this.#leaving);
        // That a page is left, which breaks its calls off, says nothing of the
        // server. If the page stays or comes back, their time runs out.
        if (this.#away && input === Input.Failed) return;
        this.#feed(input, number, status, rejected, value);
      });
  }

  async #send(call, { signal }, own) {
    const request = requestOf(call, this.settings, this.#config[call.target], own);
    const response = answerOf(await this.#transport(this.settings[call.target].url, { ...request, signal }), call.target);
    const { status, headers } = response;
    const body = await response.text();
    if (own) own.answer = { response, body };
    return [Input.Answered, status, 0, { type: headers.get('content-type'), after: headers.get('retry-after'), body }];
  }

  async #refresh({ accessToken, refreshToken }, { signal }) {
    let tokens;
    this.#refreshing = true;
    // A request that has no question has to be refused as well: a 401 to it
    // would wait.
    this.pass = undefined;
    try {
      tokens = this.#config.refresh({ accessToken, refreshToken, signal, fetch: this.#transport });
    } finally {
      this.#refreshing = false;
      this.pass = this.hold ? undefined : this.#issued;
    }
    return [Input.Provided, 0, 0, await tokens];
  }

  [Act.Abort](call) {
    this.#calls.get(call)?.abort();
    this.#calls.delete(call);
  }

  [Act.Commit](number) {
    const text = this.#text();
    // After a trap there is no engine, and nothing outranks anything.
    const outranks = (stored) => !!this.query(Query.Outranks, number, stored);
    const swapped = this.#store.swap(text, outranks);
    after(swapped, (stored) => {
      // A store that failed has not asked whether it may still be so.
      if (stored === null || (stored === undefined && outranks(''))) this.#tabs?.tell(text);
      this.#feed(Input.Committed, number, 0, stored === undefined, stored);
    });
  }

  [Act.Tell]() {
    this.#tabs?.tell(this.#text());
  }

  [Act.TurnEnded](turn) {
    this.waiting.end(this.error(), turn);
  }

  [Act.SignInEnded](number) {
    const { resolve, reject, answer } = this.#taken(number);
    const error = this.error();
    if (!error) return resolve?.(answer && parsed(answer.body));
    // For the application to read the server's reason from.
    if (error.code === 'login-rejected' && answer) error.cause = new Response(answer.body, answer.response);
    reject?.(error);
  }

  [Act.LogoutEnded](number) {
    this.#taken(number).resolve?.();
  }

  /** Takes a request out; of one that was aborted there is nothing left. */
  #taken(number) {
    const request = this.#requests.get(number) ?? {};
    this.#requests.delete(number);
    return request;
  }

  show(status, refreshing, stale, expires, serial, token) {
    // What has not changed stays the same object.
    if (serial !== this.#claims.serial) this.#claims = { serial, claims: (token && claimsOf(token)) ?? null };
    const key = JSON.stringify(this.#failure);
    const error = this.error();
    if (key !== this.#shown.key) this.#shown = { key, error: error ?? null };
    this.snapshot = Object.freeze({
      status: STATUSES[status],
      refreshing,
      stale,
      expiresAt: dateOf(expires),
      sessionEndsAt: null,
      claims: this.#claims.claims,
      error: this.#shown.error,
    });
    this.#tell();
  }

  issue(token, serial, party, since, until) {
    if (this.#dead) return;
    const worked = this.#issued?.serial === serial && this.#issued.worked;
    // Without a number it is taken back.
    if (serial) this.token = token;
    this.#issued = serial ? { value: (this.settings.access?.prefix ?? '') + token, serial, party, since, until, worked } : undefined;
    this.pass = this.hold ? undefined : this.#issued;
  }

  [Act.Event](number) {
    const reason = REASONS[number - EVENTS.length];
    const event = { type: EVENTS[number] ?? 'signed-out' };
    if (reason) event.reason = reason;
    const error = this.error();
    if (error) event.error = error;
    this.#tell(event);
  }

  wake(at) {
    if (at === this.wakeAt) return;
    this.#stopTimer();
    this.#stopTimer = () => {};
    this.wakeAt = at;
    if (at === Infinity) return;
    this.#stopTimer = this.clock.timer(() => {
      this.#stopTimer = () => {};
      this.wakeAt = Infinity;
      this.#feed(Input.Wake);
    }, at - this.now());
  }

  [Act.Closed]() {
    const { engine } = this;
    this.#leave();
    this.#module.closed(this);
    // Not while it is at work.
    queueMicrotask(() => engine.free());
  }

  #leave() {
    this.wake(Infinity);
    this.#tabs?.leave();
    this.#store?.close();
    this.engine = undefined;
  }

  figures(refreshes, refreshFailures, next, clockSkewMs) {
    this.#figures = { refreshes, refreshFailures, nextRefreshAt: dateOf(next), clockSkewMs, lastError: this.error() ?? null };
  }

  inspect() {
    this.query(Query.Inspection);
    return {
      engine: this.#module.kind,
      storage: this.#store.kind,
      lock: this.#tabs?.kind ?? 'none',
      ...this.#figures,
      retries: this.retries,
      waiting: this.waiting.count,
      degraded: [...this.#degraded],
      hints: [...this.#hints],
    };
  }

  // ---- the world around ----

  /** Makes the engine, opens the channel, reads the record, follows the page. */
  async start(loaded) {
    try {
      this.#module = await loaded;
      const { numbers, places, misfit } = this.settings;
      this.engine = this.#module.make(this, numbers, this.now());
      for (const place of places) {
        const found = this.engine.query(Query.Allow, 0, place);
        if (found) misfit(found);
      }
    } catch (error) {
      this.#store.close();
      throw error;
    }
    if (this.#page && (this.#config.crossTab ?? true)) {
      this.#tabs = new Tabs(
        this.#key,
        this.#config.timeoutMs ?? TIMEOUT_MS,
        () => (this.query(Query.Record) ? this.#text() : undefined),
        (text) => this.#hear(text),
        () => this.#feed(Input.Begun),
      );
      if (this.#tabs.kind !== 'web-locks') this.#degraded.push('web-locks');
    }
    this.#feed(Input.Load, 0, 0, 0, await this.#store.read());
    this.#off = follow({
      visible: (visible) => {
        if (visible) this.#reread();
        this.#feed(Input.Visible, 0, 0, visible);
      },
      online: () => this.#feed(Input.Online),
      // An open channel keeps a page out of the back-forward cache.
      hidden: () => {
        this.#away = true;
        this.#tabs?.close();
      },
      shown: (again) => {
        this.#away = false;
        this.#tabs?.open();
        if (again) this.#recheck();
      },
      stored:
        this.#store.kind === 'local' &&
        ((name, text) => {
          if (this.#store.kind === 'local' && name === this.#key) this.#hear(text);
        }),
    });
  }

  /** A page that was frozen or put away knows nothing for certain until it
   * has looked: requests wait for that. */
  #recheck() {
    this.pass = undefined;
    const looked = Promise.all([this.#reread(), this.#tabs?.ask()]);
    const hold = Promise.race([looked, this.#over]).then(() => {
      if (this.hold !== hold) return;
      this.hold = undefined;
      this.pass = this.#issued;
    });
    this.hold = hold;
  }

  #reread() {
    return after(this.#store.read(), (text) => this.#hear(text));
  }

  #hear(text) {
    if (text != null) this.#feed(Input.Heard, 0, 0, 0, text);
  }
}

/** Goes on with what a store gave, at once where it is there. */
function after(given, next) {
  return given instanceof Promise ? given.then(next) : next(given);
}

// The JavaScript half of one manager: what the engine's outputs do in the
// world, and what came of it. Its own state is promises and handles; every
// decision is the core's.

import { abortable, check } from './abort.js';
import { cookie, parsed } from './call.js';
import { Calls } from './calls.js';
import { makeClock, next, soon } from './clock.js';
import { readConfig } from './config.js';
import { KEY } from './core.js';
import { claimsOf } from './document.js';
import { Act, Input, Query } from './engine.js';
import { invalid, TokenError } from './error.js';
import { nearMiss } from './hints.js';
import { Page } from './page.js';
import { capabilitiesOf, keepOf, Places } from './platform.js';
import { Tabs } from './tabs.js';
import { Waiting } from './waiting.js';

/** @param {number} [flag] */
const isSet = (flag) => flag === 1;

/**
 * A token as a request carries it, and until when one may go with it without
 * asking the core.
 * @typedef {object} Pass
 * @property {string} value the text of the header
 * @property {number} serial
 * @property {number} party
 * @property {number} since wall clock, in milliseconds
 * @property {number} until wall clock, in milliseconds
 * @property {number} untilMono monotonic clock, in milliseconds
 * @property {boolean} worked whether a server has accepted it
 */

/**
 * @typedef {object} Request a `login`, `setTokens` or `logout`
 * @property {(value?: any) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {any} [body]
 * @property {any} [headers]
 * @property {{ response: any, body: string }} [answer]
 */

export class Host {
  /** Goes with a request that the core lets go. @type {Pass | undefined} */
  held;
  /** @type {string | undefined} */
  token;
  /** @type {any} */
  snapshot;
  retries = 0;
  /** When the engine wants to be woken, on the monotonic clock. */
  wakeAt = Infinity;
  settings;
  clock;

  #tell;
  #key;
  #calls;
  #policy;
  #places;
  #tabs;
  #page;
  #waiting = new Waiting(this);
  /** @type {any} */
  #engine;
  /** @type {any} */
  #module;
  /** What the engine told since the last act. @type {Record<string, any>} */
  #told = {};
  /** Why nothing is asked any more. @type {TokenError | undefined} */
  #dead;
  /** @type {Map<number, Request>} */
  #requests = new Map();
  /** The start is a request as well. */
  #count = 0;
  /** The pass as it was issued. @type {Pass | undefined} */
  #pass;
  #stopTimer = () => {};
  #claims = { serial: NaN, claims: /** @type {any} */ (null) };
  #shown = { key: '', error: /** @type {TokenError | null} */ (null) };
  /** Events from before the application had the manager. @type {any[] | undefined} */
  #early = [];
  /** The cookie of `hint`, as it was last told. @type {boolean | undefined} */
  #hinted;
  #hints = new Set();
  /** @type {Record<string, any>} */
  #figures = { refreshes: 0, failures: 0, skew: 0 };

  /**
   * @param {any} config
   * @param {import('./request.js').Transport} transport the fetch that really
   *   sends
   * @param {(event?: any) => void} tell takes an event; without one, there is
   *   another snapshot
   */
  constructor(config, transport, tell) {
    this.settings = readConfig(config);
    this.#tell = tell;
    this.#calls = new Calls(config, this.settings, transport);
    this.#key = config.key ?? KEY;
    this.clock = makeClock(config.clock);
    this.#policy = {
      ...this.settings.policy,
      ...capabilitiesOf(config, this.settings.singleUser),
      storage: keepOf(config.storage),
      remember: keepOf(config.remember),
    };
    // The platform opens them while the module compiles.
    this.#places = new Places(config, this.#key, this.#policy);
    this.#tabs = new Tabs(this.#key, this.#feed);
    this.#page = new Page(this.#feed);
  }

  // ---- into the engine ----

  /**
   * Feeds the engine. A module that trapped ends everything that waits, of all
   * managers on it; the next manager gets a new one.
   * @param {Input} input
   * @param {number} [number]
   * @param {number} [figure]
   * @param {unknown} [value]
   * @returns {import('./engine.js').Reply}
   */
  enter(input, number, figure, value) {
    this.check();
    return this.#enter(input, number, figure, value);
  }

  /**
   * @param {Input} input
   * @param {number} [number]
   * @param {number} [figure]
   * @param {unknown} [value]
   */
  #enter(input, number = 0, figure = 0, value) {
    this.#waiting.part();
    return this.#guard(() => this.#engine.feed(input, this.clock.now(), this.clock.monotonic(), number, figure, value));
  }

  /**
   * Goes into the module, from which only a trap throws.
   * @template T
   * @param {() => T} work
   */
  #guard(work) {
    try {
      return work();
    } catch (cause) {
      const message = 'the WebAssembly module failed; make a new token manager';
      const error = new TokenError('disposed', { message, cause });
      this.#module.trapped(error);
      throw error;
    }
  }

  /** Feeds what comes from timers, events and the platform, which nobody waits
   * for to throw.
   * @type {import('./tabs.js').Feed} */
  #feed = (input, number, figure, value) => {
    try {
      if (this.#engine) this.#enter(input, number, figure, value);
    } catch {
      // The crash has been told to everybody who waits.
    }
  };

  /**
   * @param {Query} query
   * @param {unknown} [value]
   * @returns {number}
   */
  query(query, value) {
    return this.#engine ? this.#guard(() => this.#engine.query(query, value)) : 0;
  }

  /** Lets a request go. While the refresh function is called, a request of its
   * has to be refused: a 401 to it would wait. */
  get pass() {
    return this.#calls.refreshing ? undefined : this.#pass;
  }

  /** Not those of a page that is hidden, nor those that an application makes. */
  get timersComeInTime() {
    return this.clock.isPlatforms && !this.#page.hidden;
  }

  /** Throws if the manager cannot answer any more, or must not. */
  check() {
    if (this.#dead) throw this.#dead;
    if (this.#calls.refreshing) {
      throw invalid("refresh: the function called its own manager, which waits for it; use the context's fetch");
    }
  }

  /**
   * Ends everything that waits with an error.
   * @param {TokenError} error
   */
  #die(error) {
    this.#dead ??= error;
    this.#pass = undefined;
    this.#waiting.endAll();
    for (const { reject } of this.#requests.values()) reject(error);
    this.#requests.clear();
  }

  /**
   * Ends all at once: the module trapped, and nothing of it is asked again.
   * @param {TokenError} error
   */
  crash(error) {
    this.#die(error);
    this.#calls.abortAll();
    this.#leave();
  }

  /** Disposes: what waits is rejected, what was sent is finished. */
  dispose() {
    if (this.#dead) return;
    this.#feed(Input.Dispose);
    this.#die(new TokenError('disposed', { message: 'this token manager has been disposed of' }));
  }

  #leave() {
    this.#acts[Act.Wake](Infinity, {});
    this.#tabs.leave();
    this.#page.leave();
    this.#places.close();
    this.#engine = undefined;
  }

  // ---- what the application asks ----

  /**
   * Asks the core what a caller has to do, and waits as long as it says so.
   * @param {import('./engine.js').Ask} ask
   * @param {import('./waiting.js').About} [about]
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<import('./engine.js').Reply>} Go, Bare or Deliver
   */
  ask(ask, about, signal) {
    try {
      this.check();
      check(signal);
      this.#lookForHint();
      return this.#waiting.ask(ask, about, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Says whether the cookie of `hint` is there, if that is another thing than
   * before. */
  #lookForHint() {
    const { hint } = this.settings;
    if (!hint || this.snapshot?.status === 'signed-in') return;
    const there = cookie(hint) !== undefined;
    if (there === this.#hinted) return;
    this.#hinted = there;
    this.#feed(Input.Hint, 0, +there);
  }

  /**
   * Starts what the engine ends with SignInEnded or LogoutEnded.
   * @param {Input} input
   * @param {AbortSignal | null} [signal]
   * @param {{ remember?: boolean, local?: boolean, tokens?: any, body?: any, headers?: any }} [extra]
   */
  async request(input, signal, { remember, local, tokens, ...extra } = {}) {
    this.check();
    const { id, ended } = this.#open(extra);
    this.enter(input, id, +!!(remember ?? local), tokens);
    return abortable(ended, signal, () => {
      if (this.#requests.delete(id)) this.#feed(Input.Abandon, id);
    });
  }

  /** @param {object} extra */
  #open(extra) {
    const id = ++this.#count;
    const ended = new Promise((resolve, reject) => this.#requests.set(id, { resolve, reject, ...extra }));
    // A caller that has aborted does not hear of what comes later.
    ended.catch(() => {});
    return { id, ended };
  }

  /** The user is here. */
  touch() {
    this.#feed(Input.Touch);
  }

  /**
   * Tells of something that works less well than asked for.
   * @param {TokenError} error
   */
  warn(error) {
    this.#tell({ type: 'warning', error });
  }

  /**
   * Whether a challenge asks for a stronger sign-in, which is told.
   * @param {string | null | undefined} challenge
   */
  stepUp(challenge) {
    if (!challenge || !this.query(Query.StepUp, challenge)) return false;
    const { acrValues, maxAge = null, scope } = this.told();
    // A backslash quotes the character after it (RFC 9110 section 5.6.4).
    const unquoted = (/** @type {string | undefined} */ text) => text?.replace(/\\(.)/g, '$1');
    const classes = unquoted(acrValues) ?? '';
    this.#tell({ type: 'step-up', acrValues: classes.split(' ').filter(Boolean), maxAge, scope: unquoted(scope) ?? null });
    return true;
  }

  /**
   * A request went without a token, because its origin gets none.
   * @param {URL} url
   */
  missed(url) {
    const hint = nearMiss(url, this.settings.places);
    if (hint) this.#hints.add(hint);
  }

  inspect() {
    this.query(Query.Inspection);
    const told = this.told();
    if (this.#engine) this.#figures = told;
    const { refreshes, failures, next = null, skew, down, degraded, lock = 'none' } = this.#figures;
    return {
      engine: this.#module.kind,
      storage: isSet(down) ? 'memory' : this.#places.kind,
      lock,
      refreshes,
      refreshFailures: failures,
      retries: this.retries,
      waiting: this.#waiting.count,
      nextRefreshAt: next,
      clockSkewMs: skew,
      lastError: this.error(this.#figures) ?? null,
      degraded: [isSet(degraded) && 'storage', this.#policy.tabs && lock !== 'web-locks' && 'web-locks'].filter(Boolean),
      hints: [...this.#hints],
    };
  }

  // ---- the start ----

  /**
   * Makes the engine, and settles once it has started.
   * @param {Promise<any>} loaded a promise of the module, which makes the
   *   engine, knows its kind, and is told when it closed or trapped
   */
  async start(loaded) {
    try {
      this.#module = await loaded;
      this.#engine = this.#module.make(this, this.#policy, this.clock.now(), this.clock.monotonic());
      const { places, misfit } = this.settings;
      for (const place of places) {
        const found = this.query(Query.Allow, place);
        if (found) misfit(found);
      }
      const { ended } = this.#open({});
      this.#page.follow(this.#key, this.#places.inLocalStorage());
      this.#lookForHint();
      this.enter(Input.Start);
      await ended;
    } catch (error) {
      const engine = this.#engine;
      this.#leave();
      this.#module?.closed(this);
      // A module that trapped has nothing to free.
      if (!this.#dead) engine?.free();
      throw error;
    }
  }

  // ---- what the engine tells ----

  /** @param {string} members JSON */
  tell(members) {
    this.#told = JSON.parse(members);
  }

  /** What was told last, once. */
  told() {
    const told = this.#told;
    this.#told = {};
    return told;
  }

  /**
   * Does what the core asks for; see Act in src/web/host.rs. The module is
   * left to say that it failed: what fails here is this manager's alone, and
   * the core waits for nothing without an end.
   * @param {Act} act
   * @param {number} number
   */
  act(act, number) {
    try {
      this.#acts[act](number, this.told());
    } catch (error) {
      console.error('evertoken:', error);
    }
  }

  /**
   * The error that was told, if there was one.
   * @param {Record<string, any>} told
   */
  error(told) {
    return this.#calls.error(told);
  }

  /**
   * Takes a request out; of one that was aborted there is nothing left.
   * @param {number} id
   * @returns {Partial<Request>}
   */
  #taken(id) {
    const request = this.#requests.get(id) ?? {};
    this.#requests.delete(id);
    return request;
  }

  // ---- what the engine asks for ----

  /** What the core asks for: see Act in src/web/host.rs.
   * @type {Record<number, (number: number, told: any) => void>} */
  #acts = {
    [Act.Read]: (op, { place }) => {
      settle(
        () => this.#places.at(place).read(),
        (text) => this.#feed(Input.Read, op, 0, text),
        () => this.#feed(Input.Unreadable, op),
      );
    },

    [Act.Swap]: (op, { place, expected = null, text = null }) => {
      settle(
        () => this.#places.at(place).swap(expected, text),
        (done) => (done === true ? this.#feed(Input.Swapped, op) : this.#feed(Input.Found, op, 0, done.found)),
        () => this.#feed(Input.Unwritable, op),
      );
    },

    [Act.OpenChannel]: (tab) => {
      this.#tabs.open(tab);
    },

    [Act.CloseChannel]: () => {
      this.#tabs.close();
    },

    [Act.Post]: (_, { text }) => {
      this.#tabs.post(text);
    },

    [Act.Echo]: (_, { text }) => {
      this.#tabs.echo(text);
    },

    [Act.Lock]: (lock, { steal, shared }) => {
      this.#tabs.lock(lock, isSet(steal), isSet(shared));
    },

    [Act.Unlock]: (lock) => {
      this.#tabs.unlock(lock);
    },

    [Act.Call]: (id, call) => {
      this.#calls.begin(id, call, this.#requests.get(call.login), this.#feed);
    },

    [Act.Abort]: (call) => {
      this.#calls.abort(call);
    },

    [Act.WatchLeaving]: (watch) => {
      this.#page.watchLeaving(isSet(watch));
    },

    [Act.WatchActivity]: (watch) => {
      this.#page.watchActivity(isSet(watch));
    },

    [Act.WaitEnded]: (wait) => {
      this.#waiting.end(wait);
    },

    [Act.SignInEnded]: (id, told) => {
      const { resolve, reject, answer } = this.#taken(id);
      const error = this.error(told);
      if (!error) return resolve?.(answer && parsed(answer.body));
      // For the application to read the server's reason from.
      if (error.code === 'login-rejected' && answer) error.cause = new Response(answer.body, answer.response);
      reject?.(error);
    },

    [Act.LogoutEnded]: (id) => {
      this.#taken(id).resolve?.();
    },

    [Act.Snapshot]: (_, told) => {
      const { state: status, refreshing, stale, expires = null, ends = null, ending = null, serial, party, token } = told;
      this.token = token;
      // What has not changed stays the same object.
      if (serial !== this.#claims.serial) {
        this.#claims = { serial, claims: (token && claimsOf(token)) ?? null };
        const value = (this.settings.access?.prefix ?? '') + token;
        this.held = { value, serial, party, since: 0, until: 0, untilMono: 0, worked: false };
      }
      const key = told.fault === undefined ? '' : JSON.stringify([told.fault, told.cause, told.status, told.call, told.wait]);
      if (key !== this.#shown.key) this.#shown = { key, error: this.error(told) ?? null };
      this.snapshot = Object.freeze({
        status,
        refreshing: isSet(refreshing),
        stale: isSet(stale),
        expiresAt: expires,
        sessionEndsAt: ends,
        sessionEnding: ending,
        claims: this.#claims.claims,
        error: this.#shown.error,
      });
      this.#tell();
    },

    [Act.Pass]: (untilMono, { until }) => {
      const good = until !== undefined && !this.#dead && this.held;
      // What was issued is good on no earlier day.
      this.#pass = good ? Object.assign(good, { since: this.clock.now(), until, untilMono }) : undefined;
    },

    [Act.Event]: (_, told) => {
      const { type, reason, endsAt, ending } = told;
      const error = this.error(told);
      const event = { type, ...(reason && { reason }), ...(ending && { endsAt, cause: ending }), ...(error && { error }) };
      if (this.#early) this.#early.push(event);
      else this.#tell(event);
    },

    [Act.Wake]: (at) => {
      if (at === this.wakeAt) return;
      this.#stopTimer();
      this.#stopTimer = () => {};
      this.wakeAt = at;
      if (at === Infinity) return;
      this.#stopTimer = this.clock.timer(() => {
        this.#stopTimer = () => {};
        this.wakeAt = Infinity;
        this.#feed(Input.Wake);
      }, at - this.clock.monotonic());
    },

    [Act.Started]: () => {
      this.#taken(1).resolve?.();
      // The warnings of the start follow; by the next task the application that
      // made the manager listens.
      next(() => {
        const early = this.#early ?? [];
        this.#early = undefined;
        if (early.length) soon(() => early.forEach((event) => this.#tell(event)));
      });
    },

    [Act.Closed]: () => {
      const engine = this.#engine;
      this.#leave();
      this.#module.closed(this);
      // Not while it is at work.
      next(() => engine.free());
    },
  };
}

/**
 * Goes on with what an operation gives, at once where it is there.
 * @param {() => any} operation
 * @param {(value: any) => void} done
 * @param {() => void} failed
 */
function settle(operation, done, failed) {
  let given;
  try {
    given = operation();
  } catch {
    return failed();
  }
  if (given instanceof Promise) given.then(done, failed);
  else done(given);
}

// An authorization server and a resource server in one, as strict as servers
// get: a refresh token is good for one refresh, and one that is seen again
// ends its family. Every answer can be programmed, every call is recorded.
// How calls arrive is somebody else's affair: by node's http in the tests of
// this project, by a fetch without a network in those of applications.
import { jwt, unique } from './token.js';

/**
 * @typedef {Call & { text: string, send(status: number, text: string, headers: AnswerHeaders): void, cut(): void }} Answerable
 * @typedef {{ user: string, alive: boolean }} Family the tokens of one sign-in
 * @typedef {{ accessToken: string, refreshToken: string, expiresIn: number | undefined }} Tokens
 * @typedef {(call: any, proceed: () => unknown) => unknown} Handler of the kind of call that the server takes
 * @typedef {'login' | 'refresh' | 'logout' | 'api' | 'open'} Route
 * @typedef {Record<string, string | string[]>} AnswerHeaders
 */

/**
 * One request as it arrived. Who makes it says how it is answered: by
 * `send(status, text, headers)` and `cut()`, and what its `text` is.
 */
export class Call {
  answered = false;

  /**
   * @param {Authority} authority
   * @param {string} method
   * @param {string} url
   * @param {Record<string, string | undefined>} headers
   */
  constructor(authority, method, url, headers) {
    const { pathname, search } = new URL(url, 'http://server');
    this.server = authority;
    this.method = method;
    this.path = pathname;
    this.search = search;
    this.route = authority.routeOf(pathname);
    this.headers = headers;
  }

  get json() {
    return JSON.parse(/** @type {Answerable} */ (/** @type {object} */ (this)).text);
  }

  get cookies() {
    const pairs = (this.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
    return Object.fromEntries(pairs);
  }

  /** The access token that came along, wherever it was. */
  get token() {
    return this.headers.authorization?.replace(/^Bearer /, '') ?? this.headers['x-access-token'] ?? this.cookies.access;
  }

  get refreshToken() {
    const carriers = [/** @type {Answerable} */ (/** @type {object} */ (this)).text, this.headers['x-refresh-token'], this.headers.authorization, this.headers.cookie];
    return /rt-[0-9a-f]+/.exec(carriers.join(' '))?.[0];
  }

  /**
   * @param {number} status
   * @param {unknown} body
   * @param {AnswerHeaders} headers
   */
  reply(status, body = '', headers = {}) {
    if (this.answered) return;
    this.answered = true;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/plain' : 'application/json';
    /** @type {Answerable} */ (/** @type {object} */ (this)).send(status, text, { 'content-type': type, ...headers });
  }

  /** Ends the connection without an answer. */
  drop() {
    if (this.answered) return;
    this.answered = true;
    /** @type {Answerable} */ (/** @type {object} */ (this)).cut();
  }
}

export class Authority {
  /** Where the tokens travel: the refresh token in 'body' or 'cookie'. */
  carrier = 'body';
  access = 'header';
  /** Of an access token, in seconds; undefined: the answer does not say. */
  lifetime = 600;
  /** Whether only the newest access token of a session is accepted. */
  newestOnly = false;
  /** Whether a token is refused when its lifetime is over, and not only when
   * it is told to be. */
  punctual = true;
  /** @type {object | ((user: string) => object)} */
  claims = {};
  /** @type {Call[]} */
  calls = [];
  replays = 0;
  /** @type {Record<string, Route>} */
  routes = { '/login': 'login', '/refresh': 'refresh', '/logout': 'logout' };
  /** @param {string} path */
  protects = (path) => path.startsWith('/api/');
  /**
   * What a token answer looks like.
   * @type {(tokens: any) => unknown}
   */
  shape = ({ accessToken, refreshToken, expiresIn }) => ({ accessToken, refreshToken, expiresIn });

  /** @type {Record<Route, { handler: Handler, times: number }[]>} */
  #handlers = { login: [], refresh: [], logout: [], api: [], open: [] };
  /** @type {Set<(value?: unknown) => void>} */
  #waits = new Set();
  /** @type {Set<Family>} */
  #families = new Set();
  /** @type {Map<string | undefined, { family: Family, until: number }>} */
  #access = new Map();
  /** @type {Map<string | undefined, { family: Family, used: boolean }>} */
  #refresh = new Map();

  now = () => Date.now();

  /** @param {string} path */
  routeOf(path) {
    return this.routes[path] ?? (this.protects(path) ? 'api' : 'open');
  }

  // ---- programming ----

  /**
   * Answers all calls of a route, or the next `times`, with `handler(call,
   * proceed)`; the newest handler comes first.
   * @param {Route} route
   * @param {Handler} handler
   */
  on(route, handler, times = Infinity) {
    this.#handlers[route].unshift({ handler, times });
  }

  /** @type {(route: Route, handler: Handler) => void} */
  once(route, handler) {
    this.on(route, handler, 1);
  }

  /**
   * Forgets what was programmed.
   * @param {Route} route
   */
  clear(route) {
    this.#handlers[route] = [];
  }

  /**
   * Keeps the calls of a route waiting. `arrived` gives the first of them,
   * `release()` lets all go on.
   * @param {Route} route
   */
  hold(route, times = Infinity) {
    /** @type {(call: any) => void} */
    let arrive;
    /** @type {any} */
    let release;
    const arrived = new Promise((resolve) => (arrive = resolve));
    const gate = new Promise((resolve) => (release = resolve));
    this.on(
      route,
      async (call, proceed) => {
        arrive(call);
        await gate;
        await proceed();
      },
      times,
    );
    return { arrived, release };
  }

  // ---- counting ----

  /** @param {Route} route */
  of(route) {
    return this.calls.filter((call) => call.route === route);
  }

  /** @param {Route} route */
  count(route) {
    return this.of(route).length;
  }

  /**
   * Settles when the `count`th call of a route has arrived.
   * @param {Route} route
   */
  async seen(route, count = 1) {
    while (this.count(route) < count) await new Promise((resolve) => this.#waits.add(resolve));
    return this.of(route)[count - 1];
  }

  // ---- sessions ----

  /** Signs somebody in behind the client's back; gives the tokens. */
  issue(user = 'alice') {
    const family = { user, alive: true };
    this.#families.add(family);
    return this.#issue(family);
  }

  /**
   * @param {Family} family
   * @returns {Tokens}
   */
  #issue(family) {
    if (this.newestOnly) this.expire();
    const now = Math.floor(this.now() / 1000);
    const lifetime = this.lifetime ?? 600;
    const own = typeof this.claims === 'function' ? this.claims(family.user) : this.claims;
    const accessToken = jwt({ sub: family.user, iat: now, exp: now + lifetime, jti: unique('at'), ...own });
    const refreshToken = unique('rt');
    this.#access.set(accessToken, { family, until: this.now() + lifetime * 1000 });
    this.#refresh.set(refreshToken, { family, used: false });
    return { accessToken, refreshToken, expiresIn: this.lifetime };
  }

  /** No access token issued so far is accepted any more. */
  expire() {
    this.#access.clear();
  }

  /** Ends every session. */
  revoke() {
    for (const family of this.#families) family.alive = false;
    this.expire();
  }

  get alive() {
    return [...this.#families].filter((family) => family.alive).length;
  }

  /** @param {string} token */
  accepts(token) {
    return this.userOf(token) !== undefined;
  }

  /**
   * Whose access token it is, if it is good.
   * @param {string | undefined} token
   */
  userOf(token) {
    const held = this.#access.get(token);
    const ended = this.punctual && /** @type {number} */ (held?.until) <= this.now();
    return held?.family.alive && !ended ? held.family.user : undefined;
  }

  /**
   * @param {Call} call
   * @param {Tokens} tokens
   */
  #grant(call, tokens) {
    const cookies = [];
    /** @type {Partial<Tokens>} */
    const shown = { ...tokens };
    if (this.carrier === 'cookie') {
      cookies.push(`refresh=${tokens.refreshToken}; HttpOnly; SameSite=Strict; Path=/`);
      delete shown.refreshToken;
    }
    if (this.access === 'cookie') {
      cookies.push(`access=${tokens.accessToken}; HttpOnly; SameSite=Strict; Path=/`);
      delete shown.accessToken;
    }
    call.reply(200, this.shape(shown), cookies.length ? { 'set-cookie': cookies } : {});
  }

  // ---- serving ----

  /**
   * Whom a sign-in is for, or nobody.
   * @param {Answerable} call
   * @returns {string | undefined}
   */
  signIn(call) {
    return /alice|bob|carol/.exec(call.text)?.[0];
  }

  /** @param {Answerable} call */
  login(call) {
    const user = this.signIn(call);
    if (!user) return call.reply(401, { error: 'wrong name or password' });
    this.#grant(call, this.issue(user));
  }

  /** @param {Call} call */
  refresh(call) {
    const held = this.#refresh.get(call.refreshToken);
    if (held?.used) {
      this.replays++;
      held.family.alive = false;
    }
    if (!held || held.used || !held.family.alive) return call.reply(401, { error: 'invalid_grant' });
    held.used = true;
    this.#grant(call, this.#issue(held.family));
  }

  /** @param {Call} call */
  logout(call) {
    const held = this.#refresh.get(call.refreshToken);
    if (held) held.family.alive = false;
    const gone = ['refresh', 'access'].map((name) => `${name}=; Max-Age=0; Path=/`);
    call.reply(204, '', { 'set-cookie': gone });
  }

  /**
   * @param {Call} call
   * @returns {unknown}
   */
  api(call) {
    const user = this.userOf(call.token);
    if (user === undefined) return call.reply(401, { error: 'unauthorized' });
    call.reply(200, { user, method: call.method });
  }

  /** @param {Call} call */
  open(call) {
    call.reply(200, { open: true });
  }

  /**
   * Answers a call, as programmed or as it should be.
   * @param {Call} call
   */
  async serve(call) {
    this.calls.push(call);
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const wait of waits) wait();
    const handlers = this.#handlers[call.route];
    const chosen = handlers.find(({ times }) => times > 0);
    if (chosen && --chosen.times === 0) handlers.splice(handlers.indexOf(chosen), 1);
    const proceed = () => this[call.route](/** @type {Answerable} */ (call));
    if (chosen) await chosen.handler(call, proceed);
    else await proceed();
  }
}

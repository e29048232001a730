// An authorization server and a resource server in one, as strict as servers
// get: a refresh token is good for one refresh, and one that is seen again
// ends its family. Every answer can be programmed, every call is recorded.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { jwt, unique } from './tokens.mjs';

const ROUTES = { '/login': 'login', '/refresh': 'refresh', '/logout': 'logout' };
const ALLOWED_HEADERS = 'authorization, content-type, x-access-token, x-refresh-token, x-csrf-token, x-own, last-event-id';

/** One request as it arrived, and the means to answer it. */
class Call {
  answered = false;

  constructor(server, request, response, body) {
    const { pathname, search } = new URL(request.url, 'http://server');
    this.server = server;
    this.request = request;
    this.response = response;
    this.method = request.method;
    this.path = pathname;
    this.search = search;
    this.route = ROUTES[pathname] ?? (pathname.startsWith('/api/') ? 'api' : 'open');
    this.headers = request.headers;
    this.body = body;
    this.closed = once(response, 'close');
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
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
    const carriers = [this.text, this.headers['x-refresh-token'], this.headers.authorization, this.headers.cookie];
    return /rt-[0-9a-f]+/.exec(carriers.join(' '))?.[0];
  }

  reply(status, body = '', headers = {}) {
    if (this.answered) return;
    this.answered = true;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/plain' : 'application/json';
    const { origin } = this.headers;
    if (origin && this.server.origins.includes(origin)) {
      this.response.setHeader('access-control-allow-origin', origin);
      this.response.setHeader('access-control-allow-credentials', 'true');
      this.response.setHeader('access-control-expose-headers', 'retry-after');
      this.response.setHeader('vary', 'origin');
    }
    this.response.writeHead(status, { 'content-type': type, ...headers });
    this.response.end(text);
  }

  /** Ends the connection without an answer. */
  drop() {
    this.answered = true;
    this.request.socket.destroy();
  }
}

export class AuthServer {
  origins = [];
  /** Where the tokens travel: the refresh token in 'body' or 'cookie'. */
  carrier = 'body';
  access = 'header';
  /** Of an access token, in seconds; undefined: the answer does not say. */
  lifetime = 600;
  /** Whether only the newest access token of a session is accepted. */
  newestOnly = false;
  claims = {};
  calls = [];
  preflights = [];
  replays = 0;
  /** What a token answer looks like. */
  shape = ({ accessToken, refreshToken, expiresIn }) => ({ accessToken, refreshToken, expiresIn });

  #http = createServer((request, response) => this.#serve(request, response));
  #handlers = { login: [], refresh: [], logout: [], api: [], open: [] };
  #waits = new Set();
  #families = new Set();
  #access = new Map();
  #refresh = new Map();

  constructor(options = {}) {
    Object.assign(this, options);
  }

  async start() {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.port = this.#http.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  // ---- programming ----

  /** Answers all calls of a route, or the next `times`, with `handler(call,
   * proceed)`; the newest handler comes first. */
  on(route, handler, times = Infinity) {
    this.#handlers[route].unshift({ handler, times });
  }

  once(route, handler) {
    this.on(route, handler, 1);
  }

  /** Forgets what was programmed. */
  clear(route) {
    this.#handlers[route] = [];
  }

  /** Keeps the calls of a route waiting. `arrived` gives the first of them,
   * `release()` lets all go on. */
  hold(route, times = Infinity) {
    let arrive;
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

  of(route) {
    return this.calls.filter((call) => call.route === route);
  }

  count(route) {
    return this.of(route).length;
  }

  /** Settles when the `count`th call of a route has arrived. */
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

  #issue(family) {
    if (this.newestOnly) this.expire();
    const now = Math.floor(Date.now() / 1000);
    const accessToken = jwt({ sub: family.user, iat: now, exp: now + (this.lifetime ?? 600), jti: unique('at'), ...this.claims });
    const refreshToken = unique('rt');
    this.#access.set(accessToken, family);
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

  accepts(token) {
    return this.#access.get(token)?.alive === true;
  }

  #grant(call, tokens) {
    const cookies = [];
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

  login(call) {
    const user = /alice|bob|carol/.exec(call.text)?.[0];
    if (!user) return call.reply(401, { error: 'wrong name or password' });
    this.#grant(call, this.issue(user));
  }

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

  logout(call) {
    const held = this.#refresh.get(call.refreshToken);
    if (held) held.family.alive = false;
    const gone = ['refresh', 'access'].map((name) => `${name}=; Max-Age=0; Path=/`);
    call.reply(204, '', { 'set-cookie': gone });
  }

  api(call) {
    if (!this.accepts(call.token)) return call.reply(401, { error: 'unauthorized' });
    call.reply(200, { user: this.#access.get(call.token).user, method: call.method });
  }

  open(call) {
    call.reply(200, { open: true });
  }

  // ---- serving ----

  async #serve(request, response) {
    // A browser repeats a request by itself when a connection that it used
    // again is closed: every connection is good for one.
    response.shouldKeepAlive = false;
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // aborted by the client
    }
    const call = new Call(this, request, response, Buffer.concat(chunks));
    if (call.method === 'OPTIONS') {
      this.preflights.push(call);
      return call.reply(204, '', {
        'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': '600',
      });
    }
    this.calls.push(call);
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const wait of waits) wait();
    const handlers = this.#handlers[call.route];
    const chosen = handlers.find(({ times }) => times > 0);
    if (chosen && --chosen.times === 0) handlers.splice(handlers.indexOf(chosen), 1);
    const proceed = () => this[call.route](call);
    if (chosen) await chosen.handler(call, proceed);
    else proceed();
  }
}

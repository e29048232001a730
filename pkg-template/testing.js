import { Authority, Call } from './testing/authority.js';
import { Clock, idle } from './testing/clock.js';
import { jwt } from './testing/token.js';

/**
 * @typedef {import('./testing.js').MockServerOptions} MockServerOptions
 * @typedef {import('./testing/authority.js').Route} Route
 * @typedef {{ dispose(): void }} Disposable
 */

export { idle, jwt };

/**
 * Makes a clock; see testing.d.ts.
 * @param {number} [at]
 */
export const createClock = (at) => new Clock(at);

/**
 * Makes a server; see testing.d.ts.
 * @param {MockServerOptions} [options]
 */
export const createMockServer = (options) => new MemoryServer(options);

/**
 * Makes a kit; see testing.d.ts.
 * @param {MockServerOptions & { at?: number }} [options]
 */
export function createKit({ at, ...options } = {}) {
  const clock = createClock(at);
  const server = createMockServer({ clock, ...options });
  /** @type {Set<Disposable>} */
  const made = new Set([clock, server]);
  const dispose = () => {
    // The last first: it may use what was made before it.
    for (const one of [...made].reverse()) if (made.delete(one)) one.dispose();
  };
  /** @type {Record<PropertyKey, unknown>} */
  const kit = {
    clock,
    server,
    /** @param {Disposable | PromiseLike<Disposable>} one */
    async use(one) {
      const found = await one;
      made.add(found);
      return found;
    },
    dispose,
  };
  if (Symbol.dispose) kit[Symbol.dispose] = dispose;
  return kit;
}

/** Statuses whose answers have no body (Fetch section 2.2.3). */
const BODILESS = new Set([204, 205, 304]);
/** What people call the member in which a name is sent. */
const NAMES = ['user', 'username', 'identifier', 'email', 'login', 'name'];

/**
 * What a request carries as a text. A polyfill's has none of a form, and no stream.
 * @param {Request} request
 */
async function textOf(request) {
  try {
    return await request.text();
  } catch (error) {
    if (request.body) throw error;
    return '';
  }
}

/** @typedef {MemoryCall & { resolve(answer: Response): void, reject(error: unknown): void }} Settled */

class MemoryCall extends Call {
  /** Whether it is carried out, and the answer lost. */
  lost = false;

  /**
   * @param {MemoryServer} server
   * @param {Request} request
   * @param {Record<string, string>} headers
   */
  constructor(server, request, headers) {
    super(server, request.method, request.url, headers);
    this.url = request.url;
    /** @type {Promise<Response>} */
    this.answer = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  }

  /** A token in whatever header the application sends it. */
  get token() {
    return /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(Object.values(this.headers).join(' '))?.[0];
  }

  get user() {
    return this.server.userOf(this.token);
  }

  /**
   * @param {number} status
   * @param {string} text
   * @param {import('./testing/authority.js').AnswerHeaders} headers
   */
  send(status, text, { 'set-cookie': cookies = [], ...headers }) {
    // Cookies of an answer that is lost are lost with it.
    if (this.lost) return this.cut();
    for (const cookie of cookies) /** @type {MemoryServer} */ (this.server).keep(cookie);
    /** @type {Settled} */ (/** @type {object} */ (this)).resolve(new Response(BODILESS.has(status) ? null : text, { status, headers: /** @type {Record<string, string>} */ (headers) }));
  }

  cut() {
    /** @type {Settled} */ (/** @type {object} */ (this)).reject(new TypeError('Failed to fetch'));
  }
}

class MemoryServer extends Authority {
  #clock;
  #respond;
  /**
   * The cookies of the one browser that there is.
   * @type {Map<string, string>}
   */
  #jar = new Map();
  /** @type {Map<Route, number>} */
  #delays = new Map();
  /**
   * The calls that have no answer yet.
   * @type {Set<MemoryCall>}
   */
  #open = new Set();

  /** @param {MockServerOptions} [options] */
  constructor({
    login = '/login',
    refresh = '/refresh',
    logout = '/logout',
    accessToken = 'header',
    refreshToken = 'body',
    lifetimeSeconds = 600,
    newestOnly = false,
    claims = {},
    clock,
    isProtected = () => true,
    signIn = nameIn,
    answer,
    api = ({ user, method }) => ({ user, method }),
  } = {}) {
    super();
    /** @type {Record<string, Route>} */
    this.routes = { [login]: 'login', [refresh]: 'refresh', [logout]: 'logout' };
    this.access = accessToken;
    this.carrier = refreshToken;
    this.lifetime = lifetimeSeconds;
    this.newestOnly = newestOnly;
    this.claims = claims;
    this.protects = isProtected;
    this.signIn = /** @type {(call: any) => string | undefined} */ (signIn);
    this.shape = answer ?? this.shape;
    this.#clock = clock ?? globalThis;
    if (clock) this.now = () => clock.now();
    this.#respond = api;
  }

  get lifetimeSeconds() {
    return this.lifetime;
  }

  set lifetimeSeconds(seconds) {
    this.lifetime = seconds;
  }

  /** @type {import('./testing.js').MockServer['fetch']} */
  fetch = async (input, init) => {
    // A test's DOM may have a signal of its own, which Request does not know.
    const signal = init?.signal ?? /** @type {Request} */ (input).signal;
    if (signal?.aborted) throw signal.reason;
    const request = new Request(input, { ...init, signal: undefined });
    /** @type {Record<string, string>} */
    const headers = {};
    // React Native's cannot be gone through.
    request.headers.forEach((value, name) => (headers[name] = value));
    if (request.credentials !== 'omit' && this.#jar.size) {
      headers.cookie = [...this.#jar].map((pair) => pair.join('=')).join('; ');
    }
    const call = new MemoryCall(this, request, headers);
    this.#open.add(call);
    call.answer.catch(() => {}).then(() => this.#open.delete(call));
    this.#take(call, request).catch(/** @type {Settled} */ (call).reject);
    if (!signal) return call.answer;
    const abort = () => /** @type {Settled} */ (call).reject(signal.reason);
    signal.addEventListener('abort', abort);
    return call.answer.finally(() => signal.removeEventListener('abort', abort));
  };

  /**
   * @param {MemoryCall} call
   * @param {Request} request
   */
  async #take(call, request) {
    const ms = this.#delays.get(call.route);
    if (ms) await new Promise((resolve) => this.#clock.setTimeout(/** @type {() => void} */ (resolve), ms));
    /** @type {import('./testing/authority.js').Answerable} */ (/** @type {object} */ (call)).text = await textOf(request);
    await this.serve(call);
  }

  /** @param {MemoryCall} call */
  async api(call) {
    if (call.user === undefined) return call.reply(401, { error: 'unauthorized' });
    const body = await this.#respond(/** @type {import('./testing.js').MockCall} */ (/** @type {object} */ (call)));
    if (body === undefined) call.reply(404, { error: 'not found' });
    else call.reply(200, body);
  }

  /**
   * Keeps what a Set-Cookie header says.
   * @param {string} cookie
   */
  keep(cookie) {
    const [, name, value] = /** @type {RegExpExecArray} */ (/^([^=]+)=([^;]*)/.exec(cookie));
    if (value) this.#jar.set(name, value);
    else this.#jar.delete(name);
  }

  /**
   * @param {Route} route
   * @param {{ status?: number, headers?: Record<string, string>, body?: unknown, times?: number }} [answer]
   */
  fail(route, { status = 503, headers, body, times = 1 } = {}) {
    this.on(route, (call) => call.reply(status, body, headers), times);
  }

  /** @param {Route} route */
  drop(route, times = 1) {
    this.on(route, (call) => call.drop(), times);
  }

  /** @param {Route} route */
  lose(route, times = 1) {
    /** @type {(call: MemoryCall, proceed: () => unknown) => unknown} */
    const carryOut = (call, proceed) => {
      call.lost = true;
      return proceed();
    };
    this.on(route, carryOut, times);
  }

  /** @type {(route: Route, ms: number) => void} */
  delay(route, ms) {
    this.#delays.set(route, ms);
  }

  dispose() {
    for (const call of this.#open) call.drop();
  }
}

/**
 * Whom a sign-in names, in JSON or in a form.
 * @param {{ text: string, headers: Readonly<Record<string, string | undefined>> }} call
 * @returns {string | undefined}
 */
function nameIn({ text, headers }) {
  const form = headers['content-type']?.includes('x-www-form-urlencoded');
  /** @type {Record<string, any>} */
  const fields = form ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || '{}');
  return NAMES.map((name) => fields[name]).find((value) => value && typeof value === 'string');
}

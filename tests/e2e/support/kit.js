// What the tests use inside a page, as `kit`. The API's origin is in the
// page's own address.
import { Clock, change, idle, turn } from '/testing/clock.js';
import { jwt } from '/testing/token.js';

const TYPES = ['signed-in', 'refreshed', 'refresh-failed', 'signed-out', 'user-changed', 'warning', 'session-ending'];
const api = new URLSearchParams(location.search).get('api') ?? location.origin;

/** Whatever a timer sets off, the managers that it was given to end it first. */
class PageClock extends Clock {
  managers = [];
  advance(ms) {
    return super.advance(ms, ...this.managers);
  }
}

const kit = {
  api,
  Clock: PageClock,
  events: [],
  /** Makes a manager, `auth`, whose events are recorded. */
  async create(config = {}) {
    const { createTokenManager } = await import('/pkg/index.js');
    const auth = await createTokenManager({
      baseUrl: api,
      login: '/login',
      refresh: '/refresh',
      logout: '/logout',
      ...config,
    });
    config.clock?.managers?.push(auth);
    for (const type of TYPES) auth.on(type, (event) => kit.events.push(event));
    window.auth ??= auth;
    return auth;
  },
  get types() {
    return kit.events.map(({ type, reason }) => (reason ? `${type}:${reason}` : type));
  },
  /** Settles at the `count`th event of a type. */
  async event(type, auth = window.auth, count = 1) {
    const seen = () => kit.events.filter((event) => event.type === type);
    while (seen().length < count) {
      await new Promise((resolve) => {
        const off = auth.on(type, () => {
          off();
          resolve();
        });
      });
      await undefined;
    }
    return seen()[count - 1];
  },
  /** Settles when no refresh is under way. */
  quiet: (auth = window.auth) => idle(auth),
  /** Settles at the next snapshot. */
  change: (auth = window.auth) => change(auth),
  /** Settles when a snapshot is as wished. */
  async until(wish, auth = window.auth) {
    while (!wish(auth.snapshot)) await kit.change(auth);
    return kit.plain(auth.snapshot);
  },
  turn,
  deferred() {
    const one = {};
    one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
    return one;
  },
  /** What an error says, for the test to compare. */
  error(error) {
    if (!(error instanceof Error)) return { thrown: error };
    const { name, code, message, status, retryable, retryAfterMs, cause } = error;
    return { name, code, message, status, retryable, retryAfterMs, cause: cause && { code: cause.code, name: cause.name, message: cause.message } };
  },
  /** `{ value }` or `{ error }`; an answer becomes its status. */
  outcome: (promise) =>
    Promise.resolve(promise).then(
      (value) => ({ value: value instanceof Response ? value.status : value === undefined ? 'undefined' : value }),
      (error) => ({ error: kit.error(error) }),
    ),
  /** The outcome if it is there already, else 'pending'. */
  async soFar(promise) {
    const outcome = kit.outcome(promise);
    for (let i = 0; i < 3; i++) await kit.turn();
    return Promise.race([outcome, kit.turn().then(() => 'pending')]);
  },
  plain: (value) => JSON.parse(JSON.stringify(value)),
  answer: (body, init) => new Response(typeof body === 'string' ? body : JSON.stringify(body), { headers: { 'content-type': 'application/json' }, ...init }),
  jwt: (claims) => jwt(claims, { alg: 'HS256' }),
};
window.kit = kit;

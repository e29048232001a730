// What the tests use inside a page, as `kit`. The API's origin is in the
// page's own address.
(() => {
  const TYPES = ['signed-in', 'refreshed', 'refresh-failed', 'signed-out', 'user-changed', 'warning'];
  const LONGEST_TIMEOUT = 2 ** 31 - 1;
  const api = new URLSearchParams(location.search).get('api') ?? location.origin;

  /** A clock that stands still until it is told otherwise. As in a browser,
   * a delay of more than 2^31-1 ms is one of 1 ms. */
  class Clock {
    #timers = new Map();
    #count = 0;
    made = 0;
    now = () => this.at;
    setTimeout = (f, ms) => {
      this.made++;
      const delay = ms > LONGEST_TIMEOUT || !(ms >= 1) ? 1 : ms;
      this.#timers.set(++this.#count, { f, at: this.at + delay });
      return this.#count;
    };
    clearTimeout = (id) => void this.#timers.delete(id);

    constructor(at = Date.now()) {
      this.at = at;
    }

    get timers() {
      return this.#timers.size;
    }

    get next() {
      return Math.min(...[...this.#timers.values()].map(({ at }) => at));
    }

    /** Lets time go by, timer after timer, each with all that it sets off. */
    async advance(ms) {
      const until = this.at + ms;
      for (let fired = 0; this.next <= until; fired++) {
        if (fired > 20_000) throw new Error('the timers come without end');
        this.at = Math.max(this.at, this.next);
        this.fire();
        await kit.quiet();
      }
      this.at = until;
    }

    /** A machine that slept: the time is another one, then what is due fires. */
    jump(ms) {
      this.at += ms;
      this.fire();
    }

    /** Fires what is due. */
    fire() {
      for (const [id, { f, at }] of [...this.#timers]) {
        if (at > this.at || !this.#timers.delete(id)) continue;
        f();
      }
    }
  }

  const kit = {
    api,
    Clock,
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
    async quiet(auth = window.auth) {
      await kit.turn();
      while (auth?.snapshot.refreshing) await kit.change(auth);
    },
    /** Settles at the next snapshot. */
    change(auth = window.auth) {
      return new Promise((resolve) => {
        const off = auth.subscribe((snapshot) => {
          off();
          resolve(snapshot);
        });
      });
    },
    /** Settles when a snapshot is as wished. */
    async until(wish, auth = window.auth) {
      while (!wish(auth.snapshot)) await kit.change(auth);
      return kit.plain(auth.snapshot);
    },
    /** A turn of the event loop, so that all promises have had theirs. */
    turn: () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve();
        };
        port2.postMessage(0);
      }),
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
    /** The claims of a user, as a token. */
    jwt(claims) {
      const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      return `${part({ alg: 'HS256' })}.${part(claims)}.c2ln`;
    },
  };
  window.kit = kit;
})();

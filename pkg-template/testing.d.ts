import type { Claims, Clock, TokenManager } from './index.js';
import type { PlatformFetch } from './platform.js';

/** Names what a call is for: an endpoint, a resource that wants a token, or one that is open to anybody. */
export type MockRoute = 'login' | 'refresh' | 'logout' | 'api' | 'open';

/** Shows one request as it arrived at the server, and answers it. */
export interface MockCall {
  readonly route: MockRoute;
  readonly method: string;
  readonly url: string;
  readonly path: string;
  /** The query with its question mark, or the empty string. */
  readonly search: string;
  /** Names in lower case. Of a form in parts, `text` is what goes over the wire. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  readonly json: unknown;
  readonly cookies: Readonly<Record<string, string>>;
  /** The access token that came along, good or not. */
  readonly token: string | undefined;
  readonly refreshToken: string | undefined;
  /** Whose access token it is, if it is good. */
  readonly user: string | undefined;
  /** Answers, with text or with JSON. A second answer is ignored. */
  reply(status: number, body?: unknown, headers?: Record<string, string>): void;
  /** Ends the connection without an answer: `fetch` rejects with a `TypeError`. */
  drop(): void;
}

/** Answers a call by itself; `proceed()` answers as the server would have. */
export type MockHandler = (call: MockCall, proceed: () => unknown) => unknown;

/** Says what the server is like. Every option has a default. */
export interface MockServerOptions {
  /** Path. Default '/login'. */
  login?: string;
  /** Path. Default '/refresh'. */
  refresh?: string;
  /** Path. Default '/logout'. */
  logout?: string;
  /** Where the access token travels. Default 'header', of whatever name. */
  accessToken?: 'header' | 'cookie';
  /** How the refresh token travels; it is found in body, header or cookie, and given out here. Default 'body'. */
  refreshToken?: 'body' | 'cookie';
  /** Seconds that an access token is good for. Default 600. */
  lifetimeSeconds?: number;
  /** Whether a refresh ends the access token before it. Default false. */
  newestOnly?: boolean;
  /** Further claims of access tokens, beside `sub`, `iat`, `exp` and `jti`. */
  claims?: Claims | ((user: string) => Claims);
  /** Whom a sign-in is for; undefined refuses it. Default: whoever is named as user, username, identifier, email, login or name. */
  signIn?(call: MockCall): string | undefined;
  /** What an answer with tokens looks like. Default `{ accessToken, refreshToken, expiresIn }`. */
  answer?(tokens: { accessToken?: string; refreshToken?: string; expiresIn: number }): unknown;
  /** What a path answers to a good token, as text or JSON; undefined is a 404. Default `{ user, method }`. */
  api?(call: MockCall): unknown;
  /** Which paths want a token. Default: all but the endpoints. */
  isProtected?(path: string): boolean;
  /** Whose time it is, for the lifetimes and for `delay`. Default: the platform's. */
  clock?: Clock;
}

/**
 * Stands in for an authorization server and the API behind it.
 *
 * It is as strict as servers get: a refresh token is good for one refresh, and a session in which one comes twice is
 * over. Cookies are those of one browser, on the server's own origin, whatever the URL.
 */
export interface MockServer {
  /** The way to it. Bound; makes no connection. */
  readonly fetch: PlatformFetch;
  /** All requests so far. */
  readonly calls: readonly MockCall[];
  /** Refresh tokens that came twice. */
  readonly replays: number;
  /** Sessions that are not over. */
  readonly alive: number;
  /** Of the tokens from now on. */
  lifetimeSeconds: number;
  /** How many requests of a route there were. */
  count(route: MockRoute): number;
  /** The requests of a route. */
  of(route: MockRoute): MockCall[];
  /** Settles when the `count`th request of a route has arrived. */
  seen(route: MockRoute, count?: number): Promise<MockCall>;
  /** Signs somebody in behind the application's back; the tokens are for `setTokens`. */
  issue(user?: string): { accessToken: string; refreshToken: string; expiresIn: number };
  /** Whether an access token is good. */
  accepts(token: string): boolean;
  /** No access token given out so far is good any more; refresh tokens are. */
  expire(): void;
  /** Ends every session. */
  revoke(): void;
  /** Answers the next `times` (default 1) calls of a route with `status` (default 503). */
  fail(route: MockRoute, answer?: { status?: number; headers?: Record<string, string>; body?: unknown; times?: number }): void;
  /** Ends the connection of the next `times` (default 1) calls before anything is done. */
  drop(route: MockRoute, times?: number): void;
  /** Carries out the next `times` (default 1) calls and loses the answers: the refresh token is used, and nobody has the new one. */
  lose(route: MockRoute, times?: number): void;
  /** Answers a route only after so many milliseconds, until told otherwise. */
  delay(route: MockRoute, ms: number): void;
  /** Keeps the calls of a route waiting: `arrived` gives the first of them, `release()` lets all go on. */
  hold(route: MockRoute, times?: number): { arrived: Promise<MockCall>; release(): void };
  /** Answers the calls of a route, or the next `times`, in the test's own way. The newest handler comes first. */
  on(route: MockRoute, handler: MockHandler, times?: number): void;
  /** Forgets what was programmed with `on`, `hold`, `fail`, `drop` and `lose`. */
  clear(route: MockRoute): void;
  /** Ends the connections of all calls that have no answer yet. */
  dispose(): void;
}

/**
 * Makes an authorization server and an API in memory, for the tests of applications: no network, no waiting.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { createClock, createMockServer } from 'evertoken/testing';
 *
 * const clock = createClock();
 * const server = createMockServer({ clock, api: ({ user }) => [`a post of ${user}`] });
 * const auth = await createTokenManager({
 *   baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', clock, fetch: server.fetch,
 * });
 */
export declare function createMockServer(options?: MockServerOptions): MockServer;

/** Stands still until it is told otherwise; for the option `clock` of a manager and of a server. */
export interface VirtualClock extends Clock {
  /** Milliseconds since the epoch. Set to a later time, so much time has passed; to an earlier one, somebody set the clock back. Timers do not fire by it. */
  at: number;
  /** Milliseconds that have passed since the clock was made. */
  monotonic(): number;
  /** Timers that are set. */
  readonly timers: number;
  /** When the next of them is due; `Infinity` without one. */
  readonly next: number;
  /** Lets time go by, timer after timer, and after each waits until these managers have no refresh under way. Leave out one whose refresh itself waits for this clock, as with `delay`. */
  advance(ms: number, ...managers: TokenManager<object>[]): Promise<void>;
  /** Is another time at once, as on a machine that slept, and then fires what is due. */
  jump(ms: number): void;
  /** Sets the wall clock forward or back: no time has passed, and no timer is due. */
  step(ms: number): void;
  /** Forgets all timers. */
  dispose(): void;
}

/** Makes a clock, at `at` milliseconds since the epoch; default: now. */
export declare function createClock(at?: number): VirtualClock;

/** Settles when a manager has no refresh under way. */
export declare function idle(manager: TokenManager<object>): Promise<void>;

/** Makes a token with these claims. Nobody signs it. */
export declare function jwt(claims: Claims, header?: Record<string, unknown>): string;

/** What a test makes, and what it has to dispose of. */
export interface TestKit {
  readonly clock: VirtualClock;
  readonly server: MockServer;
  /** Keeps something, such as a manager, until the kit is disposed of; gives it back. */
  use<T extends { dispose(): void }>(made: T | PromiseLike<T>): Promise<T>;
  /** Disposes of all that was made, the last first: managers, calls that wait for an answer, timers. Also `Symbol.dispose`. */
  dispose(this: void): void;
}

/**
 * Makes a clock and a server that goes by it, and keeps what a test makes beside them.
 *
 * @param options those of the server, and `at`, the time that it is first
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { createKit } from 'evertoken/testing';
 *
 * const kit = createKit();
 * const { clock, server } = kit;
 * const auth = await kit.use(createTokenManager({ baseUrl: 'https://api.example.com', login: '/login', refresh: '/refresh', clock, fetch: server.fetch }));
 * // In the runner's afterEach:
 * kit.dispose();
 */
export declare function createKit(options?: MockServerOptions & { at?: number }): TestKit;

import type {
  PlatformBodyInit as BodyInit,
  PlatformCredentials as RequestCredentials,
  PlatformDisposable,
  PlatformFetch,
  PlatformHeadersInit as HeadersInit,
  PlatformModuleSource,
  PlatformRequestInfo as RequestInfo,
  PlatformRequestInit as RequestInit,
  PlatformResponse as Response,
  PlatformSignal as AbortSignal,
  PlatformURL as URL,
} from './platform.js';

/** A value, or a promise of one. */
export type MaybePromise<T> = T | Promise<T>;

/** What an access token says of itself (RFC 7519 section 4). Nothing in it has been verified: that is the server's business. */
export interface Claims {
  sub?: string;
  /** NumericDate: seconds since the epoch, on the server's clock. */
  exp?: number;
  /** NumericDate: seconds since the epoch, on the server's clock. */
  iat?: number;
  [name: string]: unknown;
}

/** Says who can do something about an error. Stable: nothing is ever renamed. */
export type TokenErrorCode =
  /** An option or an argument is wrong: the message names it, what was found and what is expected. */
  | 'invalid-config'
  /** The session ended, or became another user's, while the call waited; or there is none to refresh. */
  | 'signed-out'
  /** The server refused the credentials; `cause` is its `Response`. */
  | 'login-rejected'
  /** The login endpoint could not be reached, or could not answer now. */
  | 'login-unavailable'
  /** The server, or the lack of a refresh token, ended the session: sign in again. */
  | 'refresh-rejected'
  /** The token cannot be refreshed for now; the session is kept. */
  | 'refresh-unavailable'
  /** An answer, or what was handed in as tokens, holds no token. */
  | 'invalid-response'
  /** The platform lacks something. At creation, neither WebAssembly nor fallback.js can be loaded; in a 'warning', a storage cannot be used. */
  | 'not-supported'
  /** The manager was disposed of, or its module trapped. */
  | 'disposed'
  /** A sign-in by redirect failed; of `evertoken/oauth` only, with a `reason`. */
  | 'sign-in-failed';

interface ErrorOf<Code extends TokenErrorCode> extends Error {
  readonly name: 'TokenError';
  readonly code: Code;
  /** Whether the same call may succeed later with nothing changed here. */
  readonly retryable: boolean;
  /** The HTTP status behind it, if there is one. */
  readonly status?: number;
  /** Milliseconds until the next attempt is allowed. Absent where no pause is needed. */
  readonly retryAfterMs?: number;
  /** What is behind it: another `TokenError`, or what the platform or a refresh function threw. */
  readonly cause?: unknown;
}

/** Belongs to errors that no server's answer caused and that another try does not mend. */
interface Final {
  readonly retryable: false;
  readonly status?: never;
  readonly retryAfterMs?: never;
}

/**
 * Tells what went wrong, by `code`: the one error class of the package.
 *
 * `code` is for programs, `message` for developers. Neither holds a token, a body or a query. Beside it, `fetch`
 * rejects with what the platform's fetch rejects with, and every call with the reason of the caller's own signal.
 */
export type TokenError =
  | (ErrorOf<'invalid-config'> & Final)
  | (ErrorOf<'signed-out'> & Final)
  | (ErrorOf<'login-rejected'> & {
      readonly retryable: false;
      readonly retryAfterMs?: never;
      /** The server's answer, unread, for the reason to show. */
      readonly cause?: Response;
    })
  | ErrorOf<'login-unavailable'>
  | (ErrorOf<'refresh-rejected'> & { readonly retryable: false; readonly retryAfterMs?: never })
  | ErrorOf<'refresh-unavailable'>
  | (ErrorOf<'invalid-response'> & { readonly retryAfterMs?: never })
  | (ErrorOf<'not-supported'> & Final)
  | (ErrorOf<'disposed'> & Final)
  | (ErrorOf<'sign-in-failed'> & Final & { readonly reason?: string });

/** Says what an error of one code may be made with; `message` is the code by default, and `retryable` false. */
export type TokenErrorOptions<Code extends TokenErrorCode> = { message?: string } & Partial<
  Pick<Extract<TokenError, { code: Code }>, 'retryable' | 'status' | 'retryAfterMs' | 'cause'>
>;

export declare const TokenError: {
  /** Makes one, which a refresh function may reject with. */
  new <Code extends TokenErrorCode>(code: Code, options?: TokenErrorOptions<Code>): Extract<TokenError, { code: Code }>;
  readonly prototype: TokenError;
};

/** Holds tokens that the application got by itself, for `setTokens` or from a refresh function. */
export interface TokenSet {
  /** Visible ASCII. Absent only with `accessToken: { in: 'cookie' }`. */
  accessToken?: string;
  /** Left out by a refresh: the one held is kept. */
  refreshToken?: string;
  /** Seconds from now. Comes before the token's own `exp`. */
  expiresIn?: number;
  /** Milliseconds since the epoch. `expiresIn` comes before it; so do `exp` and `iat` in what a refresh function gives. */
  expiresAt?: number;
  /** Seconds from now until the session ends, whatever is refreshed. */
  sessionExpiresIn?: number;
  /** The same in milliseconds since the epoch. */
  sessionExpiresAt?: number;
}

interface SnapshotBase {
  /** A refresh is under way. */
  readonly refreshing: boolean;
  /** The last refresh failed for a passing reason and none has succeeded since. */
  readonly stale: boolean;
  /** The error of the last refresh, until one succeeds. */
  readonly error: TokenError | null;
}

/**
 * Shows the state at one instant: a frozen object, and the same one until something in it changes.
 *
 * `status` is 'unknown' where nobody has asked the server yet whether a cookie is good: the first request, or
 * `getToken()`, does.
 */
export type Snapshot<C extends object = Claims> =
  | (SnapshotBase & { readonly status: 'unknown' | 'signed-out'; readonly expiresAt: null; readonly sessionEndsAt: null; readonly sessionEnding: null; readonly claims: null })
  | (SnapshotBase & {
      readonly status: 'signed-in';
      /** Milliseconds since the epoch, on this machine's clock; null when no end is known. */
      readonly expiresAt: number | null;
      /** Milliseconds since the epoch, on this machine's clock: when the session ends, however often the token is refreshed; null when no end is known. */
      readonly sessionEndsAt: number | null;
      /** Why the session ends, from 'session-ending' on, until `touch()` or activity puts the end off; before it null. */
      readonly sessionEnding: 'idle' | 'lifetime' | null;
      /** The access token's claims; null for an opaque token or one in a cookie. */
      readonly claims: C | null;
    });

/** Names what can be listened to with `on`. */
export type EventType = TokenEvent['type'];

/** Tells of something that happened, in this tab or in another. */
export type TokenEvent =
  /** A session began: `login`, `setTokens`, a silent refresh, or a sign-in in another tab. */
  | { readonly type: 'signed-in' }
  /** A newer token of the same session is here. */
  | { readonly type: 'refreshed' }
  /** A refresh failed for a passing reason; the session is kept. */
  | { readonly type: 'refresh-failed'; readonly error: TokenError }
  /** The session is over. */
  | { readonly type: 'signed-out'; readonly reason: 'logout' | 'refresh-rejected' | 'other-tab' | 'idle' | 'lifetime' }
  /** The session ends soon; `touch()` puts an 'idle' end off. */
  | { readonly type: 'session-ending'; /** Milliseconds since the epoch. */ readonly endsAt: number; readonly cause: 'idle' | 'lifetime' }
  /** A server wants a stronger or a more recent sign-in before it answers (RFC 9470). The answer went to its caller. */
  | {
      readonly type: 'step-up';
      /** Authentication context classes, of which one is wanted. */
      readonly acrValues: string[];
      /** Seconds since the sign-in at most; null where the server did not say. */
      readonly maxAge: number | null;
      readonly scope: string | null;
    }
  /** Another user's session took the place of this one: drop what was loaded for the first. */
  | { readonly type: 'user-changed' }
  /** Something works less well than asked for: a storage that cannot be used, a logout that the server did not confirm. */
  | { readonly type: 'warning'; readonly error: TokenError };

/**
 * Shows when the session ends: what the adapters for React, Vue, Svelte and Angular give. A frozen object, and the same one until
 * something in it changes.
 */
export interface SessionEnd {
  /** Milliseconds since the epoch, on this machine's clock; null when signed out or when no end is known. */
  readonly endsAt: number | null;
  /** Why it ends, in the warning time, which begins with 'session-ending'; before it null. Only an 'idle' end can be put off. */
  readonly ending: 'idle' | 'lifetime' | null;
  /** Whole seconds until the end, in the warning time; before it null. */
  readonly secondsLeft: number | null;
  /** The user is here: `touch()`. */
  readonly stay: (this: void) => void;
}

/** Gives figures for a developer; no secret is among them. */
export interface Inspection {
  /** What runs the core: WebAssembly, or JavaScript where that cannot run. */
  readonly engine: 'wasm' | 'js';
  /** Where the record is kept now; 'memory' after a fall-back. */
  readonly storage: string;
  /** What keeps tabs from refreshing at once; 'none' where they may. */
  readonly lock: 'web-locks' | 'fallback' | 'none';
  /** Refreshes of this manager that succeeded; another tab's are not counted. */
  readonly refreshes: number;
  /** Refreshes of this manager that failed or were refused. */
  readonly refreshFailures: number;
  /** Requests sent a second time. */
  readonly retries: number;
  /** Callers that wait at this instant. */
  readonly waiting: number;
  /** Milliseconds since the epoch; null when none is planned. */
  readonly nextRefreshAt: number | null;
  /** Server's clock minus this machine's, from the last token's `iat`. */
  readonly clockSkewMs: number;
  /** The last error of a refresh, whether or not one has succeeded since. */
  readonly lastError: TokenError | null;
  /** What the browser could not offer: 'storage', 'web-locks'. */
  readonly degraded: readonly string[];
  /** What a developer may wonder about, in words: a request that went without the token to an origin which is nearly an allowed one. */
  readonly hints: readonly string[];
}

/** Names a header against forged requests, which goes to allowed origins and to the endpoints only. */
export type Csrf =
  /** Double-submit: the cookie's value, read anew each time, goes with unsafe requests. Without the cookie there is no header. */
  | { /** The cookie's name. */ cookie: string; /** The header's name. */ header: string; value?: undefined }
  /** A constant header on every request, signed in or not (RFC 10017 section 6.1.3.3.2). */
  | { cookie?: undefined; /** The header's name. */ header: string; /** Visible ASCII. */ value: string };

/** Describes a call to the login, refresh or logout endpoint. */
export interface Endpoint {
  /** Absolute, or relative to `baseUrl`. Default: the preset's. */
  url?: string | URL;
  /** Default 'POST'. */
  method?: string;
  /** Constant headers. Default: none but the body's content type. */
  headers?: HeadersInit;
  /** Whether the access token goes with the call: true sends one, and for a logout fetches one first if the held one has ended. Default: only logout sends one, and only a valid one. */
  authenticate?: boolean;
  /** Default: 'include', so that a cookie can travel; 'same-origin' where `refreshToken` is in body or header and `accessToken` in no cookie. */
  credentials?: RequestCredentials;
  /** Default: 'json' where there is something to send, else 'none'; never with GET. */
  body?: 'json' | 'form' | 'none';
  /** Constant extra fields of the body; the caller's win. Default: none. */
  fields?: Record<string, unknown>;
  /** This call's name for the refresh token, such as RFC 7009's 'token'. Default: that of `refreshToken`. */
  tokenField?: string;
  /** Default: the manager's `csrf`, which null takes away for this call. */
  csrf?: Csrf | null;
}

/** Describes the refresh call. Body 'form' adds `grant_type=refresh_token` and names the field `refresh_token` (RFC 6749 section 6). */
export type RefreshEndpoint = Endpoint;

/** Gives a refresh function what it needs. */
export interface RefreshContext {
  /** Absent where none is held, as with a cookie. */
  readonly refreshToken?: string;
  /** The one to be replaced; it may have ended. */
  readonly accessToken?: string;
  /** Aborted after `timeoutMs`. */
  readonly signal: AbortSignal;
  /** The plain fetch. The manager's own would wait for this very refresh. */
  readonly fetch: PlatformFetch;
}

/** Refreshes in the application's own way. Reject with code 'refresh-rejected', or a `status` of 400, 401, 403, 410 or 422, to end the session; any other rejection is passing. */
export type RefreshFunction = (context: RefreshContext) => Promise<TokenSet>;

/** Keeps the record where the application wants it. If a call fails or takes more than 1.5 seconds, the manager goes on in memory, with a 'warning'; it still sets new records here, as long as it lives. */
export interface CustomStorage {
  /** Gives what was set last, null where nothing is. */
  get(key: string): MaybePromise<string | null>;
  /** Keeps the record, which holds the tokens. */
  set(key: string, value: string): MaybePromise<void>;
  /** Forgets it. */
  remove(key: string): MaybePromise<void>;
}

/** Stands in for the platform's clock, in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since any moment; never goes back. Default: the steps that `now` makes forward. */
  monotonic?(): number;
  /** Calls `f` once, after `ms` milliseconds at the earliest. */
  setTimeout(f: () => void, ms: number): unknown;
  /** Takes back what `setTimeout` gave. */
  clearTimeout(id: unknown): void;
}

/** Names a backend that was recorded; what each preset sets is in the README. */
export type Preset = 'strapi4' | 'strapi5' | 'strapi5-plugin' | 'nestjs' | 'express';

interface Options {
  /** Relative URLs resolve against it; its origin gets the token unless `attachTo` says otherwise. Default: the page's. */
  baseUrl?: string | URL;
  /** Where `login()` sends its body. Default: the preset's, which null takes away, else none. */
  login?: string | URL | Endpoint | null;
  /** Where `logout()` tells the server. Default: the preset's, which null takes away, else none: it signs out here alone. */
  logout?: string | URL | Endpoint | null;
  /** Where the access token travels. Default `{ in: 'header', name: 'Authorization', prefix: 'Bearer ' }`. */
  accessToken?:
    | { in: 'header'; /** Default 'Authorization'. */ name?: string; /** Default 'Bearer '. */ prefix?: string }
    | { in: 'cookie'; /** Seconds, where the application knows it. Default: what the answer says. */ lifetimeSeconds?: number };
  /** How the refresh token travels. Default: in the body if an answer ever brought one, else a cookie. */
  refreshToken?:
    | { in: 'cookie' }
    | { in: 'body'; /** Default 'refreshToken', in a form 'refresh_token'. */ field?: string }
    | { in: 'header'; /** Default 'Authorization'. */ name?: string; /** Default 'Bearer '. */ prefix?: string };
  /** Dotted paths into the answers. Default: the usual names, at the top and under `data`; a path replaces its own search only. */
  response?: {
    /** Leads to the access token. Default: 'accessToken', 'access_token', 'access', 'jwt' or 'token'. */
    accessToken?: string;
    /** Leads to the refresh token. Default: 'refreshToken', 'refresh_token' or 'refresh'. */
    refreshToken?: string;
    /** Leads to the lifetime. Default: 'expiresIn' or 'expires_in'. */
    expiresIn?: string;
    /** Whether that is in seconds or milliseconds. Default 's'. */
    expiresInUnit?: 's' | 'ms';
    /** Leads to ISO 8601, or to seconds since the epoch. Default: none. */
    expiresAt?: string;
    /** Leads to how long the session lasts, in the unit of `expiresIn`. Default: the usual names, in seconds. */
    sessionExpiresIn?: string;
    /** Leads to when the session ends, written as `expiresAt` is. Default: none. */
    sessionExpiresAt?: string;
  };
  /** Replaces `baseUrl`'s origin: exact origins (RFC 6454), each with an optional path prefix that ends at a segment. No wildcards; the empty list gives the token to nobody. Default: that origin. */
  attachTo?: readonly (string | URL)[];
  /** Where the session is kept, tokens included. Default 'memory', which ends with the page. What cannot be used falls back to it with a 'warning'. */
  storage?: 'memory' | 'session' | 'local' | 'indexeddb' | CustomStorage;
  /** Where a session is kept that began with `{ remember: true }`. Default: `storage`. */
  remember?: 'session' | 'local' | 'indexeddb' | CustomStorage;
  /** When a session ends, whatever is refreshed. Default: when the server says. */
  session?: {
    /** Seconds since the sign-in. Default: no end. */
    maxSeconds?: number;
    /** Seconds since the user was last active in any tab. Default: no end. */
    idleSeconds?: number;
    /** Seconds before the end at which 'session-ending' is told; 0 tells nobody. Default 60, at most a third of what there is. */
    warnSeconds?: number;
    /**
     * 'page' takes pointer, key and touch and becoming visible for activity, 'until-warned' the same until 'session-ending', after which only
     * `touch()` counts, and 'manual' only `touch()`. Choose 'until-warned' where a dialogue asks. Default 'page'.
     */
    activity?: 'page' | 'until-warned' | 'manual';
  };
  /** Names a cookie that scripts can read. While it is absent there is no refresh cookie either, and the server is not asked. Default: none. */
  hint?: { cookie: string };
  /** Names the stored record, the lock and the channel. Default 'evertoken'. */
  key?: string;
  /** Seconds before the end at which a refresh is due. Default: a fifth of the lifetime, at most 60; never more than half of it. */
  refreshAheadSeconds?: number;
  /** Refresh by timer before the end. Default 'visible': only while the page is. */
  proactive?: boolean | 'visible';
  /** Which answers mean that the token was refused. A function may read `response.clone()`; one that fails says no, with a 'warning'. Default [401]. */
  unauthorized?: readonly number[] | ((response: Response) => MaybePromise<boolean>);
  /** Milliseconds that one login, refresh or logout call may take. Default 10000. */
  timeoutMs?: number;
  /** A header against forged requests, on the endpoints too. Default: none. */
  csrf?: Csrf;
  /** Share the session, and its refreshes, with other tabs of the same origin and `key`. Default true. */
  crossTab?: boolean;
  /** True says that this process, which has no page, serves one user. Default false: without a page and without a `fetch` of your own, a manager holds nobody's session. */
  singleUser?: boolean;
  /** Default: the platform's. */
  fetch?: PlatformFetch;
  /** Default: the platform's. */
  clock?: Clock;
}

/** Configures a manager. Every field but `refresh` has a default; a preset sets `refresh` as well. */
export type TokenManagerConfig = Options &
  (
    | {
        /** A named starting point, every field of which can be overridden. */
        preset: Preset;
        /** How a new access token is got. Default: the preset's. */
        refresh?: string | URL | RefreshEndpoint | RefreshFunction;
      }
    | {
      preset?: undefined;
      /** How a new access token is got. No default. */
      refresh: string | URL | RefreshEndpoint | RefreshFunction;
    }
  );

/** Manages the tokens of one session. `C` is the type of the access token's claims. */
export interface TokenManager<C extends object = Claims> extends PlatformDisposable {
  /**
   * Fetches, with the access token where the origin is allowed. Bound: hand it to any library that takes a fetch.
   *
   * Signed out it is the plain fetch. An expired token is refreshed first; an `unauthorized` answer is repaired once,
   * unless the body cannot be sent twice. The caller gets a second one, every other status, and a 401 that asks for a stronger sign-in.
   * Rejects with 'refresh-unavailable', 'refresh-rejected', 'signed-out' or 'disposed' where a needed token cannot be had; else like `fetch`.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Gives a valid access token, or null when signed out or with cookie access tokens.
   * The token is good for `minValiditySeconds` more (default 0); if no token lives that long, one refresh is made and its token given.
   * With `refresh: 'never'` nothing is waited for, with 'force' a new token is fetched.
   * Rejects with 'refresh-unavailable', 'refresh-rejected', 'signed-out' or 'disposed'.
   */
  getToken(options?: { minValiditySeconds?: number; refresh?: 'auto' | 'force' | 'never'; signal?: AbortSignal }): Promise<string | null>;
  /** Refreshes now, or joins the refresh under way. Rejects as `getToken` does, with 'signed-out' also where there is nothing to refresh. */
  refresh(options?: { signal?: AbortSignal }): Promise<Snapshot<C>>;
  /**
   * Finds out whether somebody is signed in; an application calls it once, when it starts. If that is known, it resolves at
   * once. If not, it asks the server, and after a passing failure asks again, for as long as the page lives. With
   * `afterSignOut` it asks although the user signed out here, because a server may have begun a session since.
   */
  restore(options?: { signal?: AbortSignal; afterSignOut?: boolean }): Promise<Snapshot<C>>;
  /**
   * Calls the login endpoint and gives the answer's parsed body. An object goes as JSON, or as the endpoint's `body` says.
   * Rejects with 'login-rejected', 'login-unavailable' or 'invalid-response'; with 'signed-out' if a sign-out or a newer
   * sign-in overtook it; with 'invalid-config' if there is no login endpoint, or headers or body cannot be sent.
   * `remember` keeps the session where the configuration's `remember` says.
   */
  login(body: object | BodyInit, options?: { signal?: AbortSignal; headers?: HeadersInit; remember?: boolean }): Promise<unknown>;
  /**
   * Takes tokens that the application got by itself: a sign-in. Rejects with 'invalid-response' what cannot be a token, and
   * with 'invalid-config' a lifetime of the wrong type; the session is kept. `remember` as for `login`.
   */
  setTokens(tokens: TokenSet, options?: { remember?: boolean }): Promise<Snapshot<C>>;
  /** Says that the user is here, which puts the idle end of the session off in all tabs. */
  touch(): void;
  /** Signs out here and in all tabs at once, and then tells the server, unless `local`. If the server does not confirm within `timeoutMs`, there is a 'warning' and no rejection. */
  logout(options?: { signal?: AbortSignal; local?: boolean }): Promise<void>;
  /** The state now. */
  readonly snapshot: Snapshot<C>;
  /** Calls the listener on each change, in a microtask; gives the function that stops it. */
  subscribe(listener: (snapshot: Snapshot<C>) => void): () => void;
  /** Calls the listener on each event of a type, in a microtask; gives the function that stops it. */
  on<T extends EventType>(type: T, listener: (event: Extract<TokenEvent, { type: T }>) => void): () => void;
  /** Gives figures for a developer. */
  inspect(): Inspection;
  /** Ends timers, listeners, channels and locks; whatever waits is rejected with 'disposed'. The session stays where it is stored. */
  dispose(): void;
}

/**
 * Makes a token manager. Rejects with 'invalid-config' or 'not-supported', before anything is sent.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * await auth.login({ identifier: 'alice', password: 'Password1!' });
 * const response = await auth.fetch('/api/posts');
 */
export declare function createTokenManager<C extends object = Claims>(config: TokenManagerConfig): Promise<TokenManager<C>>;

/** Loads the engine; `createTokenManager` does so by itself. Without a source it is the module of this file, or fallback.js where WebAssembly cannot run. Rejects with 'not-supported'; a failed load can be tried again. */
export declare function init(source?: URL | string | PlatformModuleSource): Promise<void>;

/** Decodes a token without checking its signature; null for any other string. After `init()`. */
export declare function decodeJwt(token: string): { header: Record<string, unknown>; claims: Claims } | null;

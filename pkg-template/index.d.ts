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

export type TokenErrorCode =
  | 'invalid-config'
  | 'signed-out'
  | 'login-rejected'
  | 'login-unavailable'
  | 'refresh-rejected'
  | 'refresh-unavailable'
  | 'invalid-response'
  | 'not-supported'
  | 'disposed';

/** The one error class. `code` is stable; messages are for people and hold no token. */
export declare class TokenError extends Error {
  constructor(
    code: TokenErrorCode,
    options?: { message?: string; status?: number; retryable?: boolean; retryAfterMs?: number; cause?: unknown },
  );
  readonly name: 'TokenError';
  readonly code: TokenErrorCode;
  /** Whether the same call may succeed later with nothing changed here. */
  readonly retryable: boolean;
  /** The HTTP status behind it, if there is one. */
  readonly status?: number;
  /** Milliseconds until the next attempt is allowed. */
  readonly retryAfterMs?: number;
  /** What is behind it; with 'login-rejected' the server's `Response`, for the reason to show. */
  readonly cause?: unknown;
}

/** Tokens that the application got by itself. */
export interface TokenSet {
  /** Absent only with `accessToken: { in: 'cookie' }`. */
  accessToken?: string;
  refreshToken?: string;
  /** Seconds from now. */
  expiresIn?: number;
  /** Milliseconds since the epoch. */
  expiresAt?: number;
}

interface SnapshotBase {
  /** A refresh is under way. */
  readonly refreshing: boolean;
  /** The last refresh failed for a passing reason and none has succeeded since. */
  readonly stale: boolean;
  /** The error of the last refresh, until one succeeds. */
  readonly error: TokenError | null;
}

/** The state at one instant: the same object until something in it changes. */
export type Snapshot<C extends object = Claims> =
  | (SnapshotBase & { readonly status: 'unknown' | 'signed-out'; readonly expiresAt: null; readonly claims: null })
  | (SnapshotBase & {
      readonly status: 'signed-in';
      /** Milliseconds since the epoch, on this machine's clock; null when no end is known. */
      readonly expiresAt: number | null;
      /** The access token's claims; null for an opaque token or one in a cookie. */
      readonly claims: C | null;
    });

export type EventType = 'signed-in' | 'refreshed' | 'refresh-failed' | 'signed-out' | 'user-changed' | 'warning';

export type TokenEvent =
  | { readonly type: 'signed-in' | 'refreshed' | 'user-changed' }
  | { readonly type: 'refresh-failed' | 'warning'; readonly error: TokenError }
  | { readonly type: 'signed-out'; readonly reason: 'logout' | 'refresh-rejected' | 'other-tab' };

/** Figures for a developer; no secret is among them. */
export interface Inspection {
  readonly engine: 'wasm' | 'js';
  /** Where the record is kept now; 'memory' after a fall-back. */
  readonly storage: string;
  readonly lock: 'web-locks' | 'fallback' | 'none';
  /** Refreshes of this manager that succeeded. */
  readonly refreshes: number;
  readonly refreshFailures: number;
  /** Requests sent a second time. */
  readonly retries: number;
  /** Callers that wait at this instant. */
  readonly waiting: number;
  /** Milliseconds since the epoch; null when none is planned. */
  readonly nextRefreshAt: number | null;
  /** Server's clock minus this machine's, from the last token's `iat`. */
  readonly clockSkewMs: number;
  readonly lastError: TokenError | null;
  /** What the browser could not offer: 'storage', 'web-locks'. */
  readonly degraded: readonly string[];
}

/** Double-submit cookie: its value goes into the header of unsafe requests. */
export interface Csrf {
  cookie: string;
  header: string;
}

export interface Endpoint {
  /** Absolute, or relative to `baseUrl`. May be left out where a preset has one. */
  url?: string | URL;
  /** Default 'POST'. */
  method?: string;
  headers?: HeadersInit;
  /** Whether the access token goes with the call: true sends one, and for a logout fetches one first if the held one has ended. Default: only logout sends one, and only a valid one. */
  authenticate?: boolean;
  /** Default: 'include' where a cookie carries a token or nothing says what does, else 'same-origin'. */
  credentials?: RequestCredentials;
  /** Default: 'json' where there is something to send, else 'none'; never with GET. */
  body?: 'json' | 'form' | 'none';
  /** Constant extra fields of the body; the caller's win. */
  fields?: Record<string, unknown>;
  /** This call's name for the refresh token, such as RFC 7009's 'token'. */
  tokenField?: string;
  /** Replaces the manager's `csrf` for this call; null takes it away. */
  csrf?: Csrf | null;
}

/** Body 'form' adds `grant_type=refresh_token` (RFC 6749 section 6). */
export type RefreshEndpoint = Endpoint;

export interface RefreshContext {
  readonly refreshToken?: string;
  readonly accessToken?: string;
  /** Aborted after `timeoutMs`. */
  readonly signal: AbortSignal;
  /** The plain fetch. The manager's own would wait for this very refresh. */
  readonly fetch: typeof fetch;
}

/** A refresh of your own. Reject with code 'refresh-rejected', or a `status` of 400, 401, 403, 410 or 422, to end the session; any other rejection is passing. */
export type RefreshFunction = (context: RefreshContext) => Promise<TokenSet>;

export interface CustomStorage {
  get(key: string): MaybePromise<string | null>;
  set(key: string, value: string): MaybePromise<void>;
  remove(key: string): MaybePromise<void>;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(f: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

export type Preset = 'strapi4' | 'strapi5' | 'strapi5-plugin' | 'nestjs' | 'express';

interface Options {
  /** Relative URLs resolve against it; its origin gets the token unless `attachTo` says otherwise. Default: the page's. */
  baseUrl?: string | URL;
  login?: string | URL | Endpoint | null;
  logout?: string | URL | Endpoint | null;
  /** Where the access token travels. Default `{ in: 'header', name: 'Authorization', prefix: 'Bearer ' }`. */
  accessToken?:
    | { in: 'header'; name?: string; prefix?: string }
    | { in: 'cookie'; /** Seconds, where the application knows it. */ lifetimeSeconds?: number };
  /** How the refresh token travels. Default: in the body if an answer ever brought one, else a cookie. */
  refreshToken?:
    | { in: 'cookie' }
    | { in: 'body'; /** Default 'refreshToken', in a form 'refresh_token'. */ field?: string }
    | { in: 'header'; name?: string; prefix?: string };
  /** Dotted paths into the answers, where the usual names do not fit. */
  response?: {
    accessToken?: string;
    refreshToken?: string;
    expiresIn?: string;
    /** Default 's'. */
    expiresInUnit?: 's' | 'ms';
    /** Leads to ISO 8601, or to seconds since the epoch. */
    expiresAt?: string;
  };
  /** Replaces `baseUrl`'s origin: exact origins, each with an optional path prefix that ends at a segment. */
  attachTo?: readonly (string | URL)[];
  /** Where the session is kept. Default 'memory'. */
  storage?: 'memory' | 'session' | 'local' | 'indexeddb' | CustomStorage;
  /** Names the stored record, the lock and the channel. Default 'evertoken'. */
  key?: string;
  /** Seconds before the end at which a refresh is due. Default: a fifth of the lifetime, at most 60; never more than half of it. */
  refreshAheadSeconds?: number;
  /** Refresh by timer before the end. Default 'visible': only while the page is. */
  proactive?: boolean | 'visible';
  /** Which answers mean that the token was refused. Default [401]. */
  unauthorized?: readonly number[] | ((response: Response) => boolean);
  /** Milliseconds that one login, refresh or logout call may take. Default 10000. */
  timeoutMs?: number;
  /** Double-submit on unsafe methods and on the endpoints. */
  csrf?: Csrf;
  /** Share the session with other tabs of the same `key`. Default true. */
  crossTab?: boolean;
  /** Default: the platform's. */
  fetch?: typeof fetch;
  /** Default: the platform's. */
  clock?: Clock;
}

export type TokenManagerConfig = Options &
  (
    | {
        /** A named starting point, every field of which can be overridden. */
        preset: Preset;
        refresh?: string | URL | RefreshEndpoint | RefreshFunction;
      }
    | { preset?: undefined; refresh: string | URL | RefreshEndpoint | RefreshFunction }
  );

export interface TokenManager<C extends object = Claims> {
  /**
   * `fetch` with the access token on allowed origins. Bound: hand it to any library that takes a fetch.
   * Rejects with 'refresh-unavailable', 'refresh-rejected', 'signed-out' or 'disposed' where a needed token cannot be had; else like `fetch`.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Gives a valid access token, or null when signed out or with cookie access tokens.
   * `minValiditySeconds` (default 0) wants so much left; `refresh: 'never'` waits for nothing, 'force' wants a new one.
   */
  getToken(options?: { minValiditySeconds?: number; refresh?: 'auto' | 'force' | 'never'; signal?: AbortSignal }): Promise<string | null>;
  /** Refreshes now, or joins the refresh under way. */
  refresh(options?: { signal?: AbortSignal }): Promise<Snapshot<C>>;
  /** Calls the login endpoint and gives the answer's parsed body. Rejects with 'login-rejected', 'login-unavailable' or 'invalid-response'. */
  login(body: object | BodyInit, options?: { signal?: AbortSignal; headers?: HeadersInit }): Promise<unknown>;
  /** Takes tokens that the application got by itself. Rejects with 'invalid-response' what cannot be a token. */
  setTokens(tokens: TokenSet): Promise<Snapshot<C>>;
  /** Signs out: here at once, in all tabs, then at the server unless `local`. */
  logout(options?: { signal?: AbortSignal; local?: boolean }): Promise<void>;
  readonly snapshot: Snapshot<C>;
  /** Calls the listener on each change; gives the function that stops it. */
  subscribe(listener: (snapshot: Snapshot<C>) => void): () => void;
  on<T extends EventType>(type: T, listener: (event: Extract<TokenEvent, { type: T }> & { type: T }) => void): () => void;
  inspect(): Inspection;
  /** Ends timers, listeners, channels and locks; whatever waits is rejected with 'disposed'. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Makes a token manager. Rejects with 'invalid-config' or 'not-supported'. */
export declare function createTokenManager<C extends object = Claims>(config: TokenManagerConfig): Promise<TokenManager<C>>;

/** Loads the WebAssembly module; `createTokenManager` does so by itself. A failed load can be tried again. */
export declare function init(source?: URL | string | BufferSource | WebAssembly.Module | Response): Promise<void>;

/** Decodes a token without checking its signature; null for any other string. After `init()`. */
export declare function decodeJwt(token: string): { header: Record<string, unknown>; claims: Claims } | null;

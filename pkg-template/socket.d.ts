import type { TokenManager } from './index.js';
import type { PlatformMessageEvent, PlatformSignal, PlatformURL, PlatformWebSocket } from './platform.js';

/** Names the states of a connection; 'waiting' is between two attempts. */
export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'closed';

/** Why a connection ended for good. */
export type Closed =
  /** By `close()` or the signal. */
  | { readonly reason: 'closed'; readonly error?: undefined }
  /** There is no session, or none any more; `error` says more where a token was asked for. */
  | { readonly reason: 'signed-out'; readonly error?: unknown }
  /** The manager was disposed of: noticed within a second. */
  | { readonly reason: 'disposed'; readonly error?: unknown }
  /** Trying again makes no sense: the server answered with something else, or something was thrown while connecting. */
  | { readonly reason: 'failed'; readonly error: unknown };

/** Configures how a connection is kept. */
export interface ConnectionOptions {
  /** Milliseconds within which the first attempt after a failure comes; doubled with each further one. Default 1000. */
  baseMs?: number;
  /** Milliseconds that are waited at most, unless the server asked for more. Default 60000. */
  capMs?: number;
  /** Closes the connection. */
  signal?: PlatformSignal;
  /** Is called with each new state. */
  onState?: (state: ConnectionState) => void;
}

/** Holds a connection that is made again when it ends. */
export interface Connection {
  /** Ends it for good. */
  close(this: void): void;
  /** Settles when it has ended for good, and never rejects. */
  readonly closed: Promise<Closed>;
}

/** Gives one attempt what it needs. */
export interface Attempt {
  /** Valid now; null with access tokens in a cookie. */
  readonly token: string | null;
  /** Aborted when the connection has to end. */
  readonly signal: PlatformSignal;
  /** To be called when the connection is there. */
  readonly opened: () => void;
  /** To be called whenever the server says something: the next failure counts as the first then. */
  readonly alive: () => void;
}

/** Tells how an attempt ended. */
export interface AttemptEnd {
  /** Milliseconds until the next one at least. */
  delayMs?: number;
  /** The server refused the token. The next attempt has another: one that came meanwhile, or that of one refresh. */
  unauthorized?: boolean;
}

/**
 * Keeps a connection of any kind, such as polling: asks for a valid token and calls `connect`, again and again.
 *
 * Between two attempts is a random time from 250 ms to `baseMs`, doubled with each failure up to `capMs` (full jitter),
 * and no less than the manager's `retryAfterMs`. It ends when the session does, when the manager is disposed of, and
 * when `connect` rejects. Where another user signs in, it is made anew at once.
 *
 * @param connect settles when the connection has ended, and at once when its signal aborts
 */
export declare function reconnect<C extends object>(
  auth: TokenManager<C>,
  connect: (attempt: Attempt) => Promise<AttemptEnd>,
  options?: ConnectionOptions,
): Connection;

/** Configures a WebSocket. */
export interface SocketOptions extends ConnectionOptions {
  /** Subprotocols, or what makes them of the token. */
  protocols?: string | string[] | ((token: string | null) => string | string[]);
  /** Is called on each open connection, to send the token where the server wants it as a message. */
  onOpen?: (socket: PlatformWebSocket, token: string | null) => void;
  /** Is called with each message. */
  onMessage?: (event: PlatformMessageEvent) => void;
  /** Close codes that mean that the token was refused. Default [3000, 4401]. A refused handshake cannot be told from a network that is down. */
  unauthorized?: readonly number[];
}

/** Holds a WebSocket that is made again when it closes. */
export interface SocketConnection extends Connection {
  /** Sends, and says whether there was an open connection to send on. */
  send(this: void, data: Parameters<PlatformWebSocket['send']>[0]): boolean;
}

/**
 * Keeps a WebSocket, and gets a valid token for each connection.
 *
 * The token goes nowhere by itself: `onOpen` sends it, or `protocols` has it. It is in the URL only if `url` is a function
 * that puts it there, where servers and proxies log it.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { openSocket } from 'evertoken/socket';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * const socket = openSocket(auth, 'wss://api.example.com/live', {
 *   onOpen: (socket, token) => socket.send(JSON.stringify({ token })),
 *   onMessage: ({ data }) => console.log(data),
 * });
 * const { reason } = await socket.closed;
 */
export declare function openSocket<C extends object>(
  auth: TokenManager<C>,
  url: string | PlatformURL | ((token: string | null) => string | PlatformURL),
  options?: SocketOptions,
): SocketConnection;

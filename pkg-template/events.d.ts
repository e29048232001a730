import type { TokenManager } from './index.js';
import type { PlatformCredentials, PlatformHeadersInit, PlatformURL } from './platform.js';
import type { Connection, ConnectionOptions } from './socket.js';

/** Holds one server-sent event. */
export interface ServerSentEvent {
  /** 'message' unless the server named another. */
  readonly type: string;
  readonly data: string;
  /** Sent along when the stream is asked for again. */
  readonly lastEventId: string;
}

/** Configures a stream of server-sent events. */
export interface EventsOptions extends ConnectionOptions {
  /** Further headers. */
  headers?: PlatformHeadersInit;
  /** Default: as the manager's `fetch` has it. */
  credentials?: PlatformCredentials;
  /** Is called with each event. */
  onMessage?: (event: ServerSentEvent) => void;
}

/**
 * Keeps a stream of server-sent events, asked for with the manager's `fetch`: the token is in the header.
 *
 * It is asked for again when it ends, after the time that the server's `retry` or `Retry-After` wants and no sooner than
 * the back-off. A server of another origin that gives its events an `id` has to allow the header Last-Event-ID. A status
 * other than 200, 408, 425, 429 and 5xx, or another content type, ends it as 'failed'.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { openEvents } from 'evertoken/events';
 *
 * const auth = await createTokenManager({ preset: 'strapi4' });
 * const events = openEvents(auth, '/api/events', { onMessage: ({ type, data }) => console.log(type, data) });
 * const { reason } = await events.closed;
 */
export declare function openEvents<C extends object>(
  auth: TokenManager<C>,
  url: string | PlatformURL,
  options?: EventsOptions,
): Connection;

/**
 * The platform's own types where a project has them (the DOM's, or those of Node.js, Bun, Deno or Workers), and the
 * little that is needed of them where it has not. A project names no library for this.
 */

/** The type of a global's instances; `Else` where there is no such global. */
type Instance<Name extends string, Else> = typeof globalThis extends { [K in Name]: { prototype: infer T } } ? T : Else;

/** What the platform's `fetch` gives, and takes. Of what a runtime declares as a class this alone tells. */
type Answer<Else> = typeof globalThis extends { fetch: (...parameters: never[]) => Promise<infer T> } ? T : Else;
type Parameter<N extends 0 | 1, Else> = typeof globalThis extends { fetch: (...parameters: infer P) => unknown } ? (P extends readonly [] ? Else : P extends { [K in N]?: infer T } ? Exclude<T, undefined> : Else) : Else;

type SignalOf<Init> = Init extends { signal?: infer T } ? Exclude<T, undefined | null> : MinimalSignal;
type Or<T, Else> = [T] extends [never] ? Else : T;

/** An answer, where the platform's types have none. */
export interface MinimalResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}
/** A request's options, where the platform's types have none. */
export interface MinimalRequestInit {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: PlatformSignal | null;
}
/** A signal, where the platform's types have none. */
export interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
}
/** A URL, where the platform's types have none. */
export interface MinimalURL {
  readonly href: string;
}

export type PlatformResponse = Answer<MinimalResponse>;
export type PlatformURL = Instance<'URL', Or<Extract<Parameter<0, MinimalURL>, { readonly href: string }>, MinimalURL>>;
export type PlatformSignal = Instance<'AbortSignal', SignalOf<Parameter<1, unknown>>>;
export type PlatformRequestInit = Parameter<1, MinimalRequestInit>;
export type PlatformRequestInfo = Parameter<0, string> | Instance<'Request', never> | PlatformURL | string;
export type PlatformHeadersInit = PlatformRequestInit extends { headers?: infer T } ? Exclude<T, undefined> : Record<string, string>;
export type PlatformBodyInit = PlatformRequestInit extends { body?: infer T } ? Exclude<T, undefined | null> : unknown;
export type PlatformCredentials = 'omit' | 'same-origin' | 'include';
export type PlatformFetch = (input: PlatformRequestInfo, init?: PlatformRequestInit) => Promise<PlatformResponse>;
export type PlatformModuleSource = ArrayBuffer | ArrayBufferView | Instance<'Response', never> | object;
/** The member of what can be disposed of, where the platform has a symbol for it. */
export type PlatformDisposable = typeof Symbol extends { readonly dispose: infer S extends symbol } ? { [K in S]: () => void } : object;
/** What a WebSocket tells. */
export type PlatformMessageEvent = Omit<Instance<'MessageEvent', object>, 'data'> & { readonly data: unknown };
export type PlatformWebSocket = Instance<'WebSocket', { readonly readyState: number; send(data: string): void; close(code?: number, reason?: string): void }>;

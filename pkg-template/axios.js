import { SEND, absolute, gone, redirects, verdict } from './send.js';

/**
 * @typedef {import('./index.js').TokenManager<object>} TokenManager
 * @typedef {import('axios').InternalAxiosRequestConfig} Config
 * @typedef {NonNullable<Config['adapter']>} Adapter
 * @typedef {import('axios').AxiosResponse} Outcome
 *
 * What is attached to an instance, the last of it at work, and what was there
 * before.
 * @typedef {{ adapter: import('axios').AxiosAdapter, before: Adapter | undefined, attached: Map<TokenManager, Set<object>> }} State
 */

/** @type {WeakMap<object, State>} */
const instances = new WeakMap();
/**
 * What sends for each adapter that is made here: another instance may have
 * been made of one that is attached.
 * @type {WeakMap<object, Adapter>}
 */
const originals = new WeakMap();

/**
 * Puts a manager's tokens on what an instance sends; see axios.d.ts.
 * @param {import('axios').AxiosInstance} instance
 * @param {TokenManager} auth
 */
export function attach(instance, auth) {
  let state = instances.get(instance);
  // An application that put another adapter in the place of this one wants it, and may
  // have wrapped this one, which only sends from then on.
  if (instance.defaults.adapter !== state?.adapter) {
    state?.attached.clear();
    state = undefined;
  }
  if (!state) instances.set(instance, (state = installed(instance)));
  const { attached } = state;
  // Attached again it is the last.
  const handles = attached.get(auth) ?? new Set();
  const handle = {};
  attached.delete(auth);
  attached.set(auth, handles.add(handle));
  return () => {
    handles.delete(handle);
    if (handles.size || attached.get(auth) !== handles) return;
    attached.delete(auth);
    if (attached.size || instances.get(instance) !== state) return;
    instances.delete(instance);
    if (instance.defaults.adapter === state.adapter) instance.defaults.adapter = state.before;
  };
}

/**
 * Puts an adapter into an instance that asks the last manager attached.
 * @param {import('axios').AxiosInstance} instance
 * @returns {State}
 */
function installed(instance) {
  // An instance that only sends: the interceptors and transforms of the first
  // run once for each request, however often it is sent.
  const bare = instance.create();
  const { defaults } = bare;
  const before = /** @type {Adapter} */ (instance.defaults.adapter);
  const original = originals.get(/** @type {object} */ (before)) ?? before;
  /** @type {State['attached']} */
  const attached = new Map();
  defaults.headers = /** @type {typeof defaults.headers} */ ({});
  delete defaults.baseURL;
  delete defaults.params;

  /** @type {import('axios').AxiosAdapter} */
  const adapter = (config) => request({ instance, bare, original, auth: [...attached.keys()].at(-1) }, config);
  originals.set(adapter, original);
  instance.defaults.adapter = adapter;
  return { adapter, before, attached };
}

/**
 * @param {{ instance: import('axios').AxiosInstance, bare: import('axios').AxiosInstance, original: Adapter, auth: TokenManager | undefined }} parts
 * @param {Config} config
 * @returns {Promise<any>} an answer: `judged` has been called where nothing was thrown
 */
async function request({ instance, bare, original, auth }, config) {
  /** @type {Promise<Outcome> | undefined} */
  let last;
  /** @type {Record<string, string>} */
  const own = {};
  for (const [name, value] of Object.entries(config.headers)) if (value != null && value !== false) own[name] = value;

  /** @type {(url: string, options: import('./send.js').Licence) => Promise<Outcome>} */
  function send(url, { headers, credentials, redirect }) {
    const manual = redirect === 'manual';
    // Before version 1 there is no adapter but XMLHttpRequest.
    if (manual && typeof original === 'function') return Promise.reject(redirects());
    putAway(last);
    const sent = bare.request({
      ...config,
      ...(manual && { fetchOptions: { ...config.fetchOptions, redirect } }),
      adapter: manual ? 'fetch' : original,
      url,
      baseURL: undefined,
      params: undefined,
      headers: headers instanceof Headers ? Object.fromEntries(headers) : /** @type {Record<string, string>} */ (headers),
      withCredentials: credentials ? credentials === 'include' : config.withCredentials,
      transformRequest: [],
      transformResponse: [],
    });
    // What the caller sees is the request that the caller made.
    /**
     * @template {{ config?: object, response?: { config: object } }} T
     * @param {T} outcome an answer, or an error of axios
     */
    const mine = (outcome) => {
      if (outcome.response) outcome.response.config = config;
      outcome.config = config;
      return outcome;
    };
    last = sent.then(mine, (error) => Promise.reject(mine(error)));
    return last;
  }

  /** @type {typeof send extends (...given: infer P) => unknown ? (...given: P) => Promise<Response> : never} */
  async function judged(url, options) {
    const sent = send(url, options);
    // Version 0.27 calls the XMLHttpRequest of a network error its response.
    const { status, headers } = await sent.catch(({ response }) => (response?.headers ? response : sent));
    return verdict(status, Object.entries(headers).filter(([, value]) => typeof value === 'string'));
  }

  const url = absolute(instance.getUri(config));
  if (!auth) return send(url, { headers: own });
  const over = gone(auth);
  try {
    await auth.fetch(url, /** @type {RequestInit} */ ({
      method: config.method,
      headers: own,
      ...(config.withCredentials && { credentials: 'include' }),
      ...(!lasts(config.data) && { body: new ReadableStream(), duplex: 'half' }),
      signal: signalOf(config),
      [SEND]: judged,
    }));
  } catch (error) {
    // What axios tells of its own sending is the caller's.
    if (/** @type {{ config?: Config } | undefined} */ (error)?.config !== config) putAway(last);
    if (await over(error)) return send(url, { headers: own });
    throw error;
  }
  return last;
}

/** What can be sent twice, beside a text and a view. */
const LASTING = ['Blob', 'File', 'FormData', 'URLSearchParams', 'ArrayBuffer'];

/**
 * Whether a body is still there once it has been sent. The package form-data
 * calls itself FormData, and is a stream.
 * @param {any} data
 */
const lasts = (data) =>
  data == null ||
  typeof data === 'string' ||
  ArrayBuffer.isView(data) ||
  (LASTING.includes(Object.prototype.toString.call(data).slice(8, -1)) && typeof data.pipe !== 'function');

/**
 * Lets go of the answer that nobody gets: an answer as a stream keeps its
 * connection until it has been read.
 * @param {Promise<Outcome> | undefined} sent
 */
function putAway(sent) {
  /** @type {(outcome: Outcome) => unknown} */
  const away = ({ data }) => {
    if (data?.cancel) return data.cancel();
    return data?.destroy?.();
  };
  sent?.then(away, ({ response }) => response && away(response)).catch(() => {});
}

/**
 * What ends the wait for a token; axios makes an error of its own of it.
 * @param {Config} config
 */
function signalOf({ signal, cancelToken }) {
  if (!cancelToken) return /** @type {AbortSignal | undefined} */ (signal);
  const both = new AbortController();
  const abort = () => both.abort();
  cancelToken.promise.then(abort);
  /** @type {AbortSignal | undefined} */ (signal)?.addEventListener('abort', abort, { once: true });
  return both.signal;
}

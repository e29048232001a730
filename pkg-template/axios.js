import { SEND, absolute, redirects, verdict } from './send.js';

/** Puts a manager's tokens on what an instance sends; see axios.d.ts. */
export function attach(instance, auth) {
  // An instance that only sends: the interceptors and transforms of the first
  // run once for each request, however often it is sent.
  const bare = instance.create();
  const { defaults } = bare;
  const original = instance.defaults.adapter;
  defaults.headers = {};
  delete defaults.baseURL;
  delete defaults.params;

  async function adapter(config) {
    let last;
    const own = {};
    for (const [name, value] of Object.entries(config.headers)) if (value != null && value !== false) own[name] = value;

    async function send(url, { headers, credentials, redirect }) {
      const manual = redirect === 'manual';
      // Before version 1 there is no adapter but XMLHttpRequest.
      if (manual && typeof original === 'function') throw redirects();
      last = bare.request({
        ...config,
        ...(manual && { fetchOptions: { ...config.fetchOptions, redirect } }),
        adapter: manual ? 'fetch' : original,
        url,
        baseURL: undefined,
        params: undefined,
        headers: headers instanceof Headers ? Object.fromEntries(headers) : headers,
        withCredentials: credentials ? credentials === 'include' : config.withCredentials,
        transformRequest: [],
        transformResponse: [],
      });
      // What the caller sees is the request that the caller made.
      const mine = (outcome) => {
        if (outcome.response) outcome.response.config = config;
        outcome.config = config;
        return outcome;
      };
      last = last.then(mine, (error) => Promise.reject(mine(error)));
      // Version 0.27 calls the XMLHttpRequest of a network error its response.
      const { status, headers: answered } = await last.catch(({ response }) => (response?.headers ? response : last));
      return verdict(status, Object.entries(answered).filter(([, value]) => typeof value === 'string'));
    }

    await auth.fetch(absolute(instance.getUri(config)), {
      method: config.method,
      headers: own,
      ...(config.withCredentials && { credentials: 'include' }),
      ...(streams(config.data) && { body: new ReadableStream() }),
      signal: signalOf(config),
      [SEND]: send,
    });
    return last;
  }

  instance.defaults.adapter = adapter;
  return () => {
    if (instance.defaults.adapter === adapter) instance.defaults.adapter = original;
  };
}

/** Whether a body is gone once it has been sent. */
const streams = (data) => data instanceof ReadableStream || typeof data?.pipe === 'function';

/** What ends the wait for a token; axios makes an error of its own of it. */
function signalOf({ signal, cancelToken }) {
  if (!cancelToken) return signal;
  const both = new AbortController();
  const abort = () => both.abort();
  cancelToken.promise.then(abort);
  signal?.addEventListener('abort', abort, { once: true });
  return both.signal;
}

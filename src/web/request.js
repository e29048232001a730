// The path of a request. It looks at the pass that the core issued; only when
// the pass does not say enough is the core asked.

import { abortable } from './abort.js';
import { DELIVER, GO, REFUSED } from './ask.js';
import { cookie } from './call.js';
import { Input, Query } from './engine.js';

/** After these characters nothing can change whose origin a URL has. */
const ROOTED = /^\/(?:[^/\\\t\n\r]|$)/;
/** URLs of which it is remembered that the token may go there. */
const REMEMBERED = 1000;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function isPlain(object) {
  return Object.getPrototypeOf(object) === Object.prototype;
}

function isRequest(input) {
  return typeof input?.clone === 'function';
}

/**
 * Makes the bound fetch of a manager.
 * @param host the manager's host
 * @param transport the fetch that really sends
 * @param config the application's configuration
 */
export function makeFetch(host, transport, config) {
  const { waiting } = host;
  const { access, base, places, csrf } = host.settings;
  const header = access?.name;
  // Those that are good as a whole.
  const origins = places.filter(({ pathname }) => pathname === '/').map(({ origin }) => origin);
  const name = header?.toLowerCase();
  // A browser takes Authorization off a redirect to another origin, and no
  // other header.
  const manual = header !== undefined && name !== 'authorization';
  const root = base && new URL(base).origin;
  const allowed = new Set(origins);
  const rooted = allowed.has(root) ? root : undefined;
  /** What the core admitted, as it was given and as an absolute URL. It is
   * asked once for each: what may have the token does not change. */
  const admitted = new Map();
  const unauthorized = config.unauthorized ?? [401];
  const refused =
    typeof unauthorized === 'function' ? unauthorized : (response) => unauthorized.includes(response.status);

  /** The absolute URL if the token may go there, found without parsing and,
   * however many origins are allowed, without looking through them. */
  function known(input) {
    if (rooted !== undefined && ROOTED.test(input)) return rooted + input;
    const end = input.indexOf('/', input.indexOf('//') + 2);
    return end > 0 && allowed.has(input.slice(0, end)) ? input : admitted.get(input);
  }

  function admit(input, target) {
    if (admitted.size >= REMEMBERED) admitted.clear();
    admitted.set(input, target);
  }

  /** A copy of the caller's options with what the pass adds. */
  function licensed(init, pass) {
    const own = { ...init };
    if (header === undefined) own.credentials ??= 'include';
    else own.headers = headersWith(own.headers, pass);
    if (manual && (own.redirect ?? 'follow') === 'follow') own.redirect = 'manual';
    return protect(own);
  }

  /** The CSRF value of an unsafe request; its cookie is read anew. */
  function guard(method) {
    return csrf && !SAFE.has((method ?? 'GET').toUpperCase()) && cookie(csrf.cookie);
  }

  function protect(own) {
    const value = guard(own.method);
    if (!value) return own;
    const headers = new Headers(own.headers);
    headers.set(csrf.header, value);
    return { ...own, headers };
  }

  function headersWith(headers, pass) {
    if (headers == null || isPlain(headers)) {
      const own = {};
      for (const key in headers) if (key.toLowerCase() !== name) own[key] = headers[key];
      own[header] = pass.value;
      return own;
    }
    const own = new Headers(headers);
    own.set(header, pass.value);
    return own;
  }

  /** Sends a Request of our own with what the pass adds. It is changed in
   * place: made anew with options it would lose its referrer. */
  function licensedRequest(request, pass, ownCredentials) {
    if (pass && header !== undefined) request.headers.set(header, pass.value);
    const value = guard(request.method);
    if (value) request.headers.set(csrf.header, value);
    const options = {};
    if (pass && header === undefined && !ownCredentials && request.credentials === 'same-origin') {
      options.credentials = 'include';
    }
    if (pass && manual && request.redirect === 'follow') options.redirect = 'manual';
    if (!Object.keys(options).length) return transport(request);
    const { referrer, referrerPolicy } = request;
    return transport(request, { ...options, ...(referrer !== 'about:client' && { referrer }), referrerPolicy });
  }

  /** A sender for a call whose URL is allowed: sends with a pass or without,
   * and again if the body can be sent again. */
  function senderOf(input, init) {
    const signal = init?.signal ?? input.signal;
    const body = init?.body;
    const again = !(body instanceof ReadableStream);
    if (isRequest(input) || body instanceof FormData || (init && !isPlain(init))) {
      // fetch(input, init) is fetch(new Request(input, init)). The caller's
      // own is left as it is, the second copy is made before anybody reads
      // the first, and a form has the same boundary in both.
      const own = isRequest(input) ? input.clone() : input;
      let next = init || own === input ? new Request(own, init) : own;
      const ownCredentials = init?.credentials !== undefined;
      return {
        signal,
        again,
        send(pass) {
          const request = next;
          next = again ? request.clone() : undefined;
          return licensedRequest(request, pass, ownCredentials);
        },
      };
    }
    const options = { ...init };
    if (body instanceof URLSearchParams) options.body = new URLSearchParams(body);
    else if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
      options.body = new Uint8Array(body.buffer ?? body, body.byteOffset, body.byteLength).slice();
    }
    const { headers } = options;
    if (headers) options.headers = isPlain(headers) ? { ...headers } : new Headers(headers);
    return { signal, again, send: (pass) => transport(input, pass ? licensed(options, pass) : protect({ ...options })) };
  }

  async function asked(sender) {
    const { signal } = sender;
    signal?.throwIfAborted();
    while (host.hold) await abortable(host.hold, signal);
    let reply;
    waiting.count++;
    try {
      reply = await waiting.apply(signal);
    } finally {
      waiting.count--;
    }
    const pass = reply === GO ? host.pass : undefined;
    const response = await sender.send(pass);
    return !pass || accepted(pass, response) ? response : repaired(sender, pass, response);
  }

  /** Whether the answer to a request that went with a pass is the caller's. */
  function accepted(pass, response) {
    if (refused(response)) return false;
    pass.worked = true;
    return true;
  }

  /** Sends once more what was refused, if that can help. */
  async function repaired(sender, pass, response) {
    const { signal } = sender;
    while (host.hold) await abortable(host.hold, signal);
    let reply = host.enter(Input.Ask, REFUSED, pass.serial, pass.party, pass.worked ? '' : undefined);
    if (reply === DELIVER || !sender.again) return response;
    try {
      reply = await waiting.settle(reply, REFUSED, signal);
    } finally {
      response.body?.cancel().catch(() => {});
    }
    host.retries++;
    const next = reply === GO ? host.pass : undefined;
    const second = await sender.send(next);
    if (next) accepted(next, second);
    return second;
  }

  return function fetch(input, init) {
    try {
      const { pass } = host;
      let target = typeof input === 'string' ? known(input) : undefined;
      if (target !== undefined) {
        const now = host.now();
        const plain = init == null || (isPlain(init) && (init.body == null || typeof init.body === 'string'));
        if (pass !== undefined && plain && now < pass.until && now >= pass.since) {
          const options = licensed(init, pass);
          // What was sent is a copy already; only the pass will be new.
          return transport(target, options).then((response) =>
            accepted(pass, response) ? response : repaired(senderOf(target, options), pass, response),
          );
        }
        host.check();
      } else {
        host.check();
        const request = isRequest(input);
        const url = new URL(request ? input.url : input, base);
        target = request ? input : url.href;
        if (!host.engine.query(Query.Admits, 0, url)) return transport(target, init);
        if (typeof input === 'string') admit(input, target);
      }
      return asked(senderOf(target, init));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

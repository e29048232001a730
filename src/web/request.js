// The path of a request. It looks at the pass that the core issued; only when
// the pass does not say enough is the core asked.

import { cookie } from './call.js';
import { Input, Query } from './engine.js';
import { abortable } from './host.js';

const REQUEST = 0;
const REFUSED = 1;

/** After these characters nothing can change whose origin a URL has. */
const ROOTED = /^\/(?:[^/\\\t\n\r]|$)/;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function isPlain(object) {
  return Object.getPrototypeOf(object) === Object.prototype;
}

/**
 * Makes the bound fetch of a manager.
 * @param host the manager's host
 * @param transport the fetch that really sends
 * @param config the application's configuration
 */
export function makeFetch(host, transport, config) {
  const { header, base, origins } = JSON.parse(host.engine.query(Query.RequestPath, 0));
  const name = header?.toLowerCase();
  // A browser takes Authorization off a redirect to another origin, and no
  // other header.
  const manual = header !== undefined && name !== 'authorization';
  const rooted = base && origins.includes(new URL(base).origin) ? new URL(base).origin : undefined;
  const starts = origins.map((origin) => `${origin}/`);
  const unauthorized = config.unauthorized ?? [401];
  const refused =
    typeof unauthorized === 'function' ? unauthorized : (response) => unauthorized.includes(response.status);
  const csrf = config.csrf && [config.csrf.cookie, config.csrf.header];

  /** The absolute URL if the token may go there, found without parsing. */
  function known(input) {
    if (rooted !== undefined && ROOTED.test(input)) return rooted + input;
    for (const start of starts) if (input.startsWith(start)) return input;
    return undefined;
  }

  /** A copy of the caller's options with what the pass adds. */
  function licensed(init, pass) {
    const own = init ? { ...init } : {};
    if (header === undefined) own.credentials ??= 'include';
    else own.headers = headersWith(own.headers, pass);
    if (manual && (own.redirect ?? 'follow') === 'follow') own.redirect = 'manual';
    return protect(own);
  }

  /** Adds the CSRF header to an unsafe request; its cookie is read anew. */
  function protect(own) {
    if (!csrf || SAFE.has((own.method ?? 'GET').toUpperCase())) return own;
    const token = cookie(csrf[0]);
    if (!token) return own;
    const headers = new Headers(own.headers);
    headers.set(csrf[1], token);
    return { ...own, headers };
  }

  function headersWith(headers, pass) {
    if (headers === undefined || headers === null) return { [header]: pass.value };
    if (isPlain(headers)) {
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
    const token = csrf && !SAFE.has(request.method) && cookie(csrf[0]);
    if (token) request.headers.set(csrf[1], token);
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
  function senderOf(input, init, url) {
    if (typeof input === 'object' && 'clone' in input) {
      // fetch(request, init) is fetch(new Request(request, init)). The
      // caller's own is left as it is, and the second copy is made before
      // anybody reads the first.
      let next = init ? new Request(input.clone(), init) : input.clone();
      const ownCredentials = init?.credentials !== undefined;
      return {
        signal: init?.signal ?? input.signal,
        again: !(init?.body instanceof ReadableStream),
        send(pass) {
          const request = next;
          next = this.again ? request.clone() : undefined;
          return licensedRequest(request, pass, ownCredentials);
        },
      };
    }
    if (init && (init.body instanceof FormData || !isPlain(init))) {
      // Made into a Request once: the second time has the same boundary.
      const sender = senderOf(new Request(url, init), undefined, url);
      sender.again = !(init.body instanceof ReadableStream);
      return sender;
    }
    const options = init ? { ...init } : {};
    const { body } = options;
    let again = true;
    if (body instanceof ReadableStream) again = false;
    else if (body instanceof URLSearchParams) options.body = new URLSearchParams(body);
    else if (body instanceof ArrayBuffer) options.body = body.slice(0);
    else if (ArrayBuffer.isView(body)) {
      options.body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
    }
    if (options.headers) {
      options.headers = isPlain(options.headers) ? { ...options.headers } : new Headers(options.headers);
    }
    return {
      signal: options.signal,
      again,
      send: (pass) => transport(url, pass ? licensed(options, pass) : protect({ ...options })),
    };
  }

  /** Waits for the turn that a reply names; gives whether to send with the
   * pass, or rejects. */
  async function settled(reply, kind, signal) {
    const party = host.party();
    while (reply >= host.WAIT) {
      const turn = reply - host.WAIT;
      const error = await host.wait(turn, signal);
      reply = host.enter(Input.Resume, turn, kind, party);
      if (reply === host.FAIL) throw host.failure(error);
    }
    if (reply === host.FAIL) throw host.failure();
    return reply === host.GO;
  }

  async function asked(sender) {
    const { signal } = sender;
    if (host.hold) await abortable(host.hold, signal);
    const reply = host.enter(Input.Ask, REQUEST);
    const go = reply === host.GO || (reply !== host.BARE && (await settled(reply, REQUEST, signal)));
    const pass = go ? host.pass : undefined;
    return answered(sender, pass, await sender.send(pass));
  }

  async function answered(sender, pass, response) {
    if (!pass) return response;
    if (!refused(response)) {
      pass.worked = true;
      return response;
    }
    const { serial, party, worked } = pass;
    const reply = host.enter(Input.Ask, REFUSED, serial, party, worked ? '' : undefined);
    if (reply === host.DELIVER || !sender.again) return response;
    const drop = () => response.body?.cancel().catch(() => {});
    let go;
    try {
      go = await settled(reply, REFUSED, sender.signal);
    } finally {
      drop();
    }
    host.retries++;
    const next = go ? host.pass : undefined;
    const second = await sender.send(next);
    if (next && !refused(second)) next.worked = true;
    return second;
  }

  return function fetch(input, init) {
    init ??= undefined;
    try {
      const pass = host.pass;
      if (typeof input === 'string') {
        const url = known(input);
        if (url !== undefined) {
          const now = host.now();
          const plain =
            init === undefined || (isPlain(init) && (init.body == null || typeof init.body === 'string'));
          if (pass !== undefined && plain && now < pass.until && now >= pass.since) {
            const options = licensed(init, pass);
            return transport(url, options).then((response) => {
              if (!refused(response)) {
                pass.worked = true;
                return response;
              }
              return answered(plainSender(url, options), pass, response);
            });
          }
          host.check();
          return asked(senderOf(url, init, url));
        }
      }
      host.check();
      const request = typeof input === 'object' && input !== null && 'clone' in input;
      const url = new URL(request ? input.url : input, base ?? undefined);
      if (host.engine.query(Query.Admits, 0, url) === undefined) return transport(request ? input : url.href, init);
      return asked(senderOf(request ? input : url.href, init, url.href));
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** The second sending of a request that went the short way. What was sent
   * is a copy already; only the pass is new. */
  function plainSender(url, options) {
    return { signal: options.signal, again: true, send: (pass) => transport(url, pass ? licensed(options, pass) : options) };
  }
}

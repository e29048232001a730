// The path of a request, from top to bottom: where it goes, what the caller
// gave, one sending, its answer, and the sending that repairs a refusal.
//
// What the core decided is looked up in two tables here, the pass and the
// URLs it admitted; only where they do not say enough is the core asked.

import { abortable } from './abort.js';
import { copyOf, isA, lasts, putAway } from './body.js';
import { cookie } from './call.js';
import { pageUrl } from './document.js';
import { Ask, Query, Reply } from './engine.js';
import { invalid } from './error.js';

/**
 * @typedef {import('./host.js').Pass} Pass
 * @typedef {(input: any, init?: any) => any} Transport
 */

/**
 * What a caller gave, as it was then. Every sending is made from this.
 * @typedef {object} Call
 * @property {string} url absolute
 * @property {Record<PropertyKey, any>} options what goes to the platform's fetch
 * @property {any} request in place of the URL, and with what the platform
 *   knows of the options; undefined where the caller gave a URL
 * @property {boolean} again whether it can be sent a second time
 * @property {boolean} ownCredentials whether the caller said of credentials
 * @property {AbortSignal | null | undefined} signal
 */

/** After these characters nothing can change whose origin a URL has. */
const ROOTED = /^\/(?:[^/\\\t\n\r]|$)/;
/** URLs of which it is remembered that the token may go there. */
const REMEMBERED = 1000;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** The options that a Request holds. */
const MEMBERS = ['method', 'headers', 'body', 'mode', 'credentials', 'cache', 'redirect', 'referrer', 'referrerPolicy', 'integrity', 'keepalive', 'signal', 'duplex'];

/** @param {string} name */
const lower = (name) => name.toLowerCase();
/** @param {object} object */
const isPlain = (object) => Object.getPrototypeOf(object) === Object.prototype;

/**
 * A copy of what a caller gave as options, or as a Request that cannot be
 * cloned; those that it inherits are options too.
 * @param {any} given
 * @returns {Record<PropertyKey, any>}
 */
function optionsOf(given) {
  const options = { ...given };
  if (given && !isPlain(given)) for (const name of MEMBERS) if (given[name] !== undefined) options[name] = given[name];
  return options;
}

/**
 * What a caller gave, copied so that nothing the caller does later changes it.
 * @param {any} input
 * @param {any} init
 * @param {string} url
 * @param {boolean} isRequest
 * @param {boolean} platform whether the platform's own fetch sends it
 * @returns {Call}
 */
function callOf(input, init, url, isRequest, platform) {
  let options = optionsOf(init);
  const clonable = isRequest && typeof input.clone === 'function';
  if (isRequest && !clonable) options = { ...optionsOf(input), ...options };
  const { body, headers, signal = isRequest ? input.signal : undefined, credentials } = options;
  const again = lasts(body);
  let request;
  // fetch(request, init) is fetch(new Request(request, init)). A form becomes a
  // Request as well, where it can, and has the same boundary in both sendings.
  if (clonable || (body && platform && isA(body, 'FormData') && typeof Request === 'function')) {
    const copy = clonable ? input.clone() : url;
    // Another implementation's Request is nothing to the platform's.
    const Kind = !clonable || isA(input, 'Request') ? Request : input.constructor;
    request = init ? new Kind(copy, options) : copy;
    for (const name of MEMBERS) delete options[name];
  } else {
    if (headers) options.headers = isPlain(headers) ? { ...headers } : new Headers(headers);
    if (body) options.body = copyOf(body);
  }
  return { url, options, request, again, signal, ownCredentials: credentials !== undefined };
}

/**
 * The caller's headers with others in their place.
 * @param {any} headers a plain object or Headers, which stay as they are
 * @param {Record<string, string>} added
 */
function headersWith(headers, added) {
  if (!headers) return added;
  if (isPlain(headers)) {
    const names = Object.keys(added).map(lower);
    const others = Object.entries(headers).filter(([name]) => !names.includes(lower(name)));
    return { ...Object.fromEntries(others), ...added };
  }
  const all = new Headers(headers);
  for (const name in added) all.set(name, added[name]);
  return all;
}

/**
 * Makes the bound fetch of a manager.
 * @param {import('./host.js').Host} host
 * @param {Transport} transport the fetch that really sends
 * @param {any} config the application's configuration
 * @returns {(input: any, init?: any) => Promise<any>}
 */
export function makeFetch(host, transport, config) {
  const { clock } = host;
  const { access, base: configured, places, csrf } = host.settings;
  const platform = config.fetch === undefined;
  const unauthorized = config.unauthorized ?? [401];
  const header = access?.name;
  // A browser takes Authorization off a redirect to another origin, and no
  // other header.
  const manual = header !== undefined && lower(header) !== 'authorization';
  // Those that are good as a whole.
  const origins = new Set(places.filter(({ pathname }) => pathname === '/').map(({ origin }) => origin));
  /** URLs that the core admitted, as they were given and as absolute ones. It
   * is asked once for each: what may have the token does not change.
   * @type {Map<string, string>} */
  const admitted = new Map();
  /** What relative URLs are relative to. @type {string | undefined} */
  let base;
  /** The origin of that, if it gets the token. @type {string | undefined} */
  let root;

  /** @param {string | undefined} found */
  function resolveAgainst(found) {
    base = found;
    const origin = found && new URL(found).origin;
    root = origin && origins.has(origin) ? origin : undefined;
    admitted.clear();
  }
  resolveAgainst(configured);

  // ---- where a request goes ----

  /**
   * The absolute URL if the token may go there, found without parsing and,
   * however many origins are allowed, without looking through them.
   * @param {string} url
   */
  function known(url) {
    const rooted = ROOTED.test(url);
    if (!rooted) {
      const end = url.indexOf('/', url.indexOf('//') + 2);
      if (end > 0 && origins.has(url.slice(0, end))) return url;
    }
    // As plain fetch has it: pushState and <base> change it at any time.
    if (configured === undefined) {
      const page = pageUrl();
      if (page !== base) resolveAgainst(page);
    }
    return rooted && root !== undefined ? root + url : admitted.get(url);
  }

  /**
   * Asks the core of a URL that is not known.
   * @param {string} given
   * @param {URL} url
   */
  function admits(given, url) {
    if (!host.query(Query.Admits, url)) return false;
    if (admitted.size >= REMEMBERED) admitted.clear();
    admitted.set(given, url.href);
    return true;
  }

  // ---- one sending ----

  /**
   * The headers that a sending adds to the caller's, if there are any. A CSRF
   * cookie is read anew for each.
   * @param {string | undefined} method
   * @param {Pass | undefined} pass
   * @returns {Record<string, string> | undefined}
   */
  function added(method, pass) {
    const all = pass && header !== undefined ? { [header]: pass.value } : undefined;
    if (csrf && (csrf.value || !SAFE.has((method ?? 'GET').toUpperCase()))) {
      const value = csrf.value ?? cookie(csrf.cookie);
      if (value) return { ...all, [csrf.header]: value };
    }
    return all;
  }

  /**
   * Sends what a caller gave, with a pass or without.
   * @param {Call} call
   * @param {Pass | undefined} pass
   */
  function send({ url, options, request, again, ownCredentials }, pass) {
    const own = { ...options };
    const sent = request && again ? request.clone() : request;
    const { method, credentials, redirect } = sent ?? own;
    const more = added(method, pass);
    if (pass && header === undefined && !ownCredentials && (!sent || credentials === 'same-origin')) own.credentials = 'include';
    if (pass && manual && (redirect ?? 'follow') === 'follow') own.redirect = 'manual';
    if (!sent) {
      if (more) own.headers = headersWith(own.headers, more);
      return transport(url, own);
    }
    // Changed in place: made anew with options, it would lose its referrer.
    for (const name in more) sent.headers.set(name, more[name]);
    if (own.credentials || own.redirect) {
      const { referrer, referrerPolicy } = sent;
      if (referrer !== 'about:client') own.referrer = referrer;
      own.referrerPolicy = referrerPolicy;
    }
    return Reflect.ownKeys(own).length ? transport(sent, own) : transport(sent);
  }

  // ---- its answer ----

  /** @param {unknown} cause */
  function failed(cause) {
    host.warn(invalid('unauthorized: expected a function that says yes or no, found one that failed', cause));
    return false;
  }

  /**
   * Whether an answer says that the token was refused; a promise where the
   * application's function gives one. An answer that asks for a stronger
   * sign-in (RFC 9470) refuses no token, and no refresh can help.
   * @param {any} response
   * @returns {boolean | Promise<boolean>}
   */
  function refused(response) {
    if (response.status === 401 && host.stepUp(response.headers?.get?.('www-authenticate'))) return false;
    if (typeof unauthorized !== 'function') return unauthorized.includes(response.status);
    try {
      const said = unauthorized(response);
      return typeof said?.then === 'function' ? Promise.resolve(said).then(Boolean, failed) : !!said;
    } catch (cause) {
      return failed(cause);
    }
  }

  /**
   * Sends, and repairs what is refused.
   * @param {Call} call
   * @param {Pass | undefined} pass
   */
  function sent(call, pass) {
    return Promise.resolve(send(call, pass)).then((response) => {
      const verdict = pass && refused(response);
      if (verdict) return repaired(call, /** @type {Pass} */ (pass), response, verdict);
      if (pass) pass.worked = true;
      return response;
    });
  }

  /**
   * Sends once more what was refused, if that can help.
   * @param {Call} call
   * @param {Pass} pass
   * @param {any} response
   * @param {boolean | Promise<boolean>} verdict
   */
  async function repaired(call, pass, response, verdict) {
    const { signal, again } = call;
    const { keepalive } = call.request ?? call.options;
    const putResponseAway = () => putAway(response, keepalive);
    if (verdict !== true && !(await abortable(Promise.resolve(verdict), signal, putResponseAway))) {
      pass.worked = true;
      return response;
    }
    const reply = await host.ask(Ask.Refused, pass, signal).catch((error) => {
      // A request that cannot be sent again has its answer, however the refresh ended.
      if (!again && !signal?.aborted) return Reply.Deliver;
      putResponseAway();
      throw error;
    });
    if (reply === Reply.Deliver || !again) return response;
    const away = putResponseAway();
    if (keepalive) await away;
    host.retries++;
    const next = reply === Reply.Go ? host.held : undefined;
    const second = await send(call, next);
    if (next && !(await refused(second))) next.worked = true;
    return second;
  }

  /**
   * Whether a pass is good at this moment, by both clocks. To read the
   * monotonic one costs more than all the rest of a request: where timers come
   * in time, the core has taken back a pass that is over by it.
   * @param {Pass} pass
   */
  function isGood({ since, until, untilMono }) {
    const now = clock.now();
    return since <= now && now < until && (host.timersComeInTime || clock.monotonic() < untilMono);
  }

  /**
   * Sends what the core has to be asked of.
   * @param {Call} call
   */
  async function asked(call) {
    const reply = await host.ask(Ask.Request, undefined, call.signal);
    return sent(call, reply === Reply.Go ? host.held : undefined);
  }

  return function fetch(input, init) {
    try {
      const isRequest = typeof input?.url === 'string';
      const given = isRequest ? input.url : String(input);
      let target = known(given);
      if (target === undefined) {
        host.check();
        const url = new URL(given, base);
        target = url.href;
        if (!admits(given, url)) {
          host.missed(url);
          return transport(isRequest ? input : target, init);
        }
      }
      const call = callOf(input, init, target, isRequest, platform);
      const { pass } = host;
      return pass && isGood(pass) ? sent(call, pass) : asked(call);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

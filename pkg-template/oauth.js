import * as oauth from 'oauth4webapi';
import { TokenError, createTokenManager, decodeJwt } from './index.js';

/**
 * @typedef {import('./oauth.js').OAuthManager} OAuthManager
 * @typedef {import('./oauth.js').SignInReason} Reason
 * @typedef {import('oauth4webapi').AuthorizationServer} Server
 * @typedef {ReturnType<OAuthManager['handleRedirect']>} Outcome
 *
 * What is kept of a sign-in while the user is at the server; when it has been
 * used, only that there was one.
 * @typedef {{ at?: number, verifier?: string, nonce?: string, maxAge?: number, returnTo?: string }} Transaction
 */

const TOKEN = 'token_endpoint';
const LIFE_MS = 600_000;
/** By how much this machine's clock may differ from the server's. */
const TOLERANCE_SECONDS = 60;
/** What an answer adds to the address (RFC 6749, RFC 9207, OpenID Connect Session Management). */
const ANSWER = /^(code|iss|error.*|(session_)?state)$/;
/** The `state` of a sign-out, by which its end is known: nothing depends on it. */
const OUT = 'signed-out';
/** A path of this origin, of which no segment begins with what could make it a host or lead up. */
const PATH = /^\/(?!([^?#]*\/)?(\/|\.|%2[ef]|%5c))[^\\\0-\x20]*$/i;

/**
 * @param {Reason} reason
 * @param {string} message
 * @param {string} [error] the server's own word for it
 * @param {unknown} [cause]
 * @returns {never}
 */
function fail(reason, message, error, cause) {
  throw Object.assign(new TokenError('sign-in-failed', { message, cause }), { reason, error });
}

/**
 * Tells of what oauth4webapi or the platform threw. What the first throws is
 * no cause: it holds whole answers.
 * @param {any} thrown
 * @returns {never}
 */
function tell(thrown) {
  const { code, message, cause, error } = thrown ?? {};
  if (thrown instanceof TokenError && code !== 'invalid-response') throw thrown;
  const isAnswer = /^OAUTH_|^inv/.test(code);
  // A page may show it: nothing but what standards have for names. Those that
  // end so want the user to do something (OpenID Connect Core, section 3.1.2.6).
  const word = /^\w+$/.exec(error ?? '')?.[0] ?? '';
  fail(
    word === 'access_denied'
      ? 'access-denied'
      : word.endsWith('_required')
        ? 'login-required'
        : cause?.attribute === 'issuer'
          ? 'issuer-mismatch'
          : error !== undefined || cause?.ok === false || !isAnswer
            ? 'server-error'
            : 'invalid-response',
    isAnswer ? word || message : 'no answer for this page (CORS?)',
    word || undefined,
    isAnswer ? undefined : thrown,
  );
}

/**
 * @param {string} option
 * @param {string} expected
 * @param {unknown} [value]
 * @param {'invalid-config' | 'not-supported'} [code]
 * @returns {never}
 */
function refuse(option, expected, value, code = 'invalid-config') {
  throw new TokenError(code, { message: `${option}: expected ${expected}, found ${value ? 'something else' : 'nothing'}` });
}

const unsupported = () => refuse('signIn', 'a secure page with sessionStorage', 1, 'not-supported');

/**
 * A URL that tokens, codes or users may be sent to, or undefined (RFC 6749
 * section 3.1.2, RFC 8414 section 2).
 * @param {any} value
 * @param {string} [base]
 */
function secure(value, base) {
  try {
    const { href, protocol, hostname, hash } = new URL(value, base);
    const own = protocol === 'http:' && /^((.+\.)?localhost|127[\d.]+|\[::1\])$/.test(hostname);
    return (own || protocol === 'https:') && !hash ? href : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} option
 * @param {any} value
 * @param {string} [base]
 */
const address = (option, value, base) => (value && secure(value, base)) || refuse(option, 'an https: URL without a fragment', value);

/**
 * @param {any} server
 * @param {string} name
 */
const endpoint = (server, name) => secure(server[name]) ?? fail('unsupported-server', `the server has no https: ${name}`);

/**
 * Adds fields; a list is one for each of its entries.
 * @param {Record<string, any>} fields
 * @param {URLSearchParams} [parameters]
 */
function form(fields, parameters = new URLSearchParams()) {
  for (const name in fields) for (const value of [fields[name]].flat()) if (value != null) parameters.append(name, value);
  return parameters;
}

/**
 * Goes to the server.
 * @param {Server} server
 * @param {string} name
 * @param {URLSearchParams} parameters
 */
function leave(server, name, parameters) {
  const url = endpoint(server, name);
  location.href = `${url}${url.includes('?') ? '&' : '?'}${parameters}`;
}

/**
 * A value in one of the page's storages; as long as the page lives where that
 * cannot be used, or where there is none.
 * @param {string} store
 * @param {string} name
 */
function box(store, name) {
  /** @type {any} */
  let held;
  const storage = () => /** @type {any} */ (globalThis)[store];
  return {
    get() {
      try {
        return JSON.parse(storage().getItem(name)) ?? held;
      } catch {
        return held;
      }
    },
    /** Says whether a reload will find it. @param {unknown} [value] */
    set(value) {
      held = undefined;
      try {
        if (value) storage().setItem(name, JSON.stringify(value));
        else storage().removeItem(name);
        return true;
      } catch {
        held = value;
        return false;
      }
    },
  };
}

/**
 * Makes a manager that signs in by redirect; see oauth.d.ts.
 * @param {any} config
 * @returns {Promise<OAuthManager>}
 */
export async function createOAuthManager(config) {
  let { issuer: named, server, clientId, redirectUri, scope = 'openid', resource, postLogoutRedirectUri, par, ...rest } = config ?? {};
  if (!named === !server) refuse('issuer', 'it or server', named);
  if (rest.login || rest.refresh) refuse('login, refresh', 'none', 1);
  if (typeof clientId !== 'string') refuse('clientId', 'a non-empty string', clientId);
  const { location, history, document, window } = globalThis;
  // On a server a relative URL is no mistake.
  const here = () => location?.href ?? issuer;
  const issuer = address('issuer', named ?? server.issuer);
  const back = address('redirectUri', redirectUri, here());
  const out = postLogoutRedirectUri && address('postLogoutRedirectUri', postLogoutRedirectUri, here());
  const { key = 'evertoken', storage, timeoutMs = 10_000 } = rest;
  const tab = box('sessionStorage', `${key} ${issuer}`);
  // An ID token opens nothing, and IndexedDB would make whoever reads it wait.
  const home = storage === 'indexeddb' ? 'local' : storage;
  const idToken = box(`${home}Storage`, `${key} id`);
  const own = rest.fetch ?? ((/** @type {any} */ input, /** @type {any} */ init) => fetch(input, init));
  // What the manager calls before the server's metadata are there: this and the endpoint's name.
  const unknown = `${issuer}#`;
  const fields = { client_id: clientId };
  const client = { ...fields, [oauth.clockTolerance]: TOLERANCE_SECONDS };
  const options = () => ({
    [oauth.customFetch]: own,
    // `secure` has looked at each, and let none pass but on this machine.
    [oauth.allowInsecureRequests]: true,
    signal: AbortSignal.timeout?.(timeoutMs),
  });

  /** What this tab knows: sign-ins by `state`, and the server's metadata by its name. */
  const noted = () => tab.get() ?? {};

  /**
   * Says whether the next page will find it.
   * @param {string} name
   * @param {Transaction | Server} what
   */
  const note = (name, what) => tab.set({ ...noted(), [name]: what });

  /**
   * The server's metadata, asked for once in the life of a tab.
   * @returns {Promise<Server>}
   */
  async function about() {
    server ??= noted()[issuer];
    if (server) return server;
    const url = new URL(issuer);
    /** @param {'oidc' | 'oauth2'} algorithm */
    const read = async (algorithm) => oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...options() }));
    server = await read('oidc').catch((error) => read('oauth2').catch(() => tell(error)));
    note(issuer, server);
    return server;
  }

  /**
   * Sends what the manager sends, to where the metadata say.
   * @param {any} input
   * @param {any} init
   */
  async function send(input, init) {
    const name = input.startsWith?.(unknown) && input.slice(unknown.length);
    if (!name) return own(input, init);
    const found = await about();
    if (name === TOKEN) form({ resource }, init.body);
    // Nothing to revoke, or nobody who does.
    else if (!init.body.has('token') || !found[name]) return new Response();
    return own(endpoint(found, name), init);
  }

  const manager = /** @type {OAuthManager} */ (
    await createTokenManager({
      refreshToken: { in: 'body' },
      // RFC 7009 section 2.1.
      logout: { url: `${unknown}revocation_endpoint`, body: 'form', tokenField: 'token', fields, authenticate: false, csrf: null },
      ...rest,
      // Without a scope, as what was granted may be less than what was asked for (RFC 6749 section 6).
      refresh: { url: unknown + TOKEN, body: 'form', fields, csrf: null },
      // On a server, one of its own would make the manager somebody's.
      fetch: typeof own === 'function' && (location || rest.fetch || rest.singleUser) ? send : rest.fetch,
    })
  );

  /** The ID token of the sign-in that is being taken in. @type {string | undefined} */
  let next;
  for (const type of /** @type {const} */ (['signed-out', 'signed-in', 'user-changed'])) {
    // After another tab's sign-in it is there already, if the place is one for all tabs.
    manager.on(type, () => (next || type === 'signed-out' || home !== 'local') && idToken.set(next));
  }

  /** @type {string | undefined} */
  let decoded;
  /** @type {object | null} */
  let claims = null;
  Object.defineProperty(manager, 'idTokenClaims', {
    get() {
      const now = manager.snapshot.status === 'signed-in' ? idToken.get() : undefined;
      if (now !== decoded) claims = decodeJwt(now)?.claims ?? null;
      decoded = now;
      return claims;
    },
  });

  manager.signIn = async ({ returnTo, prompt, loginHint, acrValues, maxAge, scope: wanted = scope, extra } = {}) => {
    if (returnTo !== undefined && !PATH.test(returnTo)) refuse('returnTo', 'a path of this origin', 1);
    // PKCE needs what is there in secure contexts alone.
    if (!document || !globalThis.crypto?.subtle) unsupported();
    const found = await about();
    if (found.code_challenge_methods_supported?.includes('S256') === false) fail('unsupported-server', 'the server has no S256');
    const [verifier, state, nonce] = [oauth.generateRandomState(), oauth.generateRandomState(), wanted.split(' ').includes('openid') ? oauth.generateRandomState() : undefined];
    let parameters = form({
      ...extra,
      ...fields,
      redirect_uri: back,
      response_type: 'code',
      scope: wanted,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      nonce,
      prompt,
      login_hint: loginHint,
      acr_values: Array.isArray(acrValues) ? acrValues.join(' ') : acrValues,
      max_age: maxAge,
      resource,
    });
    if (par ?? found.require_pushed_authorization_requests) {
      endpoint(found, 'pushed_authorization_request_endpoint');
      try {
        const response = await oauth.pushedAuthorizationRequest(found, client, oauth.None(), parameters, options());
        const { request_uri } = await oauth.processPushedAuthorizationResponse(found, client, response);
        parameters = form({ ...fields, request_uri });
      } catch (error) {
        tell(error);
      }
    }
    if (!note(state, { at: Date.now(), verifier, nonce, maxAge, returnTo })) unsupported();
    leave(found, 'authorization_endpoint', parameters);
  };

  /** @param {URL} url */
  const isAnswer = ({ origin, pathname, searchParams }) => origin + pathname === back.split('?')[0] && (searchParams.has('code') || searchParams.has('error'));

  /** Takes an answer out of the address bar, and so out of the history. */
  function clean() {
    const url = new URL(here());
    const { searchParams } = url;
    if (!isAnswer(url) && searchParams.get('state') !== OUT) return;
    for (const name of [...searchParams.keys()]) if (ANSWER.test(name)) searchParams.delete(name);
    history.replaceState(history.state, '', url.href);
  }

  const nothing = Promise.resolve(null);
  /** What becomes of the answer that is being taken in. @type {Outcome} */
  let current = nothing;
  /** @type {string | undefined} */
  let last;

  manager.handleRedirect = (given) => {
    const url = new URL(given ?? here(), here());
    if (history) clean();
    if (!isAnswer(url)) return given ? nothing : current;
    if (last !== url.href) {
      last = url.href;
      current = take(url.searchParams).finally(() => {
        current = nothing;
      });
    }
    return current;
  };

  /**
   * @param {URLSearchParams} parameters
   * @returns {Outcome}
   */
  async function take(parameters) {
    // What a browser loads ahead is nobody's visit yet.
    const page = /** @type {any} */ (document);
    if (page?.prerendering) await new Promise((resolve) => (page.onprerenderingchange = resolve));
    if (window?.parent !== window) fail('invalid-response', 'the answer is in a frame');
    const state = parameters.get('state') ?? '';
    const { at = 0, verifier, nonce, maxAge, returnTo } = noted()[state] ?? {};
    // Used: loaded again, or gone back to.
    if (at && !verifier && manager.snapshot.status === 'signed-in') return null;
    if (!verifier) fail('state-mismatch', 'the answer is of no sign-in of this tab');
    // Before anything is sent.
    note(state, { at });
    if (Math.abs(Date.now() - at) > LIFE_MS) fail('expired', 'the answer is of a sign-in too long ago');
    const found = await about();
    const iss = parameters.get('iss');
    // RFC 9207 section 2.4. Two common servers leave it out of errors, which bring nothing that could be mixed up.
    const promised = found.authorization_response_iss_parameter_supported && !parameters.has('error');
    if (iss === null ? promised : iss !== found.issuer) fail('issuer-mismatch', 'the answer is not of this server');
    try {
      const checked = oauth.validateAuthResponse({ issuer: found.issuer }, client, parameters, state);
      endpoint(found, TOKEN);
      const response = await oauth.authorizationCodeGrantRequest(found, client, oauth.None(), checked, back, verifier, { ...options(), additionalParameters: form({ resource }) });
      const result = await oauth.processAuthorizationCodeResponse(found, client, response, { expectedNonce: nonce, requireIdToken: !!nonce, maxAge });
      if (result.token_type !== 'bearer' || (decodeJwt(/** @type {any} */ (result.id_token))?.claims.iat ?? 0) > Date.now() / 1000 + TOLERANCE_SECONDS) fail('invalid-response', 'unexpected token_type, or ID token of the future');
      next = result.id_token;
      await manager.setTokens({ accessToken: result.access_token, refreshToken: result.refresh_token, expiresIn: result.expires_in, sessionExpiresIn: Number(result.refresh_expires_in ?? result.refresh_token_expires_in) || undefined });
    } catch (error) {
      tell(error);
    } finally {
      next = undefined;
    }
    return { returnTo: returnTo ?? null };
  }

  manager.signOut = async ({ redirect = true } = {}) => {
    const id_token_hint = idToken.get();
    await manager.logout();
    // A server that cannot be reached has told nobody where to go.
    const found = redirect && document && (await about().catch(() => undefined));
    if (found && found.end_session_endpoint) leave(found, 'end_session_endpoint', form({ ...fields, id_token_hint, post_logout_redirect_uri: out, state: OUT }));
  };

  return manager;
}

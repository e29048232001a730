// An authorization server that does whatever a test wants: each of its answers
// is the right one, and a test changes it.
import { once } from 'node:events';
import { createServer } from 'node:http';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token of which the client looks at the claims: it comes from the token endpoint. */
export const jwt = (claims) => `${part({ alg: 'RS256' })}.${part(claims)}.${part('signature')}`;

export class DeviantServer {
  /** What it was asked, by endpoint. */
  authorizations = [];
  tokens = [];
  revocations = [];
  pushed = [];
  ends = [];
  discoveries = [];
  resources = [];
  /** What a test changes of each answer; what is undefined is left out. */
  metadata = {};
  /** Gives the parameters of the answer in the front channel. */
  answer = (query, usual) => usual;
  /** Gives `{ status, headers, body }` of the token endpoint. */
  token = (form, usual) => usual;
  /** Changes the claims of the ID token. */
  claims = (claims) => claims;
  /** Endpoints that cannot be reached. */
  down = new Set();
  count = 0;
  /** The nonce that a code was asked for with. */
  #nonces = new Map();

  constructor(page) {
    this.page = page;
    this.http = createServer((request, response) => this.#serve(request, response));
  }

  async start() {
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    this.issuer = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }

  /** The parameters of the last authorization request. */
  get asked() {
    return Object.fromEntries(this.authorizations.at(-1));
  }

  /** Everything that was sent in the back channel, discovery apart. */
  get sent() {
    return [...this.tokens, ...this.revocations, ...this.pushed];
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.issuer);
    if (this.down.has(pathname)) return request.socket.destroy();
    response.setHeader('access-control-allow-origin', this.page).setHeader('access-control-allow-headers', '*').setHeader('cache-control', 'no-store');
    if (request.method === 'OPTIONS') return response.end();
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    form.referer = request.headers.referer;
    const json = ({ status = 200, headers = {}, body }) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
    switch (pathname) {
      case '/.well-known/openid-configuration':
        this.discoveries.push(pathname);
        return this.metadata === null ? json({ status: 404, body: {} }) : json({ body: this.#about() });
      case '/.well-known/oauth-authorization-server':
        this.discoveries.push(pathname);
        return json(this.oauthMetadata ? { body: { ...this.#about(), ...this.oauthMetadata } } : { status: 404, body: {} });
      case '/authorize':
        this.authorizations.push(searchParams);
        return this.#authorize(searchParams, response);
      case '/par':
        this.pushed.push(form);
        return json({ status: 201, body: { request_uri: `urn:request:${this.pushed.length}`, expires_in: 60 } });
      case '/token':
        this.tokens.push(form);
        return json(this.token(form, { body: this.#granted(form) }));
      case '/revoke':
        this.revocations.push(form);
        return response.end();
      case '/end':
        this.ends.push(searchParams);
        if (!searchParams.has('post_logout_redirect_uri')) return response.end('signed out');
        return response.writeHead(302, { location: `${searchParams.get('post_logout_redirect_uri')}?state=${searchParams.get('state')}` }).end();
      default:
        this.resources.push({ url: request.url, authorization: request.headers.authorization, referer: request.headers.referer });
        return json({ body: { authorization: request.headers.authorization } });
    }
  }

  #about() {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/end`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    };
  }

  #authorize(query, response) {
    // One that was pushed.
    const pushed = this.pushed[Number(query.get('request_uri')?.split(':').at(-1)) - 1];
    const all = new URLSearchParams([...(pushed ?? []), ...query]);
    const code = `code-${++this.count}`;
    this.#nonces.set(code, all.get('nonce') ?? undefined);
    const usual = { code, state: all.get('state'), iss: this.issuer };
    const answer = this.answer(all, usual);
    if (answer === null) return response.setHeader('content-type', 'text/html').end('<!doctype html>the server asks for a password');
    const entries = Object.entries(answer).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    return response.writeHead(302, { location: `${all.get('redirect_uri')}?${new URLSearchParams(entries.filter(([, value]) => value !== undefined))}` }).end();
  }

  #granted(form) {
    const number = ++this.count;
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, aud: 'spa', sub: 'alice', iat: now, exp: now + 300, nonce: this.#nonces.get(form.get('code')) };
    const id = form.get('grant_type') === 'authorization_code' ? { id_token: jwt(this.claims(claims)) } : {};
    return { access_token: `access-${number}`, refresh_token: `refresh-${number}`, token_type: 'Bearer', expires_in: 60, ...id };
  }
}

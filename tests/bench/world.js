// What the peers talk to: an API and a refresh endpoint that are functions in
// the page, so that what is measured is the peer and not a network.

const REFRESH_MS = 50;

/** A token of about 700 bytes that ends after so many seconds. */
export function tokenOf(seconds, number = 0, more = {}) {
  const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'alice', iat: now, exp: now + seconds, jti: String(number), roles: Array.from({ length: 20 }, (_, i) => `role-${i}`), ...more };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${'s'.repeat(86)}`;
}

/** With `checks` the API refuses all but the newest token. A refresh takes
 * `refreshMs`, and until `gate` is open where there is one. Where a peer's
 * library wants another path for the refresh, or more in the answer than
 * tokens, it says so in `refreshPath` and `dress`. */
export function makeWorld({ lifetime, checks = false, refreshMs = REFRESH_MS, claims }) {
  const api = location.origin;
  const answer = new Response(null, { status: 200 });
  const world = { api, lifetime, access: tokenOf(lifetime), refresh: 'refresh-1', calls: 0, refreshPath: '/refresh', dress: (body) => body };
  let valid = `Bearer ${world.access}`;
  let ends = Date.now() + lifetime * 1000;

  async function renewed() {
    world.calls++;
    if (refreshMs) await new Promise((resolve) => setTimeout(resolve, refreshMs));
    await world.gate;
    const token = tokenOf(600, world.calls, claims);
    valid = `Bearer ${token}`;
    ends = Date.now() + 600_000;
    const refresh = `refresh-${world.calls + 1}`;
    return world.dress({ accessToken: token, refreshToken: refresh, expiresIn: 600, access_token: token, refresh_token: refresh, expires_in: 600, token_type: 'bearer' });
  }

  // Cheap, for it is measured with every peer: it makes and decodes nothing.
  const bearer = (input, init) => {
    const headers = init?.headers ?? input.headers;
    return headers instanceof Headers ? headers.get('authorization') : headers?.Authorization;
  };
  const pathOf = (input) => (typeof input === 'string' ? input : (input.url ?? input.href));
  const accepts = (authorization) => authorization === valid && Date.now() < ends;

  world.fetch = (input, init) => {
    if (pathOf(input).endsWith(world.refreshPath)) return renewed().then((body) => Response.json(body));
    if (checks && !accepts(bearer(input, init))) return Promise.resolve(new Response(null, { status: 401 }));
    return Promise.resolve(answer);
  };

  /** The same for axios, which has transports of its own. */
  world.adapter = async (config) => {
    const response = { status: 200, statusText: 'OK', headers: {}, config, data: null };
    if (config.url.endsWith('/refresh')) return { ...response, data: await renewed() };
    if (checks && !accepts(config.headers.get('authorization'))) {
      throw Object.assign(new Error('refused'), { isAxiosError: true, config, response: { ...response, status: 401 } });
    }
    return response;
  };
  return world;
}

import { Auth0Client } from '@auth0/auth0-spa-js';

export const title = 'auth0-spa-js';

const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export async function make(world) {
  const { api, access, refresh, lifetime } = world;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: `${api}/`, aud: 'bench', sub: 'alice', iat: now, exp: now + 3600 };
  const id_token = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
  world.refreshPath = '/oauth/token';
  world.dress = (body) => ({ ...body, id_token });
  const body = { access_token: access, refresh_token: refresh, id_token, expires_in: lifetime, audience: 'default', scope: 'openid offline_access', client_id: 'bench', decodedToken: { claims, user: { sub: 'alice' } } };
  // With a cache of one's own it calls from the page, not from a worker.
  const kept = new Map([
    ['@@auth0spajs@@::bench::default::openid offline_access', { body, expiresAt: now + lifetime }],
    ['@@auth0spajs@@::bench::@@user@@', { id_token, decodedToken: body.decodedToken }],
  ]);
  const cache = {
    get: (key) => kept.get(key),
    set: (key, value) => void kept.set(key, value),
    remove: (key) => void kept.delete(key),
    allKeys: () => [...kept.keys()],
  };
  const client = new Auth0Client({ domain: api, clientId: 'bench', cache, useRefreshTokens: true, authorizationParams: { scope: 'openid' } });
  return {
    async get(path) {
      const token = await client.getTokenSilently();
      return fetch(api + path, { headers: { Authorization: `Bearer ${token}` } });
    },
  };
}

import Keycloak from 'keycloak-js';
import { tokenOf } from '../world.js';

export const title = 'keycloak-js (no retry of a 401)';

export async function make(world) {
  const { api, access } = world;
  // It reads its refresh tokens.
  world.dress = (body) => ({ ...body, refresh_token: tokenOf(3600, world.calls) });
  const keycloak = new Keycloak({ clientId: 'bench', oidcProvider: { token_endpoint: `${api}/refresh`, authorization_endpoint: `${api}/authorize` } });
  await keycloak.init({ checkLoginIframe: false, timeSkew: 0 });
  // init() with tokens would begin with a refresh.
  Object.assign(keycloak, { token: access, tokenParsed: JSON.parse(atob(access.split('.')[1])), refreshToken: tokenOf(3600), authenticated: true });
  return {
    async get(path) {
      await keycloak.updateToken(5);
      return fetch(api + path, { headers: { Authorization: `Bearer ${keycloak.token}` } });
    },
  };
}

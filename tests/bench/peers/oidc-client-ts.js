import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts';

export const title = 'oidc-client-ts';

export async function make({ api, access, refresh, lifetime }) {
  const manager = new UserManager({
    authority: api,
    client_id: 'bench',
    redirect_uri: `${api}/callback`,
    metadata: { issuer: api, token_endpoint: `${api}/refresh`, authorization_endpoint: `${api}/authorize` },
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    automaticSilentRenew: false,
    scope: 'api',
  });
  const expires_at = Math.floor(Date.now() / 1000) + lifetime;
  await manager.storeUser(new User({ access_token: access, refresh_token: refresh, token_type: 'Bearer', scope: 'api', profile: { sub: 'alice' }, expires_at }));
  return {
    async get(path) {
      let user = await manager.getUser();
      if (user.expired) user = await manager.signinSilent();
      return fetch(api + path, { headers: { Authorization: `Bearer ${user.access_token}` } });
    },
  };
}

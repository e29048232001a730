import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

export const title = '@badgateway/oauth2-client';

export async function make({ api, access, refresh, lifetime }) {
  const client = new OAuth2Client({ clientId: 'bench', tokenEndpoint: `${api}/refresh` });
  const wrapper = new OAuth2Fetch({
    client,
    scheduleRefresh: false,
    getNewToken: () => null,
    getStoredToken: () => ({ accessToken: access, refreshToken: refresh, expiresAt: Date.now() + lifetime * 1000 }),
  });
  return { get: (path) => wrapper.fetch(api + path) };
}

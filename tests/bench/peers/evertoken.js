import { createTokenManager } from 'evertoken';

export const title = 'evertoken';

export async function make({ api, access, refresh, lifetime }) {
  const auth = await createTokenManager({ baseUrl: api, refresh: '/refresh', refreshToken: { in: 'body' }, proactive: false });
  await auth.setTokens({ accessToken: access, refreshToken: refresh, expiresIn: lifetime });
  return { get: (path) => auth.fetch(path) };
}

import { AuthClient } from '@supabase/auth-js';

export const title = 'supabase auth-js';

export async function make(world) {
  const { api, access, refresh, lifetime } = world;
  world.refreshPath = '/token?grant_type=refresh_token';
  world.dress = (body) => ({ ...body, user: { id: 'alice' } });
  const expires_at = Math.floor(Date.now() / 1000) + lifetime;
  const session = { access_token: access, refresh_token: refresh, token_type: 'bearer', expires_in: lifetime, expires_at, user: { id: 'alice' } };
  const kept = new Map([['bench', JSON.stringify(session)]]);
  const client = new AuthClient({
    url: api,
    storageKey: 'bench',
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    autoRefreshToken: false,
    detectSessionInUrl: false,
  });
  return {
    async get(path) {
      const { data } = await client.getSession();
      return fetch(api + path, { headers: { Authorization: `Bearer ${data.session.access_token}` } });
    },
  };
}

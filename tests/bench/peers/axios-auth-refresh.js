import axios from 'axios';
import * as library from 'axios-auth-refresh';

export const title = 'axios-auth-refresh';

export async function make({ api, access, refresh, adapter }) {
  let token = access;
  const instance = axios.create({ baseURL: api, adapter });
  const plain = axios.create({ baseURL: api, adapter });
  instance.interceptors.request.use((config) => {
    config.headers.Authorization = `Bearer ${token}`;
    return config;
  });
  const create = library.createAuthRefresh ?? library.default;
  create(instance, async (failed) => {
    const { data } = await plain.post('/refresh', { refreshToken: refresh });
    token = data.accessToken;
    failed.response.config.headers.Authorization = `Bearer ${token}`;
  });
  return { get: (path) => instance.get(path) };
}

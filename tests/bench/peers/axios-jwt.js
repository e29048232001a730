import axios from 'axios';
import { applyAuthTokenInterceptor, setAuthTokens } from 'axios-jwt';

export const title = 'axios-jwt';

export async function make({ api, access, refresh, adapter }) {
  const instance = axios.create({ baseURL: api, adapter });
  const plain = axios.create({ baseURL: api, adapter });
  const requestRefresh = async (token) => (await plain.post('/refresh', { refreshToken: token })).data;
  applyAuthTokenInterceptor(instance, { requestRefresh });
  await setAuthTokens({ accessToken: access, refreshToken: refresh });
  return { get: (path) => instance.get(path) };
}

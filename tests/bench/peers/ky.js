import ky from 'ky';
import { jwtDecode } from 'jwt-decode';

export const title = 'ky with hooks';

export async function make({ api, access, refresh }) {
  let token = access;
  let pending;
  const renew = () =>
    (pending ??= ky
      .post(`${api}/refresh`, { json: { refreshToken: refresh } })
      .json()
      .then((answer) => {
        token = answer.accessToken;
      })
      .finally(() => {
        pending = undefined;
      }));
  const client = ky.create({
    retry: 0,
    hooks: {
      beforeRequest: [
        async ({ request }) => {
          if (jwtDecode(token).exp * 1000 <= Date.now()) await renew();
          request.headers.set('Authorization', `Bearer ${token}`);
        },
      ],
    },
  });
  return { get: (path) => client.get(api + path) };
}

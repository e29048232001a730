// An API and a refresh endpoint on a real port, and the built package without
// a page: for what has to hold on every runtime.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const { createTokenManager, TokenError } = await import(pathToFileURL(join(process.env.EVERTOKEN_PKG, 'index.js')).href);

/**
 * Starts the server for a test. It takes the tokens that its refreshes gave,
 * and refuses every other with `refusal`, a body.
 */
export async function startApi(t, { refusal = 'refused' } = {}) {
  const api = { seen: [], refreshes: 0, headers: {} };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === '/refresh') {
      api.refreshes++;
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ accessToken: `new-${api.refreshes}`, refreshToken: 'r', expiresIn: 600 }));
    }
    const { authorization, 'content-type': type } = request.headers;
    api.seen.push({ method: request.method, path: request.url, authorization, type, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') });
    const accepted = authorization?.startsWith('Bearer new-');
    response.writeHead(accepted ? 200 : 401, api.headers).end(accepted ? 'accepted' : refusal);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  api.origin = `http://127.0.0.1:${server.address().port}`;
  return api;
}

/** Makes a manager whose token is refused once. */
export async function signedIn(t, origin, config = {}) {
  const auth = await createTokenManager({ baseUrl: origin, refresh: '/refresh', refreshToken: { in: 'body' }, singleUser: true, ...config });
  t.after(() => auth.dispose());
  await auth.setTokens({ accessToken: 'old', refreshToken: 'r', expiresIn: 600 });
  return auth;
}

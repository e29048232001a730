// oidc-provider as its users run it: refresh tokens rotate, and one that comes
// twice ends the whole grant.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import Provider from 'oidc-provider';

/** Starts a server for the pages of an origin. */
export async function startProvider(page, { accessTokenSeconds = 60, client = {}, port = 0, tokenDelayMs = 0 } = {}) {
  let handle;
  const calls = [];
  const http = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    calls.push(`${request.method} ${pathname}`);
    // So that calls which could come at the same time do.
    if (pathname === '/token') await setTimeout(tokenDelayMs);
    handle(request, response);
  });
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  // Another site than the pages', whose cookies are a third party's there.
  const issuer = `http://localhost:${http.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'spa',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${page}/callback`],
        post_logout_redirect_uris: [`${page}/bye`],
        scope: 'openid offline_access profile',
        ...client,
      },
    ],
    claims: { profile: ['name'] },
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Alice' }) }),
    cookies: { keys: ['test'] },
    ttl: { AccessToken: accessTokenSeconds, Session: 3600, Grant: 3600, Interaction: 600, RefreshToken: 3600, IdToken: 3600 },
    clockTolerance: 0,
    rotateRefreshToken: true,
    features: { revocation: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  });
  handle = provider.callback();
  return {
    issuer,
    /** How often an endpoint was called. */
    count: (call) => calls.filter((one) => one === call).length,
    /** What the server says of a refresh token. */
    async refresh(token) {
      const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: token });
      const response = await fetch(`${issuer}/token`, { method: 'POST', body });
      return { status: response.status, ...(await response.json()) };
    },
    stop() {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Signs in at the server's pages, which take any login, and consents. */
export async function enter(page, login = 'alice') {
  await page.waitForSelector('input[name=login]');
  await page.fill('input[name=login]', login);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached' });
  await page.click('button[type=submit]');
}

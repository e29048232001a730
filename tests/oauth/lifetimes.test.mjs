// What oidc-provider says of a refresh token's life (rule 18), and how it is
// understood: the package in Node.js against the running server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import Provider from 'oidc-provider';

const { createTokenManager } = await import(join(process.env.EVERTOKEN_PKG ?? join(import.meta.dirname, '../../pkg'), 'index.js'));
const DAY = 86_400;

/** A server with a session that is under way; `says` whether its answers name
 * the end of the refresh token, which they do not by themselves. */
async function start(t, says) {
  let handle;
  const http = createServer((request, response) => handle(request, response));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => (http.closeAllConnections(), http.close()));
  const issuer = `http://127.0.0.1:${http.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'spa', token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], redirect_uris: [`${issuer}/callback`], scope: 'openid offline_access' }],
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    cookies: { keys: ['test'] },
    ttl: { AccessToken: 60, Grant: 30 * DAY, RefreshToken: 14 * DAY, IdToken: 3600 },
    rotateRefreshToken: true,
  });
  if (says) {
    provider.use(async (context, next) => {
      await next();
      const { RefreshToken } = context.oidc?.entities ?? {};
      if (context.oidc?.route === 'token' && RefreshToken) context.body = { ...context.body, refresh_expires_in: RefreshToken.expiration };
    });
  }
  handle = provider.callback();
  const client = await provider.Client.find('spa');
  const scope = 'openid offline_access';
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'spa' });
  grant.addOIDCScope(scope);
  const token = new provider.RefreshToken({ accountId: 'alice', client, grantId: await grant.save(), gty: 'authorization_code', scope });
  return { issuer, refreshToken: await token.save() };
}

async function renewed(t, { issuer, refreshToken }, session) {
  const auth = await createTokenManager({
    baseUrl: issuer,
    refresh: { url: '/token', body: 'form', fields: { client_id: 'spa' } },
    refreshToken: { in: 'body' },
    session,
    fetch,
  });
  t.after(() => auth.dispose());
  await auth.setTokens({ accessToken: 'opaque', refreshToken, expiresIn: 60 });
  await auth.refresh();
  assert.notEqual(await auth.getToken(), 'opaque');
  return auth.snapshot.sessionEndsAt && (auth.snapshot.sessionEndsAt - Date.now()) / 1000;
}
const about = (found, expected) => assert.ok(Math.abs(found - expected) < 3, `${found} seconds are left, ${expected} were expected`);

test('oidc-provider says nothing of its opaque refresh tokens: what is known is configured', async (t) => {
  assert.equal(await renewed(t, await start(t, false)), null);
  about(await renewed(t, await start(t, false), { maxSeconds: 14 * DAY }), 14 * DAY);
});

test('oidc-provider with a middleware that names the end as Keycloak does: each answer moves it', async (t) => {
  about(await renewed(t, await start(t, true)), 14 * DAY);
});

import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { USER, launch } from '../launcher.mjs';

await launch(import.meta.dirname, {
  switches: {
    fixed: 'the cookie without Domain=localhost',
    'roles-both': 'the authenticated role may refresh too',
    'no-logout': 'without GET /api/auth/logout',
    'cors-broken': 'a CORS list that forgets credentials',
  },
  host: ({ switches }) => (switches.fixed ? '127.0.0.1' : 'localhost'),
  health: '/_health',
  prepare: async (context) => {
    await mkdir(join(context.app, 'public', 'uploads'), { recursive: true });
    context.refreshSecret = 'a refresh secret for tests only';
  },
  command: ({ setting, port, data, app, refreshSecret }) => ({
    command: process.execPath,
    args: [join(app, 'node_modules', '@strapi', 'strapi', 'bin', 'strapi.js'), 'start'],
    env: {
      NODE_ENV: 'development',
      PORT: String(port),
      DATABASE_FILENAME: join(data, 'strapi.db'),
      APP_KEYS: 'a key for tests only,another key for tests only',
      JWT_SECRET: 'an access secret for tests only',
      ADMIN_JWT_SECRET: 'an admin secret for tests only',
      API_TOKEN_SALT: 'a salt for tests only',
      TRANSFER_TOKEN_SALT: 'a salt for tests only',
      JWT_SECRET_EXPIRES: setting.accessTtl,
      REFRESH_SECRET: refreshSecret,
      REFRESH_TOKEN_EXPIRES: setting.refreshTtl,
      COOKIE_DOMAIN: setting.switches.fixed ? '' : 'localhost',
      REFRESH_ROLES: setting.switches['roles-both'] ? 'both' : 'public',
      LOGOUT_ROUTE: String(!setting.switches['no-logout']),
      CORS_ORIGIN: setting.origins.join(','),
      CORS_CREDENTIALS: String(!setting.switches['cors-broken']),
      STRAPI_TELEMETRY_DISABLED: 'true',
      STRAPI_DISABLE_UPDATE_NOTIFICATION: 'true',
      SEED_USER: JSON.stringify(USER),
    },
  }),
  actions: (context) => ({
    // Its refresh tokens are kept nowhere: only another secret, or blocking the user, ends them.
    revoke: async () => {
      context.refreshSecret = randomUUID();
      await context.restart();
    },
  }),
});

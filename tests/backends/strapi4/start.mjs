import { randomUUID } from 'node:crypto';
import { launch } from '../launcher.mjs';
import { HEALTH, SOURCES, prepareFolders, strapiCommand } from '../strapi/strapi.mjs';

await launch(import.meta.dirname, {
  switches: {
    fixed: 'the cookie without Domain=localhost',
    'roles-both': 'the authenticated role may refresh too',
    'no-logout': 'without GET /api/auth/logout',
    'cors-broken': 'a CORS list that forgets credentials',
  },
  sources: SOURCES,
  host: ({ switches }) => (switches.fixed ? '127.0.0.1' : 'localhost'),
  health: HEALTH,
  prepare: async (context) => {
    await prepareFolders(context);
    context.refreshSecret = 'a refresh secret for tests only';
  },
  command: (context) => {
    const { setting, refreshSecret } = context;
    return strapiCommand(context, {
      JWT_SECRET_EXPIRES: setting.accessTtl,
      REFRESH_SECRET: refreshSecret,
      REFRESH_TOKEN_EXPIRES: setting.refreshTtl,
      COOKIE_DOMAIN: setting.switches.fixed ? '' : 'localhost',
      REFRESH_ROLES: setting.switches['roles-both'] ? 'both' : 'public',
      LOGOUT_ROUTE: String(!setting.switches['no-logout']),
    });
  },
  actions: (context) => ({
    // Its refresh tokens are kept nowhere: only another secret, or blocking the user, ends them.
    revoke: async () => {
      context.refreshSecret = randomUUID();
      await context.restart();
    },
  }),
});

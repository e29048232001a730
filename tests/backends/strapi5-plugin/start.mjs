import { launch } from '../launcher.mjs';
import { changeDatabase } from '../sqlite.mjs';
import { HEALTH, SOURCES, databaseFile, prepareFolders, strapiCommand } from '../strapi/strapi.mjs';

// The plugin knows d, h and m; with seconds the whole server ends at the first login.
const lifetime = ({ refreshSeconds, switches }) =>
  switches.seconds ? `${refreshSeconds}s` : `${Math.ceil(refreshSeconds / 60)}m`;

await launch(import.meta.dirname, {
  switches: {
    'refresh-on-all': 'a refresh token with every login (requestRefreshOnAll)',
    rotate: 'a new refresh token with every refresh (refreshTokenRotation)',
    cookie: 'the refresh token in a cookie (cookieResponse), which the refresh route never reads',
    fixed: 'with the middleware that makes the refresh route read the cookie',
    logout: 'adds POST /api/auth/local/logout, which the plugin leaves out',
    seconds: 'the refresh lifetime in seconds, with which the first login ends the server',
    'cors-broken': 'a CORS list that forgets credentials',
  },
  sources: SOURCES,
  host: ({ switches }) => (switches.cookie ? 'localhost' : '127.0.0.1'),
  health: HEALTH,
  prepare: prepareFolders,
  command: (context) => {
    const { setting } = context;
    const { switches } = setting;
    return strapiCommand(context, {
      JWT_EXPIRES: setting.accessTtl,
      REFRESH_JWT_SECRET: 'a refresh secret for tests only',
      REFRESH_JWT_EXPIRES: lifetime(setting),
      REFRESH_ON_ALL: String(switches['refresh-on-all']),
      REFRESH_ROTATION: String(switches.rotate),
      REFRESH_COOKIE: String(switches.cookie),
      COOKIE_FIXED: String(switches.fixed),
      LOGOUT_ROUTE: String(switches.logout),
    });
  },
  actions: (context) => ({
    revoke: () => changeDatabase(context, databaseFile(context), 'DELETE FROM "refresh-token_token"'),
  }),
});

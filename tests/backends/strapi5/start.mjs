import { launch } from '../launcher.mjs';
import { changeDatabase } from '../sqlite.mjs';
import { HEALTH, SOURCES, databaseFile, prepareFolders, strapiCommand } from '../strapi/strapi.mjs';

await launch(import.meta.dirname, {
  switches: {
    cookie: 'the refresh token in an HttpOnly cookie instead of the body',
    'roles-public': 'only the public role may refresh, as in a new project',
    'cors-broken': 'a CORS list that forgets credentials',
  },
  sources: SOURCES,
  health: HEALTH,
  prepare: prepareFolders,
  command: (context) =>
    strapiCommand(context, {
      ACCESS_SECONDS: String(context.setting.accessSeconds),
      REFRESH_SECONDS: String(context.setting.refreshSeconds),
      REFRESH_COOKIE: String(context.setting.switches.cookie),
      REFRESH_ROLES: context.setting.switches['roles-public'] ? 'public' : 'both',
    }),
  actions: (context) => ({
    revoke: () => changeDatabase(context, databaseFile(context), 'DELETE FROM strapi_sessions'),
  }),
});

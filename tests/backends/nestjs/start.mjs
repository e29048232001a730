import { join } from 'node:path';
import { USER, launch, run } from '../launcher.mjs';
import { changeDatabase } from '../sqlite.mjs';

await launch(import.meta.dirname, {
  switches: {
    logout: 'adds POST /users/logout, which the document leaves out',
    'cors-broken': 'a CORS list without credentials',
  },
  health: '/users/fav-movies',
  prepare: async ({ app, env }) => {
    await run(process.execPath, [join(app, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', app], { cwd: app, env });
  },
  command: ({ setting, port, data }) => ({
    command: process.execPath,
    args: [join('dist', 'main.js')],
    env: {
      PORT: String(port),
      DATABASE_FILENAME: join(data, 'nest.db'),
      JWT_SECRET: 'a secret for tests only',
      ACCESS_SECONDS: String(setting.accessSeconds),
      REFRESH_SECONDS: String(setting.refreshSeconds),
      LOGOUT_ROUTE: String(setting.switches.logout),
      CORS_ORIGIN: setting.origins.join(','),
      CORS_CREDENTIALS: String(!setting.switches['cors-broken']),
      SEED_USER: JSON.stringify(USER),
    },
  }),
  actions: (context) => {
    const database = join(context.data, 'nest.db');
    return {
      revoke: () => changeDatabase(context, database, 'UPDATE user SET refreshToken = NULL'),
      expire: () => changeDatabase(context, database, "UPDATE user SET refreshTokenExpires = '2000-01-01 00:00:00.000'"),
    };
  },
});

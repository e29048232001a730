import { USER, launch } from '../launcher.mjs';
import { startPostgres } from './postgres.mjs';

const JWT_SECRET = 'a secret for tests only';

const sql = async ({ require, databaseUrl }, statement) => {
  const { Client } = require('pg');
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

await launch(import.meta.dirname, {
  switches: {
    logout: 'adds POST /api/auth/signout, which the document leaves out',
    'cors-broken': 'a CORS list without credentials',
  },
  health: '/api/test/all',
  prepare: async (context) => {
    context.databaseUrl = await startPostgres(context);
  },
  command: ({ setting, port, databaseUrl }) => ({
    command: process.execPath,
    args: ['server.js'],
    env: {
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      JWT_SECRET,
      JWT_EXPIRATION: String(setting.accessSeconds),
      JWT_REFRESH_EXPIRATION: String(setting.refreshSeconds),
      CORS_ORIGIN: setting.origins.join(','),
      CORS_CREDENTIALS: String(!setting.switches['cors-broken']),
      SIGNOUT: String(setting.switches.logout),
      SEED_USER: JSON.stringify(USER),
    },
  }),
  actions: (context) => ({
    revoke: () => sql(context, 'DELETE FROM "refreshTokens"'),
    expire: () => sql(context, `UPDATE "refreshTokens" SET "expiryDate" = now() - interval '1 second'`),
  }),
});

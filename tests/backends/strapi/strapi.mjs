// What every Strapi here has in common: how it is started, where it writes, what it is seeded with.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { USER } from '../launcher.mjs';

/** The files that a new Strapi project brings, and the post that the documents ask for. */
export const SOURCES = ['../strapi/app', 'app'];

export const HEALTH = '/_health';

export const databaseFile = ({ data }) => join(data, 'strapi.db');

/** Strapi wants this folder to be there; a fresh project has it. */
export const prepareFolders = ({ app }) => mkdir(join(app, 'public', 'uploads'), { recursive: true });

/** `strapi start` with the environment that its configuration reads. */
export const strapiCommand = (context, env) => ({
  command: process.execPath,
  args: [join(context.app, 'node_modules', '@strapi', 'strapi', 'bin', 'strapi.js'), 'start'],
  env: {
    NODE_ENV: 'development',
    PORT: String(context.port),
    DATABASE_FILENAME: databaseFile(context),
    APP_KEYS: 'a key for tests only,another key for tests only',
    JWT_SECRET: 'an access secret for tests only',
    ADMIN_JWT_SECRET: 'an admin secret for tests only',
    API_TOKEN_SALT: 'a salt for tests only',
    TRANSFER_TOKEN_SALT: 'a salt for tests only',
    ENCRYPTION_KEY: 'an encryption key for tests only',
    CORS_ORIGIN: context.setting.origins.join(','),
    CORS_CREDENTIALS: String(!context.setting.switches['cors-broken']),
    STRAPI_TELEMETRY_DISABLED: 'true',
    SEED_USER: JSON.stringify(USER),
    ...env,
  },
});

const { env } = process;

export const auth = {
  secret: env.JWT_SECRET,
  jwtExpiration: Number(env.JWT_EXPIRATION),
  jwtRefreshExpiration: Number(env.JWT_REFRESH_EXPIRATION),
};

export const database = env.DATABASE_URL;

// Without `credentials: true` a page that sends its requests with credentials may not read the answers.
export const cors =
  env.CORS_CREDENTIALS === 'false'
    ? { origin: env.CORS_ORIGIN.split(',') }
    : { origin: env.CORS_ORIGIN.split(','), credentials: true };

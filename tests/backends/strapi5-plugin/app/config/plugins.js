module.exports = ({ env }) => ({
  'users-permissions': {
    config: {
      jwtSecret: env('JWT_SECRET'),
      jwt: { expiresIn: env('JWT_EXPIRES') },
    },
  },
  'refresh-token': {
    config: {
      refreshTokenExpiresIn: env('REFRESH_JWT_EXPIRES'),
      refreshTokenSecret: env('REFRESH_JWT_SECRET'),
      requestRefreshOnAll: env.bool('REFRESH_ON_ALL', false),
      cookieResponse: env.bool('REFRESH_COOKIE', false),
      refreshTokenRotation: env.bool('REFRESH_ROTATION', false),
    },
  },
});

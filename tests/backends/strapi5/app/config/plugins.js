module.exports = ({ env }) => ({
  'users-permissions': {
    config: {
      jwtSecret: env('JWT_SECRET'),
      jwtManagement: 'refresh',
      sessions: {
        accessTokenLifespan: env.int('ACCESS_SECONDS'),
        maxRefreshTokenLifespan: env.int('REFRESH_SECONDS'),
        idleRefreshTokenLifespan: env.int('REFRESH_SECONDS'),
        httpOnly: env.bool('REFRESH_COOKIE', false),
      },
    },
  },
});

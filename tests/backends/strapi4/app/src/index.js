'use strict';

const seed = require('./seed');

const REFRESH = 'plugin::users-permissions.auth.refreshToken';
const LOGOUT = 'plugin::users-permissions.auth.logout';

module.exports = {
  register() {},

  async bootstrap() {
    const logout = process.env.LOGOUT_ROUTE === 'true' ? [LOGOUT] : [];
    await seed({
      publicRole: [REFRESH, ...logout],
      // The document gives the refresh route to the public role alone: a request that carries a
      // valid access token is then refused.
      authenticatedRole: process.env.REFRESH_ROLES === 'both' ? [REFRESH, ...logout] : logout,
    });
  },
};

'use strict';

const seed = require('./seed');

const LOGOUT = process.env.LOGOUT_ROUTE === 'true' ? ['plugin::users-permissions.auth.logoutLocal'] : [];

module.exports = {
  register() {},

  // The plugin answers its refresh route before the roles are asked.
  bootstrap: () => seed({ publicRole: LOGOUT, authenticatedRole: LOGOUT }),
};

'use strict';

const seed = require('./seed');

module.exports = {
  register() {},

  // By itself Strapi gives the logout route to signed-in users and the refresh route to nobody.
  bootstrap() {
    const roles = process.env.REFRESH_ROLES === 'none' ? [] : ['plugin::users-permissions.auth.refresh'];
    return seed({ publicRole: roles, authenticatedRole: roles });
  },
};

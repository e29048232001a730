'use strict';

const seed = require('./seed');

module.exports = {
  register() {},

  // By itself Strapi gives the logout route to signed-in users and the refresh route to the others.
  bootstrap: () =>
    seed({ authenticatedRole: process.env.REFRESH_ROLES === 'both' ? ['plugin::users-permissions.auth.refresh'] : [] }),
};

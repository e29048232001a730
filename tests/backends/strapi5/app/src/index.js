'use strict';

const seed = require('./seed');

module.exports = {
  register() {},

  // By itself Strapi gives the logout route to signed-in users and the refresh route to nobody.
  bootstrap: () =>
    seed({
      publicRole: ['plugin::users-permissions.auth.refresh'],
      authenticatedRole: ['plugin::users-permissions.auth.refresh'],
    }),
};

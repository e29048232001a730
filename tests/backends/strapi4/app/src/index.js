'use strict';

const POST_ACTIONS = ['find', 'findOne', 'create', 'update', 'delete'].map((name) => `api::post.post.${name}`);
const REFRESH = 'plugin::users-permissions.auth.refreshToken';
const LOGOUT = 'plugin::users-permissions.auth.logout';

async function allow(type, actions) {
  const role = await strapi.query('plugin::users-permissions.role').findOne({ where: { type } });
  for (const action of actions) {
    await strapi.query('plugin::users-permissions.permission').create({ data: { action, role: role.id } });
  }
  return role;
}

module.exports = {
  register() {},

  /** What its owner clicks together in the admin panel: two roles, one user, one post. */
  async bootstrap() {
    const { username, email, password } = JSON.parse(process.env.SEED_USER);
    if (await strapi.query('plugin::users-permissions.user').findOne({ where: { username } })) return;

    // The document gives the refresh route to the public role alone: a request that
    // carries a valid access token is then refused.
    const both = process.env.REFRESH_ROLES === 'both';
    const logout = process.env.LOGOUT_ROUTE === 'true' ? [LOGOUT] : [];
    await allow('public', [REFRESH, ...logout]);
    const role = await allow('authenticated', [...POST_ACTIONS, ...(both ? [REFRESH] : []), ...logout]);

    await strapi.plugin('users-permissions').service('user').add({
      username,
      email,
      password,
      provider: 'local',
      confirmed: true,
      role: role.id,
    });
    await strapi.entityService.create('api::post.post', { data: { title: 'hello', content: 'world' } });
  },
};

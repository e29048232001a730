'use strict';

const UP = 'plugin::users-permissions';
const POST_ACTIONS = ['find', 'findOne', 'create', 'update', 'delete'].map((name) => `api::post.post.${name}`);

async function allow(type, actions) {
  const role = await strapi.db.query(`${UP}.role`).findOne({ where: { type } });
  const permissions = strapi.db.query(`${UP}.permission`);
  for (const action of actions) {
    const permission = { action, role: role.id };
    if (!(await permissions.findOne({ where: permission }))) await permissions.create({ data: permission });
  }
  return role;
}

/**
 * What its owner clicks together in the admin panel: two roles, one user, one post that only the
 * user may read. The names are those of the roles' actions beside the posts'.
 */
module.exports = async function seed({ publicRole = [], authenticatedRole = [] }) {
  await allow('public', publicRole);
  const role = await allow('authenticated', [...POST_ACTIONS, ...authenticatedRole]);

  const { username, email, password } = JSON.parse(process.env.SEED_USER);
  if (await strapi.db.query(`${UP}.user`).findOne({ where: { username } })) return;
  const user = { username, email, password, provider: 'local', confirmed: true, role: role.id };
  await strapi.plugin('users-permissions').service('user').add(user);

  const data = { title: 'hello', content: 'world' };
  if (strapi.documents) await strapi.documents('api::post.post').create({ data });
  else await strapi.entityService.create('api::post.post', { data });
};

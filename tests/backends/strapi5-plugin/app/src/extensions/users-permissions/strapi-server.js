'use strict';

const jwt = require('jsonwebtoken');

const COOKIE = 'refreshToken';

/** The route that the plugin leaves out: it ends one refresh token, and its cookie. */
function addLogout(plugin) {
  const { auth } = plugin.controllers;
  plugin.controllers.auth = (context) => ({
    ...(typeof auth === 'function' ? auth(context) : auth),

    async logoutLocal(ctx) {
      const { refreshTokenSecret } = strapi.config.get('plugin::refresh-token');
      try {
        const { secret } = jwt.verify(ctx.request.body?.refreshToken ?? ctx.cookies.get(COOKIE), refreshTokenSecret);
        await strapi.db.query('plugin::refresh-token.token').deleteMany({ where: { documentId: secret } });
      } catch (error) {
        // What is no refresh token of ours, or has expired, opens nothing and needs no end.
        if (!(error instanceof jwt.JsonWebTokenError)) throw error;
      }
      const domain = process.env.NODE_ENV === 'production' ? process.env.PRODUCTION_URL : 'localhost';
      ctx.cookies.set(COOKIE, null, { httpOnly: true, domain });
      ctx.send({ ok: true });
    },
  });

  const routes = plugin.routes['content-api'];
  plugin.routes['content-api'] = (context) => {
    const { routes: own, ...rest } = typeof routes === 'function' ? routes(context) : routes;
    const logout = { method: 'POST', path: '/auth/local/logout', handler: 'auth.logoutLocal', config: { prefix: '' } };
    return { ...rest, routes: [...own, logout] };
  };
}

module.exports = (plugin) => {
  plugin.contentTypes.user.schema.attributes.refresh_tokens = {
    type: 'relation',
    relation: 'oneToMany',
    target: 'plugin::refresh-token.token',
    mappedBy: 'user',
    private: true,
    configurable: false,
  };
  if (process.env.LOGOUT_ROUTE === 'true') addLogout(plugin);
  return plugin;
};

'use strict';

const jwt = require('jsonwebtoken');
const { ApplicationError, ValidationError } = require('@strapi/utils').errors;

const COOKIE = 'refreshToken';
const FOURTEEN_DAYS_MS = 14 * 24 * 60 * 60 * 1000;

const cookieOptions = () => ({
  httpOnly: true,
  secure: process.env.NODE_ENV === 'production',
  sameSite: 'strict',
  // 'localhost' in the document. Left out, the cookie belongs to the host that answered.
  domain: process.env.COOKIE_DOMAIN || undefined,
});

const issueAccessToken = (id) => strapi.plugin('users-permissions').service('jwt').issue({ id });

const issueRefreshToken = (id) =>
  jwt.sign({ id }, process.env.REFRESH_SECRET, { expiresIn: process.env.REFRESH_TOKEN_EXPIRES });

function verifyRefreshToken(token) {
  try {
    return jwt.verify(token, process.env.REFRESH_SECRET);
  } catch {
    throw new Error('Invalid token.');
  }
}

module.exports = (plugin) => {
  const { auth } = plugin.controllers;
  const signIn = auth.callback;

  auth.callback = async (ctx) => {
    await signIn(ctx);
    ctx.cookies.set(COOKIE, issueRefreshToken(ctx.body.user.id), { ...cookieOptions(), maxAge: FOURTEEN_DAYS_MS });
  };

  auth.refreshToken = async (ctx) => {
    const cookie = ctx.cookies.get(COOKIE);
    if (!cookie) return ctx.badRequest('no Authorization');

    try {
      const { id } = verifyRefreshToken(cookie);
      const user = await strapi.query('plugin::users-permissions.user').findOne({ where: { id } });
      if (!user) throw new ValidationError('Invalid identifier or password');
      if (user.blocked) throw new ApplicationError('Your account has been blocked by an administrator');
      ctx.send({ jwt: issueAccessToken(id) });
    } catch (error) {
      return ctx.badRequest(error.toString());
    }
  };

  auth.logout = async (ctx) => {
    ctx.cookies.set(COOKIE, null, cookieOptions());
    ctx.send({ message: 'ok' });
  };

  const { routes } = plugin.routes['content-api'];
  const config = { policies: [], prefix: '' };
  routes.push({ method: 'POST', path: '/token/refresh', handler: 'auth.refreshToken', config });
  if (process.env.LOGOUT_ROUTE === 'true') {
    routes.push({ method: 'GET', path: '/auth/logout', handler: 'auth.logout', config });
  }

  return plugin;
};

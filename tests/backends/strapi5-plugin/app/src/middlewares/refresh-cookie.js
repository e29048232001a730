'use strict';

const REFRESH = '/api/auth/local/refresh';
const COOKIE = 'refreshToken';

/**
 * Gives the plugin's refresh route what the plugin's own cookie holds, and puts a rotated token
 * back into that cookie. Comes after 'strapi::body'.
 */
module.exports = () => async (ctx, next) => {
  if (ctx.method === 'POST' && ctx.path === REFRESH) {
    ctx.request.body = { refreshToken: ctx.cookies.get(COOKIE), ...ctx.request.body };

    const send = ctx.send.bind(ctx);
    ctx.send = ({ refreshToken, ...body }, status) => {
      if (refreshToken) {
        const production = process.env.NODE_ENV === 'production';
        ctx.cookies.set(COOKIE, refreshToken, {
          httpOnly: true,
          secure: production,
          domain: production ? process.env.PRODUCTION_URL : 'localhost', // as the plugin has it
          expires: new Date(jwtExpiry(refreshToken)),
        });
      }
      return send(body, status);
    };
  }
  await next();
};

const jwtExpiry = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp * 1000;

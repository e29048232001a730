// How the systems differ, as far as a test has to know. `without`: scenarios that it has not.

const STRAPI = {
  user: 'alice',
  login: '/api/auth/local',
  refreshMethod: 'POST',
  resource: '/api/posts',
  /** What the resource answers to nobody. */
  anonymous: 403,
  without: ['has expired'], // a setting of its own
};

export const STRAPI4 = { ...STRAPI, name: 'strapi4', refresh: '/api/token/refresh', logout: '/api/auth/logout' };

export const STRAPI5 = { ...STRAPI, name: 'strapi5', refresh: '/api/auth/refresh', logout: '/api/auth/logout' };

export const STRAPI5_PLUGIN = {
  ...STRAPI,
  name: 'strapi5-plugin',
  refresh: '/api/auth/local/refresh',
  logout: '/api/auth/local/logout',
};

export const NESTJS = {
  name: 'nestjs',
  user: 'alice@example.com',
  login: '/users/login',
  refresh: '/users/refresh-tokens',
  refreshMethod: 'GET',
  logout: '/users/logout',
  resource: '/users/fav-movies',
  anonymous: 401,
  lifetime: 'unknown',
  /** The test can set a refresh token's end. */
  expires: true,
  without: ['a visible page', 'ten logins'],
};

export const EXPRESS = {
  name: 'express',
  user: 'alice',
  login: '/api/auth/signin',
  refresh: '/api/auth/refreshtoken',
  refreshMethod: 'POST',
  logout: '/api/auth/signout',
  resource: '/api/test/user',
  anonymous: 403,
  expires: true,
  without: ['ten logins'],
};

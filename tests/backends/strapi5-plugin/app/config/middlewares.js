module.exports = ({ env }) => [
  'strapi::logger',
  'strapi::errors',
  'strapi::security',
  {
    name: 'strapi::cors',
    // Without credentials no page on another origin can use the refresh cookie. True is the default.
    config: { origin: env.array('CORS_ORIGIN'), credentials: env.bool('CORS_CREDENTIALS', true) },
  },
  'strapi::poweredBy',
  'strapi::query',
  'strapi::body',
  ...(env.bool('COOKIE_FIXED', false) ? ['global::refresh-cookie'] : []),
  'strapi::session',
  'strapi::favicon',
  'strapi::public',
];

module.exports = ({ env }) => [
  'strapi::errors',
  'strapi::security',
  {
    name: 'strapi::cors',
    config: {
      origin: env.array('CORS_ORIGIN'),
      headers: [
        'Access-Control-Allow-Headers',
        'withCredentials',
        'Origin',
        'Authorization',
        'Accept',
        'X-Requested-With',
        'Content-Type',
        'Access-Control-Request-Method',
        'Access-Control-Request-Headers',
      ],
      // Without credentials no page on another origin can use the refresh cookie. True is the default.
      credentials: env.bool('CORS_CREDENTIALS', true),
    },
  },
  'strapi::poweredBy',
  'strapi::logger',
  'strapi::query',
  'strapi::body',
  'strapi::favicon',
  'strapi::public',
];

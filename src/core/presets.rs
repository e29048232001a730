//! The seed systems as data. A preset is a configuration to start from: what
//! the application's own does not say is looked up here, option by option.

/// An option's path, as the application would write it, and its value.
pub type Preset = [(&'static str, &'static str)];

pub const PRESETS: [(&str, &Preset); 5] = [
    // Strapi 4 with the users-permissions extension: an HttpOnly cookie, and
    // an Authorization header on the refresh call is refused.
    (
        "strapi4",
        &[
            ("login.url", "/api/auth/local"),
            ("refresh.url", "/api/token/refresh"),
            ("logout.url", "/api/auth/logout"),
            ("logout.method", "GET"),
            // Its cookie says who signs out; a role that may not is refused.
            ("logout.authenticate", "false"),
            ("refreshToken.in", "cookie"),
        ],
    ),
    // Strapi 5's own refresh sessions; its logout wants a valid access token.
    (
        "strapi5",
        &[
            ("login.url", "/api/auth/local"),
            ("refresh.url", "/api/auth/refresh"),
            ("logout.url", "/api/auth/logout"),
            ("logout.authenticate", "true"),
        ],
    ),
    // Strapi 5 with @redon2inc/strapi-plugin-refresh-token.
    (
        "strapi5-plugin",
        &[
            ("login.url", "/api/auth/local"),
            ("login.flag", "requestRefresh"),
            ("refresh.url", "/api/auth/local/refresh"),
            ("refreshToken.in", "body"),
        ],
    ),
    // NestJS with passport-jwt: both tokens in one HttpOnly cookie.
    (
        "nestjs",
        &[
            ("login.url", "/users/login"),
            ("refresh.url", "/users/refresh-tokens"),
            ("refresh.method", "GET"),
            ("accessToken.in", "cookie"),
            ("refreshToken.in", "cookie"),
        ],
    ),
    // Express with jsonwebtoken: a header of its own, without a prefix.
    (
        "express",
        &[
            ("login.url", "/api/auth/signin"),
            ("refresh.url", "/api/auth/refreshtoken"),
            ("accessToken.name", "x-access-token"),
            ("accessToken.prefix", ""),
            ("refreshToken.in", "body"),
        ],
    ),
];

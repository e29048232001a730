//! The seed systems as data. Each field is a default that the application's
//! own configuration replaces.

/// What a preset says of one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct PresetEndpoint {
    pub url: &'static str,
    pub method: &'static str,
    pub authenticate: Option<bool>,
    /// A constant extra field of the body.
    pub flag: Option<&'static str>,
}

/// What a preset says of the tokens: header name and prefix, or the cookie.
#[derive(Clone, Copy, Debug)]
pub enum PresetAccess {
    Header {
        name: &'static str,
        prefix: &'static str,
    },
    Cookie,
}

/// How a preset carries the refresh token.
#[derive(Clone, Copy, Debug)]
pub enum PresetCarrier {
    /// In the body if an answer ever brought one, else a cookie.
    Auto,
    Cookie,
    Body,
}

#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub name: &'static str,
    pub login: PresetEndpoint,
    pub refresh: PresetEndpoint,
    pub logout: Option<PresetEndpoint>,
    pub access: PresetAccess,
    pub carrier: PresetCarrier,
}

const fn post(url: &'static str) -> PresetEndpoint {
    PresetEndpoint {
        url,
        method: "POST",
        authenticate: None,
        flag: None,
    }
}

const fn get(url: &'static str) -> PresetEndpoint {
    PresetEndpoint {
        method: "GET",
        ..post(url)
    }
}

const BEARER: PresetAccess = PresetAccess::Header {
    name: "Authorization",
    prefix: "Bearer ",
};

pub static PRESETS: [Preset; 5] = [
    // Strapi 4 with the users-permissions extension: an HttpOnly cookie, and
    // an Authorization header on the refresh call is refused.
    Preset {
        name: "strapi4",
        login: post("/api/auth/local"),
        refresh: post("/api/token/refresh"),
        // Its cookie says who signs out; a role that may not is refused.
        logout: Some(PresetEndpoint {
            authenticate: Some(false),
            ..get("/api/auth/logout")
        }),
        access: BEARER,
        carrier: PresetCarrier::Cookie,
    },
    // Strapi 5's own refresh sessions; its logout wants a valid access token.
    Preset {
        name: "strapi5",
        login: post("/api/auth/local"),
        refresh: post("/api/auth/refresh"),
        logout: Some(PresetEndpoint {
            authenticate: Some(true),
            ..post("/api/auth/logout")
        }),
        access: BEARER,
        carrier: PresetCarrier::Auto,
    },
    // Strapi 5 with @redon2inc/strapi-plugin-refresh-token.
    Preset {
        name: "strapi5-plugin",
        login: PresetEndpoint {
            flag: Some("requestRefresh"),
            ..post("/api/auth/local")
        },
        refresh: post("/api/auth/local/refresh"),
        logout: None,
        access: BEARER,
        carrier: PresetCarrier::Body,
    },
    // NestJS with passport-jwt: both tokens in one HttpOnly cookie.
    Preset {
        name: "nestjs",
        login: post("/users/login"),
        refresh: get("/users/refresh-tokens"),
        logout: None,
        access: PresetAccess::Cookie,
        carrier: PresetCarrier::Cookie,
    },
    // Express with jsonwebtoken: a header of its own, without a prefix.
    Preset {
        name: "express",
        login: post("/api/auth/signin"),
        refresh: post("/api/auth/refreshtoken"),
        logout: None,
        access: PresetAccess::Header {
            name: "x-access-token",
            prefix: "",
        },
        carrier: PresetCarrier::Body,
    },
];

/// Finds a preset by name.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

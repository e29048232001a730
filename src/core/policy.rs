//! The configuration as the core needs it: what the application asked for,
//! after validation, without anything that is JavaScript's.

use super::answer::Paths;
use super::time::Millis;

/// Where the access token travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    Header {
        name: String,
        prefix: String,
    },
    /// In a cookie no script can read; the lifetime, if the application
    /// knows it.
    Cookie {
        lifetime: Option<Millis>,
    },
}

/// How the refresh token travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Carrier {
    /// In the body if an answer ever brought one, else in a cookie.
    Auto,
    Cookie,
    Body {
        field: Option<String>,
    },
    Header {
        name: String,
        prefix: String,
    },
}

/// When to refresh by timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proactive {
    Never,
    WhileVisible,
    Always,
}

/// The form of an endpoint's request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    Json,
    Form,
    None,
}

/// A double-submit cookie and the header that repeats it.
#[derive(Clone, Debug, PartialEq)]
pub struct Csrf {
    pub cookie: String,
    pub header: String,
}

/// One endpoint, without the constant headers and fields, which only the
/// shell can read.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub url: String,
    pub method: String,
    pub body: Option<BodyKind>,
    /// Whether the access token goes with it; `None` as rule 12 has it.
    pub authenticate: Option<bool>,
    pub credentials: Option<&'static str>,
    /// This call's own name for the refresh token.
    pub token_field: Option<String>,
    /// Whether there are constant fields to send.
    pub has_fields: bool,
    /// A field of the body that is `true`.
    pub flag: Option<&'static str>,
    pub csrf: Option<Csrf>,
}

/// Everything that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub access: Access,
    pub carrier: Carrier,
    pub login: Option<Endpoint>,
    /// `None` where the application brought a function.
    pub refresh: Option<Endpoint>,
    pub logout: Option<Endpoint>,
    pub paths: Paths,
    pub ahead: Option<Millis>,
    pub proactive: Proactive,
    pub timeout: Millis,
}

impl Policy {
    pub fn cookie_access(&self) -> bool {
        matches!(self.access, Access::Cookie { .. })
    }

    /// The lifetime to fall back on.
    pub fn lifetime(&self) -> Option<Millis> {
        match self.access {
            Access::Cookie { lifetime } => lifetime,
            Access::Header { .. } => None,
        }
    }

    /// Whether a refresh needs a refresh token in hand.
    pub fn needs_refresh_token(&self) -> bool {
        matches!(self.carrier, Carrier::Body { .. } | Carrier::Header { .. })
    }
}

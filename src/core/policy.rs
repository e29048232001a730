//! What an application asked for, as far as it decides anything. Its texts,
//! such as URLs and the names of headers, stay with the shell, which read
//! them: the core says what goes into a call, the shell knows what it is
//! called there.

use super::answer::Paths;
use super::time::Millis;

/// Where the access token travels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access {
    /// `own`: in another one than Authorization, which a browser carries
    /// along a redirect to wherever it leads.
    Header { own: bool },
    /// In a cookie no script can read; the lifetime, if the application
    /// knows it.
    Cookie { lifetime: Option<Millis> },
}

/// How the refresh token travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In the body if an answer ever brought one, else in a cookie.
    Auto,
    Cookie,
    Body,
    Header,
}

/// When to refresh by timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proactive {
    WhileVisible,
    Always,
    Never,
}

/// The form of an endpoint's request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    None,
    Json,
    Form,
}

/// The credentials mode of a call (Fetch, section 2.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    Include,
    SameOrigin,
    Omit,
}

/// One endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// Its method allows no body.
    pub bodyless: bool,
    pub body: Option<BodyKind>,
    /// Whether the access token goes with it; `None` as rule 12 has it.
    pub authenticate: Option<bool>,
    pub credentials: Option<Credentials>,
    /// Whether there are constant fields to send.
    pub has_fields: bool,
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
    /// `None` for the default, a fifth of the lifetime.
    pub ahead: Option<Millis>,
    pub proactive: Proactive,
    pub timeout: Millis,
}

/// The method of an endpoint, by default. It and the names below are of no
/// interest to the core; they are here so that both shells say the same.
pub const METHOD: &str = "POST";

/// The access token's header, by default (RFC 6750 section 2.1).
pub const HEADER: &str = "Authorization";

/// What stands before the token there, by default.
pub const PREFIX: &str = "Bearer ";

/// The name of what is stored and shared between tabs, by default.
pub const KEY: &str = "evertoken";

/// What one call may take, by default.
pub const TIMEOUT: Millis = Millis::new(10_000);

impl Default for Policy {
    fn default() -> Self {
        Self {
            access: Access::Header { own: false },
            carrier: Carrier::Auto,
            login: None,
            refresh: Some(Endpoint::default()),
            logout: None,
            paths: Paths::default(),
            ahead: None,
            proactive: Proactive::WhileVisible,
            timeout: TIMEOUT,
        }
    }
}

impl Policy {
    pub fn cookie_access(&self) -> bool {
        matches!(self.access, Access::Cookie { .. })
    }

    /// The lifetime to fall back on.
    pub fn lifetime(&self) -> Millis {
        match self.access {
            Access::Cookie {
                lifetime: Some(lifetime),
            } => lifetime,
            _ => Millis::ZERO,
        }
    }

    /// Whether a refresh needs a refresh token in hand.
    pub fn needs_refresh_token(&self) -> bool {
        matches!(self.carrier, Carrier::Body | Carrier::Header)
    }
}

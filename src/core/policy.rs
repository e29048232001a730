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

/// What is known of a place where records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing is kept beyond the page but the mark of a sign-out.
    Memory,
    /// One tab's own (`sessionStorage`): what another tab writes does not
    /// come here by itself, so a tab keeps what it hears.
    Tab,
    /// All tabs' (`localStorage`, IndexedDB): a tab that tells of a record
    /// has stored it here.
    Shared,
    /// The application's own, of which nothing is known.
    Custom,
}

/// What keeps tabs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// The Web Locks API.
    Web,
    /// A lease in IndexedDB, where there are no Web Locks (insecure origins).
    Lease,
    /// Nothing: there are no other tabs, or no means.
    None,
}

/// What puts the idle end off, beside `touch()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// What the user does on the page, and that the page is seen.
    Page,
    /// The same until the warning, which wants an answer: the pointer on its
    /// way to a dialogue must not close it.
    UntilWarned,
    /// Nothing.
    Manual,
}

/// When a session ends by itself (rule 18).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Since the sign-in; forever if none is set.
    pub lifetime: Millis,
    /// Since the last activity in any tab; forever if none is set.
    pub idle: Millis,
    /// How long before the end a warning is due.
    pub warning: Millis,
    pub activity: Activity,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lifetime: Millis::FOREVER,
            idle: Millis::FOREVER,
            warning: Millis::new(60_000),
            activity: Activity::Page,
        }
    }
}

/// Everything that decides: what the application configured, and what the
/// host found the platform to have.
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
    pub limits: Limits,
    /// `storage`.
    pub storage: Keep,
    /// `remember`; `None` where it is the same place as `storage`.
    pub remember: Option<Keep>,
    /// Whether the host can keep [`Place::Mark`](super::Place::Mark): on a
    /// page it can, on a server it cannot. Where the session itself is kept in
    /// `localStorage` there is no such place beside it.
    pub mark: bool,
    /// Whether there may be other tabs, and a channel to them: a page, and
    /// `crossTab`.
    pub channel: bool,
    pub locks: Locks,
    /// Nobody's: on a server, where a manager would show one visitor as
    /// another (rule 15).
    pub inert: bool,
    /// A cookie that scripts can read says whether there is one to refresh
    /// with (`hint`).
    pub hint: bool,
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
            limits: Limits::default(),
            storage: Keep::Memory,
            remember: None,
            mark: false,
            channel: false,
            locks: Locks::None,
            inert: false,
            hint: false,
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

    /// Whether a refresh may be answered with a cookie, so that the order in
    /// which answers arrive decides whose session the browser has.
    pub fn cookie_refresh(&self) -> bool {
        self.refresh.is_some() && (self.cookie_access() || !self.needs_refresh_token())
    }

    /// Whether what is kept outlives a page, or is another page's as well.
    pub fn shares_a_place(&self) -> bool {
        [Some(self.storage), self.remember].contains(&Some(Keep::Shared))
    }

    /// Whether a refresh needs a refresh token in hand.
    pub fn needs_refresh_token(&self) -> bool {
        matches!(self.carrier, Carrier::Body | Carrier::Header)
    }
}

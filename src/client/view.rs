//! What applications see of the state.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use super::error::{Error, ErrorKind};
use super::reason::Reason;
use crate::core::view as core;

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody knows: a cookie may be there, and the first request tries it.
    Unknown,
    #[default]
    SignedOut,
    SignedIn,
}

impl From<core::Status> for Status {
    fn from(status: core::Status) -> Self {
        match status {
            core::Status::Unknown => Self::Unknown,
            core::Status::SignedOut => Self::SignedOut,
            core::Status::SignedIn => Self::SignedIn,
        }
    }
}

/// The state at one moment. Two that are equal are the same to an
/// application, so it makes a good signal.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    pub status: Status,
    /// A refresh is under way.
    pub refreshing: bool,
    /// The last refresh failed for a passing reason, and none has succeeded
    /// since.
    pub stale: bool,
    /// The end of the access token on this machine's clock, if it is known.
    pub expires_at: Option<SystemTime>,
    /// The end of the session, likewise.
    pub session_ends_at: Option<SystemTime>,
    /// Why the session ends, from [`Event::SessionEnding`] on, until
    /// [`touch`](crate::TokenManager::touch) or activity puts the end off.
    pub session_ending: Option<Ending>,
    /// Why nobody is signed in, or why the token is stale.
    pub error: Option<Error>,
    pub(super) claims: Option<Arc<str>>,
}

impl Snapshot {
    /// Makes a snapshot, for tests and for a server's first rendering.
    pub fn new(status: Status) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Gives it claims, as the JSON of an object.
    #[must_use]
    pub fn with_claims(mut self, json: impl Into<String>) -> Self {
        self.claims = Some(json.into().into());
        self
    }

    /// Tells whether somebody is signed in.
    pub fn is_signed_in(&self) -> bool {
        self.status == Status::SignedIn
    }

    /// Reads the access token's claims, if it has any that can be read. Its
    /// signature is not checked: that is the server's business.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where the claims are no `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.claims
            .as_deref()
            .map(|json| read(json, "claims"))
            .transpose()
    }
}

/// Claims are not secret, but personal.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("status", &self.status)
            .field("refreshing", &self.refreshing)
            .field("stale", &self.stale)
            .field("expires_at", &self.expires_at)
            .field("session_ends_at", &self.session_ends_at)
            .field("session_ending", &self.session_ending)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Takes JSON apart. What is behind a failure, it says without the values.
fn read<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        let message = [what, ": expected another shape"].concat();
        let said = Reason::of_text(&unquoted(&error.to_string()));
        Error::new(ErrorKind::InvalidResponse, message).with_reason(said)
    })
}

/// Takes away what a message quotes of a value, which may be a token. Names of
/// fields stand between other marks.
fn unquoted(message: &str) -> String {
    let mut parts = message.split('"');
    let first = parts.next().unwrap_or_default().to_owned();
    match message.rsplit('"').next() {
        Some(last) if parts.next().is_some() => [&first, "\"…\"", last].concat(),
        _ if first.starts_with("unknown variant") => "unknown variant".to_owned(),
        _ => first,
    }
}

/// What a login endpoint answered.
#[derive(Clone)]
pub struct LoginAnswer(pub(super) String);

impl LoginAnswer {
    /// Reads the answer's JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where it is no `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.0, "login's answer")
    }

    /// Gives the text of the answer, which may hold tokens.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LoginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginAnswer(…)")
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedOutBy {
    /// `logout` was called here.
    Logout,
    /// The server would not go on.
    RefreshRejected,
    /// Another tab signed out.
    OtherTab,
    /// Nobody was active for so long ([`Config::session`](crate::Config::session)).
    Idle,
    /// The session has reached its end.
    Lifetime,
}

/// Why a session is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Nobody is active; [`touch`](crate::TokenManager::touch) puts it off.
    Idle,
    /// Its time is up.
    Lifetime,
}

impl From<crate::core::Ending> for Ending {
    fn from(cause: crate::core::Ending) -> Self {
        match cause {
            crate::core::Ending::Idle => Self::Idle,
            crate::core::Ending::Lifetime => Self::Lifetime,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    SignedIn,
    Refreshed,
    RefreshFailed(Error),
    SignedOut(SignedOutBy),
    UserChanged,
    /// Something went wrong that stops nothing, such as a storage that cannot
    /// be used.
    Warning(Error),
    /// A server wants a stronger or a newer sign-in before it answers (RFC
    /// 9470).
    StepUp {
        acr_values: Vec<String>,
        /// How long ago the user may have signed in at most.
        max_age: Option<Duration>,
        scope: Option<String>,
    },
    /// The session will end.
    SessionEnding {
        ends_at: Option<SystemTime>,
        cause: Ending,
    },
}

/// What keeps the tabs apart while one of them refreshes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockKind {
    WebLocks,
    /// A lease in IndexedDB, where the page is no secure context (feature
    /// `indexed-db`).
    Lease,
    /// Nothing. The commits are conditional all the same.
    #[default]
    None,
}

/// Figures for a developer; nothing in them is a secret.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// Where the tokens are kept.
    pub storage: &'static str,
    pub lock: LockKind,
    pub refreshes: u32,
    pub refresh_failures: u32,
    /// Requests that were sent a second time.
    pub retries: u32,
    /// Callers that wait for a refresh.
    pub waiting: u32,
    /// Subscriptions that were not dropped.
    pub listeners: usize,
    pub next_refresh_at: Option<SystemTime>,
    pub clock_skew_ms: f64,
    pub last_error: Option<Error>,
    /// What could not be used.
    pub degraded: Vec<&'static str>,
}

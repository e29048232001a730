//! What applications see of the state.

use std::fmt;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::error::{Error, ErrorKind};
use crate::core::view as core;

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody knows: a cookie may be there, and the first request tries it.
    Unknown,
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
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    pub status: Status,
    /// A refresh is under way.
    pub refreshing: bool,
    /// The last refresh failed for a passing reason, and none has succeeded
    /// since.
    pub stale: bool,
    /// The end of the access token in milliseconds since the epoch, on this
    /// machine's clock, if it is known.
    pub expires_at_ms: Option<f64>,
    pub error: Option<Error>,
    pub(super) claims: Option<Rc<str>>,
}

impl Snapshot {
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
            .field("expires_at_ms", &self.expires_at_ms)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Takes JSON apart with the platform's parser.
fn read<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Error> {
    let wrong = |found: &str| {
        let message = [what, ": expected another shape, found ", found].concat();
        Error::new(ErrorKind::InvalidResponse, message)
    };
    let value = js_sys::JSON::parse(json).map_err(|_| wrong("no JSON"))?;
    serde_wasm_bindgen::from_value(value).map_err(|_| wrong("JSON that does not fit"))
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedOutBy {
    /// `logout` was called here.
    Logout,
    /// The server would not go on.
    RefreshRejected,
    /// Another tab signed out.
    OtherTab,
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
}

/// What keeps the tabs apart while one of them refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockKind {
    WebLocks,
    /// Nothing: the page is no secure context, or does not share. The
    /// commits are conditional all the same.
    None,
}

/// Figures for a developer; nothing in them is a secret.
#[derive(Clone, Debug, PartialEq)]
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
    /// In milliseconds since the epoch.
    pub next_refresh_at_ms: Option<f64>,
    pub clock_skew_ms: f64,
    pub last_error: Option<Error>,
    /// What could not be used.
    pub degraded: Vec<&'static str>,
}

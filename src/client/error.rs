//! What can go wrong, as applications see it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::reason::Reason;
use crate::core::policy::Policy;
use crate::core::{self, Fault};

/// The kind of an [`Error`], by who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot be meant. The message names the option, as
    /// the npm package spells it.
    InvalidConfig,
    /// There is no session for what was asked, or it ended meanwhile.
    SignedOut,
    /// The server refused the credentials of a sign-in.
    LoginRejected,
    /// The sign-in could not be carried out; it may be tried again.
    LoginUnavailable,
    /// The server ended the session: the user has to sign in.
    RefreshRejected,
    /// The token could not be refreshed for now; the session is kept.
    RefreshUnavailable,
    /// An answer, or what was handed in as tokens or asked for as a type, is
    /// of another shape.
    InvalidResponse,
    /// Something that this browser or this page does not have.
    NotSupported,
    /// The manager was disposed of.
    Disposed,
    /// The request itself failed: no network, CORS, or an abort.
    Fetch,
}

impl From<core::ErrorKind> for ErrorKind {
    fn from(kind: core::ErrorKind) -> Self {
        match kind {
            core::ErrorKind::InvalidConfig => Self::InvalidConfig,
            core::ErrorKind::SignedOut => Self::SignedOut,
            core::ErrorKind::LoginRejected => Self::LoginRejected,
            core::ErrorKind::LoginUnavailable => Self::LoginUnavailable,
            core::ErrorKind::RefreshRejected => Self::RefreshRejected,
            core::ErrorKind::RefreshUnavailable => Self::RefreshUnavailable,
            core::ErrorKind::InvalidResponse => Self::InvalidResponse,
            core::ErrorKind::NotSupported => Self::NotSupported,
            core::ErrorKind::Disposed => Self::Disposed,
        }
    }
}

/// The kind's name, as the npm package spells it.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidConfig => "invalid-config",
            Self::SignedOut => "signed-out",
            Self::LoginRejected => "login-rejected",
            Self::LoginUnavailable => "login-unavailable",
            Self::RefreshRejected => "refresh-rejected",
            Self::RefreshUnavailable => "refresh-unavailable",
            Self::InvalidResponse => "invalid-response",
            Self::NotSupported => "not-supported",
            Self::Disposed => "disposed",
            Self::Fetch => "fetch",
        })
    }
}

/// Everything that goes wrong. A clone is the same error, which many callers
/// may have waited for. Its `source` is another one, or what the platform, a
/// refresh function or a storage of the application's own said.
///
/// Neither its message nor its `Debug` holds a token, a body or a query.
#[derive(Clone)]
pub struct Error(Arc<Details>);

struct Details {
    kind: ErrorKind,
    retryable: bool,
    aborted: bool,
    message: String,
    status: Option<u16>,
    retry_after: Option<Duration>,
    cause: Option<Error>,
    reason: Option<Reason>,
    body: Option<String>,
}

impl Error {
    /// Tells what kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells whether the same call may succeed later with nothing changed
    /// here.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Tells whether a request failed because its caller's `AbortSignal` broke
    /// it off. The signal's reason is the `source`.
    pub fn is_aborted(&self) -> bool {
        self.0.aborted
    }

    /// Gives the HTTP status of the answer that it is about.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Gives the time until the next attempt is allowed.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Gives the body of the answer that refused a sign-in, for the
    /// application to read the server's reason from.
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Details {
            kind,
            retryable: false,
            aborted: false,
            message: message.into(),
            status: None,
            retry_after: None,
            cause: None,
            reason: None,
            body: None,
        }))
    }

    /// A request that brought no answer.
    pub(super) fn of_fetch(reason: impl Into<Reason>) -> Self {
        let reason = reason.into();
        if reason.is_named("AbortError") {
            return Self::aborted(reason);
        }
        Self::new(ErrorKind::Fetch, "the request failed")
            .with(|details| details.retryable = true)
            .with_reason(reason)
    }

    /// A request that its caller broke off.
    pub(super) fn aborted(reason: impl Into<Reason>) -> Self {
        Self::new(ErrorKind::Fetch, "the request was aborted")
            .with(|details| details.aborted = true)
            .with_reason(reason)
    }

    /// A request that the platform cannot build.
    pub(super) fn unsendable(reason: impl Into<Reason>) -> Self {
        Self::new(ErrorKind::InvalidConfig, "the request cannot be built").with_reason(reason)
    }

    pub(super) fn of_fault(fault: Fault) -> Self {
        Self::new(fault.kind().into(), fault.message())
            .with(|details| details.retryable = fault.retryable())
    }

    /// A refresh function that calls its own manager.
    pub(super) fn own_manager() -> Self {
        let message = "refresh: the function called its own manager, which waits for it; \
                       use the context's fetch";
        Self::new(ErrorKind::InvalidConfig, message)
    }

    pub(super) fn with_reason(self, reason: impl Into<Reason>) -> Self {
        self.with(|details| details.reason = Some(reason.into()))
    }

    pub(super) fn with_body(self, body: String) -> Self {
        self.with(|details| details.body = Some(body))
    }

    /// The error that the core describes, and the reason behind it, if the
    /// host has one.
    pub(super) fn of_core(error: core::Error, policy: &Policy, reason: Option<Reason>) -> Self {
        let of = |fault: Fault| {
            let mut told = Self::of_fault(fault);
            if fault == Fault::NothingFound {
                let message = [fault.message(), &policy.paths.searched()].concat();
                told = told.with(|details| details.message = message);
            }
            told.with(|details| details.status = Some(error.status).filter(|status| *status > 0))
        };
        of(error.fault).with(|details| {
            details.cause = error.cause.map(of);
            details.retry_after =
                clock::span(error.retry_after.whole()).filter(|wait| !wait.is_zero());
            details.reason = reason;
        })
    }

    /// Completes an error that nobody else has yet.
    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        if let Some(details) = Arc::get_mut(&mut self.0) {
            change(details);
        }
        self
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let told = |error: &Self| {
            let Details {
                kind,
                status,
                retry_after,
                ..
            } = *error.0;
            (kind, status, retry_after)
        };
        Arc::ptr_eq(&self.0, &other.0)
            || (told(self) == told(other)
                && self.0.message == other.0.message
                && self.0.cause == other.0.cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            kind,
            message,
            status,
            retry_after,
            cause,
            reason,
            ..
        } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("message", message)
            .field("status", status)
            // A Duration's own is three times as much code as all of this.
            .field(
                "retry_after_ms",
                &retry_after.map(|wait| wait.as_millis() as u64),
            )
            .field("cause", cause)
            .field("reason", reason)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match (&self.0.cause, &self.0.reason) {
            (Some(cause), _) => Some(cause),
            (None, Some(reason)) => match reason.own() {
                Some(own) => Some(own),
                None => Some(reason),
            },
            (None, None) => None,
        }
    }
}

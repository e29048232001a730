//! What can go wrong, as applications see it.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen::JsValue;

use crate::core::policy::Policy;
use crate::core::{self, Fault};

/// The kind of an [`Error`], by who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            core::ErrorKind::Disposed => Self::Disposed,
        }
    }
}

/// Everything that goes wrong. A clone is the same error, which many callers
/// may have waited for. Its `source` is another one, or what a refresh function
/// or a storage of the application's own said.
///
/// Neither its message nor its `Debug` holds a token, a body or a query.
#[derive(Clone)]
pub struct Error(Rc<Details>);

struct Details {
    kind: ErrorKind,
    retryable: bool,
    message: String,
    status: Option<u16>,
    retry_after: Option<Duration>,
    cause: Option<Error>,
    reason: Option<Reason>,
    body: Option<String>,
}

/// What is behind an error, outside of the manager.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// The platform threw it.
    Thrown(JsValue),
    /// The application's own function or storage said it.
    Told(Rc<dyn std::error::Error>),
}

impl From<JsValue> for Reason {
    fn from(thrown: JsValue) -> Self {
        Self::Thrown(thrown)
    }
}

impl From<Box<dyn std::error::Error>> for Reason {
    fn from(told: Box<dyn std::error::Error>) -> Self {
        Self::Told(told.into())
    }
}

impl Error {
    /// Tells what kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells whether the same call may succeed later with nothing changed
    /// here.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// Gives the HTTP status of the answer that it is about.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Gives the time until the next attempt is allowed.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Gives what the platform threw, such as an `AbortSignal`'s reason.
    pub fn thrown(&self) -> Option<&JsValue> {
        match &self.0.reason {
            Some(Reason::Thrown(thrown)) => Some(thrown),
            _ => None,
        }
    }

    /// Gives the body of the answer that refused a sign-in, for the
    /// application to read the server's reason from.
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Rc::new(Details {
            kind,
            retryable: false,
            message: message.into(),
            status: None,
            retry_after: None,
            cause: None,
            reason: None,
            body: None,
        }))
    }

    /// A request that brought no answer.
    pub(super) fn of_fetch(thrown: JsValue) -> Self {
        Self::new(ErrorKind::Fetch, "the request failed")
            .with(|details| details.retryable = true)
            .with_reason(thrown)
    }

    pub(super) fn unsupported(thrown: JsValue) -> Self {
        let message = "the browser does not have what this needs";
        Self::new(ErrorKind::NotSupported, message).with_reason(thrown)
    }

    pub(super) fn disposed() -> Self {
        Self::new(ErrorKind::Disposed, Fault::Disposed.message())
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

    /// The error that the core describes. `reason` is what is behind the
    /// failure of which call.
    pub(super) fn of_core(
        error: core::Error,
        policy: &Policy,
        reason: Option<&(u32, Reason)>,
    ) -> Self {
        let of = |fault: Fault| {
            let mut message = String::from(fault.message());
            if fault == Fault::NothingFound {
                message.push_str(&policy.paths.searched());
            }
            Self::new(fault.kind().into(), message).with(|details| {
                details.retryable = fault.retryable();
                details.status = Some(error.status).filter(|status| *status > 0);
            })
        };
        of(error.fault).with(|details| {
            details.cause = error.cause.map(of);
            let wait = error.retry_after.whole().as_ms() / 1000.0;
            details.retry_after = Duration::try_from_secs_f64(wait)
                .ok()
                .filter(|wait| !wait.is_zero());
            details.reason = reason
                .filter(|(call, _)| error.call > 0 && *call == error.call)
                .map(|(_, reason)| reason.clone());
        })
    }

    /// Completes an error that nobody else has yet.
    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        if let Some(details) = Rc::get_mut(&mut self.0) {
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
        Rc::ptr_eq(&self.0, &other.0)
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
            ..
        } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("message", message)
            .field("status", status)
            .field("retry_after", retry_after)
            .field("cause", cause)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match (&self.0.cause, &self.0.reason) {
            (Some(cause), _) => Some(cause),
            (None, Some(Reason::Told(told))) => Some(&**told),
            _ => None,
        }
    }
}

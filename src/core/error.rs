//! What can go wrong, by who can do something about it.

use core::ops::{Deref, DerefMut};

use super::time::Millis;

/// The stable kinds; JavaScript sees them as `TokenError.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The application's configuration cannot be meant.
    InvalidConfig,
    /// There is no session for what was asked.
    SignedOut,
    /// The server refused the credentials of a sign-in.
    LoginRejected,
    /// The sign-in could not be carried out; it may be tried again.
    LoginUnavailable,
    /// The server ended the session.
    RefreshRejected,
    /// The token could not be refreshed for now; the session is kept.
    RefreshUnavailable,
    /// An answer, or what was handed in as tokens, holds no token.
    InvalidResponse,
    /// The platform cannot do what was asked.
    NotSupported,
    /// The manager was disposed of.
    Disposed,
}

impl ErrorKind {
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidConfig => "invalid-config",
            Self::SignedOut => "signed-out",
            Self::LoginRejected => "login-rejected",
            Self::LoginUnavailable => "login-unavailable",
            Self::RefreshRejected => "refresh-rejected",
            Self::RefreshUnavailable => "refresh-unavailable",
            Self::InvalidResponse => "invalid-response",
            Self::NotSupported => "not-supported",
            Self::Disposed => "disposed",
        }
    }
}

/// An error as every waiting caller gets it. Its message holds no token, no
/// body and no query: there is nothing here that could carry one.
///
/// Boxed: results are returned through every layer, and moving one word
/// instead of twenty is worth a tenth of the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    pub kind: ErrorKind,
    pub message: String,
    pub status: Option<u16>,
    /// Whether the same call may succeed later with nothing changed here.
    pub retryable: bool,
    /// When it may: the time until the next attempt is allowed.
    pub retry_after: Option<Millis>,
    /// What is behind it.
    pub cause: Option<Error>,
    /// The call that brought it, under whose number the shell keeps what the
    /// platform or the application's function threw.
    pub origin: Option<u32>,
}

impl Deref for Error {
    type Target = Details;
    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl Error {
    #[inline(never)]
    pub fn new(kind: ErrorKind, message: &str) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.to_owned(),
            status: None,
            retryable: false,
            retry_after: None,
            cause: None,
            origin: None,
        }))
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    pub fn because(mut self, cause: Error) -> Self {
        self.cause = Some(cause);
        self
    }

    pub fn signed_out(message: &str) -> Self {
        Self::new(ErrorKind::SignedOut, message)
    }
}

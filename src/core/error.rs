//! What can go wrong, by who can do something about it.

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
            Self::Disposed => "disposed",
        }
    }
}

/// Everything that goes wrong after a manager was made. Its message is a text
/// of ours: it holds no token, no body and no query, and an [`Error`] has
/// nothing that could carry one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Disposed,
    UserSignedOut,
    UserChanged,
    SessionEnded,
    NoSession,
    SignedOutBefore,
    SignedInSince,
    NoLoginEndpoint,
    NoRefreshToken,
    SessionOver,
    BackingOff,
    RefreshHtml,
    RefreshRefused,
    RefreshNotFound,
    /// What was asked for is not at the URL: the cause of
    /// [`Fault::RefreshNotFound`].
    NotFound,
    RefreshDown,
    RefreshNotJson,
    RefreshWithoutToken,
    RefreshLost,
    RefreshTimedOut,
    FunctionFailed,
    FunctionRefused,
    FunctionWithoutToken,
    /// The cause of an answer's not bringing a token, and by itself a sign-in
    /// whose answer brought none.
    NothingFound,
    LoginRefused,
    LoginHtml,
    LoginDown,
    LoginNotJson,
    LoginLost,
    LoginTimedOut,
    LogoutUnconfirmed,
    TokenMissing,
    TokenUnusable,
}

impl Fault {
    /// Its kind, whether the same call may succeed later with nothing changed
    /// here, and what is said.
    const fn told(self) -> (ErrorKind, bool, &'static str) {
        use ErrorKind as K;
        match self {
            Self::Disposed => (
                K::Disposed,
                false,
                "this token manager has been disposed of",
            ),
            Self::UserSignedOut => (K::SignedOut, false, "the user signed out"),
            Self::UserChanged => (K::SignedOut, false, "the user has changed"),
            Self::SessionEnded => (K::SignedOut, false, "the session has ended"),
            Self::NoSession => (K::SignedOut, false, "there is no session to refresh"),
            Self::SignedOutBefore => (
                K::SignedOut,
                false,
                "the user signed out before the sign-in was complete",
            ),
            Self::SignedInSince => (
                K::SignedOut,
                false,
                "a newer sign-in took the place of this one",
            ),
            Self::NoLoginEndpoint => (
                K::InvalidConfig,
                false,
                "login: no endpoint is configured; name one, or hand the tokens in with setTokens()",
            ),
            Self::NoRefreshToken => (
                K::RefreshUnavailable,
                false,
                "there is no refresh token to refresh with",
            ),
            Self::SessionOver => (
                K::RefreshRejected,
                false,
                "the session is over and there is nothing to refresh it with",
            ),
            Self::BackingOff => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint failed before, and the next attempt has to wait",
            ),
            Self::RefreshHtml => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint answered with HTML, expected JSON",
            ),
            Self::RefreshRefused => (
                K::RefreshRejected,
                false,
                "the refresh endpoint refused the session",
            ),
            Self::RefreshNotFound => (
                K::RefreshUnavailable,
                false,
                "the refresh endpoint is not at this URL with this method",
            ),
            Self::NotFound => (
                K::InvalidResponse,
                false,
                "the refresh endpoint is not at this URL with this method",
            ),
            Self::RefreshDown => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint is not available",
            ),
            Self::RefreshNotJson => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint answered with something that is not JSON",
            ),
            Self::RefreshWithoutToken => (
                K::RefreshUnavailable,
                false,
                "the refresh endpoint answered without an access token",
            ),
            Self::RefreshLost => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint could not be reached, or its answer was cut off or may not be read by this page (CORS)",
            ),
            Self::RefreshTimedOut => (
                K::RefreshUnavailable,
                true,
                "the refresh endpoint did not answer within timeoutMs",
            ),
            Self::FunctionFailed => (K::RefreshUnavailable, true, "the refresh function rejected"),
            Self::FunctionRefused => (
                K::RefreshRejected,
                false,
                "the refresh function said that the session is over",
            ),
            Self::FunctionWithoutToken => (
                K::RefreshUnavailable,
                false,
                "the refresh function gave no tokens, expected { accessToken: string, … }",
            ),
            Self::NothingFound => (
                K::InvalidResponse,
                false,
                "no access token found in the answer; looked for ",
            ),
            Self::LoginRefused => (
                K::LoginRejected,
                false,
                "the login endpoint refused the sign-in",
            ),
            Self::LoginHtml => (
                K::LoginUnavailable,
                true,
                "the login endpoint answered with HTML, expected JSON",
            ),
            Self::LoginDown => (
                K::LoginUnavailable,
                true,
                "the login endpoint is not available",
            ),
            Self::LoginNotJson => (
                K::LoginUnavailable,
                true,
                "the login endpoint answered with something that is not JSON",
            ),
            Self::LoginLost => (
                K::LoginUnavailable,
                true,
                "the login endpoint could not be reached, or its answer was cut off or may not be read by this page (CORS)",
            ),
            Self::LoginTimedOut => (
                K::LoginUnavailable,
                true,
                "the login endpoint did not answer within timeoutMs",
            ),
            Self::LogoutUnconfirmed => (
                K::InvalidResponse,
                true,
                "the logout endpoint did not confirm the sign-out; the session is over here, the server may still know it",
            ),
            Self::TokenMissing => (
                K::InvalidResponse,
                false,
                "accessToken: expected a string, found none",
            ),
            Self::TokenUnusable => (
                K::InvalidResponse,
                false,
                "accessToken: expected a non-empty string that can stand in a header",
            ),
        }
    }

    pub const fn kind(self) -> ErrorKind {
        self.told().0
    }

    /// Whether the same call may succeed later with nothing changed here.
    pub const fn retryable(self) -> bool {
        self.told().1
    }

    pub const fn message(self) -> &'static str {
        self.told().2
    }
}

/// An error as every waiting caller gets it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    pub fault: Fault,
    /// What is behind it.
    pub cause: Option<Fault>,
    /// The HTTP status of the answer that it is about.
    pub status: Option<u16>,
    /// The time until the next attempt is allowed.
    pub retry_after: Option<Millis>,
    /// The call that brought it, under whose number the shell keeps what the
    /// platform or the application's function threw.
    pub call: Option<u32>,
}

impl Error {
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            cause: None,
            status: None,
            retry_after: None,
            call: None,
        }
    }

    pub const fn kind(&self) -> ErrorKind {
        self.fault.kind()
    }

    pub const fn retryable(&self) -> bool {
        self.fault.retryable()
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

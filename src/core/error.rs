//! What can go wrong, by who can do something about it.

use super::ids::CallId;
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
    /// The platform lacks something.
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

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident: $kind:ident, $retryable:literal, $message:literal;)*) => {
        /// Everything that goes wrong after a manager was made. Its message is
        /// a text of ours: it holds no token, no body and no query, and an
        /// [`Error`] has nothing that could carry one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub const fn kind(self) -> ErrorKind {
                match self {
                    $(Self::$name => ErrorKind::$kind,)*
                }
            }

            /// Whether the same call may succeed later with nothing changed
            /// here.
            pub const fn retryable(self) -> bool {
                match self {
                    $(Self::$name => $retryable,)*
                }
            }

            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

faults! {
    Disposed: Disposed, false,
        "this token manager has been disposed of";
    UserSignedOut: SignedOut, false,
        "the user signed out";
    UserChanged: SignedOut, false,
        "the user has changed";
    SessionEnded: SignedOut, false,
        "the session has ended";
    NoSession: SignedOut, false,
        "there is no session to refresh";
    SignedOutBefore: SignedOut, false,
        "the user signed out before the sign-in was complete";
    SignedInSince: SignedOut, false,
        "a newer sign-in took the place of this one";
    NoLoginEndpoint: InvalidConfig, false,
        "login: no endpoint is configured; name one, or hand the tokens in with setTokens()";
    /// The caller asks for something that a manager on a server does for
    /// nobody (rule 15).
    NobodysSession: InvalidConfig, false,
        "on a server a token manager holds no session, or one visitor would be shown as another; make it in the browser, or say singleUser: true where this process has one user";
    LoginUnsendable: InvalidConfig, false,
        "login: the request cannot be built from this body and these headers";
    NoRefreshToken: RefreshUnavailable, false,
        "there is no refresh token to refresh with";
    SessionOver: RefreshRejected, false,
        "the session is over and there is nothing to refresh it with";
    BackingOff: RefreshUnavailable, true,
        "the refresh endpoint failed before, and the next attempt has to wait";
    RefreshHtml: RefreshUnavailable, true,
        "the refresh endpoint answered with HTML, expected JSON";
    RefreshRefused: RefreshRejected, false,
        "the refresh endpoint refused the session";
    RefreshNotFound: RefreshUnavailable, false,
        "the refresh endpoint is not at this URL with this method";
    /// What was asked for is not at the URL: the cause of
    /// [`Fault::RefreshNotFound`].
    NotFound: InvalidResponse, false,
        "expected an answer with an access token, found status 404 or 405";
    RefreshRedirected: RefreshUnavailable, false,
        "the refresh endpoint redirects, and no token follows; name the URL that answers";
    /// The refresh token cannot stand in its header, or the endpoint's
    /// constant headers or fields make no request.
    RefreshUnsendable: RefreshUnavailable, false,
        "the refresh call cannot be built: a token that cannot stand in a header, or constant headers or fields that make no request";
    /// A record in the store was written by a later version of the package.
    LaterVersion: RefreshUnavailable, false,
        "storage: the record was written by a later version of evertoken, which has to refresh it";
    TurnTimedOut: RefreshUnavailable, true,
        "the refresh did not come to its turn in time: another tab holds the lock";
    RefreshDown: RefreshUnavailable, true,
        "the refresh endpoint is not available";
    RefreshNotJson: RefreshUnavailable, true,
        "the refresh endpoint answered with something that is not JSON";
    RefreshWithoutToken: RefreshUnavailable, false,
        "the refresh endpoint answered without an access token";
    RefreshLost: RefreshUnavailable, true,
        "the refresh endpoint could not be reached, or its answer was cut off or may not be read by this page (CORS)";
    RefreshTimedOut: RefreshUnavailable, true,
        "the refresh endpoint did not answer within timeoutMs";
    FunctionFailed: RefreshUnavailable, true,
        "the refresh function rejected";
    FunctionRefused: RefreshRejected, false,
        "the refresh function said that the session is over";
    FunctionWithoutToken: RefreshUnavailable, false,
        "the refresh function gave no tokens, expected { accessToken: string, … }";
    /// The cause of an answer's not bringing a token, and by itself a sign-in
    /// whose answer brought none. What was looked for follows.
    NothingFound: InvalidResponse, false,
        "no access token found in the answer; looked for ";
    /// A text was found where a token is looked for, and cannot be one.
    FoundUnusable: InvalidResponse, false,
        "what was found as the access token cannot stand in a header: expected visible ASCII, found a space or another character";
    LoginNotFound: LoginUnavailable, false,
        "the login endpoint is not at this URL with this method";
    LoginRedirected: LoginUnavailable, false,
        "the login endpoint redirects, and no password follows; name the URL that answers";
    LoginRefused: LoginRejected, false,
        "the login endpoint refused the sign-in";
    LoginHtml: LoginUnavailable, true,
        "the login endpoint answered with HTML, expected JSON";
    LoginDown: LoginUnavailable, true,
        "the login endpoint is not available";
    LoginNotJson: LoginUnavailable, true,
        "the login endpoint answered with something that is not JSON";
    LoginLost: LoginUnavailable, true,
        "the login endpoint could not be reached, or its answer was cut off or may not be read by this page (CORS)";
    LoginTimedOut: LoginUnavailable, true,
        "the login endpoint did not answer within timeoutMs";
    LogoutUnconfirmed: InvalidResponse, true,
        "the logout endpoint did not confirm the sign-out; the session is over here, the server may still know it";
    LogoutRedirected: InvalidResponse, false,
        "the logout endpoint redirects, which is not followed; the session is over here, the server may still know it";
    /// The platform, or a place, failed; it is worked without.
    StorageLost: NotSupported, false,
        "storage: it cannot be used here, the session is kept in memory";
    StorageLater: NotSupported, false,
        "storage: the record was written by a later version of evertoken; it is neither used nor overwritten";
    TokenMissing: InvalidResponse, false,
        "accessToken: expected a string, found none";
    TokenUnusable: InvalidResponse, false,
        "accessToken: expected a non-empty string that can stand in a header";
}

/// An error as every waiting caller gets it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    pub fault: Fault,
    /// What is behind it.
    pub cause: Option<Fault>,
    /// The HTTP status of the answer that it is about; 0 if there was none.
    pub status: u16,
    /// The call that brought it, under which the host keeps what the platform
    /// or the application's function threw.
    pub call: Option<CallId>,
    /// The time until the next attempt is allowed; nothing if it is not known.
    pub retry_after: Millis,
}

impl Error {
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            cause: None,
            status: 0,
            call: None,
            retry_after: Millis::ZERO,
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

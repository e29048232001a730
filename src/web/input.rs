//! What the JavaScript half feeds and asks, by name: wasm-bindgen makes the
//! same enums of these for it.

use wasm_bindgen::prelude::*;

/// What [`Engine::feed`](super::Engine::feed) takes: in brackets what its
/// number is, then its figure and its value. A flag is the figure 1, a text a
/// value that is a string.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Input {
    /// A question: an [`Ask`], and { serial, party, worked, least }. Gives a
    /// reply.
    Ask,
    /// (wait) The question again, after what it waited for has ended; the
    /// value has the `asker` as well, which was told when it had to wait.
    /// Gives a reply.
    Resume,
    Start,
    /// (operation) The text that a place keeps, if it keeps one.
    Read,
    /// (operation) The place could not be read.
    Unreadable,
    /// (operation)
    Swapped,
    /// (operation) The text that a place keeps instead of the expected one.
    Found,
    /// (operation) The place could not be written.
    Unwritable,
    /// (place) The text that another page put there, if any.
    Changed,
    /// (lock)
    Granted,
    /// (lock)
    Robbed,
    /// (lock)
    LockUnavailable,
    /// What is in a text from another tab: not the text, which would be copied
    /// into the module, and out of it again to be taken apart.
    Message,
    ChannelUnavailable,
    /// (call) The status, and { after, body }: Retry-After and the text of the
    /// body.
    Answered,
    /// (call) The tokens that the refresh function gave.
    Provided,
    /// (call) No connection, or an answer that may not be read.
    Unreachable,
    /// (call) The endpoint redirects.
    Redirected,
    /// (call) The request cannot be built.
    Unsendable,
    /// (call) What the refresh function rejected with.
    Rejected,
    /// (request) Whether it is to be remembered.
    Login,
    /// (request) Whether it is to be remembered, and the tokens.
    SetTokens,
    /// (request) Whether the server is left out.
    Logout,
    /// (request) Its caller has gone.
    Abandon,
    Touch,
    Activity,
    Visible,
    Hidden,
    PutAway,
    /// Whether out of the back-forward cache.
    Shown,
    Resumed,
    Leaving,
    Online,
    /// Whether the cookie is there.
    Hint,
    Wake,
    Dispose,
}

/// What a question is about.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Ask {
    /// May a request go?
    Request,
    /// A request with the token `serial` of the user `party` was refused;
    /// `worked` is 1 where that token has been accepted before.
    Refused,
    /// `getToken` of a token with at least `least` milliseconds left.
    Token,
    TokenNow,
    TokenForced,
    Refresh,
    Restore,
    RestoreAfterSignOut,
}

/// What the asker has to do.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Reply {
    Go,
    /// Go without a token.
    Bare,
    /// Give the caller the answer that came.
    Deliver,
    /// Told are `wait`, to wait for, and `asker`, to resume with.
    Wait,
    /// An error was told.
    Fail,
}

/// What [`Engine::query`](super::Engine::query) takes.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Query {
    /// Lets a URL (value), and what is below it, have the token; 1 is another
    /// scheme than http and https, 2 a user name, query or fragment.
    Allow,
    /// Whether a URL (value) is allowed to get the token.
    Admits,
    /// Tells `refreshes`, `failures`, `next`, `skew`, `down`, `degraded`,
    /// `lock`, and the last error, if there was one.
    Inspection,
    /// Whether a challenge (text) asks for a stronger sign-in; tells
    /// `acrValues`, `maxAge` and `scope` of it.
    StepUp,
}

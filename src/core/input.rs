//! What a host tells the machine ([`Machine::feed`](super::Machine::feed)).
//!
//! Every input is an answer to an [`Output`](super::Output), or something that
//! happened by itself. None has to come in time, or at all: the core bounds
//! each wait on the monotonic clock, takes an answer that comes late for what
//! it is still worth, and drops one that nobody asked for.

use super::answer::{Answer, Tokens};
use super::document::Document;
use super::error::Error;
use super::flight::Failure;
use super::ids::{CallId, LockId, OpId, RequestId};
use super::output::Place;

#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The host is ready to do what is asked for. Comes first, and once; the
    /// machine answers with [`Output::Started`](super::Output::Started).
    Start,

    /// Answers [`Output::Read`](super::Output::Read): the text that is stored,
    /// or that the place could not be read.
    Read {
        op: OpId,
        found: Result<Option<&'a str>, Unavailable>,
    },
    /// Answers [`Output::Swap`](super::Output::Swap).
    Swapped { op: OpId, swapped: Swapped<'a> },
    /// Another page changed what is stored, and the platform said so (the
    /// `storage` event).
    Changed { place: Place, text: Option<&'a str> },

    /// Answers [`Output::Lock`](super::Output::Lock): the lock is held.
    Granted { lock: LockId },
    /// Another tab took away a lock that was granted.
    Robbed { lock: LockId },
    /// The platform has no such lock for this page.
    LockUnavailable { lock: LockId },

    /// Another tab posted a text, and this is what is in it.
    Message(&'a dyn Document),
    /// The platform gives this page no channel.
    ChannelUnavailable,

    /// An endpoint answered a call.
    Answered { call: CallId, answer: Answer<'a> },
    /// The refresh function gave these tokens.
    Provided { call: CallId, tokens: Tokens },
    /// A call brought no answer.
    Failed { call: CallId, failure: Failure },

    /// `login`, whose body the host keeps under `request`. `remember` is what
    /// the caller said of it (rule 18).
    Login { request: RequestId, remember: bool },
    /// `setTokens`, or what is wrong with the tokens.
    SetTokens {
        request: RequestId,
        tokens: Result<Tokens, Error>,
        remember: bool,
    },
    /// `logout`; `local` leaves the server out.
    Logout { request: RequestId, local: bool },
    /// The caller of `login` or `logout` has gone.
    Abandon { request: RequestId },
    /// `touch`.
    Touch,
    /// The user did something, after
    /// [`Output::WatchActivity`](super::Output::WatchActivity).
    Activity,

    /// Something happened to the page.
    Page(Page),
    /// The cookie that `hint` names is there, or is not. Told before each
    /// question while [`Machine::wants_hint`](super::Machine::wants_hint).
    Hint(bool),
    /// The moment that [`Machine::deadline`](super::Machine::deadline) named
    /// has come, or any other.
    Wake,
    /// `dispose`.
    Dispose,
}

/// A place failed: it threw, rejected, was closed, or is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What became of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapped<'a> {
    /// What was expected was stored; now the new text is.
    Done,
    /// Something else was stored, and still is.
    Found(Option<&'a str>),
    Failed,
}

/// What happens to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Visible,
    Hidden,
    /// `pagehide`: the page ends, or is put into the back-forward cache.
    PutAway,
    /// `pageshow`; `cached`: out of the back-forward cache.
    Shown {
        cached: bool,
    },
    /// `resume`: the page was frozen, and runs again.
    Resumed,
    /// `beforeunload`: a navigation begins, which may lead to a download and
    /// leave the page where it is.
    Leaving,
    Online,
}

//! What the machine asks a host to do ([`Machine::poll`](super::Machine::poll)).

use std::rc::Rc;

use super::call::Call;
use super::error::Error;
use super::ids::{CallId, LockId, OpId, RequestId, WaitId};

/// Something to be done in the world. A host does it, or reports that it
/// failed; it never decides whether.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Read what a place keeps. Answered by
    /// [`Input::Read`](super::Input::Read).
    Read {
        op: OpId,
        place: Place,
    },
    /// In one step that no other page can come between, where the platform
    /// has one: if a place keeps `expected`, let it keep `text`; `None` is
    /// nothing at all. Answered by [`Input::Swapped`](super::Input::Swapped).
    Swap {
        op: OpId,
        place: Place,
        expected: Option<Rc<str>>,
        text: Option<Rc<str>>,
    },

    /// Open the channel to the other tabs of this key, or close it.
    Channel {
        open: bool,
    },
    /// Post a text to the other tabs; if no channel is open, nobody.
    Post(Rc<str>),
    /// Post a text that this tab receives as the others do, through a second
    /// handle on the channel: once it is back, what was posted before has
    /// reached the others, and no timer was needed to know.
    Echo(Rc<str>),

    /// Ask for the lock that the tabs of this key share. `shared` asks to hold
    /// it beside others that do so, as sign-ins may, and apart from those that
    /// do not; `steal` takes it away from its holder. Answered by [`Input::Granted`](super::Input::Granted)
    /// or [`Input::LockUnavailable`](super::Input::LockUnavailable).
    Lock {
        lock: LockId,
        steal: bool,
        shared: bool,
    },
    /// Give the lock back, or stop waiting for it.
    Unlock {
        lock: LockId,
    },

    /// Call an endpoint, or the refresh function.
    Call(Call),
    /// Stop a call; its answer is not wanted any more.
    Abort {
        call: CallId,
    },
    /// Watch for `beforeunload`, or stop: who listens keeps the page out of
    /// Firefox's back-forward cache.
    WatchLeaving(bool),
    /// Report the next thing that the user does (pointer, key, touch) as
    /// [`Input::Activity`](super::Input::Activity), once; false stops it.
    WatchActivity(bool),

    /// The callers that wait for this may ask again: [`Machine::resume`](super::Machine::resume).
    WaitEnded(WaitId),
    /// A sign-in (`login`, `setTokens`) has ended.
    SignInEnded {
        request: RequestId,
        result: Result<(), Error>,
    },
    /// A sign-out has been carried out here and, as far as possible, at the
    /// server.
    LogoutEnded {
        request: RequestId,
    },

    /// The snapshot is another one: [`Machine::snapshot`](super::Machine::snapshot).
    Snapshot,
    /// The pass is another one: [`Machine::current_pass`](super::Machine::current_pass).
    Pass,
    Event(Event),
    /// The start is over: a manager may be handed to the application.
    Started,
    /// After a dispose, once nothing is under way any more: the host closes
    /// what it opened.
    Closed,
}

/// Where a text can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What `storage` names.
    Session,
    /// What `remember` names.
    Remembered,
    /// `localStorage`, under the same key, for the mark of a sign-out where
    /// `storage` is memory or has failed. It holds no token.
    Mark,
    /// A key of its own in IndexedDB, for the lease that stands in for Web
    /// Locks.
    Lease,
}

/// How a turn ended; everybody who waited gets the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// A newer token is held.
    Renewed,
    /// A visitor without a session.
    Anonymous,
    /// The session is kept, the token was not refreshed.
    Passing(Error),
    /// The session is over: refused, signed out, or disposed of.
    Over(Error),
    /// The look after a freeze is over: ask afresh.
    Looked,
}

/// What a sign-out is put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedOutBy {
    Logout,
    RefreshRejected,
    OtherTab,
    /// Nobody was active for `session.idleSeconds`.
    Idle,
    /// The session has reached its end.
    Lifetime,
}

/// Why a session is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Idle,
    Lifetime,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    SignedIn,
    Refreshed,
    RefreshFailed(Error),
    SignedOut(SignedOutBy),
    UserChanged,
    Warning(Error),
    /// The session will end at this instant, unless somebody is active where
    /// the cause is idleness.
    SessionEnding {
        ends: super::Instant,
        cause: Ending,
    },
}

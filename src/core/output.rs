//! What the machine tells the shell, and what the shell reports of it.

use super::call::Call;
use super::error::Error;

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
}

/// What happened to a record that was to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Committed<'a> {
    Written,
    /// The store did not take it, or not yet; it is kept in memory.
    Kept,
    /// The stored record was not outranked; this is its text.
    Outranked(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedOutBy {
    Logout,
    RefreshRejected,
    OtherTab,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    SignedIn,
    Refreshed,
    RefreshFailed(Error),
    SignedOut(SignedOutBy),
    UserChanged,
    Warning(Error),
}

/// Something to be done in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Ask for the lock that all tabs of the key share; `steal` takes it from
    /// a tab that hangs. Answered by [`super::Machine::granted`].
    Lock {
        turn: u32,
        steal: bool,
    },
    /// Give the lock back, or stop waiting for it.
    Unlock {
        turn: u32,
    },
    /// Read the stored record, or ask the other tabs for theirs. Answered by
    /// [`super::Machine::read`], within a bounded time.
    Read {
        turn: u32,
    },
    Call(Call),
    /// Stop a call; its answer is not wanted any more.
    Abort {
        call: u32,
    },
    /// Write [`super::Machine::pending`] if [`super::Machine::outranks`] says so of what is
    /// stored, then tell the other tabs. Answered by [`super::Machine::committed`],
    /// within a bounded time.
    Commit {
        number: u32,
    },
    /// Tell the other tabs the record that is held.
    Tell,
    TurnEnded {
        turn: u32,
        outcome: Outcome,
    },
    /// A sign-in (`login`, `set_tokens`) has ended.
    SignInEnded {
        request: u32,
        result: Result<(), Error>,
    },
    /// A sign-out has been carried out here and, as far as possible, at the
    /// server.
    LogoutEnded {
        request: u32,
    },
    /// The snapshot is another one.
    Snapshot,
    /// The pass is another one.
    Pass,
    Event(Event),
    /// After `dispose`, once nothing is under way any more.
    Closed,
}

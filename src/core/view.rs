//! What is shown of the state: to the application, to the path of a request,
//! to a developer.

use super::error::Error;
use super::ids::{Party, Serial};
use super::machine::Machine;
use super::output::Ending;
use super::policy::Locks;
use super::secret::Secret;
use super::time::{Instant, Moment};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Unknown,
    SignedOut,
    SignedIn,
}

/// The application's view. Two that are equal are the same to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    pub status: Status,
    pub refreshing: bool,
    pub stale: bool,
    /// Never, where no end is known or nobody is signed in.
    pub expires: Instant,
    /// When the session itself ends (rule 18); never, where no end is known.
    pub session_ends: Instant,
    /// Why it ends, from the warning of that end on.
    pub ending: Option<Ending>,
    /// Which token the claims are of.
    pub serial: Serial,
    pub error: Option<Error>,
}

/// The licence of the path of a request: while the wall clock shows less than
/// `until` and the monotonic clock less than `until_mono`, a request may be
/// sent with this token and no question need be asked. The core takes it back
/// at `until_mono`, with the wake that [`Machine::deadline`] asks for: a host
/// whose timers come in time need not read the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// The number of the token: a refusal names it.
    pub serial: Serial,
    /// The number of the user: a retry has to be of the same one.
    pub party: Party,
    pub until: Instant,
    pub until_mono: Moment,
}

/// Figures for a developer; nothing in them is a secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inspection {
    pub refreshes: u32,
    pub refresh_failures: u32,
    /// Never, where none is planned.
    pub next_refresh: Instant,
    pub clock_skew_ms: f64,
    pub last_error: Option<Error>,
    /// The session is in memory, because its place cannot be used now.
    pub storage_down: bool,
    /// A place could not be used at some time.
    pub storage_degraded: bool,
    /// What keeps tabs apart, as far as it has been tried.
    pub locks: Locks,
}

impl Machine {
    pub fn status(&self) -> Status {
        match &self.record {
            // Nobody's session: who is signed in is for the visitor's page to say.
            _ if self.policy.inert => Status::Unknown,
            Some(record) if record.session().is_some() => Status::SignedIn,
            Some(_) if !self.may_try_again => Status::SignedOut,
            _ if self.anonymous || self.policy.needs_refresh_token() => Status::SignedOut,
            // Without the cookie that says so there is none to refresh with.
            _ if self.policy.hint && !self.hinted => Status::SignedOut,
            _ => Status::Unknown,
        }
    }

    /// Whether the host is to say before each question if the cookie of
    /// `hint` is there ([`Input::Hint`](super::Input::Hint)): while nobody is
    /// signed in, and nobody has signed out.
    pub fn wants_hint(&self) -> bool {
        self.policy.hint && self.session().is_none() && self.may_try_again
    }

    pub fn snapshot(&self) -> Snapshot {
        let (session_ends, ending) = self.term_shown();
        Snapshot {
            status: self.status(),
            refreshing: self.turn.is_some(),
            stale: self.stale,
            expires: self
                .session()
                .map_or(Instant::NEVER, |session| session.lifetime.expires()),
            session_ends,
            ending,
            serial: self.serial,
            error: self.error,
        }
    }

    /// The licence now; `None` when there is nothing to send, or when sending
    /// has to be asked for.
    pub(super) fn pass(&self) -> Option<Pass> {
        if self.hold.is_some() || self.disposed {
            return None;
        }
        let lifetime = self.session()?.lifetime;
        if lifetime.is_over(self.now) {
            return None;
        }
        // Once a refresh is due, the requests themselves see to it.
        let due = if self.turn.is_none() {
            self.next_refresh()
        } else {
            Moment::NEVER
        };
        let until_mono = due.min(lifetime.ends_at()).min(self.term_ends_at());
        if until_mono <= self.now.mono {
            return None;
        }
        Some(Pass {
            serial: self.serial,
            party: self.party,
            until: lifetime.received + until_mono.since(lifetime.since),
            until_mono,
        })
    }

    /// When the pass that was issued has to be taken back.
    pub(super) fn pass_deadline(&self) -> Moment {
        self.current_pass()
            .map_or(Moment::NEVER, |pass| pass.until_mono)
    }

    /// The pass as it was last issued.
    pub fn current_pass(&self) -> Option<Pass> {
        self.shown.as_ref().and_then(|(_, pass)| *pass)
    }

    /// The number of the present user.
    pub fn current_party(&self) -> Party {
        self.party
    }

    /// The access token held, valid or not, for the host to put into its
    /// header.
    pub fn access_token(&self) -> Option<&Secret> {
        self.session()?.access.as_ref()
    }

    pub fn inspection(&self) -> Inspection {
        let next = self.next_refresh();
        let session = self.session().filter(|_| next < self.term_ends_at());
        Inspection {
            refreshes: self.figures.refreshes,
            refresh_failures: self.figures.refresh_failures,
            clock_skew_ms: self.figures.clock_skew_ms,
            // From the receipt, where both clocks were read at once.
            next_refresh: session.map_or(Instant::NEVER, |session| {
                session.lifetime.received + next.since(session.lifetime.since)
            }),
            last_error: self.last_error,
            storage_down: self.storage_is_down(),
            storage_degraded: self.storage_warned,
            locks: self.locks,
        }
    }
}

/// What is counted for [`Inspection`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub refreshes: u32,
    pub refresh_failures: u32,
    pub clock_skew_ms: f64,
}

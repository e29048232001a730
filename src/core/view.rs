//! What is shown of the state: to the application, to the path of a request,
//! to a developer.

use super::error::Error;
use super::machine::Machine;
use super::secret::Secret;
use super::time::Instant;

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
    /// Which token the claims are of.
    pub serial: u32,
    pub error: Option<Error>,
}

/// The licence of the path of a request: until `until`, and unless the clock
/// shows less than `since`, a request may be sent with this token and no
/// question need be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// The number of the token: a refusal names it.
    pub serial: u32,
    /// The number of the user: a retry has to be of the same one.
    pub party: u32,
    pub since: Instant,
    pub until: Instant,
}

/// Figures for a developer; nothing in them is a secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inspection {
    pub refreshes: u32,
    pub refresh_failures: u32,
    pub next_refresh: Instant,
    pub clock_skew_ms: f64,
    pub last_error: Option<Error>,
}

impl Machine {
    pub fn status(&self) -> Status {
        match &self.record {
            Some(record) if record.session().is_some() => Status::SignedIn,
            Some(_) if !self.may_try_again => Status::SignedOut,
            _ if self.anonymous || self.policy.needs_refresh_token() => Status::SignedOut,
            _ => Status::Unknown,
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            status: self.status(),
            refreshing: self.turn.is_some(),
            stale: self.stale,
            expires: self
                .session()
                .map_or(Instant::NEVER, |session| session.lifetime.expires),
            serial: self.serial,
            error: self.error,
        }
    }

    /// The licence at `now`; `None` when there is nothing to send, or when
    /// sending has to be asked for.
    pub fn pass(&self, now: Instant) -> Option<Pass> {
        let session = self
            .session()
            .filter(|session| !session.lifetime.is_over(now))?;
        // Once a refresh is due, the requests themselves see to it.
        let due = if self.turn.is_none() {
            self.next_refresh()
        } else {
            Instant::NEVER
        };
        let until = due.min(session.lifetime.expires);
        Some(Pass {
            serial: self.serial,
            party: self.party,
            since: now,
            until,
        })
    }

    /// The pass as it was last issued.
    pub fn current_pass(&self) -> Option<Pass> {
        self.shown.as_ref().and_then(|(_, pass)| *pass)
    }

    /// The number of the present user.
    pub fn current_party(&self) -> u32 {
        self.party
    }

    /// The access token held, valid or not, for the shell to keep as a
    /// JavaScript string.
    pub fn access_token(&self) -> Option<&Secret> {
        self.session()?.access.as_ref()
    }

    pub fn inspection(&self) -> Inspection {
        Inspection {
            refreshes: self.figures.refreshes,
            refresh_failures: self.figures.refresh_failures,
            clock_skew_ms: self.figures.clock_skew_ms,
            next_refresh: if self.session().is_some() {
                self.next_refresh()
            } else {
                Instant::NEVER
            },
            last_error: self.last_error,
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

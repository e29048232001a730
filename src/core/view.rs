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
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub status: Status,
    pub refreshing: bool,
    pub stale: bool,
    pub expires: Option<Instant>,
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
    /// `None`: until something changes.
    pub until: Option<Instant>,
}

/// Figures for a developer; nothing in them is a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    pub refreshes: u32,
    pub refresh_failures: u32,
    pub next_refresh: Option<Instant>,
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
            expires: self.session().and_then(|session| session.lifetime.expires),
            serial: self.serial,
            error: self.error.clone(),
        }
    }

    /// The licence at `now`; `None` when there is nothing to send, or when
    /// sending has to be asked for.
    pub fn pass(&self, now: Instant) -> Option<Pass> {
        let session = self.session().filter(|session| !session.lifetime.is_over(now))?;
        let expires = session.lifetime.expires;
        let due = self.refresh_due().filter(|_| self.turn.is_none());
        let until = match (due, expires) {
            // Once it is due, the requests themselves see to it.
            (Some(due), Some(expires)) => Some(due.max(self.pace.not_before.unwrap_or(due)).min(expires)),
            (_, expires) => expires,
        };
        Some(Pass { serial: self.serial, party: self.party, since: now, until })
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
        let due = self.session().and(self.refresh_due());
        Inspection {
            next_refresh: due.map(|due| due.max(self.pace.not_before.unwrap_or(due))),
            last_error: self.last_error.clone(),
            ..self.figures.clone()
        }
    }
}

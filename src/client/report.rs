//! What applications are told: snapshots, events, errors, figures.

use std::sync::Arc;

use super::clock;
use super::document;
use super::error::Error;
use super::shell::Shell;
use super::view::{Ending, Event, Inspection, LockKind, SignedOutBy, Snapshot};
use crate::core::policy::Locks;
use crate::core::{self, Fault, jwt};

impl Shell {
    /// Shows the machine's snapshot.
    pub(super) fn show(&self) {
        let snapshot = {
            let machine = self.machine.borrow();
            let core::view::Snapshot {
                status,
                refreshing,
                stale,
                expires,
                session_ends,
                ending,
                serial,
                error,
            } = machine.snapshot();
            let mut claims = self.claims.borrow_mut();
            // What has not changed stays the same.
            if claims.0 != serial {
                let token = machine.access_token();
                *claims = (serial, token.and_then(|token| claims_of(token.expose())));
            }
            Snapshot {
                status: status.into(),
                refreshing,
                stale,
                expires_at: clock::time(expires),
                session_ends_at: clock::time(session_ends),
                session_ending: ending.map(Ending::from),
                error: error.map(|error| self.error_of(error, &machine)),
                claims: claims.1.clone(),
            }
        };
        let snapshot = Arc::new(snapshot);
        if *self.snapshot.replace(snapshot.clone()) != *snapshot {
            self.listeners.changed(snapshot);
        }
    }

    pub(super) fn event(&self, event: core::Event) -> Event {
        match event {
            core::Event::SignedIn => Event::SignedIn,
            core::Event::Refreshed => Event::Refreshed,
            core::Event::RefreshFailed(error) => Event::RefreshFailed(self.error(error)),
            core::Event::SignedOut(by) => Event::SignedOut(match by {
                core::SignedOutBy::Logout => SignedOutBy::Logout,
                core::SignedOutBy::RefreshRejected => SignedOutBy::RefreshRejected,
                core::SignedOutBy::OtherTab => SignedOutBy::OtherTab,
                core::SignedOutBy::Idle => SignedOutBy::Idle,
                core::SignedOutBy::Lifetime => SignedOutBy::Lifetime,
            }),
            core::Event::UserChanged => Event::UserChanged,
            core::Event::Warning(error) => Event::Warning(self.error(error)),
            core::Event::SessionEnding { ends, cause } => Event::SessionEnding {
                ends_at: clock::time(ends),
                cause: cause.into(),
            },
        }
    }

    pub(super) fn tell(&self, event: Event) {
        self.listeners.happened(event);
    }

    pub(super) fn error(&self, error: core::Error) -> Error {
        self.error_of(error, &self.machine.borrow())
    }

    fn error_of(&self, error: core::Error, machine: &core::Machine) -> Error {
        let reason = match error.fault {
            Fault::StorageLost => self.places.failure(),
            _ => error.call.and_then(|call| self.reason(call)),
        };
        Error::of_core(error, machine.policy(), reason)
    }

    pub(super) fn inspection(&self) -> Inspection {
        let machine = self.machine.borrow();
        let found = machine.inspection();
        let mut degraded = Vec::new();
        if found.storage_degraded {
            degraded.push("storage");
        }
        if machine.policy().channel && found.locks != Locks::Web {
            degraded.push("web-locks");
        }
        Inspection {
            storage: match found.storage_down {
                true => "memory",
                false => self.config.storage.name(),
            },
            lock: match found.locks {
                Locks::Web => LockKind::WebLocks,
                Locks::Lease => LockKind::Lease,
                Locks::None => LockKind::None,
            },
            refreshes: found.refreshes,
            refresh_failures: found.refresh_failures,
            retries: self.retries.get(),
            waiting: self.waiting.get(),
            listeners: self.listeners.len(),
            next_refresh_at: clock::time(found.next_refresh),
            clock_skew_ms: found.clock_skew_ms,
            last_error: found.last_error.map(|error| self.error_of(error, &machine)),
            degraded,
        }
    }
}

/// The text of a token's claims, if it has any.
fn claims_of(token: &str) -> Option<Arc<str>> {
    jwt::claims(token, document::parse)?;
    jwt::decode(token).map(|(_, claims)| Arc::from(claims))
}

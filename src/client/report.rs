//! What applications are told: snapshots, events, errors, figures.

use std::rc::Rc;

use super::document;
use super::error::Error;
use super::shell::Shell;
use super::view::{Event, Inspection, LockKind, SignedOutBy, Snapshot};
use crate::core::{self, jwt};

impl Shell {
    pub(super) fn show(&self) {
        let snapshot = {
            let machine = self.machine.borrow();
            let core::view::Snapshot {
                status,
                refreshing,
                stale,
                expires,
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
                expires_at_ms: expires.date(),
                error: error.map(|error| {
                    Error::of_core(error, machine.policy(), self.reason.borrow().as_ref())
                }),
                claims: claims.1.clone(),
            }
        };
        self.snapshot.replace(Rc::new(snapshot));
        let this = self.this.clone();
        self.listeners
            .changed(move || this.upgrade().map(|shell| shell.snapshot()));
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
            }),
            core::Event::UserChanged => Event::UserChanged,
            core::Event::Warning(error) => Event::Warning(self.error(error)),
        }
    }

    pub(super) fn tell(&self, event: Event) {
        let this = self.this.clone();
        self.listeners
            .happened(event, move || this.upgrade().map(|shell| shell.snapshot()));
    }

    pub(super) fn snapshot(&self) -> Rc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    pub(super) fn error(&self, error: core::Error) -> Error {
        let machine = self.machine.borrow();
        Error::of_core(error, machine.policy(), self.reason.borrow().as_ref())
    }

    pub(super) fn inspection(&self) -> Inspection {
        let found = self.machine.borrow().inspection();
        Inspection {
            storage: self.storage.borrow().name(),
            lock: match &*self.tabs.borrow() {
                Some(tabs) => tabs.kind(),
                None => LockKind::None,
            },
            refreshes: found.refreshes,
            refresh_failures: found.refresh_failures,
            retries: self.retries.get(),
            waiting: self.waiting.get(),
            next_refresh_at_ms: found.next_refresh.date(),
            clock_skew_ms: found.clock_skew_ms,
            last_error: found.last_error.map(|error| self.error(error)),
            degraded: self.degraded.borrow().clone(),
        }
    }
}

/// The text of a token's claims, if it has any.
fn claims_of(token: &str) -> Option<Rc<str>> {
    jwt::claims(token, document::parse)?;
    jwt::decode(token).map(|(_, claims)| Rc::from(claims))
}

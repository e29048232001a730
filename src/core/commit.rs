//! Commits: a record on its way to the places that keep it, and what follows.
//!
//! The record of a refresh or a sign-in is a candidate until it is stored:
//! only then does this tab take it over and tell the others, so that of two
//! tabs that write at once one learns that it was outranked. An end is taken
//! over first, since nobody goes on with a session that is over.

use super::error::Fault;
use super::ids::LockId;
use super::machine::Machine;
use super::output::{Outcome, Place, SignedOutBy};
use super::policy::Keep;
use super::record::Record;
use super::shelf::{Task, Text};
use super::sign::SignIn;
use super::turn::{Stage, Turn};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Commit {
    pub id: u32,
    pub purpose: Purpose,
    pub record: Record,
    /// The places whose word is awaited.
    pub awaits: Vec<Place>,
    /// A place keeps a record that comes after this one, and this tab has
    /// taken it over.
    pub outranked: bool,
    /// The lock of a turn that failed: the tab that gets it next must find the
    /// back-off in the places.
    pub lock: Option<LockId>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Purpose {
    Refresh,
    SignIn(SignIn),
    SignOut,
    /// The record that is held, with a new back-off.
    BackOff,
}

impl Machine {
    /// Where a record is kept: what is remembered in one place, all else in
    /// the other. Memory is no place.
    pub(super) fn home(&self, record: &Record) -> Option<Place> {
        let remembered = record.session().is_some_and(|session| session.remembered);
        match (remembered, self.policy.remember) {
            (true, Some(keep)) => (keep != Keep::Memory).then_some(Place::Remembered),
            _ => (self.policy.storage != Keep::Memory).then_some(Place::Session),
        }
    }

    /// The place in which a record is not kept, if there are two.
    fn other(&self, record: &Record) -> Option<Place> {
        let keep = self.policy.remember?;
        match self.home(record) {
            Some(Place::Remembered) => {
                (self.policy.storage != Keep::Memory).then_some(Place::Session)
            }
            _ => (keep != Keep::Memory).then_some(Place::Remembered),
        }
    }

    /// Sends a record to the places that keep it.
    pub(super) fn commit(&mut self, purpose: Purpose, record: Record) {
        let id = self.number();
        let home = self.home(&record);
        // A sign-out clears both places: the end outranks what either keeps.
        // A sign-in is kept in one, and taken away from the other.
        let (other, text) = match purpose {
            Purpose::SignOut => (self.other(&record), Text::Commit(id)),
            Purpose::SignIn(_) => (self.other(&record), Text::Nothing),
            Purpose::Refresh | Purpose::BackOff => (None, Text::Nothing),
        };
        // The turn ends now, and those who wait for it hear of the failure.
        let ends =
            |turn: &&mut Turn| matches!(turn.stage, Stage::Checking { .. } | Stage::Committing);
        let turn = self.turn.as_mut().filter(ends);
        let turn = turn.filter(|_| purpose == Purpose::BackOff);
        let lock = turn.and_then(|turn| turn.lock.take());
        let awaits: Vec<Place> = home.into_iter().chain(other).collect();
        self.commits.push(Commit {
            id,
            purpose,
            record,
            awaits: awaits.clone(),
            outranked: false,
            lock,
        });
        if purpose == Purpose::SignOut {
            // At once: this page may end before a place has answered.
            self.tell(false);
        }
        if awaits.is_empty() {
            return self.committed(id);
        }
        if let Some(place) = other {
            self.enqueue(
                place,
                Task::Write {
                    text,
                    commit: Some(id),
                },
            );
        }
        if let Some(place) = home {
            let text = match purpose {
                Purpose::BackOff => Text::Held,
                _ => Text::Commit(id),
            };
            self.enqueue(
                place,
                Task::Write {
                    text,
                    commit: Some(id),
                },
            );
        }
    }

    /// Tells the others of a record that is stored, or at least held.
    pub(super) fn tell_committed(&mut self) {
        let home = self.record.as_ref().and_then(|record| self.home(record));
        let stored = self
            .shelves
            .iter()
            .any(|shelf| Some(shelf.place) == home && shelf.keep == Keep::Shared && !shelf.down);
        self.tell(stored);
    }

    /// Keeps the record that is held, where it is kept anyway: what was heard
    /// of another tab, or a new back-off.
    pub(super) fn keep_held(&mut self) {
        let home = self.record.as_ref().and_then(|record| self.home(record));
        match home {
            Some(place) => {
                let text = Text::Held;
                self.enqueue(place, Task::Write { text, commit: None });
            }
            None => self.mark(),
        }
    }

    /// A place is done with a commit.
    pub(super) fn written(&mut self, id: u32, place: Place, outranked: bool) {
        let Some(commit) = self.commits.iter_mut().find(|commit| commit.id == id) else {
            return;
        };
        commit.awaits.retain(|awaited| *awaited != place);
        commit.outranked |= outranked;
        if commit.awaits.is_empty() {
            self.committed(id);
        }
    }

    /// A commit was carried out, as far as it can be.
    fn committed(&mut self, id: u32) {
        let Some(at) = self.commits.iter().position(|commit| commit.id == id) else {
            return;
        };
        let Commit {
            purpose,
            record,
            outranked,
            lock,
            ..
        } = self.commits.swap_remove(at);
        let overtaken = self.stamp() > record.stamp;
        match purpose {
            Purpose::Refresh => self.refresh_committed(record, overtaken),
            Purpose::SignIn(sign_in) => self.sign_in_committed(sign_in, record, overtaken),
            Purpose::SignOut => self.sign_out_committed(outranked),
            Purpose::BackOff => {}
        }
        if let Some(lock) = lock {
            self.leave_lock(lock);
        }
        self.proceed();
    }

    fn refresh_committed(&mut self, record: Record, overtaken: bool) {
        if !overtaken {
            self.figures.refreshes = self.figures.refreshes.saturating_add(1);
            self.adopt(record, SignedOutBy::OtherTab);
            self.tell_committed();
        }
        // Taking the record over may have ended the turn.
        let committing = |turn: &super::turn::Turn| matches!(turn.stage, Stage::Committing);
        if self.turn.as_ref().is_some_and(committing) {
            self.end_turn(match self.session() {
                Some(_) => Outcome::Renewed,
                None => Outcome::Over(Fault::UserSignedOut.into()),
            });
        }
    }
}

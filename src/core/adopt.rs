//! The record: which one comes first, what becomes of one that arrives, and
//! what is told when another takes its place (rules 7 and 8).

use std::rc::Rc;

use super::error::{Error, Fault};
use super::machine::{Machine, Pending, Purpose};
use super::output::{Event, Outcome, Output, SignedOutBy};
use super::pace::Pace;
use super::record::{Record, Session};
use super::sign::SignIn;
use super::time::Instant;

impl Machine {
    /// Whether the record of a commit comes after the stored one. This is the
    /// comparison that makes a commit conditional: a tab that slept, or lost
    /// its lock, cannot write back an old token or bring back a session that
    /// has ended.
    pub fn outranks(&self, number: u32, stored: &str) -> bool {
        let stored = self.parsed(stored).map(|(record, _)| record.stamp);
        match self
            .pendings
            .iter()
            .find(|pending| pending.number == number)
        {
            // A store that was given up for its slowness may take it after all,
            // as long as nothing has come since.
            None => {
                let held = self.stamp();
                self.settled == (number, held) && stored.is_none_or(|stored| held > stored)
            }
            Some(Pending {
                purpose: Purpose::Pace,
                record,
                ..
            }) => Some(record.stamp) == stored,
            // Written over a newer one, it would be the session of all tabs
            // but this.
            Some(Pending {
                purpose: Purpose::SignIn(sign_in),
                ..
            }) if self.too_late(*sign_in).is_some() => false,
            Some(Pending { record, .. }) => stored.is_none_or(|stored| record.stamp > stored),
        }
    }

    #[inline(never)]
    fn parsed(&self, text: &str) -> Option<(Record, Pace)> {
        let stored = (self.platform.json)(text)?;
        let record = Record::read(&*stored, self.policy.cookie_access(), self.platform)?;
        Some((record, Pace::read(&*stored)))
    }

    pub(super) fn hear(&mut self, now: Instant, text: &str) -> bool {
        let Some((mut record, pace)) = self.parsed(text) else {
            return false;
        };
        if self
            .record
            .as_ref()
            .is_some_and(|held| held.stamp >= record.stamp)
        {
            if self.stamp() == record.stamp {
                self.pace.join(&pace, now);
            } else if self.retold != self.stamp() {
                // Whoever told it has missed something. Told each time, the
                // messages would multiply while new records come.
                self.retold = self.stamp();
                self.output(Output::Tell);
            }
            return false;
        }
        if let Ok(session) = &mut record.state {
            // Received in the future: the clock was set back since.
            let ahead = session.lifetime.received.since(now);
            Rc::make_mut(session).lifetime.set_back(ahead);
        }
        self.adopt(record, SignedOutBy::OtherTab);
        self.pace.join(&pace, now);
        true
    }

    /// Takes over a record, if it comes after the one held: the one place
    /// where a session begins, changes or ends in this tab. `by` is what a
    /// sign-out is put down to.
    pub(super) fn adopt(&mut self, record: Record, by: SignedOutBy) {
        let (before, after) = (self.stamp(), record.stamp);
        if self.record.is_some() && before >= after {
            return;
        }
        let is = record.session().cloned();
        let was = self.record.replace(record);
        let was = was.as_ref().and_then(Record::session);
        self.may_try_again = false;
        self.anonymous = false;
        self.serial = self.serial.wrapping_add(1);
        self.error = None;
        self.stale = false;
        match (was, is) {
            (Some(was), Some(is)) => {
                self.pace.succeeded();
                let other_sign_in = (before.sign_in, before.salt) != (after.sign_in, after.salt);
                if is_another_user(was, &is, other_sign_in) {
                    self.party = self.party.wrapping_add(1);
                    self.event(Event::UserChanged);
                }
                if other_sign_in {
                    self.pace.forgive();
                    self.leave_turn(Outcome::Renewed);
                    self.event(Event::SignedIn);
                } else {
                    self.event(Event::Refreshed);
                }
            }
            (None, Some(_)) => {
                self.pace.succeeded();
                self.pace.forgive();
                self.event(Event::SignedIn);
            }
            (Some(_), None) => {
                self.party = self.party.wrapping_add(1);
                self.fence = self.fence.wrapping_add(1);
                let mut error = Error::new(Fault::UserSignedOut);
                if by == SignedOutBy::RefreshRejected {
                    error = self.last_error.unwrap_or(Fault::SessionOver.into());
                    self.error = Some(error);
                }
                self.leave_turn(Outcome::Over(error));
                self.event(Event::SignedOut(by));
            }
            (None, None) => {
                // A sign-out that was made elsewhere after a sign-in began
                // here ends that one too.
                let before = |sign_in: &SignIn| (sign_in.began.as_ms() as u64) < after.sign_in;
                if by == SignedOutBy::OtherTab && self.sign_ins.iter().all(before) {
                    self.fence = self.fence.wrapping_add(1);
                }
                self.leave_turn(Outcome::Over(Fault::UserSignedOut.into()));
            }
        }
        self.renewed_by_another();
    }
}

/// Two users are told apart by what the tokens say, else by the sign-in
/// (rule 8).
fn is_another_user(was: &Session, is: &Session, other_sign_in: bool) -> bool {
    match (&was.user, &is.user) {
        (Some(was), Some(is)) => was != is,
        _ => other_sign_in,
    }
}

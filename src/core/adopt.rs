//! The record: which one comes first, what becomes of one that arrives, and
//! what is told when another takes its place (rules 7 and 8).

use super::error::{Error, Fault};
use super::ids::{Party, Serial};
use super::machine::Machine;
use super::output::{Event, Outcome, SignedOutBy};
use super::pace::Pace;
use super::policy::Keep;
use super::record::{Ended, Record, Session, Stored};
use super::sign::SignIn;
use super::time::Instant;

impl Machine {
    /// Takes a stored text apart; `None` where it is no JSON.
    pub(super) fn parsed(&self, text: &str) -> Option<(Stored, Pace, Option<Instant>)> {
        let stored = (self.platform.json)(text)?;
        let cookie = self.policy.cookie_access();
        let record = Record::read(&*stored, cookie, self.platform, self.now);
        let active = stored.number("active").and_then(Instant::from_ms);
        Some((record, Pace::read(&*stored, self.now), active))
    }

    /// Takes over a record that came from elsewhere, if it is newer.
    pub(super) fn hear(&mut self, record: Record, pace: Pace) -> bool {
        let held = self.record.as_ref().map(|held| held.stamp);
        if held >= Some(record.stamp) {
            if held == Some(record.stamp) {
                self.pace.join(&pace);
            } else {
                self.tell_again();
            }
            return false;
        }
        let was = self.session().cloned();
        self.adopt(record, SignedOutBy::OtherTab);
        self.pace.join(&pace);
        self.heard_of_end(was);
        true
    }

    /// Keeps what was heard of another tab, where nobody else does: a reload
    /// of this tab must find it (rule 8). `stored` says that the other one has
    /// put it into the place that all tabs share.
    pub(super) fn keep_heard(&mut self, stored: bool) {
        let remembered = self.session().is_some_and(|session| session.remembered);
        let keep = match self.policy.remember {
            Some(keep) if remembered => keep,
            _ => self.policy.storage,
        };
        if keep != Keep::Shared || !stored || self.storage_is_down() {
            self.keep_held();
        }
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
        let by = match record.state {
            Err(Ended::Idle) => SignedOutBy::Idle,
            Err(Ended::Lifetime) => SignedOutBy::Lifetime,
            _ => by,
        };
        let was = self.record.replace(record);
        self.may_try_again = false;
        self.anonymous = false;
        self.serial = Serial::new(self.serial.number().wrapping_add(1));
        self.error = None;
        self.stale = false;
        self.term_changed((before.sign_in, before.salt) != (after.sign_in, after.salt));
        let was = was.as_ref().and_then(Record::session);
        match (was, is) {
            (Some(was), Some(is)) => {
                self.pace.succeeded();
                let other_sign_in = (before.sign_in, before.salt) != (after.sign_in, after.salt);
                if is_another_user(was, &is, other_sign_in) {
                    self.next_party();
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
                self.left_locally = None;
                // What a silent refresh brings now is older than this.
                self.leave_turn(Outcome::Renewed);
                self.event(Event::SignedIn);
            }
            (Some(_), None) => {
                self.next_party();
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
        self.mark();
    }

    fn next_party(&mut self) {
        self.party = Party::new(self.party.number().wrapping_add(1));
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

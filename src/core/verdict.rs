//! What came of a turn's call: a new token, a refusal or a failure (rules 5, 6
//! and 8).

use core::mem::replace;
use std::rc::Rc;

use super::answer::Verdict;
use super::commit::Purpose;
use super::error::{Error, Fault};
use super::flight::Flight;
use super::lifetime::Freshness;
use super::look::LookFor;
use super::machine::Machine;
use super::output::{Event, Outcome, SignedOutBy};
use super::record::{Ended, Record, Stamp};
use super::turn::Stage;

impl Machine {
    /// The call has ended. What it brought belongs to the record that was held
    /// when it was sent.
    pub(super) fn verdict(&mut self, flight: &Flight, verdict: Verdict) {
        let Verdict::Renewed(tokens) = verdict else {
            let look = self.look(LookFor::Turn);
            let sent = flight.base;
            return self.stage(Stage::Checking {
                look,
                verdict,
                sent,
            });
        };
        let before = flight.session.as_deref();
        let mut session = self.session_of(tokens, Freshness::Fresh, before);
        if before.is_none()
            && let Some(known) = self.known_term.take()
        {
            session.term.began = known.began;
        }
        let sent = flight.sent.as_ms() as u64;
        let twist = self.random() >> 32;
        let base = flight.base;
        let stamp = match &flight.session {
            Some(held) => {
                session.refresh = session.refresh.or_else(|| held.refresh.clone());
                // An opaque token says nothing of the user.
                session.user = session.user.or_else(|| held.user.clone());
                session.remembered = held.remembered;
                Stamp {
                    generation: base.generation.saturating_add(1),
                    sent,
                    twist,
                    ..base
                }
            }
            None => {
                let after_sign_out = self.turn.as_ref().is_some_and(|turn| turn.after_sign_out);
                let least = if after_sign_out { sent } else { 0 };
                Stamp {
                    sign_in: base.sign_in.saturating_add(1).max(least),
                    salt: self.random() >> 32,
                    ended: false,
                    generation: 0,
                    sent,
                    twist,
                }
            }
        };
        self.stage(Stage::Committing);
        let state = Ok(Rc::new(session));
        self.commit(Purpose::Refresh, Record { stamp, state });
    }

    /// What was checked, a refusal or a failure, counts.
    pub(super) fn conclude(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        let Stage::Checking { verdict, sent, .. } = replace(&mut turn.stage, Stage::Committing)
        else {
            return;
        };
        let in_time = turn.has_time(self.now.mono);
        match verdict {
            Verdict::Renewed(_) => {}
            // What was refused is not what is held by now: another tab has
            // refreshed since, and its token has ended as well.
            Verdict::Definitive(_) if self.session().is_some() && self.stamp() > sent => {
                if in_time {
                    self.read_turn();
                } else {
                    self.end_turn(Outcome::Passing(Fault::TurnTimedOut.into()));
                }
            }
            Verdict::Definitive(error) => {
                self.count_failure();
                if self.session().is_some() {
                    self.end_session(error);
                } else {
                    self.anonymous = true;
                    self.end_turn(Outcome::Anonymous);
                    self.end_restore();
                }
            }
            Verdict::Passing(mut error) => {
                self.count_failure();
                let fraction = self.fraction();
                self.pace.failed(self.now.mono, error.retry_after, fraction);
                error.retry_after = self.pace.wait(self.now.mono);
                self.stale = true;
                self.error = Some(error);
                self.last_error = Some(error);
                self.event(Event::RefreshFailed(error));
                // The server is spared by all tabs.
                match self.record.clone() {
                    Some(record) if self.home(&record).is_some() => {
                        self.commit(Purpose::BackOff, record);
                    }
                    _ => self.mark(),
                }
                self.tell(false);
                self.end_turn(Outcome::Passing(error));
            }
        }
    }

    fn count_failure(&mut self) {
        self.figures.refresh_failures = self.figures.refresh_failures.saturating_add(1);
    }

    /// The server will not go on with this session, or there is nothing to go
    /// on with.
    pub(super) fn end_session(&mut self, error: Error) -> Error {
        self.last_error = Some(error);
        let stamp = Stamp {
            ended: true,
            ..self.stamp()
        };
        let record = Record {
            stamp,
            state: Err(Ended::Rejected),
        };
        self.adopt(record.clone(), SignedOutBy::RefreshRejected);
        self.commit(Purpose::SignOut, record);
        error
    }
}

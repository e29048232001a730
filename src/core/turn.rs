//! The turn: one refresh, from the wish to the end.

use std::rc::Rc;

use super::answer::Verdict;
use super::ask::Reply;
use super::call::Target;
use super::error::{Error, Fault};
use super::flight::Role;
use super::machine::{Machine, Pending, Purpose};
use super::output::{Committed, Event, Outcome, Output, SignedOutBy};
use super::record::{Ended, Record, Stamp};
use super::time::{Instant, Millis};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turn {
    pub number: u32,
    pub stage: Stage,
    began: Instant,
    /// What was held when the turn began. Anything newer will do.
    base: Stamp,
    /// The lock has been taken away from a tab that hangs.
    stolen: bool,
    /// The time to wait for the lock began anew, because this tab slept.
    slept: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    Locking { until: Instant },
    Reading { since: Instant },
    Calling,
    Checking(Verdict),
    Committing,
}

impl Turn {
    pub fn deadline(&self) -> Instant {
        match self.stage {
            Stage::Locking { until } => until,
            _ => Instant::NEVER,
        }
    }
}

/// What a turn takes beside its call, as a rule.
const GRACE: Millis = Millis::new(500);

/// What reading takes at most, as long as the page runs.
const LONGEST_READ: Millis = Millis::new(2_000);

impl Machine {
    /// Begins a turn or joins the one under way: the only place where one
    /// begins (rule 1).
    pub(super) fn want(&mut self, now: Instant) -> Reply {
        if self.disposed {
            return Reply::Fail(Fault::Disposed.into());
        }
        if let Some(turn) = &self.turn {
            return Reply::Wait(turn.number);
        }
        if !self.can_refresh() {
            return match self.session() {
                None => Reply::Fail(Fault::NoSession.into()),
                Some(session) if session.lifetime.ends() && !session.lifetime.is_over(now) => {
                    Reply::Fail(Fault::NoRefreshToken.into())
                }
                Some(_) => {
                    let error = Error::new(Fault::SessionOver);
                    self.end_session(error);
                    Reply::Fail(error)
                }
            };
        }
        if let Err(error) = self.paced(now) {
            return Reply::Fail(error);
        }
        let number = self.number();
        self.turn = Some(Turn {
            number,
            stage: Stage::Reading { since: now },
            began: now,
            base: self.stamp(),
            stolen: false,
            slept: false,
        });
        self.lock(now, number);
        Reply::Wait(number)
    }

    fn lock(&mut self, now: Instant, number: u32) {
        let until = self.patience(now);
        if let Some(turn) = &mut self.turn {
            turn.stage = Stage::Locking { until };
            turn.stolen = false;
        }
        self.output(Output::Lock {
            turn: number,
            steal: false,
        });
    }

    /// Asks for the lock once more, for this tab has slept.
    fn lock_anew(&mut self, now: Instant, turn: u32) {
        if let Some(held) = &mut self.turn {
            held.slept = true;
        }
        self.lock(now, turn);
    }

    /// Whether the back-off allows a call, else the error that says when.
    fn paced(&self, now: Instant) -> Result<(), Error> {
        let wait = self.pace.wait(now);
        if wait == Millis::ZERO {
            return Ok(());
        }
        Err(Error {
            fault: Fault::BackingOff,
            cause: self.last_error.map(|last| last.fault),
            status: self.last_error.map_or(0, |last| last.status),
            call: self.last_error.map_or(0, |last| last.call),
            retry_after: wait,
        })
    }

    /// How long to wait for another tab's turn that begins now: its call may
    /// take `timeoutMs`, reading and committing a little more. The spread
    /// keeps those who wait from taking the lock in the same moment.
    fn patience(&mut self, now: Instant) -> Instant {
        let grace = GRACE.times(1.0 + self.fraction());
        now + self.policy.timeout + grace
    }

    /// Another tab has got the lock, or sent its call: from then on it may take
    /// its time.
    pub fn begun(&mut self, now: Instant) {
        self.tick(now);
        let patience = self.patience(now);
        if let Some(Stage::Locking { until }) = self.turn.as_mut().map(|turn| &mut turn.stage) {
            *until = patience;
        }
        self.advance(now);
    }

    /// The lock was granted, or there is none to ask for.
    pub fn granted(&mut self, now: Instant, turn: u32) {
        self.tick(now);
        if let Some(held) = self.turn.as_mut().filter(|held| held.number == turn)
            && let Stage::Locking { until } = held.stage
        {
            if now >= until && !held.slept {
                // Granted while this tab slept: it may have been taken away
                // again since, and that is told later.
                self.lock_anew(now, turn);
            } else {
                held.stage = Stage::Reading { since: now };
                self.output(Output::Read { turn });
            }
        }
        self.advance(now);
    }

    /// Another tab took the lock away. What was not sent yet waits for that
    /// one's turn; what was sent is finished, and its commit is conditional.
    pub fn robbed(&mut self, now: Instant, turn: u32) {
        self.tick(now);
        let reads =
            |held: &Turn| held.number == turn && matches!(held.stage, Stage::Reading { .. });
        if self.turn.as_ref().is_some_and(reads) {
            self.lock(now, turn);
        }
        self.advance(now);
    }

    /// The record was read again; `None` when there is none.
    pub fn read(&mut self, now: Instant, turn: u32, stored: Option<&str>) {
        self.tick(now);
        let stage = self
            .turn
            .as_ref()
            .filter(|held| held.number == turn)
            .map(|held| held.stage.clone());
        if let Some(stage @ (Stage::Reading { .. } | Stage::Checking(_))) = stage {
            if let Some(text) = stored {
                self.hear(now, text);
            }
            // A newer record may also have come during the call: what became
            // of the older token does not matter any more.
            self.renewed_by_another();
            // What was read may have ended the turn.
            if self.turn.as_ref().is_some_and(|held| held.number == turn) {
                match stage {
                    Stage::Checking(verdict) => self.conclude(now, verdict),
                    // A tab that slept here may have lost the lock, and what
                    // it read is as old as its sleep.
                    Stage::Reading { since } if now.since(since) > LONGEST_READ => {
                        self.lock(now, turn)
                    }
                    _ => self.call(now),
                }
            }
        }
        self.advance(now);
    }

    fn call(&mut self, now: Instant) {
        // Another tab's failure counts here too.
        if let Err(error) = self.paced(now) {
            return self.end_turn(Outcome::Passing(error));
        }
        self.stage(Stage::Calling);
        let session = self.session().cloned();
        self.launch(now, Role::Turn, Target::Refresh, session);
    }

    fn stage(&mut self, stage: Stage) {
        if let Some(turn) = &mut self.turn {
            turn.stage = stage;
        }
    }

    /// Takes the turn over from a tab that has held the lock for too long.
    pub(super) fn expire_lock(&mut self, now: Instant) {
        let Some(turn) = self.turn.as_mut() else {
            return;
        };
        let Stage::Locking { until } = turn.stage else {
            return;
        };
        if now < until {
            return;
        }
        let number = turn.number;
        if !turn.slept && now.since(until) > GRACE {
            // This tab slept, or its clock was set forth: how long the other
            // one has had the lock is not known. It gets its time once more.
            self.lock_anew(now, number);
        } else if turn.stolen {
            // Not even taking it away worked. The commit is conditional, so
            // going on without the lock risks a second call and no more.
            turn.stage = Stage::Reading { since: now };
            self.output(Output::Read { turn: number });
        } else {
            turn.stolen = true;
            turn.stage = Stage::Locking {
                until: now + Millis::SECOND,
            };
            self.output(Output::Lock {
                turn: number,
                steal: true,
            });
        }
    }

    pub(super) fn verdict(&mut self, now: Instant, verdict: Verdict) {
        let Some(turn) = &self.turn else { return };
        let (number, began) = (turn.number, turn.began);
        match verdict {
            Verdict::Renewed(tokens) => {
                let held = self.session().cloned();
                let mut session = self.session_of(now, tokens);
                let stamp = match held {
                    Some(held) => {
                        session.refresh = session.refresh.or_else(|| held.refresh.clone());
                        // An opaque token says nothing of the user.
                        session.user = session.user.or_else(|| held.user.clone());
                        let stamp = self.stamp();
                        Stamp {
                            generation: stamp.generation.saturating_add(1),
                            ..stamp
                        }
                    }
                    None => self.next_sign_in(began),
                };
                self.stage(Stage::Committing);
                self.commit(
                    Purpose::Refresh,
                    Record {
                        stamp,
                        state: Ok(Rc::new(session)),
                    },
                );
            }
            verdict => {
                self.stage(Stage::Checking(verdict));
                self.output(Output::Read { turn: number });
            }
        }
    }

    /// A refusal or a failure counts.
    fn conclude(&mut self, now: Instant, verdict: Verdict) {
        match verdict {
            Verdict::Renewed(_) => {}
            Verdict::Definitive(error) => {
                self.figures.refresh_failures = self.figures.refresh_failures.saturating_add(1);
                if self.session().is_some() {
                    self.end_session(error);
                } else {
                    self.anonymous = true;
                    self.end_turn(Outcome::Anonymous);
                }
            }
            Verdict::Passing(mut error) => {
                self.figures.refresh_failures = self.figures.refresh_failures.saturating_add(1);
                let fraction = self.fraction();
                self.pace.failed(now, error.retry_after, fraction);
                error.retry_after = self.pace.wait(now);
                self.stale = true;
                self.error = Some(error);
                self.last_error = Some(error);
                self.event(Event::RefreshFailed(error));
                if let Some(record) = self
                    .record
                    .clone()
                    .filter(|record| record.session().is_some())
                {
                    self.commit(Purpose::Pace, record);
                }
                self.end_turn(Outcome::Passing(error));
            }
        }
    }

    /// The server will not go on with this session.
    pub(super) fn end_session(&mut self, error: Error) {
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
    }

    pub(super) fn commit(&mut self, purpose: Purpose, record: Record) {
        let number = self.number();
        self.pendings.push(Pending {
            number,
            purpose,
            record,
        });
        self.output(Output::Commit { number });
    }

    /// A commit was carried out, or not.
    pub fn committed(&mut self, now: Instant, number: u32, result: Committed<'_>) {
        self.tick(now);
        if let Some(at) = self
            .pendings
            .iter()
            .position(|pending| pending.number == number)
        {
            let pending = self.pendings.swap_remove(at);
            let stored = match result {
                Committed::Outranked(text) => Some(text),
                _ => {
                    self.settled = (number, pending.record.stamp);
                    None
                }
            };
            match pending.purpose {
                Purpose::Refresh => {
                    match stored {
                        Some(text) => {
                            self.hear(now, text);
                        }
                        None => {
                            self.figures.refreshes = self.figures.refreshes.saturating_add(1);
                            self.adopt(pending.record, SignedOutBy::OtherTab);
                        }
                    }
                    if self.session().is_some() {
                        self.end_turn(Outcome::Renewed);
                    } else {
                        self.end_turn(Outcome::Over(Fault::UserSignedOut.into()));
                    }
                }
                Purpose::SignIn(sign_in) => {
                    self.sign_in_committed(now, sign_in, pending.record, stored)
                }
                Purpose::SignOut => self.sign_out_committed(now, stored),
                Purpose::Pace => {}
            }
        }
        self.proceed_farewell(now);
        self.advance(now);
    }

    /// Ends the turn if a newer session than the one it began with has come
    /// from elsewhere, while it is not in the middle of a call of its own.
    pub(super) fn renewed_by_another(&mut self) {
        let newer = self.session().is_some()
            && self.turn.as_ref().is_some_and(|turn| {
                self.stamp() > turn.base
                    && !matches!(turn.stage, Stage::Calling | Stage::Committing)
            });
        if newer {
            self.end_turn(Outcome::Renewed);
        }
    }

    /// Ends the turn for what happened outside it: its call, if there is one,
    /// is stopped, and what it was about to write is not written.
    pub(super) fn leave_turn(&mut self, outcome: Outcome) {
        if self.turn.is_none() {
            return;
        }
        if let Some(at) = self
            .flights
            .iter()
            .position(|flight| flight.role == Role::Turn)
        {
            let call = self.flights.swap_remove(at).number;
            self.output(Output::Abort { call });
        }
        self.pendings
            .retain(|pending| !matches!(pending.purpose, Purpose::Refresh));
        self.end_turn(outcome);
    }

    fn end_turn(&mut self, outcome: Outcome) {
        if let Some(turn) = self.turn.take() {
            self.output(Output::Unlock { turn: turn.number });
            self.output(Output::TurnEnded {
                turn: turn.number,
                outcome,
            });
        }
    }
}

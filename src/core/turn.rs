//! The turn: one refresh, from the wish to the end.
//!
//! A caller that waits for a turn is answered within twice `timeoutMs` and two
//! seconds (rule 1). The times of its stages add up to that:
//!
//! | stage | takes at most |
//! |---|---|
//! | Locking | `timeoutMs`, `GRACE` once or twice over, then `STEAL` (`queue`) |
//! | Reading, Missing, Yielding | until `timeoutMs` and [`READ_BY`] after the turn began |
//! | Calling | `timeoutMs` |
//! | Checking, Committing | until [`END_BY`] and [`LEAST`] after twice `timeoutMs` |

use super::answer::Verdict;
use super::ask::Reply;
use super::call::Target;
use super::commit::Purpose;
use super::error::{Error, Fault};
use super::flight::Role;
use super::ids::{CallId, LockId, WaitId};
use super::look::LookFor;
use super::machine::Machine;
use super::output::Outcome;
use super::policy::Keep;
use super::queue::Locking;
use super::record::{Record, Stamp};
use super::time::{Millis, Moment};

#[derive(Debug)]
pub(super) struct Turn {
    pub id: WaitId,
    pub stage: Stage,
    /// The lock, while it is held or asked for.
    pub lock: Option<LockId>,
    /// When it began, or since when the caller that has waited longest has
    /// waited. Sleep is not counted.
    pub began: Moment,
    /// When it got the lock.
    pub granted: Moment,
    /// Until when a lock may have been granted to a page that slept then, and
    /// taken away since: the one is told before the other.
    pub woken: Moment,
    /// `timeoutMs` of the machine's policy.
    timeout: Millis,
    /// What was held when the turn began. Anything newer will do.
    base: Stamp,
    /// The user has signed out here, and `restore` asks all the same.
    pub after_sign_out: bool,
}

#[derive(Debug)]
pub(super) enum Stage {
    Locking(Locking),
    Reading {
        look: u32,
        since: Moment,
    },
    /// The lease says that there is a newer record than any that was read:
    /// until when the next reading waits.
    Missing {
        until: Moment,
    },
    /// This tab signs in: the cookie of a refresh must not come after the one
    /// of the sign-in (rule 8).
    Yielding,
    Calling {
        call: CallId,
    },
    Checking {
        look: u32,
        verdict: Verdict,
        /// What was held when the call was sent.
        sent: Stamp,
    },
    Committing,
}

/// How long the record is looked for that the lease speaks of: a loaded machine
/// takes its time to show one process what another has stored. A record that
/// died with its tab is not there to be found.
const MISSING: Millis = Millis::new(3_000);

/// How long a reading waits for the next.
pub(super) const AGAIN: Millis = Millis::new(50);

const READ_BY: Millis = Millis::new(1_500);
const END_BY: Millis = Millis::new(1_750);

/// The least that a place is given in a turn that is late.
const LEAST: Millis = Millis::new(250);

/// What reading takes at most, as long as the page runs.
const LONGEST_READ: Millis = Millis::new(2_000);

impl Stage {
    /// Whether its call has been sent.
    pub fn has_called(&self) -> bool {
        match self {
            Self::Locking(_) | Self::Reading { .. } | Self::Missing { .. } | Self::Yielding => {
                false
            }
            Self::Calling { .. } | Self::Checking { .. } | Self::Committing => true,
        }
    }
}

impl Turn {
    /// When something has to be done about it.
    fn deadline(&self) -> Moment {
        match &self.stage {
            Stage::Locking(locking) => locking.until.min(self.end_by()),
            Stage::Missing { until } => *until,
            Stage::Yielding => self.began + self.timeout + READ_BY,
            // The call has a time of its own, and so has each place.
            Stage::Calling { .. } | Stage::Committing => Moment::NEVER,
            _ => self.end_by() + LEAST,
        }
    }

    /// When those who wait have to be answered.
    fn end_by(&self) -> Moment {
        self.began + self.timeout + self.timeout + END_BY
    }

    /// Whether there is time left for a call: others may have had their turns
    /// before this one.
    pub fn has_time(&self, now: Moment) -> bool {
        now <= self.began + self.timeout + READ_BY
    }

    /// Until when a place is waited for.
    pub fn place_deadline(&self) -> Moment {
        match self.stage {
            Stage::Reading { .. } | Stage::Locking(_) | Stage::Missing { .. } | Stage::Yielding => {
                self.began + self.timeout + READ_BY
            }
            _ => self.end_by(),
        }
    }
}

impl Machine {
    pub(super) fn turn_deadline(&self) -> Moment {
        self.turn.as_ref().map_or(Moment::NEVER, Turn::deadline)
    }

    /// Begins a turn or joins the one under way: the only place where one
    /// begins (rule 1).
    pub(super) fn want(&mut self) -> Reply {
        let refused = match () {
            _ if self.disposed => Some(Fault::Disposed),
            _ if self.policy.inert => Some(Fault::NobodysSession),
            _ if self.superseded => Some(Fault::LaterVersion),
            _ => None,
        };
        if let Some(fault) = refused {
            return Reply::Fail(fault.into());
        }
        // A caller that has waited for one turn brings its time into the next.
        let since = self.since;
        if self.now.mono > since + self.policy.timeout + READ_BY {
            return Reply::Fail(Fault::TurnTimedOut.into());
        }
        if let Some(turn) = &mut self.turn {
            turn.began = turn.began.min(since);
            return Reply::Wait(turn.id);
        }
        if !self.can_refresh() {
            let over = self
                .session()
                .map(|session| session.lifetime.is_over(self.now));
            return match over {
                None => Reply::Fail(Fault::NoSession.into()),
                Some(false) => Reply::Fail(Fault::NoRefreshToken.into()),
                Some(true) => Reply::Fail(self.end_session(Fault::SessionOver.into())),
            };
        }
        if let Err(error) = self.paced() {
            return Reply::Fail(error);
        }
        let id = WaitId::new(self.number());
        let after_sign_out = self.record.as_ref().is_some_and(Record::is_sign_out);
        self.turn = Some(Turn {
            id,
            stage: Stage::Locking(Locking {
                until: self.now.mono,
                stolen: false,
                slept: false,
            }),
            lock: None,
            began: since,
            granted: since,
            woken: Moment::PAST,
            timeout: self.policy.timeout,
            base: self.stamp(),
            after_sign_out,
        });
        self.lock_turn(false);
        Reply::Wait(id)
    }

    /// Whether the back-off allows a call, else the error that says when.
    fn paced(&self) -> Result<(), Error> {
        let wait = self.pace.wait(self.now.mono);
        if wait == Millis::ZERO {
            return Ok(());
        }
        let last = self.last_error;
        Err(Error {
            fault: Fault::BackingOff,
            cause: last.map(|last| last.fault),
            status: last.map_or(0, |last| last.status),
            call: last.and_then(|last| last.call),
            retry_after: wait,
        })
    }

    /// Places and tabs are not waited for so long: a tab that has been reading
    /// since then slept, and may have lost the lock.
    pub(super) fn slept(&self, since: Moment) -> bool {
        self.now.mono.since(since) > LONGEST_READ
    }

    /// Does what the time of a stage asks for.
    pub(super) fn expire_turn(&mut self) {
        let now = self.now.mono;
        let Some(turn) = self.turn.as_ref().filter(|turn| now >= turn.deadline()) else {
            return;
        };
        match turn.stage {
            Stage::Locking(locking) => self.expire_lock(locking),
            Stage::Reading { look, since } => {
                self.drop_look(look);
                if self.slept(since) {
                    self.lock_anew();
                } else {
                    self.end_turn(Outcome::Passing(Fault::TurnTimedOut.into()));
                }
            }
            Stage::Missing { until } if self.slept(until) => self.lock_anew(),
            Stage::Missing { .. } => self.read_turn(),
            Stage::Yielding => self.end_turn(Outcome::Passing(Fault::TurnTimedOut.into())),
            Stage::Checking { look, .. } => {
                self.drop_look(look);
                self.conclude();
            }
            Stage::Calling { .. } | Stage::Committing => {}
        }
    }

    // ---- reading and calling ----

    pub(super) fn stage(&mut self, stage: Stage) {
        if let Some(turn) = &mut self.turn {
            turn.stage = stage;
        }
    }

    pub(super) fn read_turn(&mut self) {
        let look = self.look(LookFor::Turn);
        let since = self.now.mono;
        self.stage(Stage::Reading { look, since });
    }

    /// The turn has looked around. A newer record, if there was one, has been
    /// taken over.
    pub(super) fn turn_looked(&mut self, look: u32) {
        // A newer record may also have come during the call: what became of
        // the older token does not matter any more.
        self.renewed_by_another();
        let Some(turn) = &self.turn else { return };
        match turn.stage {
            Stage::Reading { look: own, since } if own == look => {
                // What it read is as old as its sleep.
                let over = turn.lock.is_some_and(|lock| self.is_over(lock));
                if over || self.slept(since) {
                    self.lock_anew();
                } else if self.misses_a_record() {
                    let until = self.now.mono + AGAIN;
                    self.stage(Stage::Missing { until });
                } else if self.signs_in_with_cookie() {
                    self.stage(Stage::Yielding);
                } else {
                    self.call_refresh();
                }
            }
            Stage::Checking { look: own, .. } if own == look => self.conclude(),
            _ => {}
        }
    }

    /// Whether the tab that had the lease before held a newer record, in a
    /// place that shows it to this one.
    fn misses_a_record(&self) -> bool {
        let shows = self.policy.storage == Keep::Shared && !self.storage_is_down();
        let after = self.turn.as_ref().and_then(|turn| {
            let looks_on = self.now.mono < turn.granted + MISSING;
            turn.lock
                .filter(|_| looks_on && turn.has_time(self.now.mono))
        });
        shows && after.is_some_and(|lock| self.after(lock) > self.stamp())
    }

    /// Reads again, if the turn waited for this tab's sign-in, which has been
    /// answered.
    pub(super) fn yielded(&mut self) {
        let yields = |turn: &Turn| matches!(turn.stage, Stage::Yielding);
        if self.turn.as_ref().is_some_and(yields) && !self.signs_in_with_cookie() {
            self.read_turn();
        }
    }

    fn call_refresh(&mut self) {
        // The look has found the record of a later version.
        if self.superseded {
            let error = Fault::LaterVersion.into();
            return self.end_turn(Outcome::Passing(error));
        }
        // Another tab's failure counts here too.
        if let Err(error) = self.paced() {
            return self.end_turn(Outcome::Passing(error));
        }
        let session = self.session().cloned();
        self.tell_begun();
        let call = self.launch(Role::Turn, Target::Refresh, session, None);
        self.stage(Stage::Calling { call });
    }

    // ---- its end ----

    /// Ends the turn if a newer session than the one it began with has come
    /// from elsewhere, while it is not in the middle of a call of its own. One
    /// that has ended as well is no renewal.
    pub(super) fn renewed_by_another(&mut self) {
        let usable = self
            .session()
            .is_some_and(|session| !session.lifetime.is_over(self.now));
        let newer = self.turn.as_ref().is_some_and(|turn| {
            self.stamp() > turn.base
                && !matches!(turn.stage, Stage::Calling { .. } | Stage::Committing)
        });
        if usable && newer {
            self.end_turn(Outcome::Renewed);
        }
    }

    /// Ends the turn for what happened outside it: its call, if there is one,
    /// is stopped, and what it was about to write is not written.
    pub(super) fn leave_turn(&mut self, outcome: Outcome) {
        let Some(turn) = &self.turn else { return };
        if let Stage::Calling { call } = turn.stage {
            self.give_up_call(call);
        }
        self.commits
            .retain(|commit| commit.purpose != Purpose::Refresh);
        self.end_turn(outcome);
    }

    pub(super) fn end_turn(&mut self, outcome: Outcome) {
        // The server asked for a pause, and the turn ends for another reason.
        if let Some(Stage::Checking { verdict, .. }) = self.turn.as_ref().map(|turn| &turn.stage)
            && matches!(verdict, Verdict::Passing(error) if error.retry_after > Millis::ZERO)
        {
            self.share_pace();
        }
        let Some(turn) = self.turn.take() else { return };
        if let Stage::Reading { look, .. } | Stage::Checking { look, .. } = turn.stage {
            self.drop_look(look);
        }
        if let Some(lock) = turn.lock {
            self.leave_lock(lock);
        }
        self.end_wait(turn.id, turn.began, outcome);
    }
}

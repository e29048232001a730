//! How a turn gets its lock: it waits for the turns of the other tabs, and takes
//! the lock away from one that hangs.

use super::error::Fault;
use super::ids::LockId;
use super::lock::Owner;
use super::machine::Machine;
use super::output::Outcome;
use super::time::{Millis, Moment};
use super::turn::{AGAIN, Stage};

/// Waits for the lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Locking {
    /// When the lock is taken away from its holder; `began <= until`.
    pub until: Moment,
    /// It has been taken away.
    pub stolen: bool,
    /// The wait began anew, because this tab slept through its end.
    pub slept: bool,
}

/// What a turn takes beside its call, as a rule: another tab's turn gets that
/// much more, and up to twice that, so that those who wait do not take the
/// lock in one moment.
const GRACE: Millis = Millis::new(250);

/// How long taking the lock away may take.
const STEAL: Millis = Millis::new(250);

impl Machine {
    pub(super) fn lock_turn(&mut self, slept: bool) {
        let until = self.patience();
        let lock = self.take_lock(Owner::Turn);
        if let Some(turn) = &mut self.turn {
            turn.lock = Some(lock);
            turn.stage = Stage::Locking(Locking {
                until,
                stolen: false,
                slept,
            });
        }
    }

    /// Asks for the lock once more: this tab has slept or was put away, and
    /// what it knew of the others' turns is old.
    pub(super) fn lock_anew(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.woken = Moment::PAST;
        }
        self.lock_again(true);
    }

    /// This tab signs in: its own turn, if it has not called yet, takes the
    /// lock after that.
    pub(super) fn queue_behind(&mut self) {
        if self
            .turn
            .as_ref()
            .is_some_and(|turn| !turn.stage.has_called())
        {
            self.lock_again(false);
        }
    }

    fn lock_again(&mut self, slept: bool) {
        if let Some(lock) = self.turn.as_mut().and_then(|turn| turn.lock.take()) {
            self.leave_lock(lock);
        }
        self.lock_turn(slept);
    }

    /// Until when another tab's turn that begins now is waited for: its call
    /// may take `timeoutMs`, reading and committing a little more.
    fn patience(&mut self) -> Moment {
        let grace = GRACE.times(1.0 + self.fraction());
        self.now.mono + self.policy.timeout + grace
    }

    /// Another tab has got the lock, or sent its call: from then on it may take
    /// its time.
    pub(super) fn begun(&mut self) {
        let patience = self.patience();
        if let Some(Stage::Locking(locking)) = self.turn.as_mut().map(|turn| &mut turn.stage)
            && !locking.stolen
        {
            locking.until = patience;
        }
    }

    /// Another tab has got the lock that was about to be taken by force.
    pub(super) fn begun_by_another(&mut self, lock: LockId) {
        let until = self.patience();
        let turn = self.turn.as_mut().filter(|turn| turn.lock == Some(lock));
        if let Some(Stage::Locking(locking)) = turn.map(|turn| &mut turn.stage) {
            locking.stolen = false;
            locking.until = until;
        }
    }

    /// The lock was granted, or there is none to ask for.
    pub(super) fn turn_granted(&mut self, lock: LockId) {
        let now = self.now.mono;
        let Some(turn) = self.turn.as_ref().filter(|turn| turn.lock == Some(lock)) else {
            return;
        };
        let Stage::Locking(locking) = &turn.stage else {
            return;
        };
        if now < turn.woken {
            return self.lock_anew();
        }
        if !locking.slept && !turn.has_time(now) {
            return self.end_turn(Outcome::Passing(Fault::TurnTimedOut.into()));
        }
        if let Some(turn) = &mut self.turn {
            turn.granted = now;
        }
        // Others who wait for a tab that hangs need not take the lock as well.
        self.tell_begun();
        self.read_turn();
    }

    /// Another tab took the lock away. What was not sent yet waits for that
    /// one's turn, as long as its own time allows; what was sent is finished,
    /// and its commit is conditional.
    #[inline(never)]
    pub(super) fn robbed(&mut self, lock: LockId) {
        let Some(turn) = self.turn.as_ref().filter(|turn| turn.lock == Some(lock)) else {
            return;
        };
        match turn.stage {
            Stage::Reading { since, .. } if self.slept(since) => self.lock_anew(),
            Stage::Reading { .. } | Stage::Missing { .. } | Stage::Yielding => {
                self.lock_again(false);
            }
            _ => {}
        }
    }

    /// Takes the turn over from a tab that has held the lock for too long.
    pub(super) fn expire_lock(&mut self, locking: Locking) {
        let now = self.now.mono;
        let signs_in = self.signs_in_with_cookie();
        let Some(turn) = &mut self.turn else { return };
        let in_time = turn.has_time(now);
        if !locking.slept && now.since(locking.until) > GRACE + GRACE {
            // This tab slept: how long the other one has had the lock is not
            // known. It gets its time once more.
            self.lock_anew();
        } else if !in_time {
            let error = Fault::TurnTimedOut.into();
            self.end_turn(Outcome::Passing(error));
        } else if signs_in {
            // It would be taken away from this tab's own sign-in.
            let until = now + AGAIN;
            turn.stage = Stage::Locking(Locking { until, ..locking });
        } else if locking.stolen {
            // Not even taking it away worked. The commit is conditional, so
            // going on without the lock risks a second call and no more.
            self.read_turn();
        } else {
            turn.stage = Stage::Locking(Locking {
                until: now + STEAL,
                stolen: true,
                slept: locking.slept,
            });
            if let Some(lock) = turn.lock {
                self.steal_lock(lock);
            }
        }
    }
}

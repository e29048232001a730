//! What happens to the page: it is seen or hidden, left, put away, frozen, and
//! comes back.

use super::ids::WaitId;
use super::input::Page;
use super::look::LookFor;
use super::machine::Machine;
use super::output::{Outcome, Place};
use super::shelf::{Reader, Task};
use super::time::{Millis, Moment};
use super::turn::Stage;

/// How long after `beforeunload` a call that breaks off may have been broken
/// off by it.
const LEAVING: Millis = Millis::new(3_000);

/// How late the timer of a page that runs may be.
const LATE: Millis = Millis::new(500);

/// Within what time a page that wakes is told of what happened while it slept.
const TOLD: Millis = Millis::new(50);

#[derive(Clone, Copy, Debug)]
pub(super) struct PageState {
    pub visible: bool,
    /// The page has been put away.
    pub away: bool,
    pub leaving_until: Moment,
}

impl Default for PageState {
    fn default() -> Self {
        Self {
            visible: true,
            away: false,
            leaving_until: Moment::PAST,
        }
    }
}

/// A page that was frozen or put away knows nothing for certain until it has
/// looked around: nobody goes on with what was known before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hold {
    pub wait: WaitId,
    look: u32,
}

impl Machine {
    /// A page that is woken much later than it asked for has slept, from that
    /// moment on at the latest. What it waits for did not take so long: an
    /// answer may have come meanwhile, and be told in a moment.
    pub(super) fn discount_sleep(&mut self, expected: Moment) {
        let now = self.now.mono;
        let slept = now.since(expected);
        if slept <= LATE {
            return;
        }
        let ops = self
            .shelves
            .iter_mut()
            .filter_map(|shelf| shelf.op.as_mut());
        let flights = self.flights.iter_mut();
        let ends = ops.map(|op| &mut op.until);
        for end in ends.chain(flights.map(|flight| &mut flight.deadline)) {
            *end = (*end + slept).max(now + TOLD);
        }
        if let Some(turn) = &mut self.turn {
            turn.began = turn.began + slept;
        }
    }

    #[inline(never)]
    pub(super) fn page_event(&mut self, event: Page) {
        let now = self.now.mono;
        match event {
            Page::Visible => {
                if !self.page.visible {
                    self.pace.hint(now);
                    // What another tab wrote may not have been told.
                    self.reread();
                }
                self.page.visible = true;
                self.seen();
            }
            Page::Hidden => self.page.visible = false,
            Page::Online => self.pace.hint(now),
            Page::Leaving => self.page.leaving_until = now + LEAVING,
            Page::PutAway => {
                self.page.away = true;
                self.pause_turns();
                self.close_channel();
            }
            Page::Shown { cached } => {
                let was_away = core::mem::take(&mut self.page.away);
                self.page.leaving_until = Moment::PAST;
                self.open_channel();
                if cached || was_away {
                    self.hold_requests();
                }
                self.count_held_back();
                self.go_on_with_turn();
            }
            Page::Resumed => self.hold_requests(),
        }
    }

    /// Reads the places again, for nobody in particular.
    fn reread(&mut self) {
        for place in self.places_to_read() {
            if place != Place::Mark {
                self.enqueue(place, Task::Read(Reader::Nobody));
            }
        }
    }

    pub(super) fn hold_requests(&mut self) {
        if self.disposed || self.policy.inert || !self.started {
            return;
        }
        let wait = match self.hold.take() {
            // A later look begins anew, for the same who wait.
            Some(hold) => {
                self.drop_look(hold.look);
                hold.wait
            }
            None => WaitId::new(self.number()),
        };
        let look = self.look(LookFor::Hold);
        self.hold = Some(Hold { wait, look });
    }

    pub(super) fn hold_looked(&mut self, look: u32) {
        if let Some(hold) = self.hold.take_if(|hold| hold.look == look) {
            self.end_wait(hold.wait, self.now.mono, Outcome::Looked);
        }
    }

    /// A page that stands still must not keep the others waiting for a lock:
    /// that of its turn, of a call that a turn left to itself, or of a back-off
    /// that is being stored. What was sent is finished, and its commit is
    /// conditional.
    fn pause_turns(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.lock = None;
        }
        while let Some(lock) = self.lock_of_a_turn() {
            self.leave_lock(lock);
        }
    }

    fn go_on_with_turn(&mut self) {
        let waits = |stage: &Stage| !stage.has_called();
        if self
            .turn
            .as_ref()
            .is_some_and(|turn| turn.lock.is_none() && waits(&turn.stage))
        {
            self.lock_anew();
        }
    }
}

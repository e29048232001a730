//! A look around: what the other tabs say, then what the places keep. The
//! places come last, because a tab may commit while it answers.

use super::machine::Machine;
use super::output::Place;
use super::shelf::{Reader, Task};

/// A look that is not over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub number: u32,
    pub purpose: LookFor,
    /// Places that have not answered; empty while the tabs are asked.
    unread: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookFor {
    /// The turn wants to know whether it is still needed.
    Turn,
    /// The page was frozen: requests wait until it has looked.
    Hold,
}

impl Machine {
    /// Begins to look around; ends with `looked`, which may be at once.
    pub(super) fn look(&mut self, purpose: LookFor) -> u32 {
        let number = self.number();
        self.looks.push(Look {
            number,
            purpose,
            unread: Vec::new(),
        });
        if !self.question(number) {
            self.look_asked(number);
        }
        number
    }

    /// The other tabs have said what they hold.
    pub(super) fn look_asked(&mut self, number: u32) {
        let places = self.places_to_read();
        let Some(look) = self.looks.iter_mut().find(|look| look.number == number) else {
            return;
        };
        if places.is_empty() {
            return self.looked_later.push(number);
        }
        look.unread.clone_from(&places);
        for place in places {
            self.enqueue(place, Task::Read(Reader::Look(number)));
        }
    }

    /// A place was read, or is not waited for.
    pub(super) fn look_read(&mut self, number: u32, place: Place) {
        let Some(look) = self.looks.iter_mut().find(|look| look.number == number) else {
            return;
        };
        look.unread.retain(|unread| *unread != place);
        if look.unread.is_empty() {
            self.looked_later.push(number);
        }
    }

    /// Goes on with the looks that are over. Not where they ended: that may
    /// be in the middle of something.
    pub(super) fn finish_looks(&mut self) {
        while let Some(number) = self.looked_later.pop() {
            let Some(at) = self.looks.iter().position(|look| look.number == number) else {
                continue;
            };
            match self.looks.swap_remove(at).purpose {
                LookFor::Turn => self.turn_looked(number),
                LookFor::Hold => self.hold_looked(number),
            }
        }
    }

    pub(super) fn is_look_of_turn(&self, number: u32) -> bool {
        self.looks
            .iter()
            .any(|look| look.number == number && look.purpose == LookFor::Turn)
    }

    /// Forgets a look that nobody waits for any more.
    pub(super) fn drop_look(&mut self, number: u32) {
        self.looks.retain(|look| look.number != number);
    }
}

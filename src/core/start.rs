//! The start: what the places keep is read before anybody is answered.

use super::machine::Machine;
use super::output::Place;
use super::record::Record;
use super::shelf::{Reader, Task};

impl Machine {
    /// Opens the channel and reads the places. The start is over once they
    /// have answered, or are not waited for any more.
    pub(super) fn start(&mut self) {
        if self.started || self.starting.is_some() {
            return;
        }
        if self.policy.inert {
            self.started = true;
            return;
        }
        self.open_channel();
        let mut places = self.places_to_read();
        // A place that failed when the user signed out may work again, and
        // keeps what was there before.
        if self.policy.mark && !places.contains(&Place::Mark) {
            places.push(Place::Mark);
        }
        self.starting = Some(places.clone());
        for place in &places {
            self.enqueue(*place, Task::Read(Reader::Start));
        }
        if places.is_empty() {
            self.finish_start();
        }
    }

    pub(super) fn start_read(&mut self, place: Place) {
        let Some(starting) = &mut self.starting else {
            return;
        };
        starting.retain(|unread| *unread != place);
        if starting.is_empty() {
            self.finish_start();
        }
    }

    fn finish_start(&mut self) {
        self.starting = None;
        self.started = true;
        // An end by the server is a reason to ask again at the next start: a
        // page that knows nothing of this manager may have signed in.
        self.may_try_again = !self.record.as_ref().is_some_and(Record::is_sign_out);
        self.end_known_term();
        self.seen();
    }
}

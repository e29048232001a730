//! What a test looks at.

use evertoken::internals::view::Status;
use evertoken::internals::{Event, SignedOutBy};

use super::tab::Done;
use super::world::World;

impl World {
    /// Tabs that were not closed, and did not crash.
    pub fn alive(&self) -> Vec<usize> {
        (0..self.tabs.len())
            .filter(|tab| self.tabs[*tab].alive)
            .collect()
    }

    pub fn awake(&self) -> Vec<usize> {
        (0..self.tabs.len())
            .filter(|tab| self.tabs[*tab].awake())
            .collect()
    }

    pub fn status(&self, tab: usize) -> Status {
        self.tabs[tab].machine.status()
    }

    pub fn result(&self, caller: usize) -> &Done {
        let done = self.callers[caller].done.as_ref();
        &done
            .unwrap_or_else(|| panic!("caller {caller} was never settled"))
            .1
    }

    /// Whether all of them were answered.
    pub fn is_good(&self, callers: &[usize]) -> bool {
        callers
            .iter()
            .all(|caller| *self.result(*caller) == Done::Answer(200))
    }

    pub fn took(&self, caller: usize) -> u64 {
        let held = &self.callers[caller];
        held.done
            .as_ref()
            .map_or(u64::MAX, |(at, _)| at - held.since)
    }

    pub fn refreshes(&self) -> usize {
        self.auth.refresh_calls.len()
    }

    /// The family of the session that a tab holds.
    pub fn family_of(&self, tab: usize) -> Option<usize> {
        let session = self.tabs[tab].held()?.session()?;
        self.auth.family(session.access.as_ref()?.expose())
    }

    /// What the sign-outs that a tab told of were put down to.
    pub fn signed_out(&self, tab: usize) -> Vec<SignedOutBy> {
        let by = |event: &Event| match event {
            Event::SignedOut(by) => Some(*by),
            _ => None,
        };
        let events = &self.tabs[tab].events;
        events.iter().filter_map(|(_, event)| by(event)).collect()
    }
}

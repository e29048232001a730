//! The mark of a sign-out, for a session that is in memory (rule 7).

use super::machine::Machine;
use super::output::Place;
use super::policy::Keep;
use super::record::{Record, Stored};
use super::shelf::{Task, Text};
use super::time::Moment;

impl Machine {
    pub(super) fn in_memory(&self) -> bool {
        self.policy.storage == Keep::Memory || self.storage_is_down()
    }

    /// An end is marked, and a session that ends by time: a reload would begin
    /// its time anew.
    pub(super) fn is_to_be_marked(&self, record: &Record) -> bool {
        record.is_sign_out() || self.term_ends_at() < Moment::NEVER
    }

    /// Keeps the mark of a sign-out where the session itself is in memory:
    /// a reload must not sign the user in again with a cookie that outlived
    /// the sign-out.
    pub(super) fn mark(&mut self) {
        let record = self.record.as_ref();
        let ends = self.in_memory() && record.is_some_and(|record| self.is_to_be_marked(record));
        // What is not ours under this key is not taken away.
        let ours = |text: &str| {
            let found = self.parsed(text);
            found.is_some_and(|(found, ..)| !matches!(found, Stored::Foreign))
        };
        let marked = self
            .shelves
            .iter()
            .filter(|shelf| shelf.place == Place::Mark)
            .any(|shelf| shelf.known.as_deref().is_some_and(ours));
        if ends || marked {
            self.enqueue(
                Place::Mark,
                Task::Write {
                    text: Text::Held,
                    commit: None,
                },
            );
        }
    }
}

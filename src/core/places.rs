//! The places where the record is kept (rule 13): `storage`, `remember`, and
//! the mark of a sign-out.
//!
//! *Algorithm:* each place is written by compare-and-swap. The machine knows
//! what the place kept when it was last heard of, and asks for that to be
//! replaced. If something else is found there, its record decides: a greater
//! one is taken over, a lesser one is replaced at the next try. So no write
//! needs a lock, and none puts an old token or a session that has ended in
//! the place of what came after it.
//!
//! One operation is under way in a place at a time. One that fails is asked
//! for once more, since the host opens a lost connection anew. If it fails
//! again, or takes longer than [`PATIENCE`], the place is *down*: nobody waits
//! for it any more, a warning is given once, and the session is in memory. What
//! is kept from then on is still sent to the place, without waiting, and
//! whatever it answers, however late, is taken: the place is up again.

use std::rc::Rc;

use super::commit::Purpose;
use super::error::{Error, Fault};
use super::ids::OpId;
use super::input::{Swapped, Unavailable};
use super::json::Writer;
use super::machine::Machine;
use super::output::{Event, Output, Place};
use super::pace::Pace;
use super::policy::Keep;
use super::record::{Record, Stored};
use super::shelf::{Op, Reader, Shelf, Task, Text};
use super::time::{Millis, Moment};

/// How long a place is waited for.
pub(super) const PATIENCE: Millis = Millis::new(1_500);

/// How often a write is tried that finds something else each time.
const TRIES: u8 = 8;

/// How many operations of a place that is down may be under way.
const LATE: usize = 4;

impl Machine {
    pub(super) fn shelves_of(policy: &super::policy::Policy) -> Vec<Shelf> {
        let shelf = |place, keep| (keep != Keep::Memory).then(|| Shelf::new(place, keep));
        let mark = policy.mark.then(|| Shelf::new(Place::Mark, Keep::Memory));
        shelf(Place::Session, policy.storage)
            .into_iter()
            .chain(
                policy
                    .remember
                    .and_then(|keep| shelf(Place::Remembered, keep)),
            )
            .chain(mark)
            .collect()
    }

    /// The places that are read to learn what is so. The mark is one of them
    /// where nothing else is kept.
    pub(super) fn places_to_read(&self) -> Vec<Place> {
        let memory = self.policy.storage == Keep::Memory;
        self.shelves
            .iter()
            .filter(|shelf| shelf.place != Place::Mark || memory)
            .map(|shelf| shelf.place)
            .collect()
    }

    pub(super) fn places_deadline(&self) -> Moment {
        self.shelves
            .iter()
            .map(Shelf::deadline)
            .fold(Moment::NEVER, Moment::min)
    }

    fn shelf(&mut self, place: Place) -> Option<&mut Shelf> {
        self.shelves.iter_mut().find(|shelf| shelf.place == place)
    }

    /// Whether the session is in memory because its place is down.
    pub(super) fn storage_is_down(&self) -> bool {
        self.shelves
            .iter()
            .any(|shelf| shelf.place == Place::Session && shelf.down)
    }

    /// Puts something on the list of a place.
    pub(super) fn enqueue(&mut self, place: Place, task: Task) {
        let Some(shelf) = self.shelf(place) else {
            return self.finished(place, task, false);
        };
        // Written twice in a row, the held record is written once.
        if !shelf.queue.contains(&task) {
            shelf.queue.push(task);
        }
        self.next_task(place);
    }

    /// Begins what is next on the list of a place, if nothing is under way.
    fn next_task(&mut self, place: Place) {
        loop {
            let Some(shelf) = self.shelf(place) else {
                return;
            };
            if shelf.op.is_some() || shelf.queue.is_empty() {
                return;
            }
            let task = shelf.queue.remove(0);
            self.begin_task(place, task, 0);
        }
    }

    fn begin_task(&mut self, place: Place, task: Task, tries: u8) {
        let text = match task {
            Task::Read(_) => None,
            Task::Write { text, .. } => match self.rendered(place, text) {
                Ok(text) => text,
                // What was to be written is not wanted any more.
                Err(()) => return self.finished(place, task, false),
            },
        };
        let id = OpId::new(self.number());
        let until = self.patience_for(task);
        let Some(shelf) = self.shelf(place) else {
            return;
        };
        let writes = matches!(task, Task::Write { .. });
        if writes && (shelf.later || shelf.known == text) {
            return self.finished(place, task, false);
        }
        let expected = shelf.known.clone();
        let op = Op {
            id,
            task,
            text: text.clone(),
            until,
            tries,
            again: false,
        };
        let down = shelf.down;
        // A second read says no more, and would take the room of a write.
        let read = |late: &Op| matches!(late.task, Task::Read(_));
        let more = writes || !shelf.late.iter().any(read);
        if !down {
            shelf.op = Some(op);
        } else if more && shelf.late.len() < LATE {
            shelf.late.push(op);
        } else {
            return self.finished(place, task, false);
        }
        self.output(if writes {
            Output::Swap {
                op: id,
                place,
                expected,
                text,
            }
        } else {
            Output::Read { op: id, place }
        });
        if down {
            self.finished(place, task, false);
        }
    }

    /// What to write now; an error where a sign-in, or a session, has been
    /// overtaken.
    fn rendered(&self, place: Place, text: Text) -> Result<Option<Rc<str>>, ()> {
        let held = self.record.as_ref();
        let record = match text {
            Text::Nothing => return Ok(None),
            Text::Held => held,
            Text::Commit(id) => {
                let record = self.to_be_stored(id);
                // Written over a newer one, it would be the session of all
                // tabs but this.
                let overtaken = |record: &Record| held.is_some_and(|h| h.stamp > record.stamp);
                if record.is_none_or(overtaken) {
                    return Err(());
                }
                record
            }
        };
        // A place in which the session is not kept has nothing, or the end.
        let kept = |record: &&Record| match place {
            Place::Mark => self.in_memory() && self.is_to_be_marked(record),
            _ => record.session().is_none() || self.home(record) == Some(place),
        };
        let text = |record: &Record| self.text_of(record, place == Place::Mark);
        Ok(record.filter(kept).map(text))
    }

    /// The record that a commit brings to a place. A sign-out is not done
    /// before an end is stored: where another tab signs out as well, it is the
    /// later one.
    fn to_be_stored(&self, id: u32) -> Option<&Record> {
        let commit = self.commits.iter().find(|commit| commit.id == id)?;
        let later = self.record.as_ref().filter(|held| {
            commit.purpose == Purpose::SignOut
                && held.stamp > commit.record.stamp
                && held.session().is_none()
        });
        later.or(Some(&commit.record))
    }

    /// The stored form of a record, with the back-off that all tabs share.
    fn text_of(&self, record: &Record, mark: bool) -> Rc<str> {
        let mut out = Writer::object();
        if mark {
            record.write_mark(&mut out);
        } else {
            record.write(&mut out);
        }
        self.write_active(&mut out);
        self.pace.write(self.now, &mut out);
        out.end().into()
    }

    /// A place was read.
    pub(super) fn read(&mut self, op: OpId, found: Result<Option<&str>, Unavailable>) {
        if self.lease_read(op, found) {
            return;
        }
        let Some((place, op, late)) = self.taken(op) else {
            return;
        };
        let Ok(text) = found else {
            return self.op_failed(place, op, late);
        };
        let found = self.learnt(place, text, late);
        if found.is_some_and(|found| found.stamp < self.stamp()) {
            self.write_held(place);
        }
        self.done(place, op.task, late, false);
    }

    /// A compare-and-swap has ended.
    #[inline(never)]
    pub(super) fn swapped(&mut self, op: OpId, swapped: Swapped<'_>) {
        if self.lease_swapped(op, swapped) {
            return;
        }
        let Some((place, op, late)) = self.taken(op) else {
            return;
        };
        match swapped {
            Swapped::Failed => self.op_failed(place, op, late),
            Swapped::Done => {
                let was_down = self.is_up(place, op.text.clone());
                self.done(place, op.task, late, false);
                // What was written late may have replaced something newer, in
                // a place without transactions.
                if late || was_down {
                    self.write_held(place);
                }
            }
            Swapped::Found(text) => {
                let task = op.task;
                let record = self.learnt(place, text, late);
                let goal = self.goal(task);
                let outranked = match (&record, &goal) {
                    (Some(found), Some(goal)) => found.stamp > *goal,
                    _ => false,
                };
                // The same record, with another back-off at the most.
                let same =
                    matches!((&record, &goal), (Some(found), Some(goal)) if found.stamp == *goal);
                let commit = matches!(
                    task,
                    Task::Write {
                        text: Text::Commit(_) | Text::Nothing,
                        commit: Some(_),
                    }
                );
                if late {
                    self.done(place, task, late, outranked);
                    self.write_held(place);
                } else if outranked || (same && commit) {
                    self.done(place, task, late, outranked);
                } else if op.tries >= TRIES {
                    self.op_failed(place, Op { again: true, ..op }, late);
                } else {
                    self.begin_task(place, task, op.tries + 1);
                    self.next_task(place);
                }
            }
        }
    }

    /// The stamp of what is to be written.
    fn goal(&self, task: Task) -> Option<super::record::Stamp> {
        match task {
            Task::Write {
                text: Text::Commit(id),
                ..
            } => self.to_be_stored(id).map(|record| record.stamp),
            // What is taken away is outranked by what is being committed.
            Task::Write {
                commit: Some(id), ..
            } => self
                .commits
                .iter()
                .find(|commit| commit.id == id)
                .map(|commit| commit.record.stamp),
            _ => self.record.as_ref().map(|record| record.stamp),
        }
    }

    /// Another page changed what is stored.
    #[inline(never)]
    pub(super) fn changed(&mut self, place: Place, text: Option<&str>) {
        self.learnt(place, text, false);
    }

    /// Notes what a place keeps, and takes over its record if it is greater.
    fn learnt(&mut self, place: Place, text: Option<&str>, late: bool) -> Option<Record> {
        let was_down = self.is_up(place, text.map(Rc::from));
        let found = text.and_then(|text| self.parsed(text));
        let record = found.and_then(|(found, pace, active)| {
            if let Some(active) = active {
                self.heard_active(active);
            }
            self.found(place, found, pace)
        });
        // While a place was down it missed what happened.
        if (record.is_some() && late) || was_down {
            self.write_held(place);
        }
        record
    }

    /// Takes over what a place was found to keep, if it is greater.
    fn found(&mut self, place: Place, found: Stored, pace: Pace) -> Option<Record> {
        match found {
            Stored::Record(record) => {
                if self.hear(record.clone(), pace) && place == Place::Mark {
                    self.keep_held();
                }
                Some(record)
            }
            Stored::Later => {
                let shelf = self.shelf(place)?;
                if !core::mem::replace(&mut shelf.later, true) {
                    self.superseded = true;
                    self.event(Event::Warning(Fault::StorageLater.into()));
                }
                None
            }
            Stored::Mark(term) => {
                self.known_term = Some(term);
                None
            }
            Stored::Foreign => None,
        }
    }

    /// Writes the held record to a place that may keep an older one.
    fn write_held(&mut self, place: Place) {
        if self.record.is_some() {
            let text = Text::Held;
            self.enqueue(place, Task::Write { text, commit: None });
        }
    }

    /// Takes an operation off the list of those under way.
    fn taken(&mut self, id: OpId) -> Option<(Place, Op, bool)> {
        self.shelves.iter_mut().find_map(|shelf| {
            if let Some(op) = shelf.op.take_if(|op| op.id == id) {
                return Some((shelf.place, op, false));
            }
            let at = shelf.late.iter().position(|op| op.id == id)?;
            Some((shelf.place, shelf.late.swap_remove(at), true))
        })
    }

    /// A place answered; true if it was down until now.
    fn is_up(&mut self, place: Place, known: Option<Rc<str>>) -> bool {
        let Some(shelf) = self.shelf(place) else {
            return false;
        };
        shelf.known = known;
        core::mem::take(&mut shelf.down)
    }

    fn op_failed(&mut self, place: Place, op: Op, late: bool) {
        if late {
            return;
        }
        if op.again {
            self.is_down(place);
            return self.done(place, op.task, late, false);
        }
        let id = OpId::new(self.number());
        let Some(shelf) = self.shelf(place) else {
            return;
        };
        let expected = shelf.known.clone();
        let (task, text) = (op.task, op.text.clone());
        shelf.op = Some(Op {
            id,
            again: true,
            ..op
        });
        self.output(match task {
            Task::Read(_) => Output::Read { op: id, place },
            Task::Write { .. } => Output::Swap {
                op: id,
                place,
                expected,
                text,
            },
        });
    }

    /// Gives up waiting for a place.
    fn is_down(&mut self, place: Place) {
        let Some(shelf) = self.shelf(place) else {
            return;
        };
        shelf.down = true;
        if place == Place::Mark {
            return;
        }
        if !core::mem::replace(&mut self.storage_warned, true) {
            self.event(Event::Warning(Error::new(Fault::StorageLost)));
        }
        if self.started {
            // An old mark is found, so that a sign-in can take it away.
            self.enqueue(Place::Mark, Task::Read(Reader::Nobody));
        }
        self.mark();
    }

    /// Ends the waits for places that take too long.
    pub(super) fn expire_places(&mut self) {
        let now = self.now.mono;
        let late = |shelf: &mut Shelf| {
            let op = shelf.op.take_if(|op| now >= op.until)?;
            let task = op.task;
            shelf.late.push(op);
            Some((shelf.place, task))
        };
        while let Some((place, task)) = self.shelves.iter_mut().find_map(late) {
            self.is_down(place);
            self.done(place, task, false, false);
        }
    }

    /// An operation has ended, for the start, look or commit that waits for it;
    /// then comes the next.
    fn done(&mut self, place: Place, task: Task, late: bool, outranked: bool) {
        if !late {
            self.finished(place, task, outranked);
        }
        self.next_task(place);
    }

    fn finished(&mut self, place: Place, task: Task, outranked: bool) {
        match task {
            Task::Read(Reader::Start) => self.start_read(place),
            Task::Read(Reader::Look(look)) => self.look_read(look, place),
            Task::Read(Reader::Nobody) => {}
            Task::Write {
                commit: Some(commit),
                ..
            } => self.written(commit, place, outranked),
            Task::Write { commit: None, .. } => {}
        }
    }

    /// Until when an operation is waited for. Those that wait for a turn are
    /// answered in bounded time, so a place gets what is left of it.
    fn patience_for(&self, task: Task) -> Moment {
        let patience = self.now.mono + PATIENCE;
        let of_turn = match task {
            Task::Read(Reader::Look(look)) => self.is_look_of_turn(look),
            Task::Write {
                commit: Some(id), ..
            } => self.is_commit_of_turn(id),
            _ => false,
        };
        match &self.turn {
            Some(turn) if of_turn => {
                let least = self.now.mono + Millis::new(250);
                patience.min(turn.place_deadline().max(least))
            }
            _ => patience,
        }
    }

    fn is_commit_of_turn(&self, id: u32) -> bool {
        self.commits
            .iter()
            .any(|commit| commit.id == id && commit.purpose == super::commit::Purpose::Refresh)
    }
}

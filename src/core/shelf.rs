//! What is known of a place, and of the operations on it.

use core::fmt;
use std::rc::Rc;

use super::ids::OpId;
use super::output::Place;
use super::policy::Keep;
use super::time::Moment;

/// One place.
#[derive(Clone)]
pub(super) struct Shelf {
    pub place: Place,
    pub keep: Keep,
    /// What it is known to keep.
    pub known: Option<Rc<str>>,
    /// The operation that is waited for.
    pub op: Option<Op>,
    /// What is to be done next.
    pub queue: Vec<Task>,
    /// Operations that are not waited for any more, and may still answer.
    pub late: Vec<Op>,
    pub down: bool,
    /// A later version of the package keeps its record here.
    pub later: bool,
}

#[derive(Clone, PartialEq)]
pub(super) struct Op {
    pub id: OpId,
    pub task: Task,
    /// What is being written.
    pub text: Option<Rc<str>>,
    pub until: Moment,
    /// How often it has been tried.
    pub tries: u8,
    /// It failed once already.
    pub again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Task {
    Read(Reader),
    Write { text: Text, commit: Option<u32> },
}

/// On whose behalf a place is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Start,
    /// A look, by its number.
    Look(u32),
    /// Nobody waits.
    Nobody,
}

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// The record of a commit.
    Commit(u32),
    /// The record that is held by the time it is written; to
    /// [`Place::Mark`] only the end by a sign-out.
    Held,
    Nothing,
}

/// The texts of a place have tokens in them.
impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf")
            .field("place", &self.place)
            .field("queue", &self.queue)
            .field("down", &self.down)
            .finish_non_exhaustive()
    }
}

impl Shelf {
    pub fn new(place: Place, keep: Keep) -> Self {
        Self {
            place,
            keep,
            known: None,
            op: None,
            queue: Vec::new(),
            late: Vec::new(),
            down: false,
            later: false,
        }
    }

    pub fn deadline(&self) -> Moment {
        self.op.as_ref().map_or(Moment::NEVER, |op| op.until)
    }
}

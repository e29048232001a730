//! Where tabs keep and exchange their record: a store, a lock and a channel.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;

/// What kind of store the tabs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is shared but what the channel brings.
    Memory,
    /// `localStorage` of tabs in one process: read and written at once, and
    /// other tabs are told.
    Local,
    /// IndexedDB: one transaction reads, compares and writes.
    Transaction,
}

#[derive(Clone, Debug)]
pub struct Store {
    pub kind: Kind,
    pub text: Option<Rc<str>>,
    /// Whether it throws.
    pub fails: bool,
    pub writes: u32,
}

impl Store {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            text: None,
            fails: false,
            writes: 0,
        }
    }
}

/// The lock of one key, as Web Locks grants it: in order, or to a thief.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    pub holder: Option<(usize, u32)>,
    /// Of a lease: when it ends, by the clock of the machine.
    pub until: f64,
    pub queue: VecDeque<(usize, u32)>,
}

impl Lock {
    /// Takes a request out, or gives the lock back.
    pub fn leave(&mut self, who: (usize, u32)) {
        self.queue.retain(|waiting| *waiting != who);
        if self.holder == Some(who) {
            self.holder = None;
        }
    }

    /// Grants the lock to the next, if it is free.
    pub fn grant(&mut self) -> Option<(usize, u32)> {
        if self.holder.is_some() {
            return None;
        }
        self.holder = self.queue.pop_front();
        self.holder
    }
}

/// What tabs tell each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Asks for the others' records, under a number.
    Ask(u64),
    /// Tells a record; to whom and which question it answers, if any.
    Here(Option<Rc<str>>, Option<(usize, u64)>),
    Bye,
    /// A call is sent.
    Begun,
}

/// A tab that waits for the others' records.
#[derive(Clone, Debug)]
pub struct Asking {
    pub turn: u32,
    pub number: u64,
    pub waited: HashSet<usize>,
    /// Whoever answers first will do.
    pub any: bool,
}

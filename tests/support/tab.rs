//! One tab: the machine, and what its shell remembers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use evertoken::core::pace::Pace;
use evertoken::core::view::{Pass, Snapshot};
use evertoken::core::{Ask, Event, Machine, Outcome};
use evertoken::core::{Error, ErrorKind, Record};

use super::auth::Reply;
use super::store::{Asking, Message};

/// What a caller got in the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The status that the resource server, or `fetch`, gave.
    Answer(u16),
    Token(Option<String>),
    Ok,
    Failed(Error),
}

impl Done {
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    pub fn code(&self) -> Option<ErrorKind> {
        self.error().map(|error| error.kind())
    }
}

/// What was asked of a tab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A request; `replayable` if its body can be sent twice.
    Request {
        replayable: bool,
    },
    Token(Ask),
    Refresh,
    Login(&'static str),
    SetTokens,
    Logout,
}

/// A sending of a request: with which token, on whose behalf, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    pub token: Option<String>,
    pub pass: Option<Pass>,
    pub at: u64,
}

#[derive(Clone, Debug)]
pub struct Caller {
    pub tab: usize,
    pub kind: Kind,
    pub since: u64,
    pub done: Option<(u64, Done)>,
    pub sendings: Vec<Sending>,
    /// Whether it was aborted.
    pub gone: bool,
}

/// A caller that waits for a turn.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub turn: u32,
    pub caller: usize,
    pub ask: Ask,
    pub party: u32,
}

/// Something that arrives at a tab; a frozen one gets it when it thaws.
#[derive(Clone, Debug)]
pub enum Arrival {
    Timer(u64),
    /// The lock, and that it was taken away: of a turn, as it was asked for.
    Granted(u32, u64),
    Robbed(u32, u64),
    /// A transaction that takes the lease if it can.
    Claim {
        turn: u32,
        request: u64,
        steal: bool,
    },
    Answered {
        call: u32,
        reply: Box<Reply>,
    },
    Failed {
        call: u32,
    },
    Heard(Rc<str>),
    Message {
        from: usize,
        message: Message,
    },
    AskOver {
        number: u64,
    },
    Swap {
        number: u32,
        text: Rc<str>,
    },
    Committed {
        number: u32,
        stored: Option<Rc<str>>,
        kept: bool,
    },
    Reread {
        turn: u32,
    },
    Response {
        caller: usize,
        status: u16,
    },
    Resume(Waiting),
}

/// A call that the shell has in the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InFlight {
    pub number: u32,
    pub refresh: bool,
    pub since: u64,
    /// The family whose refresh token it carries.
    pub family: Option<usize>,
}

/// Whether two records are one: a session is never changed where it is.
fn is_same(one: &Record, other: &Record) -> bool {
    one.stamp == other.stamp
        && match (&one.state, &other.state) {
            (Ok(one), Ok(other)) => Rc::ptr_eq(one, other),
            (one, other) => one == other,
        }
}

#[derive(Debug)]
pub struct Tab {
    pub machine: Machine,
    pub alive: bool,
    pub frozen: bool,
    /// In the back-forward cache: messages do not reach it.
    pub cached: bool,
    pub disposed: bool,
    pub closed: bool,
    pub mailbox: VecDeque<Arrival>,
    pub draining: bool,
    pub timer: u64,
    pub wake_at: f64,
    pub pass: Option<Pass>,
    pub token: Option<String>,
    /// The serial of a pass whose token was accepted.
    pub worked: Option<u32>,
    pub outcomes: VecDeque<(u32, Outcome)>,
    pub waiting: Vec<Waiting>,
    pub calls: Vec<InFlight>,
    /// What each sign-in or sign-out number belongs to.
    pub requests: HashMap<u32, usize>,
    /// What the lock was last asked for under, by turn.
    pub lock: Option<(u32, u64)>,
    pub peers: HashSet<usize>,
    /// The record that was told or heard last.
    pub last: Option<Rc<str>>,
    pub asking: Vec<Asking>,
    pub born: u64,
    pub events: Vec<(u64, Event)>,
    pub shown: Option<Snapshot>,
    pub snapshots: u32,
    /// When it was last thawed.
    pub thawed: u64,
    /// Families that were signed out here, and by then of no use.
    pub ended: HashSet<usize>,
    /// The family of the session last held.
    pub family: Option<usize>,
    /// Calls that were stopped.
    pub stopped: HashSet<u32>,
    /// With a fault: an answer that is taken for the next call's.
    pub stale: Option<Reply>,
    /// The record that was last told, and its text.
    pub told: Option<(Record, Pace, Rc<str>)>,
}

impl Tab {
    /// The record held, as it is stored and told: mostly the same as last time.
    pub fn told(&mut self) -> Option<Rc<str>> {
        let (record, pace) = (self.machine.record()?, self.machine.pace());
        if let Some((last, then, text)) = &self.told
            && then == pace
            && is_same(last, record)
        {
            return Some(Rc::clone(text));
        }
        let text: Rc<str> = record.stored(pace).into();
        self.told = Some((record.clone(), *pace, Rc::clone(&text)));
        Some(text)
    }

    /// Whether things reach it now.
    pub fn awake(&self) -> bool {
        self.alive && !self.frozen
    }

    pub fn held(&self) -> Option<&Record> {
        self.machine.record()
    }

    pub fn count(&self, matches: impl Fn(&Event) -> bool) -> usize {
        self.events
            .iter()
            .filter(|(_, event)| matches(event))
            .count()
    }
}

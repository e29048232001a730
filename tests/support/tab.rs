//! One page in a tab: the machine, and what its host remembers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use evertoken::internals::view::{Pass, Snapshot};
use evertoken::internals::{
    Ask, CallId, Error, ErrorKind, Event, LockId, Machine, OpId, Party, Place, Record, RequestId,
    Serial, WaitId,
};

use super::auth::Reply;
use super::store::{Effect, Health, Operation};

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
    Restore,
    Login(&'static str),
    SetTokens(&'static str),
    Logout {
        local: bool,
    },
}

/// A sending of a request: with which token, on whose behalf, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    pub token: Option<Rc<str>>,
    /// The token's number and the user's, where one went along.
    pub pass: Option<(Serial, Party)>,
    pub at: u64,
}

#[derive(Clone, Debug)]
pub struct Caller {
    pub tab: usize,
    pub kind: Kind,
    pub since: u64,
    /// The time that its tab had been running by then.
    pub ran: u64,
    pub done: Option<(u64, Done)>,
    pub sendings: Vec<Sending>,
    /// Whether it was aborted, or its page has gone.
    pub gone: bool,
}

/// A caller that waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub wait: WaitId,
    pub caller: usize,
    pub ask: Ask,
    pub party: Party,
    /// The time that its tab had been running when it began to wait.
    pub since: u64,
}

/// Something that arrives at a page; a frozen one gets it when it thaws.
#[derive(Clone, Debug)]
pub enum Arrival {
    Timer(u64),
    Granted(LockId),
    Robbed(LockId),
    LockUnavailable(LockId),
    Answered { call: CallId, reply: Box<Reply> },
    Failed { call: CallId },
    Operated { op: OpId, effect: Effect },
    Changed { place: Place, text: Option<Rc<str>> },
    Message(Rc<str>),
    Response { caller: usize, status: u16 },
    Resume(Waiting),
}

/// A call that the page has in the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InFlight {
    pub number: CallId,
    pub refresh: bool,
    pub keepalive: bool,
    pub since: u64,
    /// The family whose refresh token it carries.
    pub family: Option<usize>,
}

#[derive(Debug)]
pub struct Tab {
    pub machine: Machine,
    pub alive: bool,
    pub frozen: bool,
    /// In the back-forward cache.
    pub cached: bool,
    /// Frozen with an event that says so.
    pub told: bool,
    pub started: bool,
    pub disposed: bool,
    pub closed: bool,
    /// The tab's own store.
    pub own: usize,
    pub health: Health,
    /// Operations that are not answered.
    pub hung: Vec<Operation>,
    /// Whether its channel is open.
    pub channel: bool,
    /// Whether it listens to `beforeunload`.
    pub watches: bool,
    /// It watches for what the user does.
    pub watches_user: bool,
    /// A navigation has begun, which may be leading nowhere.
    pub leaves_until: u64,
    /// It is being fed a message of another page.
    pub hears: bool,
    pub mailbox: VecDeque<Arrival>,
    pub draining: bool,
    pub timer: u64,
    pub wake_at: f64,
    /// When its monotonic clock began.
    pub origin: u64,
    /// How long it had been running when it last began to.
    pub ran: u64,
    pub runs_since: u64,
    pub pass: Option<Pass>,
    pub token: Option<Rc<str>>,
    /// The serial of a pass whose token was accepted.
    pub worked: Option<Serial>,
    pub ended_waits: VecDeque<WaitId>,
    pub waiting: Vec<Waiting>,
    pub calls: Vec<InFlight>,
    /// What each sign-in or sign-out number belongs to.
    pub requests: HashMap<RequestId, usize>,
    /// Logins that have made no call yet, in their order.
    pub logins: VecDeque<(RequestId, &'static str)>,
    /// When the last message of each page reaches this one.
    heard: Vec<(usize, u64)>,
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
    /// The family of the session held, and the serial for which it was looked
    /// up.
    pub held_family: Option<usize>,
    pub looked_up: Option<Serial>,
    /// Calls that were stopped.
    pub stopped: HashSet<CallId>,
    /// With a fault: an answer that is taken for the next call's.
    pub stale: Option<Reply>,
}

impl Tab {
    pub fn new(machine: Machine, own: usize, now: u64, origin: u64) -> Self {
        Self {
            machine,
            alive: true,
            frozen: false,
            cached: false,
            told: false,
            started: false,
            disposed: false,
            closed: false,
            own,
            health: Health::Good,
            hung: Vec::new(),
            channel: false,
            watches: false,
            watches_user: false,
            leaves_until: 0,
            hears: false,
            mailbox: VecDeque::new(),
            draining: false,
            timer: 0,
            wake_at: f64::INFINITY,
            origin,
            ran: 0,
            runs_since: now,
            pass: None,
            token: None,
            worked: None,
            ended_waits: VecDeque::new(),
            waiting: Vec::new(),
            calls: Vec::new(),
            requests: HashMap::new(),
            logins: VecDeque::new(),
            heard: Vec::new(),
            born: now,
            events: Vec::new(),
            shown: None,
            snapshots: 0,
            thawed: now,
            ended: HashSet::new(),
            family: None,
            held_family: None,
            looked_up: None,
            stopped: HashSet::new(),
            stale: None,
        }
    }

    /// Whether things reach it now.
    pub fn awake(&self) -> bool {
        self.alive && !self.frozen
    }

    /// How long it has been running.
    pub fn running(&self, now: u64) -> u64 {
        match self.frozen {
            true => self.ran,
            false => self.ran + (now - self.runs_since),
        }
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

    pub fn heard_from(&self, page: usize) -> u64 {
        let heard = self.heard.iter().find(|(from, _)| *from == page);
        heard.map_or(0, |(_, at)| *at)
    }

    pub fn hear_from(&mut self, page: usize, at: u64) {
        match self.heard.iter_mut().find(|(from, _)| *from == page) {
            Some((_, last)) => *last = at,
            None => self.heard.push((page, at)),
        }
    }
}

//! The world: time, the queue of what will happen, and what people do.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

use evertoken::internals::policy::Policy;
use evertoken::internals::{Call, CallId, Error, Instant, Moment, Now};

use super::auth::{Auth, Manner, Reply};
use super::fault::Fault;
use super::laws::Laws;
use super::network::Network;
use super::random::Random;
use super::share::{Lock, Who};
use super::store::{Health, Kind as StoreKind, Operation, Store};
use super::tab::{Arrival, Caller, Done, Tab};
use super::tally::Tally;

/// When every world begins, on every clock: an hour after a leap day.
pub const START: f64 = 1_709_168_400_000.0;

/// More things than happen in any world that is not caught in a loop.
const MANY: u64 = 200_000;

/// Something that will happen.
#[derive(Clone, Debug)]
pub enum Happening {
    Arrives {
        tab: usize,
        what: Arrival,
    },
    /// A call reaches the server.
    Reaches {
        tab: usize,
        call: Box<Call>,
        cookie: Option<Rc<str>>,
        user: &'static str,
    },
    /// The server's answer reaches the browser.
    Returns {
        tab: usize,
        call: CallId,
        keepalive: bool,
        reply: Box<Reply>,
    },
    /// An answer's cookie is put into the jar.
    Baked(Option<Rc<str>>),
    /// A request reaches the resource server.
    ApiReaches {
        caller: usize,
        token: Option<Rc<str>>,
    },
    /// A place does an operation; or, of one that is no transaction, its
    /// second half.
    Operates {
        tab: usize,
        operation: Operation,
    },
    Writes {
        tab: usize,
        operation: Operation,
    },
    /// The lock of a page that has gone is free.
    Freed(Who),
}

struct Due {
    at: u64,
    order: u64,
    what: Happening,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// What happened, line by line; it outlives a world that panics.
pub type Log = Rc<RefCell<Vec<String>>>;

pub struct World {
    /// Milliseconds since the beginning, which no clock can set back.
    pub now: u64,
    /// How far the machine's wall clock is from the server's.
    pub skew: f64,
    /// How far the wall clock was set back in all.
    pub set_back: f64,
    /// How long monotonic clocks have stood still in all.
    pub mono_lost: u64,
    pub policy: Policy,
    pub tabs: Vec<Tab>,
    pub auth: Auth,
    pub api_status: Option<u16>,
    pub api_calls: u32,
    pub store: Store,
    /// How places work for a page that is loaded from now on.
    pub health_at_start: Health,
    pub lock: Lock,
    /// Whether there is anything that keeps tabs apart.
    pub locks: bool,
    /// Whether it is a lease that stands in for Web Locks.
    pub lease: bool,
    /// Whether the platform has Web Locks and does not give them to the page.
    pub refuses_locks: bool,
    /// Whether tabs have no channel (`crossTab: false`).
    pub alone: bool,
    /// Whether a call that outlives its page can be stopped.
    pub stops_keepalive: bool,
    pub cookie: Option<Rc<str>>,
    pub network: Network,
    pub random: Random,
    pub callers: Vec<Caller>,
    pub fault: Option<Fault>,
    pub laws: Laws,
    pub stolen: Vec<u64>,
    pub tally: Tally,
    /// Steps of a schedule that were taken.
    pub taken: usize,
    pub log: Option<Log>,
    pub(super) micro: VecDeque<(usize, Arrival)>,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    pub(super) requests: u32,
    pub steps: u64,
}

impl World {
    pub fn new(options: &str) -> Self {
        Self::with(super::config::policy(options))
    }

    pub fn with(policy: Policy) -> Self {
        Self {
            now: 0,
            skew: 0.0,
            set_back: 0.0,
            mono_lost: 0,
            policy,
            tabs: Vec::new(),
            auth: Auth::default(),
            api_status: None,
            api_calls: 0,
            store: Store::new(StoreKind::Local),
            health_at_start: Health::Good,
            lock: Lock::default(),
            locks: true,
            lease: false,
            refuses_locks: false,
            alone: false,
            stops_keepalive: false,
            cookie: None,
            network: Network::default(),
            random: Random::new(1),
            callers: Vec::new(),
            fault: None,
            laws: Laws::default(),
            stolen: Vec::new(),
            tally: Tally::default(),
            taken: 0,
            log: None,
            micro: VecDeque::new(),
            queue: BinaryHeap::new(),
            order: 0,
            requests: 0,
            steps: 0,
        }
    }

    /// A world with one tab that is signed in as `ann`.
    pub fn signed_in(options: &str) -> Self {
        let mut world = Self::new(options);
        world.open();
        world.log_in(0, "ann");
        world.settle();
        world
    }

    // ---- time ----

    /// Tabs that are signed in without a timer, and whose token has ended.
    pub fn expired(tabs: usize) -> Self {
        let mut world = Self::new(r#""proactive":false"#);
        for _ in 0..tabs {
            world.open();
        }
        world.log_in(0, "ann");
        world.pass(25_000);
        world
    }

    /// What the wall clock of the machine shows.
    pub fn wall(&self) -> Instant {
        Instant::from_ms((START + self.now as f64 + self.skew).round()).expect("a date")
    }

    /// What both clocks show to a page.
    pub fn clocks(&self, tab: usize) -> Now {
        let wall = self.wall();
        let mono = match self.fault {
            Some(Fault::WallForMono) => wall.as_ms() - START,
            _ => (self.now - self.mono_lost - self.tabs[tab].origin) as f64,
        };
        Now {
            wall,
            mono: Moment::from_ms(mono),
        }
    }

    /// What the server's clock shows.
    pub fn server_time(&self) -> f64 {
        START + self.now as f64
    }

    /// Sets the machine's wall clock forth, or back if negative.
    pub fn set_clock(&mut self, by: f64) {
        self.skew += by;
        self.tally.clocks += u64::from(by != 0.0);
        self.laws.jumped = self.now;
        self.set_back += (-by).max(0.0);
    }

    pub(super) fn later(&mut self, delay: u64, what: Happening) {
        self.order += 1;
        self.queue.push(Reverse(Due {
            at: self.now + delay,
            order: self.order,
            what,
        }));
    }

    pub(super) fn arrive(&mut self, delay: u64, tab: usize, what: Arrival) {
        self.later(delay, Happening::Arrives { tab, what });
    }

    /// Lets the next thing happen; false when nothing will, or not before
    /// `until`.
    pub fn step(&mut self, until: u64) -> bool {
        self.steps += 1;
        if self.steps > MANY {
            if self.steps == MANY + 1 {
                self.broken(|| "the world does not come to rest".to_owned());
            }
            return false;
        }
        if let Some((tab, what)) = self.micro.pop_front() {
            self.arrived(tab, what);
            return true;
        }
        if self.queue.peek().is_none_or(|Reverse(due)| due.at > until) {
            return false;
        }
        let Some(Reverse(due)) = self.queue.pop() else {
            return false;
        };
        self.now = self.now.max(due.at);
        self.happen(due.what);
        true
    }

    /// Lets `ms` milliseconds pass.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.step(until) {}
        self.now = until;
    }

    /// Lets things happen until all that was asked is settled, at most ten
    /// minutes.
    pub fn settle(&mut self) {
        let until = self.now + 600_000;
        while self
            .callers
            .iter()
            .any(|caller| caller.done.is_none() && !caller.gone)
            && self.step(until)
        {}
        while !self.micro.is_empty() && self.step(until) {}
    }

    /// Whether nothing but timers is under way.
    pub fn is_quiet(&self) -> bool {
        self.micro.is_empty()
            && self.queue.iter().all(|Reverse(due)| {
                matches!(
                    due.what,
                    Happening::Arrives {
                        what: Arrival::Timer(_),
                        ..
                    }
                )
            })
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log.borrow_mut().push(format!("{:>8} {}", self.now, text()));
        }
    }

    // ---- what is seen ----

    pub(super) fn disposed() -> Error {
        Error::new(evertoken::internals::Fault::Disposed)
    }

    pub(super) fn done(&mut self, caller: usize, done: Done) {
        let held = &mut self.callers[caller];
        if held.done.is_none() && !held.gone {
            held.done = Some((self.now, done.clone()));
            self.note(|| format!("caller {caller} got {done:?}"));
            self.laws_at_done(caller);
        }
    }

    /// Answers the next refresh calls in these manners.
    pub fn script(&mut self, manners: impl IntoIterator<Item = Manner>) {
        self.auth.script.extend(manners);
    }
}

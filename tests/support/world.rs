//! The world: time, the queue of what will happen, and what people do.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use evertoken::core::Call;
use evertoken::core::answer::Tokens;
use evertoken::core::lifetime::Stated;
use evertoken::core::policy::Policy;
use evertoken::core::secret::Secret;
use evertoken::core::{Ask, Machine};
use evertoken::core::{Error, Instant, Millis};

use super::auth::{Auth, Manner, Reply};
use super::document::{PLATFORM, parse};
use super::fault::Fault;
use super::laws::Laws;
use super::network::Network;
use super::random::Random;
use super::store::{Kind as StoreKind, Lock, Message, Store};
use super::tab::{Arrival, Caller, Done, Kind, Tab};
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
        call: Call,
        cookie: Option<String>,
        user: &'static str,
    },
    /// The server's answer reaches the browser.
    Returns {
        tab: usize,
        call: u32,
        reply: Box<Reply>,
    },
    /// A request reaches the resource server.
    ApiReaches {
        caller: usize,
        token: Option<String>,
    },
    /// The lock of a tab that died is free.
    Freed {
        who: (usize, u32),
    },
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
    /// How far the machine's clock is from the server's.
    pub skew: f64,
    /// How far the clock was set back in all.
    pub set_back: f64,
    pub policy: Policy,
    pub tabs: Vec<Tab>,
    pub auth: Auth,
    pub api_status: Option<u16>,
    pub api_calls: u32,
    pub store: Store,
    pub lock: Lock,
    /// Whether there are Web Locks.
    pub locks: bool,
    /// Whether it is the lease that stands in for them.
    pub lease: bool,
    pub cookie: Option<String>,
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
    /// Users of logins under way, by tab and call.
    pub(super) users: HashMap<(usize, u32), &'static str>,
    pub(super) micro: VecDeque<(usize, Arrival)>,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    pub(super) requests: u32,
    pub steps: u64,
    pub(super) asks: u64,
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
            policy,
            tabs: Vec::new(),
            auth: Auth::default(),
            api_status: None,
            api_calls: 0,
            store: Store::new(StoreKind::Local),
            lock: Lock::default(),
            locks: true,
            lease: false,
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
            users: HashMap::new(),
            micro: VecDeque::new(),
            queue: BinaryHeap::new(),
            order: 0,
            requests: 0,
            steps: 0,
            asks: 0,
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

    /// What the clock of the machine shows.
    pub fn wall(&self) -> Instant {
        Instant::from_ms((START + self.now as f64 + self.skew).round()).expect("a date")
    }

    /// What the server's clock shows.
    pub fn server_time(&self) -> f64 {
        START + self.now as f64
    }

    /// Sets the machine's clock forth, or back if negative.
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

    // ---- tabs ----

    /// Opens a tab.
    pub fn open(&mut self) -> usize {
        let tab = self.tabs.len();
        let seed = self.random.next();
        self.tabs.push(Tab {
            machine: Machine::new(self.policy.clone(), PLATFORM, seed, self.wall()),
            alive: true,
            frozen: false,
            cached: false,
            disposed: false,
            closed: false,
            mailbox: VecDeque::new(),
            draining: false,
            timer: 0,
            wake_at: f64::INFINITY,
            pass: None,
            token: None,
            worked: None,
            outcomes: VecDeque::new(),
            waiting: Vec::new(),
            calls: Vec::new(),
            requests: HashMap::new(),
            lock: None,
            peers: HashSet::new(),
            last: None,
            asking: Vec::new(),
            born: self.now,
            events: Vec::new(),
            shown: None,
            snapshots: 0,
            thawed: self.now,
            ended: HashSet::new(),
            family: None,
            stopped: HashSet::new(),
            stale: None,
            told: None,
        });
        self.note(|| format!("tab {tab} opens"));
        self.post(tab, Message::Ask(0));
        let stored = self.read_store();
        let now = self.wall();
        self.feed(tab, |machine| machine.load(now, stored.as_deref()));
        tab
    }

    /// The tab's process dies.
    pub fn crash(&mut self, tab: usize) {
        self.note(|| format!("tab {tab} crashes"));
        self.tally.gone += 1;
        self.auth.lose(tab, None);
        self.bury(tab);
    }

    /// The tab is closed by its user.
    pub fn close(&mut self, tab: usize) {
        self.post(tab, Message::Bye);
        if let Some(who) = self.lock.holder.filter(|who| self.lease && who.0 == tab) {
            self.leave_lock(who);
        }
        self.crash(tab);
    }

    fn bury(&mut self, tab: usize) {
        let held = &mut self.tabs[tab];
        held.alive = false;
        held.mailbox.clear();
        for caller in self.callers.iter_mut().filter(|caller| caller.tab == tab) {
            caller.gone = true;
        }
        // What a tab that died has left behind ends by itself.
        let lease = self.lease;
        let of = |who: &(usize, u32)| who.0 == tab && !lease;
        let freed: Vec<_> = self
            .lock
            .holder
            .iter()
            .chain(&self.lock.queue)
            .copied()
            .filter(of)
            .collect();
        for who in freed {
            self.later(2, Happening::Freed { who });
        }
    }

    /// Nothing of the tab runs any more, until it thaws.
    pub fn freeze(&mut self, tab: usize, cached: bool) {
        self.note(|| format!("tab {tab} freezes"));
        self.tally.frozen += 1;
        if cached {
            self.post(tab, Message::Bye);
            self.tabs[tab].peers.clear();
        }
        self.auth.lose(tab, None);
        let held = &mut self.tabs[tab];
        held.frozen = true;
        held.cached = cached;
    }

    pub fn thaw(&mut self, tab: usize) {
        if !self.tabs[tab].alive || !self.tabs[tab].frozen {
            return;
        }
        self.note(|| format!("tab {tab} thaws"));
        let now = self.now;
        let held = &mut self.tabs[tab];
        held.frozen = false;
        held.thawed = now;
        let cached = std::mem::take(&mut held.cached);
        for what in std::mem::take(&mut self.tabs[tab].mailbox) {
            self.arrive(0, tab, what);
        }
        if cached {
            self.post(tab, Message::Ask(0));
            self.reread(tab);
        }
    }

    pub fn show(&mut self, tab: usize, visible: bool) {
        let now = self.wall();
        if visible {
            self.reread(tab);
        }
        self.feed(tab, |machine| machine.visible(now, visible));
    }

    pub fn online(&mut self, tab: usize) {
        let now = self.wall();
        self.feed(tab, |machine| machine.online(now));
    }

    pub fn dispose(&mut self, tab: usize) {
        let now = self.wall();
        self.note(|| format!("tab {tab} is disposed of"));
        self.tabs[tab].disposed = true;
        self.tabs[tab].pass = None;
        self.feed(tab, |machine| machine.dispose(now));
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        let requests = std::mem::take(&mut self.tabs[tab].requests);
        for caller in waiting
            .into_iter()
            .map(|waiting| waiting.caller)
            .chain(requests.into_values())
        {
            self.done(caller, Done::Failed(Self::disposed()));
        }
    }

    pub(super) fn disposed() -> Error {
        Error::new(evertoken::core::Fault::Disposed)
    }

    // ---- what is seen ----

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

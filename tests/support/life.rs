//! The life of tabs: they open, are reloaded, duplicated, put away, frozen
//! and closed, and crash.

use evertoken::internals::policy::Locks;
use evertoken::internals::{Input, Machine, Page};

use super::document::PLATFORM;
use super::fault::Fault;
use super::share::Who;
use super::store::Kind;
use super::tab::{Arrival, Done, Tab};
use super::world::{Happening, World};

/// How long a start may take: each place is waited for once.
const LONGEST_START: u64 = 5_000;

impl World {
    /// Opens a tab and waits for its manager.
    pub fn open(&mut self) -> usize {
        let tab = self.load();
        self.await_start(tab);
        tab
    }

    fn await_start(&mut self, tab: usize) {
        let until = self.now + LONGEST_START;
        while !self.tabs[tab].started && self.step(until) {}
    }

    /// Opens a tab.
    pub fn load(&mut self) -> usize {
        self.store.own.push(None);
        self.load_page(self.store.own.len() - 1)
    }

    /// Loads the page into a tab.
    fn load_page(&mut self, own: usize) -> usize {
        let mut policy = self.policy.clone();
        policy.storage = self.store.kind.keep();
        policy.remember = self.store.remember.map(Kind::keep);
        policy.mark = true;
        policy.channel = !self.alone;
        policy.locks = match (self.locks, self.lease) {
            (false, _) => Locks::None,
            (true, true) => Locks::Lease,
            (true, false) => Locks::Web,
        };
        let (tab, seed) = (self.tabs.len(), self.random.next());
        let origin = self.now - self.mono_lost;
        // The clocks are read through the tab, which has none yet.
        let mono = match self.fault {
            Some(Fault::WallForMono) => self.wall().as_ms() - super::world::START,
            _ => 0.0,
        };
        let now = evertoken::internals::Now {
            wall: self.wall(),
            mono: evertoken::internals::Moment::from_ms(mono),
        };
        let machine = Machine::new(policy, PLATFORM, seed, now);
        self.tabs.push(Tab::new(machine, own, self.now, origin));
        self.tabs[tab].health = self.health_at_start;
        self.note(|| format!("tab {tab} opens"));
        self.feed(tab, Input::Start);
        tab
    }

    /// The user duplicates a tab, and what its own store keeps.
    pub fn duplicate(&mut self, tab: usize) -> usize {
        self.note(|| format!("tab {tab} is duplicated"));
        let copy = self.store.own[self.tabs[tab].own].clone();
        self.store.own.push(copy);
        self.load_page(self.store.own.len() - 1)
    }

    /// The user reloads a tab; gives the new page.
    pub fn reload(&mut self, tab: usize) -> usize {
        self.note(|| format!("tab {tab} is reloaded"));
        if matches!(self.store.kind, Kind::Memory | Kind::Tab) {
            // A message that is on its way to the old page reaches neither,
            // and in such a world nothing else would tell of it.
            self.pass(self.network.channel.1);
        }
        let own = self.tabs[tab].own;
        self.leave(tab);
        self.crash(tab);
        self.load_page(own)
    }

    /// A page is left for good: it is told so, and what it does then is done.
    fn leave(&mut self, tab: usize) {
        if self.tabs[tab].watches {
            self.feed(tab, Input::Page(Page::Leaving));
        }
        self.feed(tab, Input::Page(Page::PutAway));
    }

    /// A navigation begins and leads nowhere, as to a download.
    pub fn begin_to_leave(&mut self, tab: usize) {
        if self.tabs[tab].watches {
            self.tabs[tab].leaves_until = self.now + 3_000;
            self.feed(tab, Input::Page(Page::Leaving));
        }
    }

    /// The tab's process dies.
    pub fn crash(&mut self, tab: usize) {
        self.note(|| format!("page {tab} is gone"));
        self.laws.absent = true;
        self.tally.gone += 1;
        self.laws_at_stop();
        self.lose_calls(tab);
        let held = &mut self.tabs[tab];
        held.alive = false;
        held.mailbox.clear();
        for caller in self.callers.iter_mut().filter(|caller| caller.tab == tab) {
            caller.gone = true;
        }
        // What a page that died has left behind ends by itself; a lease too.
        if self.lease || self.refuses_locks {
            return;
        }
        let freed = self.lock.of(tab);
        for who in freed {
            self.later(2, Happening::Freed(who));
        }
    }

    /// The tab is closed by its user.
    pub fn close(&mut self, tab: usize) {
        self.leave(tab);
        self.crash(tab);
    }

    /// The answers that are still to come are of no use to a page that is
    /// gone, or may be too late for one that stands still. A cookie is put
    /// into the jar all the same where the call outlives its page.
    fn lose_calls(&mut self, tab: usize) {
        let keeps = self.tabs[tab].calls.iter().filter(|call| call.keepalive);
        let kept: Vec<_> = keeps.map(|call| call.number).collect();
        self.auth.lose_all(tab, &kept);
    }

    /// Nothing of the tab runs any more, until it thaws. With `cached` it is
    /// put into the back-forward cache; with neither, no event tells of it.
    pub fn freeze(&mut self, tab: usize, cached: bool) {
        self.tabs[tab].told = true;
        if cached {
            if self.tabs[tab].watches {
                self.feed(tab, Input::Page(Page::Leaving));
            }
            self.feed(tab, Input::Page(Page::PutAway));
            // What does not outlive a page is broken off.
            let calls = self.tabs[tab].calls.clone();
            for call in &calls {
                if !call.keepalive && self.random.percent(50) {
                    let call = call.number;
                    self.auth.lose(tab, Some(call));
                    self.tabs[tab].stopped.insert(call);
                    self.arrive(0, tab, Arrival::Failed { call });
                } else if call.refresh {
                    // The lock was given back in the middle of this call.
                    self.laws.apart = true;
                }
            }
        }
        self.stall(tab);
        self.tabs[tab].cached = cached;
    }

    /// The machine sleeps, or something else takes all the time.
    pub fn stall(&mut self, tab: usize) {
        self.note(|| format!("tab {tab} freezes"));
        self.laws.absent = true;
        self.tally.frozen += 1;
        self.laws_at_stop();
        self.auth.lose(tab, None);
        let now = self.now;
        let held = &mut self.tabs[tab];
        held.ran = held.running(now);
        held.frozen = true;
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
        held.runs_since = now;
        let cached = std::mem::take(&mut held.cached);
        let told = std::mem::take(&mut held.told);
        let mailbox = std::mem::take(&mut held.mailbox);
        if cached {
            self.feed(tab, Input::Page(Page::Shown { cached: true }));
        } else if told {
            self.feed(tab, Input::Page(Page::Resumed));
        }
        for what in mailbox {
            self.arrive(0, tab, what);
        }
    }

    /// All tabs sleep for so long; `stands`: monotonic clocks stand still.
    pub fn sleep(&mut self, time: u64, stands: bool) {
        let awake = self.awake();
        awake.iter().for_each(|tab| self.stall(*tab));
        self.pass(time);
        if stands {
            self.mono_lost += time;
        }
        awake.iter().for_each(|tab| self.thaw(*tab));
    }

    pub fn show(&mut self, tab: usize, visible: bool) {
        let event = match visible {
            true => Page::Visible,
            false => Page::Hidden,
        };
        self.feed(tab, Input::Page(event));
    }

    pub fn online(&mut self, tab: usize) {
        self.feed(tab, Input::Page(Page::Online));
    }

    pub fn dispose(&mut self, tab: usize) {
        self.note(|| format!("tab {tab} is disposed of"));
        self.tabs[tab].disposed = true;
        self.tabs[tab].pass = None;
        self.feed(tab, Input::Dispose);
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
}

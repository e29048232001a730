//! The shell of one manager: feeds the core's machine, and does what its
//! outputs ask for. No borrow is held across an await or a call that may come
//! back here.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use js_sys::Math;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use super::config::Config;
use super::document;
use super::error::{Error, Reason};
use super::listeners::Listeners;
use super::page;
use super::platform::{Listener, Timer, global, now};
use super::settings::Settings;
use super::sign::Request;
use super::signal::{First, Signal, first};
use super::storage::Storage;
use super::store::Store;
use super::tabs::Tabs;
use super::view::{LockKind, Snapshot};
use crate::core::call::Target;
use crate::core::{Ask, Instant, Machine, Outcome, Output, Reply};

/// Outcomes that a waiting caller may still ask for. They ask in the task
/// after the turn ended, so a few are plenty.
const REMEMBERED: usize = 8;

pub(super) struct Shell {
    pub config: Config,
    pub settings: Settings,
    pub machine: RefCell<Machine>,
    pub listeners: Rc<Listeners>,
    /// Calls to endpoints that are under way.
    pub calls: RefCell<BTreeMap<u32, AbortController>>,
    /// Sign-ins and sign-outs that are under way.
    pub requests: RefCell<BTreeMap<u32, Request>>,
    /// What is behind the last call that failed.
    pub reason: RefCell<Option<(u32, Reason)>>,
    /// Whether the application's refresh function is at work at the moment.
    pub refreshing: Cell<bool>,
    pub retries: Cell<u32>,
    /// The number of the token that was accepted by a server.
    pub worked: Cell<Option<u32>>,
    pub this: Weak<Shell>,
    draining: Cell<bool>,
    turns: RefCell<Vec<(u32, Signal<Outcome>)>>,
    /// While it is there, nobody goes on with what was known before.
    pub hold: RefCell<Option<Signal<()>>>,
    /// Set when the manager is disposed of.
    pub over: Signal<()>,
    pub waiting: Cell<u32>,
    pub count: Cell<u32>,
    timer: Timer,
    pub store: RefCell<Option<Store>>,
    /// The one in use.
    pub storage: RefCell<Storage>,
    pub tabs: RefCell<Option<Rc<Tabs>>>,
    page: RefCell<Vec<Listener>>,
    pub leaving: RefCell<Option<Listener>>,
    pub away: Cell<bool>,
    pub snapshot: RefCell<Rc<Snapshot>>,
    pub claims: RefCell<(u32, Option<Rc<str>>)>,
    pub degraded: RefCell<Vec<&'static str>>,
}

/// Counts a caller as waiting, for as long as it does.
struct Waiting<'a>(&'a Cell<u32>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<u32>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Shell {
    pub fn new(config: Config) -> Result<Rc<Self>, Error> {
        let page = global("document")
            .and_then(|document| document::member(&document, "baseURI"))
            .or_else(|| document::member(&global("location")?, "href"))
            .and_then(|page| page.as_string());
        let (settings, policy) = Settings::read(&config, page)?;
        let seed = Math::random().to_bits();
        let machine = Machine::new(policy, document::PLATFORM, seed, now());
        let snapshot = Snapshot {
            status: machine.status().into(),
            refreshing: false,
            stale: false,
            expires_at_ms: None,
            error: None,
            claims: None,
        };
        Ok(Rc::new_cyclic(|this: &Weak<Self>| {
            let woken = this.clone();
            Self {
                settings,
                machine: RefCell::new(machine),
                listeners: Listeners::new(),
                calls: RefCell::default(),
                requests: RefCell::default(),
                reason: RefCell::default(),
                refreshing: Cell::default(),
                retries: Cell::default(),
                worked: Cell::default(),
                this: this.clone(),
                draining: Cell::default(),
                turns: RefCell::default(),
                hold: RefCell::default(),
                over: Signal::default(),
                waiting: Cell::default(),
                count: Cell::default(),
                timer: Timer::new(move || {
                    if let Some(shell) = woken.upgrade() {
                        shell.timer.fired();
                        shell.feed(|machine, now| machine.wake(now));
                    }
                }),
                store: RefCell::default(),
                storage: RefCell::new(config.storage.clone()),
                tabs: RefCell::default(),
                page: RefCell::default(),
                leaving: RefCell::default(),
                away: Cell::default(),
                snapshot: RefCell::new(Rc::new(snapshot)),
                claims: RefCell::default(),
                degraded: RefCell::default(),
                config,
            }
        }))
    }

    /// Opens store and channel, reads the record, follows the page.
    pub async fn start(self: &Rc<Self>) {
        match Store::open(&self.config.storage, self.config.key_name()) {
            Ok(store) => drop(self.store.replace(Some(store))),
            Err(thrown) => self.degrade(thrown.into()),
        }
        if self.config.cross_tab != Some(false) {
            let tabs = Tabs::new(self.config.key_name(), self.this.clone());
            if tabs.kind() != LockKind::WebLocks {
                self.degraded.borrow_mut().push("web-locks");
            }
            self.tabs.replace(Some(tabs));
        }
        let stored = self.read_store().await;
        self.feed(|machine, now| machine.load(now, stored.as_deref()));
        let listeners = page::follow(self);
        self.page.replace(listeners);
    }

    // ---- into the machine ----

    /// Feeds the machine, then does what it asks for. What is done may feed
    /// it again: the outermost call drains.
    pub fn feed<R>(&self, input: impl FnOnce(&mut Machine, Instant) -> R) -> R {
        let reply = input(&mut self.machine.borrow_mut(), now());
        if !self.draining.replace(true) {
            loop {
                let output = self.machine.borrow_mut().poll();
                let Some(output) = output else { break };
                self.perform(output);
            }
            self.draining.set(false);
            let deadline = self.machine.borrow().deadline();
            self.timer.set(deadline);
        }
        reply
    }

    /// Asks, and waits for turns as long as the reply says so; gives the last
    /// reply, which says nothing of waiting or failing.
    pub async fn ask(&self, ask: Ask) -> Result<Reply, Error> {
        self.check()?;
        self.held().await?;
        let mut reply = self.feed(|machine, now| machine.ask(now, ask));
        let party = self.machine.borrow().current_party();
        while let Reply::Wait(turn) = reply {
            let outcome = {
                let _waiting = Waiting::new(&self.waiting);
                match self.turn_of(turn) {
                    Some(ended) => Some(self.unless_over(ended).await?),
                    None => None,
                }
            };
            self.held().await?;
            reply = self.feed(|machine, now| match &outcome {
                Some(outcome) => machine.resume(now, ask, party, outcome),
                None => machine.ask(now, ask),
            });
        }
        match reply {
            Reply::Fail(error) => Err(self.error(error)),
            reply => Ok(reply),
        }
    }

    /// Refuses what is asked of a manager that was disposed of, or by the
    /// refresh function that it waits for.
    pub fn check(&self) -> Result<(), Error> {
        match (self.over.is_set(), self.refreshing.get()) {
            (true, _) => Err(Error::disposed()),
            (false, true) => Err(Error::own_manager()),
            (false, false) => Ok(()),
        }
    }

    /// Waits, unless the manager is disposed of.
    pub async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match first(self.over.clone(), work).await {
            First::One(()) => Err(Error::disposed()),
            First::Other(value) => Ok(value),
        }
    }

    async fn held(&self) -> Result<(), Error> {
        loop {
            let hold = self.hold.borrow().clone();
            match hold {
                Some(hold) => self.unless_over(hold).await?,
                None => return Ok(()),
            }
        }
    }

    /// Disposes: what waits is rejected, what was sent is finished.
    pub fn dispose(&self) {
        if self.over.is_set() {
            return;
        }
        self.feed(|machine, now| machine.dispose(now));
        self.over.set(());
        self.page.take();
        self.listeners.clear();
        for request in self.requests.take().into_values() {
            request.ended.set(Err(Error::disposed()));
        }
    }

    // ---- what the machine asks for ----

    fn perform(&self, output: Output) {
        let tabs = || self.tabs.borrow().clone();
        match output {
            Output::Lock { turn, steal } => {
                self.turn(turn);
                match tabs() {
                    Some(tabs) => tabs.lock(turn, steal),
                    None => self.feed(|machine, now| machine.granted(now, turn)),
                }
            }
            Output::Unlock { turn } => {
                if let Some(tabs) = tabs() {
                    tabs.unlock(turn);
                }
            }
            Output::Read { turn } => self.read(turn),
            Output::Call(call) => {
                if call.target == Target::Refresh
                    && let Some(tabs) = tabs()
                {
                    tabs.begin();
                }
                self.call(call);
            }
            Output::Abort { call } => {
                let abort = self.calls.borrow_mut().remove(&call);
                if let Some(abort) = abort {
                    abort.abort();
                }
            }
            Output::Commit { number } => self.commit(number),
            Output::Tell => {
                if let (Some(tabs), Some(record)) = (tabs(), self.record_held()) {
                    tabs.tell(&record);
                }
            }
            Output::TurnEnded { turn, outcome } => self.turn(turn).set(outcome),
            Output::SignInEnded { request, result } => self.sign_in_ended(request, result),
            Output::LogoutEnded { request } => self.sign_out_ended(request),
            Output::Snapshot => self.show(),
            // A request asks for its licence when it goes.
            Output::Pass => {}
            Output::Event(event) => self.tell(self.event(event)),
            Output::Closed => self.leave(),
        }
    }

    /// The signal of a turn's end, made where there is none yet.
    fn turn(&self, turn: u32) -> Signal<Outcome> {
        if let Some(ended) = self.turn_of(turn) {
            return ended;
        }
        let ended = Signal::default();
        let mut turns = self.turns.borrow_mut();
        if turns.len() >= REMEMBERED {
            turns.remove(0);
        }
        turns.push((turn, ended.clone()));
        ended
    }

    fn turn_of(&self, turn: u32) -> Option<Signal<Outcome>> {
        let turns = self.turns.borrow();
        let found = turns.iter().find(|(number, _)| *number == turn);
        found.map(|(_, ended)| ended.clone())
    }

    fn leave(&self) {
        self.timer.set(Instant::NEVER);
        let tabs = self.tabs.take();
        if let Some(tabs) = tabs {
            tabs.leave();
        }
        self.store.take();
        self.leaving.take();
    }

    // ---- the world around ----

    /// Does something in a task of its own.
    pub fn later<F: Future<Output = ()> + 'static>(&self, work: impl FnOnce(Rc<Self>) -> F) {
        if let Some(shell) = self.this.upgrade() {
            spawn_local(work(shell));
        }
    }
}

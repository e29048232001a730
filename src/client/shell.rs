//! The shell of one manager: feeds the core's machine, and does what its
//! outputs ask for. No borrow is held across an await or a call that may come
//! back here.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use js_sys::Math;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use super::config::{Config, Storage};
use super::document;
use super::error::{Error, ErrorKind};
use super::listeners::Listeners;
use super::page;
use super::platform::{Listener, Timer, global, now, sleep};
use super::request::Licence;
use super::signal::{First, Signal, first};
use super::store::{Given, Outranks, Store};
use super::tabs::Tabs;
use super::view::{Event, Inspection, LockKind, SignedOutBy, Snapshot};
use crate::core::config as options;
use crate::core::origins::Origins;
use crate::core::policy::Access;
use crate::core::{self, Ask, Committed, Instant, Machine, Outcome, Output, Reply, jwt};

/// Outcomes that a waiting caller may still ask for. They ask in the task
/// after the turn ended, so a few are plenty.
const REMEMBERED: usize = 8;

/// How long it takes at most until a page that is left has gone.
const LEAVING_MS: f64 = 3000.0;

pub(super) struct Shell {
    pub config: Config,
    pub base: Option<String>,
    pub origins: Origins,
    pub machine: RefCell<Machine>,
    pub listeners: Rc<Listeners>,
    /// Calls to endpoints that are under way.
    pub calls: RefCell<BTreeMap<u32, AbortController>>,
    /// Sign-ins and sign-outs that are under way.
    pub requests: RefCell<BTreeMap<u32, Request>>,
    /// What the platform threw at the last call that failed.
    pub thrown: RefCell<Option<(u32, JsValue)>>,
    pub retries: Cell<u32>,
    /// The number of the token that was accepted by a server.
    pub worked: Cell<Option<u32>>,
    this: Weak<Shell>,
    draining: Cell<bool>,
    turns: RefCell<Vec<(u32, Signal<Outcome>)>>,
    /// While it is there, nobody goes on with what was known before.
    hold: RefCell<Option<Signal<()>>>,
    /// Set when the manager is disposed of.
    over: Signal<()>,
    waiting: Cell<u32>,
    count: Cell<u32>,
    timer: Timer,
    store: RefCell<Option<Store>>,
    storage: Cell<Storage>,
    tabs: RefCell<Option<Rc<Tabs>>>,
    page: RefCell<Vec<Listener>>,
    leaving: RefCell<Option<Listener>>,
    away: Cell<bool>,
    snapshot: RefCell<Rc<Snapshot>>,
    claims: RefCell<(u32, Option<Rc<str>>)>,
    degraded: RefCell<Vec<&'static str>>,
}

/// A sign-in or a sign-out that is under way.
#[derive(Default)]
pub(super) struct Request {
    pub ended: Signal<Result<Option<String>, Error>>,
    /// What a sign-in sends.
    pub body: Option<JsValue>,
    /// The call that sends it.
    pub call: Option<u32>,
    pub answer: Option<String>,
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
        let given = document::Value(config.value()?);
        let options::Config {
            policy,
            origins,
            base,
        } = options::read(&given, page.as_deref(), &document::url)
            .map_err(|message| Error::new(ErrorKind::InvalidConfig, message))?;
        let seed = Math::random().to_bits();
        let machine = Machine::new(policy, document::parse, seed, now());
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
                base,
                origins,
                machine: RefCell::new(machine),
                listeners: Listeners::new(),
                calls: RefCell::default(),
                requests: RefCell::default(),
                thrown: RefCell::default(),
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
                storage: Cell::new(config.storage),
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
        match Store::open(self.config.storage, self.config.key_name()) {
            Ok(store) => drop(self.store.replace(Some(store))),
            Err(thrown) => self.degrade(thrown),
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

    /// Refuses what is asked of a manager that was disposed of.
    pub fn check(&self) -> Result<(), Error> {
        match self.over.is_set() {
            true => Err(Error::disposed()),
            false => Ok(()),
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

    /// Starts what the machine ends with `SignInEnded` or `LogoutEnded`.
    pub fn request(
        &self,
        body: Option<JsValue>,
        start: impl FnOnce(&mut Machine, Instant, u32),
    ) -> Result<Started, Error> {
        self.check()?;
        let number = self.count.get().wrapping_add(1);
        self.count.set(number);
        let request = Request {
            body,
            ..Request::default()
        };
        let ended = request.ended.clone();
        self.requests.borrow_mut().insert(number, request);
        self.feed(|machine, now| start(machine, now, number));
        Ok(Started {
            shell: self.this.clone(),
            number,
            ended,
        })
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
                if call.target == core::call::Target::Refresh
                    && let Some(tabs) = tabs()
                {
                    tabs.begin();
                }
                self.call(*call);
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
            Output::LogoutEnded { request } => {
                let request = self.requests.borrow_mut().remove(&request);
                if let Some(request) = request {
                    request.ended.set(Ok(None));
                }
            }
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

    fn read(&self, turn: u32) {
        let asked = self.tabs.borrow().as_ref().and_then(Tabs::ask_of);
        let store = self.store.borrow().clone();
        let done = move |shell: &Self, text: Option<String>| {
            shell.feed(|machine, now| machine.read(now, turn, text.as_deref()));
        };
        if asked.is_none()
            && let Some(Given::Now(Ok(text))) = store.as_ref().map(Store::read)
        {
            return done(self, text);
        }
        self.later(async move |shell| {
            // The store last: it may be written while the tabs are asked.
            if let Some(asked) = asked {
                asked.await;
            }
            let text = shell.read_store().await;
            done(&shell, text);
        });
    }

    fn commit(&self, number: u32) {
        let record = {
            let machine = self.machine.borrow();
            let record = machine.pending(number);
            record.map(|record| record.stored(machine.pace()))
        };
        let Some(record) = record else { return };
        let this = self.this.clone();
        let outranks: Outranks = Rc::new(move |stored| {
            this.upgrade()
                .is_some_and(|shell| shell.machine.borrow().outranks(number, stored))
        });
        let store = self.store.borrow().clone();
        let swapped = store.map(|store| store.swap(&record, outranks.clone()));
        let done = move |shell: &Self, swapped: Result<Option<String>, ()>| {
            // A store that failed has not asked whether it may still be so.
            let stands = match &swapped {
                Ok(stays) => stays.is_none(),
                Err(()) => outranks(""),
            };
            let tabs = shell.tabs.borrow().clone();
            if let Some(tabs) = tabs.filter(|_| stands) {
                tabs.tell(&record);
            }
            shell.feed(|machine, now| {
                let committed = match &swapped {
                    Ok(None) => Committed::Written,
                    Ok(Some(stays)) => Committed::Outranked(stays),
                    Err(()) => Committed::Kept,
                };
                machine.committed(now, number, committed);
            });
        };
        match swapped {
            Some(Given::Now(swapped)) => {
                let swapped = swapped.map_err(|thrown| self.degrade(thrown));
                done(self, swapped);
            }
            Some(Given::Later(swapped)) => self.later(async move |shell| {
                let swapped = swapped.await.map_err(|thrown| shell.degrade(thrown));
                done(&shell, swapped);
            }),
            None => done(self, Err(())),
        }
    }

    fn sign_in_ended(&self, number: u32, result: Result<(), core::Error>) {
        let request = self.requests.borrow_mut().remove(&number);
        // Of one whose caller has gone there is nothing left.
        let Some(Request { ended, answer, .. }) = request else {
            return;
        };
        ended.set(match result {
            Ok(()) => Ok(answer),
            Err(error) => {
                let error = self.error(error);
                Err(match answer {
                    Some(body) if error.kind() == ErrorKind::LoginRejected => error.with_body(body),
                    _ => error,
                })
            }
        });
    }

    fn show(&self) {
        let snapshot = {
            let machine = self.machine.borrow();
            let core::view::Snapshot {
                status,
                refreshing,
                stale,
                expires,
                serial,
                error,
            } = machine.snapshot();
            let mut claims = self.claims.borrow_mut();
            // What has not changed stays the same.
            if claims.0 != serial {
                let payload = machine
                    .access_token()
                    .and_then(|token| jwt::payload(token.expose(), document::parse));
                *claims = (serial, payload.map(Rc::from));
            }
            Snapshot {
                status: status.into(),
                refreshing,
                stale,
                expires_at_ms: expires.date(),
                error: error.map(|error| {
                    Error::of_core(error, machine.policy(), self.thrown.borrow().as_ref())
                }),
                claims: claims.1.clone(),
            }
        };
        self.snapshot.replace(Rc::new(snapshot));
        let this = self.this.clone();
        self.listeners
            .changed(move || this.upgrade().map(|shell| shell.snapshot()));
    }

    fn event(&self, event: core::Event) -> Event {
        match event {
            core::Event::SignedIn => Event::SignedIn,
            core::Event::Refreshed => Event::Refreshed,
            core::Event::RefreshFailed(error) => Event::RefreshFailed(self.error(error)),
            core::Event::SignedOut(by) => Event::SignedOut(match by {
                core::SignedOutBy::Logout => SignedOutBy::Logout,
                core::SignedOutBy::RefreshRejected => SignedOutBy::RefreshRejected,
                core::SignedOutBy::OtherTab => SignedOutBy::OtherTab,
            }),
            core::Event::UserChanged => Event::UserChanged,
            core::Event::Warning(error) => Event::Warning(self.error(error)),
        }
    }

    fn tell(&self, event: Event) {
        let this = self.this.clone();
        self.listeners
            .happened(event, move || this.upgrade().map(|shell| shell.snapshot()));
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

    /// The record that is held, as tabs tell it each other.
    pub fn record_held(&self) -> Option<String> {
        let machine = self.machine.borrow();
        machine.record().map(|record| record.stored(machine.pace()))
    }

    pub fn hear(&self, record: &str) {
        self.feed(|machine, now| machine.heard(now, record));
    }

    /// Another tab has written to `localStorage`.
    pub fn stored_elsewhere(&self, key: &str, record: &str) {
        if self.storage.get() == Storage::Local && key == self.config.key_name() {
            self.hear(record);
        }
    }

    /// The page became visible, or hidden.
    pub fn shown(&self, visible: bool) {
        if visible {
            self.later(async |shell| shell.reread().await);
        }
        self.feed(|machine, now| machine.visible(now, visible));
    }

    /// The page is left. An open channel keeps it out of the back-forward
    /// cache.
    pub fn put_away(&self) {
        self.away.set(true);
        let tabs = self.tabs.borrow().clone();
        if let Some(tabs) = tabs {
            tabs.close();
        }
    }

    /// The page is back. One that was frozen or put away knows nothing for
    /// certain until it has looked: requests wait for that.
    pub fn back(&self, again: bool) {
        self.away.set(false);
        let tabs = self.tabs.borrow().clone();
        if let Some(tabs) = &tabs {
            tabs.open();
        }
        if !again {
            return;
        }
        let hold = Signal::default();
        self.hold.replace(Some(hold.clone()));
        let asked = tabs.as_ref().and_then(Tabs::ask_of);
        self.later(async move |shell| {
            if let Some(asked) = asked {
                asked.await;
            }
            shell.reread().await;
            hold.set(());
            let mut held = shell.hold.borrow_mut();
            if held.as_ref().is_some_and(|held| held.is(&hold)) {
                *held = None;
            }
        });
    }

    async fn reread(&self) {
        if let Some(record) = self.read_store().await {
            self.hear(&record);
        }
    }

    /// What is stored. A store that fails gives nothing, and is replaced.
    async fn read_store(&self) -> Option<String> {
        let read = self.store.borrow().as_ref().map(Store::read)?;
        let read = match read {
            Given::Now(read) => read,
            Given::Later(read) => read.await,
        };
        read.unwrap_or_else(|thrown| {
            self.degrade(thrown);
            None
        })
    }

    fn degrade(&self, thrown: JsValue) {
        if self.over.is_set() || self.storage.get() == Storage::Memory {
            return;
        }
        let message = [
            "storage: '",
            self.storage.get().name(),
            "' cannot be used here, the session is kept in memory",
        ];
        let error = Error::new(ErrorKind::NotSupported, message.concat()).with_thrown(thrown);
        self.storage.set(Storage::Memory);
        self.store
            .replace(Some(Store::Memory(self.config.key_name().to_owned())));
        self.degraded.borrow_mut().push("storage");
        self.later(async move |shell| {
            // Whoever made the manager, in the moment before, listens by then.
            sleep(0.0).await;
            shell.tell(Event::Warning(error));
        });
    }

    /// Whether the page is going: that this breaks its calls off says nothing
    /// of the server.
    pub fn is_away(&self) -> bool {
        self.away.get()
    }

    /// Firefox and WebKit break calls off some time before pagehide, and the
    /// page may stay after all. It is followed while there are calls, and no
    /// longer: it keeps pages out of Firefox's back-forward cache.
    pub fn watch_leaving(&self) {
        if self.calls.borrow().is_empty() {
            self.leaving.take();
            return;
        }
        if self.leaving.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let listener = Listener::new(js_sys::global().into(), "beforeunload", move |_| {
            if let Some(shell) = this.upgrade() {
                shell.away.set(true);
                shell.later(async |shell| {
                    sleep(LEAVING_MS).await;
                    shell.away.set(false);
                });
            }
        });
        self.leaving.replace(listener);
    }

    /// Does something in a task of its own.
    pub fn later<F: Future<Output = ()> + 'static>(&self, work: impl FnOnce(Rc<Self>) -> F) {
        if let Some(shell) = self.this.upgrade() {
            spawn_local(work(shell));
        }
    }

    // ---- what is shown ----

    pub fn snapshot(&self) -> Rc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    pub fn error(&self, error: core::Error) -> Error {
        let machine = self.machine.borrow();
        Error::of_core(error, machine.policy(), self.thrown.borrow().as_ref())
    }

    /// What a request may be sent with, at the moment.
    pub fn licence(&self) -> Option<Licence> {
        let machine = self.machine.borrow();
        let pass = machine.current_pass()?;
        let header = match &machine.policy().access {
            Access::Header { name, prefix } => {
                let token = machine.access_token()?;
                Some((name.clone(), [prefix, token.expose()].concat()))
            }
            Access::Cookie { .. } => None,
        };
        Some(Licence {
            header,
            serial: pass.serial,
            party: pass.party,
        })
    }

    pub fn inspection(&self) -> Inspection {
        let found = self.machine.borrow().inspection();
        Inspection {
            storage: self.storage.get().name(),
            lock: match &*self.tabs.borrow() {
                Some(tabs) => tabs.kind(),
                None => LockKind::None,
            },
            refreshes: found.refreshes,
            refresh_failures: found.refresh_failures,
            retries: self.retries.get(),
            waiting: self.waiting.get(),
            next_refresh_at_ms: found.next_refresh.date(),
            clock_skew_ms: found.clock_skew_ms,
            last_error: found.last_error.map(|error| self.error(error)),
            degraded: self.degraded.borrow().clone(),
        }
    }
}

/// A sign-in or a sign-out that was begun. Dropped before its end, a sign-in
/// is given up.
pub(super) struct Started {
    shell: Weak<Shell>,
    number: u32,
    ended: Signal<Result<Option<String>, Error>>,
}

impl Started {
    pub async fn ended(self) -> Result<Option<String>, Error> {
        self.ended.clone().await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let Some(shell) = self.shell.upgrade().filter(|_| !self.ended.is_set()) else {
            return;
        };
        let request = shell.requests.borrow_mut().remove(&self.number);
        if request.is_some() {
            shell.feed(|machine, now| machine.abandon(now, self.number));
        }
    }
}

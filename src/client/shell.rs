//! The host of one manager: feeds the core's machine, and does what its
//! outputs ask for. It decides nothing. No borrow is held across an await or a
//! call that may come back here.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use js_sys::Math;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use super::channel::Channel;
use super::clock::{Clocks, Timer};
use super::config::Config;
use super::document;
use super::error::Error;
use super::listeners::Listeners;
use super::locks::Locks;
use super::page;
use super::places::Places;
use super::platform::{Listener, global};
use super::reason::Reason;
use super::settings::Settings;
use super::sign::Request;
use super::signal::Signal;
use super::view::Snapshot;
use crate::core::policy::Locks as LockPolicy;
use crate::core::{Ask, CallId, Input, Machine, Moment, Now, Output, Reply, RequestId};
use crate::core::{Serial, WaitId};

/// How many failed calls are remembered for the errors that name them.
const REMEMBERED: usize = 8;

pub(super) struct Shell {
    pub config: Config,
    pub settings: Settings,
    pub clocks: Clocks,
    pub machine: RefCell<Machine>,
    pub listeners: Rc<Listeners>,
    pub places: Places,
    pub locks: Locks,
    channel: Channel,
    timer: Timer,
    /// Calls to endpoints that are under way.
    calls: RefCell<Vec<(CallId, AbortController)>>,
    /// Sign-ins and sign-outs that are under way.
    pub requests: RefCell<Vec<(RequestId, Request)>>,
    /// What is behind the calls that failed last.
    reasons: RefCell<Vec<(CallId, Reason)>>,
    /// What callers wait for.
    waits: RefCell<Vec<(WaitId, Signal<()>)>>,
    /// The manager may be used.
    pub started: Signal<()>,
    disposed: Cell<bool>,
    draining: Cell<bool>,
    /// Whether the application's refresh function is at work at the moment.
    pub refreshing: Cell<bool>,
    pub waiting: Cell<u32>,
    pub retries: Cell<u32>,
    /// The number of the token that was accepted by a server.
    pub worked: Cell<Option<Serial>>,
    pub count: Cell<u32>,
    page: RefCell<Vec<Listener>>,
    leaving: RefCell<Option<Listener>>,
    activity: RefCell<Vec<Listener>>,
    pub snapshot: RefCell<Arc<Snapshot>>,
    pub claims: RefCell<(Serial, Option<Arc<str>>)>,
    pub this: Weak<Shell>,
}

/// What a caller is told.
enum Asked {
    Told(Reply),
    Wait(WaitId, Signal<()>),
}

/// Counts a caller as waiting, for as long as it does.
struct Waits<'a>(&'a Cell<u32>);

impl<'a> Waits<'a> {
    fn new(count: &'a Cell<u32>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Shell {
    pub fn new(config: Config) -> Result<Rc<Self>, Error> {
        let document = global("document");
        let page = document
            .as_ref()
            .and_then(|document| document::member(document, "baseURI"))
            .or_else(|| document::member(&global("location")?, "href"))
            .and_then(|page| page.as_string());
        let (settings, mut policy) = Settings::read(&config, page)?;
        let scope = document.is_some() || global("WorkerGlobalScope").is_some();
        policy.inert = !scope && config.fetch.is_none() && !config.single_user;
        // In localStorage the record itself is in the place of the mark.
        let local = [Some(&config.storage), config.remember.as_ref()]
            .into_iter()
            .flatten()
            .any(|storage| storage.name() == "local");
        policy.mark = document.is_some() && !local;
        policy.channel = scope && config.cross_tab != Some(false);
        policy.locks = match () {
            () if !policy.channel && !policy.shares_a_place() => LockPolicy::None,
            () if super::locks::are_there() => LockPolicy::Web,
            () if cfg!(feature = "indexed-db") => LockPolicy::Lease,
            () => LockPolicy::None,
        };
        let clocks = Clocks(config.clock.clone());
        let seed = Math::random().to_bits();
        let machine = Machine::new(policy, document::PLATFORM, seed, clocks.now());
        let name = ["evertoken:", config.key_name()].concat();
        Ok(Rc::new_cyclic(|this: &Weak<Self>| {
            let woken = this.clone();
            let wake = Rc::new(move || {
                if let Some(shell) = woken.upgrade() {
                    shell.timer.fired();
                    shell.feed(Input::Wake);
                }
            });
            Self {
                settings,
                machine: RefCell::new(machine),
                listeners: Rc::default(),
                places: Places::new(&config, this.clone()),
                locks: Locks::new(name.clone(), this.clone()),
                channel: Channel::new(name, this.clone()),
                timer: Timer::new(clocks.clone(), wake),
                clocks,
                calls: RefCell::default(),
                requests: RefCell::default(),
                reasons: RefCell::default(),
                waits: RefCell::default(),
                started: Signal::default(),
                disposed: Cell::default(),
                draining: Cell::default(),
                refreshing: Cell::default(),
                waiting: Cell::default(),
                retries: Cell::default(),
                worked: Cell::default(),
                count: Cell::default(),
                page: RefCell::default(),
                leaving: RefCell::default(),
                activity: RefCell::default(),
                snapshot: RefCell::default(),
                claims: RefCell::new((Serial::new(0), None)),
                this: this.clone(),
                config,
            }
        }))
    }

    /// Begins to work; the machine says when the start is over.
    pub fn start(self: &Rc<Self>) {
        // What is shown first may already go by it.
        self.look_for_hint();
        self.show();
        let listeners = page::follow(self);
        self.page.replace(listeners);
        self.feed(Input::Start);
    }

    // ---- into the machine ----

    /// Feeds the machine, then does what it asks for. What is done may feed
    /// it again: the outermost call drains.
    pub fn feed(&self, input: Input<'_>) {
        let now = self.clocks.now();
        self.machine.borrow_mut().feed(now, input);
        self.drain();
    }

    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        loop {
            let output = self.machine.borrow_mut().poll();
            let Some(output) = output else { break };
            self.perform(output);
        }
        self.draining.set(false);
        let deadline = self.machine.borrow().deadline();
        self.timer.set(deadline);
    }

    /// Asks without waiting for anything.
    pub fn ask_once(&self, ask: Ask) {
        self.asked(|machine, now| machine.ask(now, ask));
    }

    /// Has the machine answer, then does what it asks for. What the reply says
    /// to wait for may end while that is done, so it is noted before.
    fn asked(&self, ask: impl FnOnce(&mut Machine, Now) -> Reply) -> Asked {
        let now = self.clocks.now();
        let reply = ask(&mut self.machine.borrow_mut(), now);
        let asked = match reply {
            Reply::Wait(wait) => Asked::Wait(wait, self.wait(wait)),
            reply => Asked::Told(reply),
        };
        self.drain();
        asked
    }

    /// Asks, and waits as long as the reply says so; gives the last reply,
    /// which says nothing of waiting or failing.
    pub async fn ask(&self, ask: Ask) -> Result<Reply, Error> {
        self.check()?;
        self.started.wait().await;
        let party = self.machine.borrow().current_party();
        self.look_for_hint();
        let mut asked = self.asked(|machine, now| machine.ask(now, ask));
        loop {
            let (wait, ended) = match asked {
                Asked::Told(Reply::Fail(error)) => return Err(self.error(error)),
                Asked::Told(reply) => return Ok(reply),
                Asked::Wait(wait, ended) => (wait, ended),
            };
            let waits = Waits::new(&self.waiting);
            ended.wait().await;
            drop(waits);
            asked = self.asked(|machine, now| machine.resume(now, wait, ask, party));
        }
    }

    /// Refuses what the refresh function asks of the manager that waits for
    /// it.
    pub fn check(&self) -> Result<(), Error> {
        match self.refreshing.get() {
            true => Err(Error::own_manager()),
            false => Ok(()),
        }
    }

    pub fn is_disposed(&self) -> bool {
        self.disposed.get()
    }

    fn look_for_hint(&self) {
        if let Some((name, cookie)) = &self.config.hint
            && self.machine.borrow().wants_hint()
        {
            self.feed(Input::Hint(cookie.read(name).is_some()));
        }
    }

    fn wait(&self, wait: WaitId) -> Signal<()> {
        let mut waits = self.waits.borrow_mut();
        if let Some((_, ended)) = waits.iter().find(|(own, _)| *own == wait) {
            return ended.clone();
        }
        let ended = Signal::default();
        waits.push((wait, ended.clone()));
        ended
    }

    /// Disposes: what waits is rejected, what was sent is finished.
    pub fn dispose(&self) {
        if self.disposed.replace(true) {
            return;
        }
        self.feed(Input::Dispose);
        self.started.set(());
        self.page.take();
        self.activity.take();
        self.listeners.clear();
        for (_, request) in self.requests.take() {
            request
                .ended
                .set(Err(Error::of_fault(crate::core::Fault::Disposed)));
        }
    }

    // ---- what the machine asks for ----

    fn perform(&self, output: Output) {
        match output {
            Output::Read { op, place } => self.places.read(op, place),
            Output::Swap {
                op,
                place,
                expected,
                text,
            } => self.places.swap(op, place, expected, text),
            Output::Channel { open: true } => {
                if !self.channel.open() {
                    self.feed(Input::ChannelUnavailable);
                }
            }
            Output::Channel { open: false } => self.channel.close(),
            Output::Post(text) => self.channel.post(&text),
            Output::Echo(text) => self.channel.echo(&text),
            Output::Lock {
                lock,
                steal,
                shared,
            } => self.locks.lock(lock, steal, shared),
            Output::Unlock { lock } => self.locks.unlock(lock),
            Output::Call(call) => self.call(call),
            Output::Abort { call } => {
                if let Some(abort) = self.take_call(call) {
                    abort.abort();
                }
            }
            Output::WatchLeaving(watch) => {
                let shell = self.this.upgrade().filter(|_| watch);
                let listener = shell.and_then(|shell| page::follow_leaving(&shell));
                self.leaving.replace(listener);
            }
            Output::WatchActivity(watch) => {
                let shell = self.this.upgrade().filter(|_| watch);
                let listeners = shell.map(|shell| page::follow_activity(&shell));
                self.activity.replace(listeners.unwrap_or_default());
            }
            Output::WaitEnded(wait) => {
                let ended = {
                    let mut waits = self.waits.borrow_mut();
                    let at = waits.iter().position(|(own, _)| *own == wait);
                    at.map(|at| waits.swap_remove(at).1)
                };
                if let Some(ended) = ended {
                    ended.set(());
                }
            }
            Output::SignInEnded { request, result } => self.sign_in_ended(request, result),
            Output::LogoutEnded { request } => self.sign_out_ended(request),
            Output::Snapshot => self.show(),
            // A request asks for its pass when it goes.
            Output::Pass => {}
            Output::Event(event) => self.tell(self.event(event)),
            Output::Started => {
                self.started.set(());
                self.later(async |shell| shell.listeners.clone().open().await);
            }
            Output::Closed => self.leave(),
        }
    }

    /// The user did something, which is told once.
    pub fn active(&self) {
        let listeners = self.activity.take();
        self.feed(Input::Activity);
        // One of them is at work; they go when it is done.
        self.later(async move |_| drop(listeners));
    }

    fn leave(&self) {
        self.timer.set(Moment::NEVER);
        self.locks.leave();
        self.channel.close();
        self.places.close();
        self.leaving.take();
    }

    // ---- calls ----

    pub fn add_call(&self, call: CallId, abort: AbortController) {
        self.calls.borrow_mut().push((call, abort));
    }

    pub fn take_call(&self, call: CallId) -> Option<AbortController> {
        let mut calls = self.calls.borrow_mut();
        let at = calls.iter().position(|(own, _)| *own == call)?;
        Some(calls.swap_remove(at).1)
    }

    /// Keeps what is behind a call's failure, for the callers that get the error.
    pub fn keep_reason(&self, call: CallId, reason: Reason) {
        let mut reasons = self.reasons.borrow_mut();
        if reasons.len() >= REMEMBERED {
            reasons.remove(0);
        }
        reasons.push((call, reason));
    }

    pub fn reason(&self, call: CallId) -> Option<Reason> {
        let reasons = self.reasons.borrow();
        let found = reasons.iter().rfind(|(own, _)| *own == call);
        found.map(|(_, reason)| reason.clone())
    }

    /// Does something in a task of its own.
    pub fn later<F: Future<Output = ()> + 'static>(&self, work: impl FnOnce(Rc<Self>) -> F) {
        if let Some(shell) = self.this.upgrade() {
            let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work(shell));
            spawn_local(work);
        }
    }
}

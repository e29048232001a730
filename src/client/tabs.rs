//! The other tabs of the same key: a lock that one of them holds at a time,
//! and a channel over which they tell each other their records. Names and
//! messages are the npm package's, so that its tabs and these share both.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::{Rc, Weak};

use js_sys::{Date, Function, Math, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

use super::document::member;
use super::platform::{global, sleep};
use super::shell::Shell;
use super::signal::{Signal, first};
use super::view::LockKind;

// web-sys has these only under a flag that applications would have to set.
#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

/// How long the known tabs may take to answer; a frozen one never does.
const ANSWER_MS: f64 = 150.0;
/// How long after the start unknown tabs may still be about to answer.
const HELLO_MS: f64 = 50.0;

pub(super) struct Tabs {
    name: String,
    id: String,
    shell: Weak<Shell>,
    channel: RefCell<Option<Channel>>,
    peers: RefCell<BTreeSet<String>>,
    /// The record that was told or heard last.
    last: RefCell<String>,
    questions: RefCell<Vec<Question>>,
    count: Cell<u32>,
    born: Cell<f64>,
    locks: RefCell<BTreeMap<u32, Rc<Lock>>>,
    manager: Option<LockManager>,
    kind: Cell<LockKind>,
}

struct Channel {
    channel: BroadcastChannel,
    _take: Closure<dyn Fn(MessageEvent)>,
}

struct Question {
    number: u32,
    /// Whose answer is awaited; where nobody is known, anybody's.
    waited: BTreeSet<String>,
    any: bool,
    answered: Signal<()>,
}

struct Lock {
    waiting: AbortController,
    release: RefCell<Option<Function>>,
}

impl Tabs {
    pub fn new(key: &str, shell: Weak<Shell>) -> Rc<Self> {
        let manager = global("navigator")
            .and_then(|navigator| member(&navigator, "locks"))
            .map(JsCast::unchecked_into);
        let kind = match manager {
            Some(_) => LockKind::WebLocks,
            None => LockKind::None,
        };
        let id = (Math::random() * 2f64.powi(53)) as u64;
        let tabs = Rc::new(Self {
            name: ["evertoken:", key].concat(),
            id: id.to_string(),
            shell,
            channel: RefCell::default(),
            peers: RefCell::default(),
            last: RefCell::default(),
            questions: RefCell::default(),
            count: Cell::default(),
            born: Cell::default(),
            locks: RefCell::default(),
            manager,
            kind: Cell::new(kind),
        });
        tabs.open();
        tabs
    }

    /// What keeps the tabs apart.
    pub fn kind(&self) -> LockKind {
        self.kind.get()
    }

    pub fn open(self: &Rc<Self>) {
        if self.channel.borrow().is_some() || global("BroadcastChannel").is_none() {
            return;
        }
        // An opaque origin has none: such a page has no other tabs.
        let Ok(channel) = BroadcastChannel::new(&self.name) else {
            return;
        };
        let tabs = Rc::downgrade(self);
        let take = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(tabs) = tabs.upgrade() {
                tabs.take(&event.data());
            }
        });
        channel.set_onmessage(Some(take.as_ref().unchecked_ref()));
        self.channel.replace(Some(Channel {
            channel,
            _take: take,
        }));
        self.born.set(Date::now());
        self.post("ask", &[]);
    }

    /// The page is put away, or ends.
    pub fn close(&self) {
        // A page that stands still would keep the others waiting.
        let locks: Vec<Rc<Lock>> = self.locks.borrow().values().cloned().collect();
        for lock in locks {
            lock.release();
        }
        self.post("bye", &[]);
        if let Some(Channel { channel, _take }) = self.channel.take() {
            channel.set_onmessage(None);
            channel.close();
        }
        self.peers.borrow_mut().clear();
    }

    /// This tab has got the lock, or sends its call.
    pub fn begin(&self) {
        self.post("begun", &[]);
    }

    pub fn tell(&self, record: &str) {
        self.last.replace(record.to_owned());
        self.post("here", &[("record", record.into())]);
    }

    /// Nothing depends on a message: the records say who is right.
    fn post(&self, kind: &str, more: &[(&str, JsValue)]) {
        let channel = self.channel.borrow();
        let Some(Channel { channel, .. }) = channel.as_ref() else {
            return;
        };
        let message = Object::new();
        let own = [("kind", kind.into()), ("from", self.id.as_str().into())];
        for (name, value) in own.iter().chain(more) {
            let _ = Reflect::set(&message, &(*name).into(), value);
        }
        let _ = channel.post_message(&message);
    }

    fn take(&self, message: &JsValue) {
        let text = |name| member(message, name).and_then(|found| found.as_string());
        let (Some(kind), Some(from)) = (text("kind"), text("from")) else {
            return;
        };
        let shell = self.shell.upgrade();
        if kind == "bye" {
            self.peers.borrow_mut().remove(&from);
        } else {
            self.peers.borrow_mut().insert(from.clone());
        }
        let question = member(message, "question").unwrap_or_default();
        if kind == "ask" {
            let record = shell.as_ref().and_then(|shell| shell.record_held());
            let answer = [
                ("record", record.map_or(JsValue::UNDEFINED, JsValue::from)),
                ("to", from.as_str().into()),
                ("question", question.clone()),
            ];
            self.post("here", &answer);
        }
        if let Some(shell) = &shell {
            // A question is answered by all, and each answer heard by all: to
            // look at the same record again would cost as much as there are tabs.
            match text("record") {
                Some(record) if kind == "here" && *self.last.borrow() != record => {
                    self.last.replace(record.clone());
                    shell.hear(&record);
                }
                _ => {}
            }
            if kind == "begun" {
                shell.feed(|machine, now| machine.begun(now));
            }
        }
        // Only what was said after the question answers it: what was said
        // before may be older than what a lock was given back for.
        let own = kind == "here" && text("to").as_ref() == Some(&self.id);
        let answered = question.as_f64().filter(|_| own);
        let gone = kind == "bye";
        for question in &mut *self.questions.borrow_mut() {
            if answered != Some(question.number.into()) && !gone {
                continue;
            }
            question.waited.remove(&from);
            let enough = match question.any {
                true => !gone,
                false => question.waited.is_empty(),
            };
            if enough {
                question.answered.set(());
            }
        }
    }

    /// Asks the other tabs for their records; ends when all that are known to
    /// be there have answered. Gives nothing at all where nobody is.
    pub fn ask_of(self: &Rc<Self>) -> Option<impl Future<Output = ()> + use<>> {
        let hello = match *self.channel.borrow() {
            Some(_) => self.born.get() + HELLO_MS - Date::now(),
            None => 0.0,
        };
        let waited = self.peers.borrow().clone();
        if waited.is_empty() && hello <= 0.0 {
            return None;
        }
        let number = self.count.get().wrapping_add(1);
        self.count.set(number);
        let any = waited.is_empty();
        let answered = Signal::default();
        self.questions.borrow_mut().push(Question {
            number,
            waited,
            any,
            answered: answered.clone(),
        });
        self.post("ask", &[("question", number.into())]);
        let tabs = self.clone();
        Some(async move {
            let patience = if any { hello } else { ANSWER_MS };
            first(answered, sleep(patience)).await;
            let mut questions = tabs.questions.borrow_mut();
            let at = questions.iter().position(|own| own.number == number);
            if let Some(question) = at.map(|at| questions.swap_remove(at)) {
                // Whoever is silent is not waited for again until it speaks.
                let mut peers = tabs.peers.borrow_mut();
                for silent in question.waited {
                    peers.remove(&silent);
                }
            }
        })
    }

    /// Reports to the machine once the lock is held, until `unlock`; then if
    /// another tab takes it away.
    pub fn lock(self: &Rc<Self>, turn: u32, steal: bool) {
        self.unlock(turn);
        let Ok(waiting) = AbortController::new() else {
            return self.granted(turn, LockKind::None);
        };
        let lock = Rc::new(Lock {
            waiting,
            release: RefCell::default(),
        });
        self.locks.borrow_mut().insert(turn, lock.clone());
        let Some(manager) = &self.manager else {
            return self.granted(turn, LockKind::None);
        };
        let options = Object::new();
        let (name, value) = match steal {
            true => ("steal", JsValue::TRUE),
            false => ("signal", lock.waiting.signal().into()),
        };
        let _ = Reflect::set(&options, &name.into(), &value);
        let granted = {
            let (tabs, lock) = (Rc::downgrade(self), lock.clone());
            Closure::once_into_js(move |_: JsValue| -> JsValue {
                match tabs.upgrade() {
                    Some(tabs) if tabs.holds(turn, &lock) => {
                        let held = Promise::new(&mut |resolve, _| {
                            lock.release.replace(Some(resolve));
                        });
                        tabs.granted(turn, LockKind::WebLocks);
                        held.into()
                    }
                    _ => JsValue::UNDEFINED,
                }
            })
        };
        let asked = manager.request(&self.name, &options, granted.unchecked_ref());
        let tabs = Rc::downgrade(self);
        spawn_local(async move {
            let refused = match asked {
                Ok(asked) => JsFuture::from(asked).await.is_err(),
                Err(_) => true,
            };
            // Stolen; or else aborted, or refused to a page such as this.
            if let Some(tabs) = tabs.upgrade().filter(|_| refused)
                && tabs.holds(turn, &lock)
            {
                let was_granted = lock.release.borrow().is_some();
                match was_granted {
                    true => tabs.robbed(turn),
                    false => tabs.granted(turn, LockKind::None),
                }
            }
        });
    }

    fn holds(&self, turn: u32, lock: &Rc<Lock>) -> bool {
        let locks = self.locks.borrow();
        locks.get(&turn).is_some_and(|own| Rc::ptr_eq(own, lock))
    }

    fn granted(&self, turn: u32, kind: LockKind) {
        self.kind.set(kind);
        if let Some(shell) = self.shell.upgrade() {
            // Others who wait for a tab that hangs need not take it as well.
            self.begin();
            shell.feed(|machine, now| machine.granted(now, turn));
        }
    }

    fn robbed(&self, turn: u32) {
        if let Some(shell) = self.shell.upgrade() {
            shell.feed(|machine, now| machine.robbed(now, turn));
        }
    }

    pub fn unlock(&self, turn: u32) {
        let lock = self.locks.borrow_mut().remove(&turn);
        if let Some(lock) = lock {
            lock.waiting.abort();
            lock.release();
        }
    }

    /// Gives everything back.
    pub fn leave(&self) {
        let turns: Vec<u32> = self.locks.borrow().keys().copied().collect();
        for turn in turns {
            self.unlock(turn);
        }
        self.close();
    }
}

impl Lock {
    fn release(&self) {
        if let Some(release) = &*self.release.borrow() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

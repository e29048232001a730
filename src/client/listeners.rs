//! The listeners of changes. They are called from a task of
//! their own: whatever one does, the manager is not in the middle of anything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::clock::task;
use super::manager;
use super::platform::{guarded, report};
use super::view::{Event, Snapshot};

type Listen<T> = Rc<RefCell<dyn FnMut(&T)>>;

struct List<T>(RefCell<Vec<(u32, Listen<T>)>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> List<T> {
    fn call(&self, value: &T) {
        let numbers: Vec<u32> = self.0.borrow().iter().map(|(number, _)| *number).collect();
        for number in numbers {
            // One may have been dropped by the one before it.
            let found = self
                .0
                .borrow()
                .iter()
                .find(|(own, _)| *own == number)
                .map(|(_, listen)| listen.clone());
            let Some(listen) = found else { continue };
            let called = guarded(|| {
                // One that panicked before stays borrowed, and is passed over.
                if let Ok(mut listen) = listen.try_borrow_mut() {
                    listen(value);
                }
            });
            if let Err(thrown) = called {
                // It stands in the middle of something, and must not be
                // dropped.
                std::mem::forget(listen);
                report(&thrown);
            }
        }
    }

    fn remove(&self, number: u32) {
        // What is dropped may hold subscriptions itself.
        let removed: Option<_> = {
            let mut list = self.0.borrow_mut();
            let at = list.iter().position(|(own, _)| *own == number);
            at.map(|at| list.remove(at))
        };
        drop(removed);
    }
}

/// All listeners of a manager, and what is yet to be told to them.
#[derive(Default)]
pub(super) struct Listeners {
    snapshots: List<Snapshot>,
    events: List<Event>,
    count: Cell<u32>,
    snapshot: RefCell<Option<Arc<Snapshot>>>,
    happened: RefCell<Vec<Event>>,
    scheduled: Cell<bool>,
    /// Events are told. Until then they wait.
    open: Cell<bool>,
}

impl Listeners {
    pub fn subscribe(&self, listen: impl FnMut(&Snapshot) + 'static) -> u32 {
        self.add(&self.snapshots, Rc::new(RefCell::new(listen)))
    }

    pub fn on(&self, listen: impl FnMut(&Event) + 'static) -> u32 {
        self.add(&self.events, Rc::new(RefCell::new(listen)))
    }

    fn add<T>(&self, list: &List<T>, listen: Listen<T>) -> u32 {
        let number = self.count.get();
        self.count.set(number.wrapping_add(1));
        list.0.borrow_mut().push((number, listen));
        number
    }

    pub fn len(&self) -> usize {
        self.snapshots.0.borrow().len() + self.events.0.borrow().len()
    }

    pub fn remove(&self, number: u32) {
        self.snapshots.remove(number);
        self.events.remove(number);
    }

    /// There is another snapshot. Of several in one task the last is told.
    pub fn changed(self: &Rc<Self>, snapshot: Arc<Snapshot>) {
        self.snapshot.replace(Some(snapshot));
        self.schedule();
    }

    pub fn happened(self: &Rc<Self>, event: Event) {
        self.happened.borrow_mut().push(event);
        if self.open.get() {
            self.schedule();
        }
    }

    /// Tells events from now on. Those of the start follow a task later: by
    /// then the application that waited for the manager listens.
    pub async fn open(self: Rc<Self>) {
        let early = !self.happened.borrow().is_empty();
        if early {
            task().await;
        }
        self.open.set(true);
        self.schedule();
    }

    fn schedule(self: &Rc<Self>) {
        if self.scheduled.replace(true) {
            return;
        }
        let listeners = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            listeners.scheduled.set(false);
            let snapshot = listeners.snapshot.take();
            if let Some(snapshot) = snapshot {
                listeners.snapshots.call(&snapshot);
            }
            let happened = listeners.open.get().then(|| listeners.happened.take());
            for event in happened.into_iter().flatten() {
                listeners.events.call(&event);
            }
        });
    }

    /// Forgets them all.
    pub fn clear(&self) {
        let snapshots = self.snapshots.0.take();
        let events = self.events.0.take();
        drop((snapshots, events));
    }
}

/// A listener's registration: dropping it takes the listener off.
#[derive(Debug)]
#[must_use = "dropping it takes the listener off"]
pub struct Subscription {
    /// The manager and the listener, by their numbers; none where there is
    /// nothing to take off.
    of: Option<(u32, u32)>,
}

impl Subscription {
    pub(super) fn new(of: Option<(u32, u32)>) -> Self {
        Self { of }
    }

    /// Keeps the listener for as long as there is the manager.
    pub fn forget(mut self) {
        self.of = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let shell = self.of.and_then(|(manager, _)| manager::shell_of(manager));
        if let (Some(shell), Some((_, listener))) = (shell, self.of) {
            shell.listeners.remove(listener);
        }
    }
}

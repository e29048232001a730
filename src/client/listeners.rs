//! Whoever wants to hear of changes. Listeners are called from a task of
//! their own: whatever one does, the manager is not in the middle of anything.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::view::{Event, Snapshot};

type Listen<T> = Rc<RefCell<dyn FnMut(&T)>>;

struct List<T>(RefCell<Vec<(u32, Listen<T>)>>);

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
            if let Some(listen) = found
                && let Ok(mut listen) = listen.try_borrow_mut()
            {
                listen(value);
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
pub(super) struct Listeners {
    snapshots: List<Snapshot>,
    events: List<Event>,
    count: Cell<u32>,
    changed: Cell<bool>,
    happened: RefCell<Vec<Event>>,
    scheduled: Cell<bool>,
}

impl Listeners {
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            snapshots: List(RefCell::default()),
            events: List(RefCell::default()),
            count: Cell::default(),
            changed: Cell::default(),
            happened: RefCell::default(),
            scheduled: Cell::default(),
        })
    }

    pub fn subscribe(self: &Rc<Self>, listen: impl FnMut(&Snapshot) + 'static) -> Subscription {
        self.add(&self.snapshots, Rc::new(RefCell::new(listen)))
    }

    pub fn on(self: &Rc<Self>, listen: impl FnMut(&Event) + 'static) -> Subscription {
        self.add(&self.events, Rc::new(RefCell::new(listen)))
    }

    fn add<T>(self: &Rc<Self>, list: &List<T>, listen: Listen<T>) -> Subscription {
        let number = self.count.get();
        self.count.set(number.wrapping_add(1));
        list.0.borrow_mut().push((number, listen));
        Subscription {
            listeners: Rc::downgrade(self),
            number,
        }
    }

    /// There is another snapshot, which `now` gives when it is told.
    pub fn changed(self: &Rc<Self>, now: impl Fn() -> Option<Rc<Snapshot>> + 'static) {
        self.changed.set(true);
        self.schedule(now);
    }

    pub fn happened(
        self: &Rc<Self>,
        event: Event,
        now: impl Fn() -> Option<Rc<Snapshot>> + 'static,
    ) {
        self.happened.borrow_mut().push(event);
        self.schedule(now);
    }

    fn schedule(self: &Rc<Self>, now: impl Fn() -> Option<Rc<Snapshot>> + 'static) {
        if self.scheduled.replace(true) {
            return;
        }
        let listeners = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            listeners.scheduled.set(false);
            if listeners.changed.take()
                && let Some(snapshot) = now()
            {
                listeners.snapshots.call(&snapshot);
            }
            for event in listeners.happened.take() {
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
#[must_use = "dropping it takes the listener off"]
pub struct Subscription {
    listeners: Weak<Listeners>,
    number: u32,
}

impl Subscription {
    /// Keeps the listener for as long as there is the manager.
    pub fn forget(mut self) {
        self.listeners = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.upgrade() {
            listeners.snapshots.remove(self.number);
            listeners.events.remove(self.number);
        }
    }
}

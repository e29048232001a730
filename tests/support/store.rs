//! The places where a page can keep a text, as a host gives them to the core:
//! each operation is done, fails, hangs or comes late.

use std::rc::Rc;

use evertoken::internals::policy::Keep;
use evertoken::internals::{OpId, Place};

use super::document::parse;
use super::fault::Fault;
use super::tab::Arrival;
use super::world::{Happening, World};

/// What kind of place the application chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is kept but the mark of a sign-out.
    Memory,
    /// `sessionStorage`: one tab's own, which outlives a reload of it and is
    /// copied when the tab is duplicated.
    Tab,
    /// `localStorage` of tabs in one process: read and written at once, and
    /// other tabs are told.
    Local,
    /// IndexedDB: one transaction reads, compares and writes.
    Transaction,
    /// The application's own: it is read, and later written, by separate
    /// calls that take their time.
    Custom,
}

impl Kind {
    pub fn keep(self) -> Keep {
        match self {
            Self::Memory => Keep::Memory,
            Self::Tab => Keep::Tab,
            Self::Local | Self::Transaction => Keep::Shared,
            Self::Custom => Keep::Custom,
        }
    }

    /// Whether the platform answers before the call returns.
    fn is_at_once(self) -> bool {
        matches!(self, Self::Tab | Self::Local | Self::Memory)
    }
}

/// How a place works for one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Good,
    /// The connection was lost: so many operations fail before one succeeds.
    Lost(u32),
    /// Every operation fails.
    Fails,
    /// No operation is answered.
    Hangs,
    /// Each operation takes so many milliseconds more.
    Slow(u64),
}

/// What the places of one origin keep.
#[derive(Clone, Debug)]
pub struct Store {
    pub kind: Kind,
    /// Where a session is kept that is to be remembered.
    pub remember: Option<Kind>,
    pub text: Option<Rc<str>>,
    pub remembered: Option<Rc<str>>,
    pub mark: Option<Rc<str>>,
    pub lease: Option<Rc<str>>,
    /// Each tab's own.
    pub own: Vec<Option<Rc<str>>>,
    /// Every operation of every page fails.
    pub fails: bool,
    pub writes: u32,
    /// How many milliseconds `localStorage` takes to show the pages of one
    /// process what another has stored.
    pub lag: u64,
    /// What was there before the last write, by which tab and when.
    before: (Option<Rc<str>>, usize, u64),
}

impl Store {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            remember: None,
            text: None,
            remembered: None,
            mark: None,
            lease: None,
            own: Vec::new(),
            fails: false,
            writes: 0,
            lag: 0,
            before: (None, 0, 0),
        }
    }

    pub fn kind_of(&self, place: Place) -> Kind {
        match place {
            Place::Session => self.kind,
            Place::Remembered => self.remember.unwrap_or(Kind::Memory),
            Place::Mark => Kind::Local,
            Place::Lease => Kind::Transaction,
        }
    }

    /// What a place keeps for the tab whose own store is `own`.
    pub fn slot(&mut self, place: Place, own: usize) -> &mut Option<Rc<str>> {
        match place {
            Place::Session if self.kind == Kind::Tab => &mut self.own[own],
            Place::Session => &mut self.text,
            Place::Remembered => &mut self.remembered,
            Place::Mark => &mut self.mark,
            Place::Lease => &mut self.lease,
        }
    }
}

/// What is to be put in the place of what.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub expected: Option<Rc<str>>,
    pub text: Option<Rc<str>>,
}

/// One operation, as the core asked for it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub op: OpId,
    pub place: Place,
    /// Nothing for one that reads.
    pub exchange: Option<Exchange>,
}

/// What became of an operation.
#[derive(Clone, Debug)]
pub enum Effect {
    Read(Option<Rc<str>>),
    Done,
    Found(Option<Rc<str>>),
    Failed { writes: bool },
}

/// Whether a text is the record of a later version.
pub fn is_later(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(r#"{"v":9"#))
}

impl World {
    /// Begins an operation on a place.
    pub(super) fn operate(&mut self, tab: usize, operation: Operation) {
        let kind = self.store.kind_of(operation.place);
        let health = self.health(tab, operation.place);
        let writes = operation.exchange.is_some();
        if health != Health::Good {
            self.tally.writes += 1;
            if operation.place == Place::Lease {
                self.laws.apart = true;
            } else {
                self.laws.unread = true;
            }
            if operation.place != Place::Lease && writes {
                self.laws.unwritten = true;
                self.auth.lose(tab, None);
            }
        }
        match health {
            Health::Hangs => self.tabs[tab].hung.push(operation),
            Health::Fails | Health::Lost(_) => {
                if let Health::Lost(left) = health
                    && self.fault != Some(Fault::NeverReopened)
                {
                    self.tabs[tab].health = match left {
                        0 | 1 => Health::Good,
                        _ => Health::Lost(left - 1),
                    };
                }
                let delay = self.operation_delay(kind);
                self.effect(tab, delay, operation.op, Effect::Failed { writes });
            }
            Health::Good | Health::Slow(_) if kind.is_at_once() => {
                let effect = self.operated(tab, operation.place, operation.exchange.as_ref());
                self.effect(tab, 0, operation.op, effect);
            }
            Health::Good | Health::Slow(_) => {
                let more = match health {
                    Health::Slow(by) => by,
                    _ => 0,
                };
                let delay = self.operation_delay(kind) + more;
                if more > 1_500 && self.fault == Some(Fault::LateDropped) {
                    return;
                }
                self.later(delay, Happening::Operates { tab, operation });
            }
        }
    }

    /// From now on the places work like this for a page; what hung before is
    /// done after all.
    pub fn heal(&mut self, tab: usize, health: Health) {
        if self.fault == Some(Fault::NeverReopened)
            && matches!(self.tabs[tab].health, Health::Lost(_))
        {
            return;
        }
        self.tabs[tab].health = health;
        for operation in std::mem::take(&mut self.tabs[tab].hung) {
            self.later(1, Happening::Operates { tab, operation });
        }
    }

    fn health(&self, tab: usize, place: Place) -> Health {
        let health = self.tabs[tab].health;
        match place {
            Place::Mark => Health::Good,
            // Another database than an application's own place.
            Place::Lease if self.store.kind != Kind::Transaction => Health::Good,
            _ if self.store.fails => Health::Fails,
            Place::Lease if matches!(health, Health::Slow(_)) => Health::Good,
            _ => health,
        }
    }

    fn operation_delay(&mut self, kind: Kind) -> u64 {
        match kind {
            Kind::Transaction => self.random.between(1, 4),
            Kind::Custom => self.random.between(1, 30),
            _ => 0,
        }
    }

    /// Tells the page what became of an operation, at once or later.
    fn effect(&mut self, tab: usize, delay: u64, op: OpId, effect: Effect) {
        let what = Arrival::Operated { op, effect };
        match delay {
            0 => self.arrived(tab, what),
            _ => self.arrive(delay, tab, what),
        }
    }

    /// A database, or the application's store, does an operation.
    pub(super) fn operates(&mut self, tab: usize, operation: Operation) {
        let kind = self.store.kind_of(operation.place);
        if !self.tabs[tab].alive && self.random.percent(50) {
            // A transaction of a page that has gone may be undone.
            return;
        }
        if kind == Kind::Custom
            && let Some(exchange) = &operation.exchange
        {
            let own = self.tabs[tab].own;
            let found = self.store.slot(operation.place, own).clone();
            if found != exchange.expected {
                return self.effect(tab, 1, operation.op, Effect::Found(found));
            }
            // What comes in between is not seen: it is no transaction.
            let delay = self.random.between(1, 10);
            return self.later(delay, Happening::Writes { tab, operation });
        }
        let effect = self.operated(tab, operation.place, operation.exchange.as_ref());
        let delay = self.random.between(1, 3);
        self.effect(tab, delay, operation.op, effect);
    }

    /// The second half of a write to the application's own store.
    pub(super) fn writes(&mut self, tab: usize, operation: Operation) {
        if let Some(exchange) = operation.exchange {
            let own = self.tabs[tab].own;
            self.laws.crossed |= *self.store.slot(operation.place, own) != exchange.expected;
            self.put(tab, operation.place, exchange.text);
            self.effect(tab, 1, operation.op, Effect::Done);
        }
    }

    /// Does an operation in one step.
    fn operated(&mut self, tab: usize, place: Place, exchange: Option<&Exchange>) -> Effect {
        let own = self.tabs[tab].own;
        let found = self.store.slot(place, own).clone();
        let (before, by, at) = &self.store.before;
        let hidden = *by != tab && self.now < at + self.store.lag;
        let found = match self.fault {
            _ if hidden && place == Place::Session => before.clone(),
            Some(Fault::NoReread) if self.tabs[tab].started && place != Place::Lease => None,
            Some(Fault::LaterRead) if is_later(found.as_deref()) => {
                found.map(|text| text.replacen(r#""v":9"#, r#""v":1"#, 1).into())
            }
            _ => found,
        };
        let Some(exchange) = exchange else {
            return Effect::Read(found);
        };
        let compares = !matches!(self.fault, Some(Fault::NoOutranks | Fault::NoReread))
            || place == Place::Lease;
        if found != exchange.expected && compares {
            return Effect::Found(found);
        }
        let told = self.tabs[tab].hears && place == Place::Session;
        let skips = match self.fault {
            Some(Fault::HeardNotStored) => told && self.store.kind == Kind::Tab,
            Some(Fault::WritesLost) => place != Place::Lease,
            Some(Fault::NoMark) => place == Place::Mark,
            _ => false,
        };
        if !skips {
            self.put(tab, place, exchange.text.clone());
        }
        Effect::Done
    }

    /// Replaces what a place keeps.
    fn put(&mut self, tab: usize, place: Place, text: Option<Rc<str>>) {
        let own = self.tabs[tab].own;
        if place == Place::Lease {
            self.lease_changes(tab, text.as_deref());
        } else {
            self.store.writes += 1;
            let before = self.store.slot(place, own).clone();
            let compares = self.store.kind_of(place) != Kind::Custom;
            if is_later(before.as_deref()) && !is_later(text.as_deref()) && compares {
                self.broken(|| format!("tab {tab} overwrites the record of a later version"));
            }
            if text
                .as_deref()
                .is_some_and(|text| text.contains("\"access\""))
            {
                self.auth.keep(tab);
            }
        }
        let ends = |text: &str| text.contains("\"ended\"");
        let text = match self.fault {
            Some(Fault::NoTombstone) if text.as_deref().is_some_and(ends) => None,
            _ => text,
        };
        if place == Place::Session {
            self.store.before = (self.store.text.clone(), tab, self.now);
        }
        self.store.slot(place, own).clone_from(&text);
        if self.store.kind_of(place) == Kind::Local {
            self.tell_of_change(Some(tab), place, text);
        }
    }

    /// The `storage` event of all other pages.
    fn tell_of_change(&mut self, by: Option<usize>, place: Place, text: Option<Rc<str>>) {
        if self.fault == Some(Fault::NoTell) {
            return;
        }
        for other in 0..self.tabs.len() {
            if Some(other) != by && self.tabs[other].alive {
                let delay = self.channel_delay();
                let text = text.clone();
                self.arrive(delay, other, Arrival::Changed { place, text });
            }
        }
    }

    /// Another page of the origin puts something else where the session is
    /// kept, or clears what all pages keep.
    pub fn meddle(&mut self, text: Option<&str>) {
        let text: Option<Rc<str>> = text.map(Rc::from);
        self.note(|| format!("another page stores {text:?}"));
        match self.store.kind {
            Kind::Tab => {
                for own in &mut self.store.own {
                    own.clone_from(&text);
                }
            }
            _ => self.store.text.clone_from(&text),
        }
        if text.is_none() {
            self.store.remembered = None;
            self.store.mark = None;
        }
        if self.store.kind == Kind::Local {
            self.tell_of_change(None, Place::Session, text);
        }
    }

    /// The lease is taken or given back: keeps `lock` as it would be with Web
    /// Locks, for the laws.
    fn lease_changes(&mut self, tab: usize, text: Option<&str>) {
        let until = |text: &str| parse(text).and_then(|lease| lease.number("until"));
        let now = self.wall().as_ms();
        let before = self.store.lease.as_deref().and_then(until);
        match text {
            Some(text) if until(text) == Some(0.0) => self.lock.holder = None,
            None => self.lock.holder = None,
            Some(_) => {
                let held = self.lock.holder.is_some_and(|(holder, _)| holder != tab);
                if held && before.is_some_and(|until| until > now) && self.laws.jumped == 0 {
                    self.laws_at_steal(tab);
                    self.stolen.push(self.now);
                    self.tally.stolen += 1;
                } else if held {
                    // A clock that was set meanwhile ends a lease too soon.
                    self.laws.apart |= self.laws.jumped > 0 || self.mono_lost > 0;
                }
                self.lock.holder = Some((tab, evertoken::internals::LockId::new(0)));
                self.laws.granted_at = self.now;
            }
        }
    }
}

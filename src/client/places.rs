//! The places where the core keeps texts: each operation is done once, and
//! what came of it is told.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::config::Config;
#[cfg(feature = "indexed-db")]
use super::database::Database;
use super::reason::Reason;
use super::shell::Shell;
use super::storage::{Area, Changed, Follow, Storage, Text, web};
use crate::core::{Input, OpId, Place, Swapped, Unavailable};

pub(super) struct Places {
    session: Storage,
    remembered: Option<Storage>,
    key: String,
    shell: Weak<Shell>,
    open: RefCell<Vec<(Place, Rc<dyn Area>)>>,
    /// Why an operation failed last.
    failure: RefCell<Option<Reason>>,
    closed: Cell<bool>,
}

impl Places {
    pub fn new(config: &Config, shell: Weak<Shell>) -> Self {
        Self {
            session: config.storage.clone(),
            remembered: config.remember.clone(),
            key: config.key_name().to_owned(),
            shell,
            open: RefCell::default(),
            failure: RefCell::default(),
            closed: Cell::default(),
        }
    }

    pub fn failure(&self) -> Option<Reason> {
        self.failure.borrow().clone()
    }

    /// The places that are `localStorage`, which says when another tab writes.
    pub fn in_local_storage(&self) -> Vec<Place> {
        let named = [
            (Place::Session, Some(&self.session)),
            (Place::Remembered, self.remembered.as_ref()),
        ];
        let local = |storage: Option<&Storage>| storage.is_some_and(|own| own.name() == "local");
        let found = named.into_iter().filter(|(_, storage)| local(*storage));
        found.map(|(place, _)| place).collect()
    }

    /// What follows the changes of other tabs, where a place needs it.
    pub fn follow(&self) -> Option<Follow> {
        let remembered = self.remembered.as_ref();
        self.session
            .follow
            .or_else(|| remembered.and_then(|own| own.follow))
    }

    /// Opens a place. One that cannot be opened is tried anew the next time.
    fn area(&self, place: Place) -> Result<Rc<dyn Area>, Reason> {
        let mut open = self.open.borrow_mut();
        if let Some((_, area)) = open.iter().find(|(own, _)| *own == place) {
            return Ok(area.clone());
        }
        let missing = || Reason::of_text("there is no such place");
        let area = match place {
            _ if self.closed.get() => return Err(missing()),
            Place::Session => self.session.open().ok_or_else(missing)??,
            Place::Remembered => {
                let storage = self.remembered.as_ref().and_then(Storage::open);
                storage.ok_or_else(missing)??
            }
            Place::Mark => Rc::new(web("localStorage")?),
            #[cfg(feature = "indexed-db")]
            Place::Lease => Rc::new(Database::lease()),
            #[cfg(not(feature = "indexed-db"))]
            Place::Lease => return Err(missing()),
        };
        open.push((place, area.clone()));
        Ok(area)
    }

    fn key(&self, place: Place) -> String {
        match place {
            Place::Lease => [&self.key, " lease"].concat(),
            _ => self.key.clone(),
        }
    }

    pub fn read(&self, op: OpId, place: Place) {
        let shell = self.shell.clone();
        let done = Box::new(move |read: Result<Option<String>, Reason>| {
            let Some(shell) = shell.upgrade() else { return };
            let read = read.map_err(|reason| shell.places.failed(reason));
            let found = read
                .as_ref()
                .map(Option::as_deref)
                .map_err(|failed| *failed);
            shell.feed(Input::Read { op, found });
        });
        match self.area(place) {
            Ok(area) => area.read(&self.key(place), done),
            Err(reason) => done(Err(reason)),
        }
    }

    pub fn swap(&self, op: OpId, place: Place, expected: Text, text: Text) {
        let shell = self.shell.clone();
        let done = Box::new(move |swapped: Result<Changed, Reason>| {
            let Some(shell) = shell.upgrade() else { return };
            let swapped = swapped.map_err(|reason| shell.places.failed(reason));
            let swapped = match &swapped {
                Ok(Ok(())) => Swapped::Done,
                Ok(Err(found)) => Swapped::Found(found.as_deref()),
                Err(Unavailable) => Swapped::Failed,
            };
            shell.feed(Input::Swapped { op, swapped });
        });
        match self.area(place) {
            Ok(area) => area.swap(&self.key(place), expected, text, done),
            Err(reason) => done(Err(reason)),
        }
    }

    fn failed(&self, reason: Reason) -> Unavailable {
        self.failure.replace(Some(reason));
        Unavailable
    }

    /// Lets go of what was opened, and of what is still being opened.
    pub fn close(&self) {
        self.closed.set(true);
        for (_, area) in self.open.take() {
            area.close();
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.close();
    }
}

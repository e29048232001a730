//! The record on its way: read for a turn, committed, told, heard of.

use std::rc::Rc;

use super::error::{Error, ErrorKind, Reason};
use super::platform::sleep;
use super::shell::Shell;
use super::storage::Storage;
use super::store::{Given, Outranks, Store, Swapped};
use super::tabs::Tabs;
use super::view::Event;
use crate::core::Committed;

impl Shell {
    pub(super) fn read(&self, turn: u32) {
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

    pub(super) fn commit(&self, number: u32) {
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
        let done = move |shell: &Self, swapped: Result<Swapped, Option<Reason>>| {
            let swapped = swapped.map_err(|reason| {
                let Some(reason) = reason else { return };
                shell.degrade(reason);
                let memory = shell.store.borrow().clone();
                memory.map(|memory| memory.swap(&record, outranks.clone()));
            });
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
            Some(Given::Now(swapped)) => done(self, swapped.map_err(Some)),
            Some(Given::Later(swapped)) => self.later(async move |shell| {
                let swapped = swapped.await;
                done(&shell, swapped.map_err(Some));
            }),
            None => done(self, Err(None)),
        }
    }

    /// The record that is held, as tabs tell it each other.
    pub(super) fn record_held(&self) -> Option<String> {
        let machine = self.machine.borrow();
        machine.record().map(|record| record.stored(machine.pace()))
    }

    pub(super) fn hear(&self, record: &str) {
        self.feed(|machine, now| machine.heard(now, record));
    }

    /// Another tab has written to `localStorage`.
    pub(super) fn stored_elsewhere(&self, key: &str, record: &str) {
        if *self.storage.borrow() == Storage::Local && key == self.config.key_name() {
            self.hear(record);
        }
    }

    pub(super) async fn reread(&self) {
        if let Some(record) = self.read_store().await {
            self.hear(&record);
        }
    }

    /// What is stored. A store that fails gives nothing, and is replaced.
    pub(super) async fn read_store(&self) -> Option<String> {
        let read = self.store.borrow().as_ref().map(Store::read)?;
        let read = match read {
            Given::Now(read) => read,
            Given::Later(read) => read.await,
        };
        read.unwrap_or_else(|reason| {
            self.degrade(reason);
            None
        })
    }

    pub(super) fn degrade(&self, reason: Reason) {
        if self.over.is_set() || *self.storage.borrow() == Storage::Memory {
            return;
        }
        let failed = self.storage.replace(Storage::Memory);
        let message = [
            "storage: '",
            failed.name(),
            "' cannot be used here, the session is kept in memory",
        ];
        let error = Error::new(ErrorKind::NotSupported, message.concat()).with_reason(reason);
        let lost = self.store.take().map(Rc::new);
        let key = self.config.key_name().to_owned();
        self.store.replace(Some(Store::Memory(key, lost)));
        self.degraded.borrow_mut().push("storage");
        self.later(async move |shell| {
            // Whoever made the manager, in the moment before, listens by then.
            sleep(0.0).await;
            shell.tell(Event::Warning(error));
        });
    }
}

//! What happens to the page: seen or hidden, frozen, put away and brought
//! back, online again, told of another tab's storage.

use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;

use super::document::member;
use super::platform::{Listener, global, sleep};
use super::shell::Shell;
use super::signal::Signal;
use super::storage::Storage;
use super::tabs::Tabs;

/// How long it takes at most until a page that is left has gone.
const LEAVING_MS: f64 = 3000.0;

/// Follows the page for as long as what it gives is kept.
pub(super) fn follow(shell: &Rc<Shell>) -> Vec<Listener> {
    if is_hidden() {
        shell.feed(|machine, now| machine.visible(now, false));
    }
    let mut listeners = Vec::new();
    let mut on = |target: Option<JsValue>, name, react: fn(&Rc<Shell>, JsValue)| {
        let shell: Weak<Shell> = Rc::downgrade(shell);
        let listener = move |event| {
            if let Some(shell) = shell.upgrade() {
                react(&shell, event);
            }
        };
        listeners.extend(target.and_then(|target| Listener::new(target, name, listener)));
    };
    let page = || Some(JsValue::from(js_sys::global()));
    let document = || global("document");
    on(document(), "visibilitychange", |shell, _| {
        shell.shown(!is_hidden());
    });
    on(document(), "resume", |shell, _| shell.back(true));
    on(page(), "online", |shell, _| {
        shell.feed(|machine, now| machine.online(now));
    });
    on(page(), "pagehide", |shell, _| shell.put_away());
    on(page(), "pageshow", |shell, event| {
        let persisted = member(&event, "persisted");
        shell.back(persisted.is_some_and(|persisted| persisted.is_truthy()));
    });
    // To listen opens both storages, which every start would wait for.
    if *shell.storage.borrow() == Storage::Local {
        on(page(), "storage", |shell, event| {
            let text = |name| member(&event, name).and_then(|found| found.as_string());
            if let (Some(key), Some(record)) = (text("key"), text("newValue")) {
                shell.stored_elsewhere(&key, &record);
            }
        });
    }
    listeners
}

fn is_hidden() -> bool {
    let state = global("document").and_then(|document| member(&document, "visibilityState"));
    state.and_then(|state| state.as_string()).as_deref() == Some("hidden")
}

impl Shell {
    /// The page became visible, or hidden.
    pub(super) fn shown(&self, visible: bool) {
        if visible {
            self.later(async |shell| shell.reread().await);
        }
        self.feed(|machine, now| machine.visible(now, visible));
    }

    /// The page is left. An open channel keeps it out of the back-forward
    /// cache.
    pub(super) fn put_away(&self) {
        self.away.set(true);
        let tabs = self.tabs.borrow().clone();
        if let Some(tabs) = tabs {
            tabs.close();
        }
    }

    /// The page is back. One that was frozen or put away knows nothing for
    /// certain until it has looked: requests wait for that.
    pub(super) fn back(&self, again: bool) {
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

    /// Whether the page is going: that this breaks its calls off says nothing
    /// of the server.
    pub(super) fn is_away(&self) -> bool {
        self.away.get()
    }

    /// Firefox and WebKit break calls off some time before pagehide, and the
    /// page may stay after all. It is followed while there are calls, and no
    /// longer: it keeps pages out of Firefox's back-forward cache.
    pub(super) fn watch_leaving(&self) {
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
}

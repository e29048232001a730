//! What happens to the page: seen or hidden, frozen, put away and brought
//! back, online again, told of another tab's storage.

use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;

use super::document::member;
use super::platform::{Listener, global};
use super::shell::Shell;

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
    on(page(), "storage", |shell, event| {
        let text = |name| member(&event, name).and_then(|found| found.as_string());
        if let (Some(key), Some(record)) = (text("key"), text("newValue")) {
            shell.stored_elsewhere(&key, &record);
        }
    });
    listeners
}

fn is_hidden() -> bool {
    let state = global("document").and_then(|document| member(&document, "visibilityState"));
    state.and_then(|state| state.as_string()).as_deref() == Some("hidden")
}

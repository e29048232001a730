//! What happens to the page: seen or hidden, frozen, left, put away and
//! brought back, online again, told of another tab's storage.

use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;

use super::document::member;
use super::platform::{Listener, global};
use super::shell::Shell;
use crate::core::{Input, Page};

/// What a user does.
const ACTIVITY: [&str; 5] = [
    "pointerdown",
    "pointermove",
    "keydown",
    "touchstart",
    "wheel",
];

fn on(
    shell: &Rc<Shell>,
    target: Option<JsValue>,
    name: &'static str,
    react: impl Fn(&Shell, JsValue) + 'static,
) -> Option<Listener> {
    let shell: Weak<Shell> = Rc::downgrade(shell);
    let listen = move |event| {
        if let Some(shell) = shell.upgrade() {
            react(&shell, event);
        }
    };
    Listener::new(target?, name, Box::new(listen))
}

fn window() -> Option<JsValue> {
    Some(js_sys::global().into())
}

/// Follows the page for as long as what it gives is kept.
pub(super) fn follow(shell: &Rc<Shell>) -> Vec<Listener> {
    if is_hidden() {
        shell.feed(Input::Page(Page::Hidden));
    }
    let page = |name, event: fn(JsValue) -> Page| {
        let target = match name {
            "visibilitychange" | "resume" => global("document"),
            _ => window(),
        };
        on(shell, target, name, move |shell, told| {
            shell.feed(Input::Page(event(told)));
        })
    };
    let mut listeners = vec![
        page("visibilitychange", |_| match is_hidden() {
            true => Page::Hidden,
            false => Page::Visible,
        }),
        page("resume", |_| Page::Resumed),
        page("online", |_| Page::Online),
        page("pagehide", |_| Page::PutAway),
        page("pageshow", |event| Page::Shown {
            cached: member(&event, "persisted").is_some_and(|cached| cached.is_truthy()),
        }),
    ];
    // To listen opens both storages, which every start would wait for
    // otherwise.
    listeners.push(shell.places.follow().and_then(|follow| follow(shell)));
    listeners.into_iter().flatten().collect()
}

fn is_hidden() -> bool {
    let state = global("document").and_then(|document| member(&document, "visibilityState"));
    state.and_then(|state| state.as_string()).as_deref() == Some("hidden")
}

/// Follows what other tabs do to `localStorage`.
pub(super) fn follow_storage(shell: &Rc<Shell>) -> Option<Listener> {
    on(shell, window(), "storage", Shell::stored_elsewhere)
}

/// Follows `beforeunload`.
pub(super) fn follow_leaving(shell: &Rc<Shell>) -> Option<Listener> {
    on(shell, window(), "beforeunload", |shell, _| {
        shell.feed(Input::Page(Page::Leaving));
    })
}

/// Follows what the user does, until it is told once.
pub(super) fn follow_activity(shell: &Rc<Shell>) -> Vec<Listener> {
    let listener = |name| on(shell, window(), name, |shell, _| shell.active());
    ACTIVITY.into_iter().filter_map(listener).collect()
}

impl Shell {
    /// Another tab has changed `localStorage`.
    fn stored_elsewhere(&self, event: JsValue) {
        let text = |name| member(&event, name).and_then(|found| found.as_string());
        // No key: everything was cleared.
        let key = text("key").is_none_or(|key| key == self.config.key_name());
        let area = member(&event, "storageArea").filter(|area| !area.is_null());
        if !key || area.is_some_and(|area| Some(area) != global("localStorage")) {
            return;
        }
        let text = text("newValue");
        for place in self.places.in_local_storage() {
            self.feed(Input::Changed {
                place,
                text: text.as_deref(),
            });
        }
    }
}

//! The channel to the other tabs of the same key, which carries texts that
//! the core writes and reads. Its name is the npm package's.

use std::cell::RefCell;
use std::rc::Weak;

use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

use super::document::PLATFORM;
use super::platform::{Listener, global, text};
use super::shell::Shell;
use crate::core::Input;

/// An open channel, and what takes its messages.
type Open = (BroadcastChannel, Option<Listener>);

pub(super) struct Channel {
    name: String,
    shell: Weak<Shell>,
    open: RefCell<Option<Open>>,
}

impl Channel {
    pub fn new(name: String, shell: Weak<Shell>) -> Self {
        Self {
            name,
            shell,
            open: RefCell::default(),
        }
    }

    /// Opens it. `false` where the page has none, as one of an opaque origin.
    pub fn open(&self) -> bool {
        if global("BroadcastChannel").is_none() {
            return false;
        }
        let Ok(channel) = BroadcastChannel::new(&self.name) else {
            return false;
        };
        self.close();
        let shell = self.shell.clone();
        let take = move |event: JsValue| {
            let message = text(&event, "data").and_then(|text| (PLATFORM.json)(&text));
            if let (Some(shell), Some(message)) = (shell.upgrade(), message) {
                shell.feed(Input::Message(&*message));
            }
        };
        let take = Listener::new(channel.clone().into(), "message", Box::new(take));
        self.open.replace(Some((channel, take)));
        true
    }

    pub fn close(&self) {
        if let Some((channel, _)) = self.open.take() {
            channel.close();
        }
    }

    pub fn post(&self, text: &str) {
        if let Some((channel, _)) = &*self.open.borrow() {
            let _ = channel.post_message(&text.into());
        }
    }

    /// Posts through a second handle, so that the text comes back here too.
    pub fn echo(&self, text: &str) {
        if self.open.borrow().is_none() {
            return;
        }
        if let Ok(second) = BroadcastChannel::new(&self.name) {
            let _ = second.post_message(&text.into());
            second.close();
        }
    }
}

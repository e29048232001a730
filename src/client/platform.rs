//! What the shell takes from the global scope, which is a window's or a
//! worker's, and of which any part may be missing or refuse to be looked at.

use std::cell::{Cell, RefCell};

use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use super::document::member;
use crate::core::Instant;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(request: &web_sys::Request) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch_with(request: &web_sys::Request, init: &RequestInit) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(wake: &Function, delay: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);
}

/// The longest delay that setTimeout does not take for 1 ms.
const LONGEST_MS: f64 = 2_147_483_647.0;

pub(super) fn now() -> Instant {
    Instant::from_ms(Date::now()).unwrap_or(Instant::EPOCH)
}

/// Something global, if it is there.
pub(super) fn global(name: &str) -> Option<JsValue> {
    member(&js_sys::global(), name).filter(|found| !found.is_null())
}

/// The value of a cookie.
pub(super) fn cookie(name: &str) -> Option<String> {
    let all = member(&global("document")?, "cookie")?.as_string()?;
    let value = all.split("; ").find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        (own == name && !value.is_empty()).then(|| value.to_owned())
    })?;
    // A per cent sign may be meant as one.
    let decoded = js_sys::decode_uri_component(&value).ok();
    Some(decoded.map_or(value, String::from))
}

/// Sends a request. gloo-net's own `send` traps where a fetch rejects with
/// something that is no `Error`, as `controller.abort("why")` does.
pub(super) async fn send(
    request: &web_sys::Request,
    init: Option<&RequestInit>,
) -> Result<Response, JsValue> {
    let answer = match init {
        Some(init) => fetch_with(request, init),
        None => fetch(request),
    };
    JsFuture::from(answer?).await?.dyn_into()
}

/// Sees to it that a promise that nobody waits for is not reported as an
/// unhandled rejection.
pub(super) fn ignore(promise: Promise) {
    wasm_bindgen_futures::spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}

/// Waits.
pub(super) async fn sleep(ms: f64) {
    let sleep = Sleep(RefCell::default());
    let promise = Promise::new(&mut |resolve, _| {
        *sleep.0.borrow_mut() = Some(set_timeout(&resolve, whole(ms)));
    });
    let _ = JsFuture::from(promise).await;
}

/// A timer that is taken back when nobody waits for it any more.
struct Sleep(RefCell<Option<JsValue>>);

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(handle) = self.0.get_mut() {
            clear_timeout(handle);
        }
    }
}

fn whole(ms: f64) -> i32 {
    ms.ceil().clamp(0.0, LONGEST_MS) as i32
}

/// The single timer of a manager.
pub(super) struct Timer {
    wake: Closure<dyn Fn()>,
    handle: RefCell<Option<JsValue>>,
    at: Cell<Instant>,
}

impl Timer {
    /// Makes a timer that calls `wake`, and that does not run yet.
    pub fn new(wake: impl Fn() + 'static) -> Self {
        Self {
            wake: Closure::new(wake),
            handle: RefCell::default(),
            at: Cell::new(Instant::NEVER),
        }
    }

    /// Sets the time, which may be [`Instant::NEVER`].
    pub fn set(&self, at: Instant) {
        if at == self.at.replace(at) {
            return;
        }
        if let Some(handle) = self.handle.take() {
            clear_timeout(&handle);
        }
        if let Some(date) = at.date() {
            let delay = whole(date - Date::now());
            let handle = set_timeout(self.wake.as_ref().unchecked_ref(), delay);
            self.handle.replace(Some(handle));
        }
    }

    /// Notes that it went off, perhaps early.
    pub fn fired(&self) {
        self.handle.take();
        self.at.set(Instant::NEVER);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.set(Instant::NEVER);
    }
}

/// An event listener, as long as it is kept.
pub(super) struct Listener {
    target: web_sys::EventTarget,
    name: &'static str,
    listener: Closure<dyn Fn(JsValue)>,
}

impl Listener {
    /// Listens to the global scope or to something in it.
    pub fn new(
        target: JsValue,
        name: &'static str,
        listener: impl Fn(JsValue) + 'static,
    ) -> Option<Self> {
        let target: web_sys::EventTarget = target.dyn_into().ok()?;
        let listener = Closure::new(listener);
        target
            .add_event_listener_with_callback(name, listener.as_ref().unchecked_ref())
            .ok()?;
        Some(Self {
            target,
            name,
            listener,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listener = self.listener.as_ref().unchecked_ref();
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, listener);
    }
}

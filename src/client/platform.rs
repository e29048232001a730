//! What the host takes from the global scope, which is a window's or a
//! worker's, and of which any part may be missing or refuse to be looked at.

use std::fmt;
use std::hash::{Hash, Hasher};

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, RequestInit, Response};

use super::document::member;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(request: &web_sys::Request, init: &RequestInit) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = AbortSignal, js_name = any, catch)]
    fn any_of(signals: &Array) -> Result<AbortSignal, JsValue>;
    #[wasm_bindgen(js_name = reportError, catch)]
    fn report_error(thrown: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(extends = js_sys::Array)]
    type Once;
    #[wasm_bindgen(method, js_name = forEach, catch)]
    fn for_each_once(this: &Once, work: &mut dyn FnMut(JsValue)) -> Result<(), JsValue>;
}

/// Something global, if it is there.
pub(super) fn global(name: &str) -> Option<JsValue> {
    member(&js_sys::global(), name).filter(|found| !found.is_null())
}

/// Reads cookies. A configuration that names a cookie has one, so that
/// what reads them is only there where an application names one.
#[derive(Clone, Copy)]
pub(super) struct ReadCookie(fn(&str) -> Option<String>);

impl ReadCookie {
    pub fn read(self, name: &str) -> Option<String> {
        self.0(name)
    }
}

impl Default for ReadCookie {
    fn default() -> Self {
        Self(cookie)
    }
}

impl fmt::Debug for ReadCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadCookie")
    }
}

/// All are the same.
impl PartialEq for ReadCookie {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ReadCookie {}

impl Hash for ReadCookie {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The value of a cookie.
fn cookie(name: &str) -> Option<String> {
    let all = member(&global("document")?, "cookie")?.as_string()?;
    let value = all.split(';').find_map(|pair| {
        let (own, value) = pair.trim_start().split_once('=')?;
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
    init: &RequestInit,
) -> Result<Response, JsValue> {
    JsFuture::from(fetch(request, init)?).await?.dyn_into()
}

/// A signal that aborts with either of two; `None` where the platform has
/// none.
pub(super) fn either(one: &AbortSignal, other: &AbortSignal) -> Option<AbortSignal> {
    any_of(&Array::of2(one, other)).ok()
}

/// Does work of the application's own. A panic, which is a trap, or an
/// exception of JavaScript's does not get further than here.
///
/// *Algorithm:* only JavaScript can catch a trap, so the work is called by way
/// of it.
pub(super) fn guarded(mut work: impl FnMut()) -> Result<(), JsValue> {
    let once: Once = Array::of1(&JsValue::NULL).unchecked_into();
    once.for_each_once(&mut |_| work())
}

/// Shows the developer what an application's function threw, as the platform
/// does with its own listeners.
pub(super) fn report(thrown: &JsValue) {
    let _ = report_error(thrown);
}

/// Sees to it that a promise that nobody waits for is not reported as an
/// unhandled rejection.
pub(super) fn ignore(promise: Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}

/// A function that JavaScript calls, as long as it is kept. All are of one type:
/// each other one would cost its glue.
pub(super) type Called = Closure<dyn Fn(JsValue)>;

pub(super) fn called(work: impl Fn(JsValue) + 'static) -> Called {
    Closure::wrap(Box::new(work))
}

/// Sets a member of an object that is ours, such as options. web-sys has a
/// function for each, which would cost its glue, as would its tables of names.
pub(super) fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// The text of a member.
pub(super) fn text(object: &JsValue, name: &str) -> Option<String> {
    member(object, name)?.as_string()
}

/// An event listener, as long as it is kept.
pub(super) struct Listener {
    target: web_sys::EventTarget,
    name: &'static str,
    listener: Called,
}

impl Listener {
    /// Listens to the global scope or to something in it.
    pub fn new(target: JsValue, name: &'static str, listen: Box<dyn Fn(JsValue)>) -> Option<Self> {
        let target: web_sys::EventTarget = target.dyn_into().ok()?;
        let listener = Closure::wrap(listen);
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

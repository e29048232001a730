//! Clocks and the timer: nothing else in the client looks at a clock or waits.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use js_sys::{Date, Function};
use wasm_bindgen::prelude::*;

use super::platform::{Called, called};
use crate::core::{Instant, Millis, Moment, Now};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn monotonic() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(wake: &Function, delay: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);
}

/// The longest delay that setTimeout does not take for 1 ms.
const LONGEST_MS: f64 = 2_147_483_647.0;

/// Two clocks and a timer, in the place of the page's
/// ([`Config::clock`](crate::Config::clock)).
pub trait Clock {
    /// Reads the wall clock, which can be set.
    fn now(&self) -> SystemTime;

    /// Reads the monotonic clock: the time since a start that means nothing.
    fn monotonic(&self) -> Duration;

    /// Calls `wake` once after a delay, unless what is returned is dropped
    /// before.
    fn wake_after(&self, delay: Duration, wake: Box<dyn FnOnce()>) -> Box<dyn Any>;
}

/// Clocks of the application's own, as the host uses them.
pub(super) trait OwnClocks {
    fn now(&self) -> Now;
    fn wake_after(&self, delay_ms: f64, wake: Rc<dyn Fn()>) -> Box<dyn Any>;
}

impl<T: Clock> OwnClocks for T {
    fn now(&self) -> Now {
        let wall = from_time(Clock::now(self)).as_ms();
        Now::from_ms(wall, as_ms(self.monotonic()))
    }

    fn wake_after(&self, delay_ms: f64, wake: Rc<dyn Fn()>) -> Box<dyn Any> {
        Clock::wake_after(self, from_ms(delay_ms), Box::new(move || wake()))
    }
}

/// The clocks that a manager goes by.
#[derive(Clone, Default)]
pub(super) struct Clocks(pub Option<Rc<dyn OwnClocks>>);

impl Clocks {
    /// Reads both.
    pub fn now(&self) -> Now {
        match &self.0 {
            None => Now::from_ms(Date::now(), monotonic()),
            Some(own) => own.now(),
        }
    }
}

/// The single timer of a manager.
pub(super) struct Timer {
    clocks: Clocks,
    wake: Rc<dyn Fn()>,
    closure: RefCell<Option<Called>>,
    handle: RefCell<Option<Running>>,
    at: Cell<Moment>,
}

/// A timer that runs, until it is dropped.
enum Running {
    Page(JsValue),
    Own(#[expect(dead_code, reason = "it is kept to be dropped")] Box<dyn Any>),
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Page(handle) = self {
            clear_timeout(handle);
        }
    }
}

impl Timer {
    /// Makes a timer that calls `wake`, and that does not run yet.
    pub fn new(clocks: Clocks, wake: Rc<dyn Fn()>) -> Self {
        Self {
            clocks,
            wake,
            closure: RefCell::default(),
            handle: RefCell::default(),
            at: Cell::new(Moment::NEVER),
        }
    }

    /// Sets the moment, which may be [`Moment::NEVER`].
    pub fn set(&self, at: Moment) {
        if at == self.at.replace(at) {
            return;
        }
        drop(self.handle.take());
        if at >= Moment::NEVER {
            return;
        }
        let delay = at.since(self.clocks.now().mono).whole().as_ms();
        let running = match &self.clocks.0 {
            None => {
                let mut closure = self.closure.borrow_mut();
                let wake = self.wake.clone();
                let closure = closure.get_or_insert_with(|| called(move |_| wake()));
                let delay = delay.min(LONGEST_MS) as i32;
                Running::Page(set_timeout(closure.as_ref().unchecked_ref(), delay))
            }
            Some(own) => Running::Own(own.wake_after(delay, self.wake.clone())),
        };
        self.handle.replace(Some(running));
    }

    /// Notes that it went off, perhaps early.
    pub fn fired(&self) {
        drop(self.handle.take());
        self.at.set(Moment::NEVER);
    }
}

/// Waits for a task of the platform's, whatever the clocks of a manager show.
pub(super) async fn task() {
    let task = js_sys::Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, 0);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(task).await;
}

/// The core's instant of a time.
pub(super) fn from_time(time: SystemTime) -> Instant {
    let ms = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => as_ms(after),
        Err(before) => -as_ms(before.duration()),
    };
    Instant::from_ms(ms).unwrap_or(Instant::NEVER)
}

/// The time of an instant, if it is a date.
pub(super) fn time(instant: Instant) -> Option<SystemTime> {
    let ms = instant.date()?;
    match ms < 0.0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(from_ms(-ms)),
        false => SystemTime::UNIX_EPOCH.checked_add(from_ms(ms)),
    }
}

/// A span of the core's, if it ends.
pub(super) fn span(length: Millis) -> Option<Duration> {
    length.is_finite().then(|| from_ms(length.as_ms()))
}

/// The core's span.
pub(super) fn millis(span: Duration) -> Millis {
    Millis::from_ms(as_ms(span)).unwrap_or(Millis::FOREVER)
}

/// Whole milliseconds stay whole: as seconds a time of today would be off by a
/// quarter of a microsecond, and an end come before its time.
fn as_ms(span: Duration) -> f64 {
    span.as_secs() as f64 * 1000.0 + f64::from(span.subsec_nanos()) / 1e6
}

/// What is below zero is none; what is too long is as long as can be.
fn from_ms(ms: f64) -> Duration {
    let whole = ms.floor();
    let rest = Duration::from_nanos(((ms - whole) * 1e6) as u64);
    Duration::from_millis(whole as u64).saturating_add(rest)
}

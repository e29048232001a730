//! Futures as JavaScript's own functions begin them: the first step is taken at
//! the call, and a signal ends them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::AbortSignal;

type Work = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// Gives what a future gives, or rejects with the signal's reason; the future
/// is dropped then.
pub fn promise(
    signal: Option<AbortSignal>,
    work: impl Future<Output = Result<JsValue, JsValue>> + 'static,
) -> Promise {
    if let Some(signal) = signal.as_ref().filter(|signal| signal.aborted()) {
        return Promise::reject(&signal.reason());
    }
    let mut work: Work = Box::pin(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(value)) => Promise::resolve(&value),
        Poll::Ready(Err(thrown)) => Promise::reject(&thrown),
        Poll::Pending => future_to_promise(unless_aborted(signal, work)),
    }
}

async fn unless_aborted(signal: Option<AbortSignal>, mut work: Work) -> Result<JsValue, JsValue> {
    let Some(signal) = signal else {
        return work.await;
    };
    let mut aborted = JsFuture::from(Promise::new(&mut |resolve, _| {
        let _ = signal.add_event_listener_with_callback("abort", &resolve);
    }));
    poll_fn(move |context| {
        if signal.aborted() || Pin::new(&mut aborted).poll(context).is_ready() {
            return Poll::Ready(Err(signal.reason()));
        }
        work.as_mut().poll(context)
    })
    .await
}

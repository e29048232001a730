//! Errors of the crate as JavaScript's, and of JavaScript's functions as the
//! crate's.

use std::cell::RefCell;
use std::error::Error as _;
use std::fmt;

use evertoken::{Error, ErrorKind, RefreshFailure};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::config::get;
use crate::{from_ms, to_ms};

thread_local! {
    static MADE_BY: RefCell<Option<(Function, Function)>> = const { RefCell::new(None) };
}

pub fn install(told: Function, reason: Function) {
    MADE_BY.with(|made| made.replace(Some((told, reason))));
}

fn made(by: fn(&(Function, Function)) -> &Function, values: &Array) -> JsValue {
    MADE_BY.with(|makers| {
        let makers = makers.borrow();
        let made = makers
            .as_ref()
            .map(|makers| by(makers).apply(&JsValue::UNDEFINED, values));
        made.map_or(JsValue::UNDEFINED, |made| {
            made.unwrap_or_else(|thrown| thrown)
        })
    })
}

/// A `TokenError`.
pub fn thrown(error: &Error) -> JsValue {
    let cause = match error.source() {
        Some(source) => caused(source),
        None => error.body().map_or(JsValue::UNDEFINED, answer),
    };
    let values = Array::of5(
        &error.kind().to_string().into(),
        &error.to_string().into(),
        &error.status().map_or(JsValue::UNDEFINED, JsValue::from),
        &error.is_retryable().into(),
        &error
            .retry_after()
            .map_or(JsValue::UNDEFINED, |wait| to_ms(wait).into()),
    );
    values.push(&cause);
    let told = made(|(told, _)| told, &values);
    if error.kind() == ErrorKind::Fetch {
        let _ = Reflect::set(&told, &"aborted".into(), &error.is_aborted().into());
    }
    told
}

fn caused(source: &(dyn std::error::Error + 'static)) -> JsValue {
    if let Some(own) = source.downcast_ref::<Error>() {
        return thrown(own);
    }
    let cause = source.source().map_or(JsValue::UNDEFINED, caused);
    let text = source.to_string().into();
    made(|(_, reason)| reason, &Array::of2(&text, &cause))
}

/// The answer that refused a sign-in.
fn answer(body: &str) -> JsValue {
    let answer = web_sys::Response::new_with_opt_str(Some(body));
    answer.map_or(JsValue::UNDEFINED, Into::into)
}

/// What a function of JavaScript's threw.
#[derive(Debug)]
pub struct Thrown(String);

impl From<JsValue> for Thrown {
    fn from(thrown: JsValue) -> Self {
        let message = get(&thrown, "message").and_then(|message| message.as_string());
        let text = message.or_else(|| thrown.as_string());
        Self(text.unwrap_or_else(|| String::from(Object::from(thrown).to_string())))
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Thrown {}

/// What a refresh function rejected with.
pub fn failure(thrown: JsValue) -> RefreshFailure {
    let code = get(&thrown, "code").and_then(|code| code.as_string());
    let status = get(&thrown, "status").and_then(|status| status.as_f64());
    let mut failure = match (code.as_deref(), status) {
        (Some("refresh-rejected"), _) => RefreshFailure::rejected(),
        (_, Some(status)) => RefreshFailure::from_status(status as u16),
        _ => RefreshFailure::unavailable(),
    };
    if let Some(wait) = get(&thrown, "retryAfterMs").and_then(|wait| wait.as_f64()) {
        failure = failure.retry_after(from_ms(wait));
    }
    failure.caused_by(Thrown::from(thrown))
}

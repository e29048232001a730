//! Snapshots, events and figures as objects.

use std::time::{Duration, SystemTime};

use evertoken::{Ending, Error, Event, Inspection, LockKind, SignedOutBy, Snapshot, Status};
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::thrown;
use crate::to_ms;

fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

fn time(time: Option<SystemTime>) -> JsValue {
    let since = |time: SystemTime| match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => to_ms(after),
        Err(before) => -to_ms(before.duration()),
    };
    time.map_or(JsValue::NULL, |time| since(time).into())
}

fn error(error: Option<&Error>) -> JsValue {
    error.map_or(JsValue::NULL, thrown)
}

fn ending(cause: Ending) -> JsValue {
    match cause {
        Ending::Idle => "idle".into(),
        Ending::Lifetime => "lifetime".into(),
    }
}

pub fn snapshot(snapshot: &Snapshot) -> JsValue {
    let claims: Option<serde_json::Value> = snapshot.claims().unwrap_or_default();
    let claims = claims.and_then(|claims| JSON::parse(&claims.to_string()).ok());
    let status = match snapshot.status {
        Status::Unknown => "unknown",
        Status::SignedOut => "signed-out",
        Status::SignedIn => "signed-in",
    };
    let shown = object(&[
        ("status", status.into()),
        ("refreshing", snapshot.refreshing.into()),
        ("stale", snapshot.stale.into()),
        ("expiresAt", time(snapshot.expires_at)),
        ("sessionEndsAt", time(snapshot.session_ends_at)),
        (
            "sessionEnding",
            snapshot.session_ending.map_or(JsValue::NULL, ending),
        ),
        ("claims", claims.unwrap_or(JsValue::NULL)),
        ("error", error(snapshot.error.as_ref())),
    ]);
    Object::freeze(&shown).into()
}

fn strings(texts: &[String]) -> JsValue {
    texts.iter().map(JsValue::from).collect::<Array>().into()
}

fn seconds(span: Option<Duration>) -> JsValue {
    span.map_or(JsValue::NULL, |span| span.as_secs_f64().into())
}

pub fn event(event: &Event) -> JsValue {
    let (name, members): (&str, &[(&str, JsValue)]) = match event {
        Event::SignedIn => ("signed-in", &[]),
        Event::Refreshed => ("refreshed", &[]),
        Event::RefreshFailed(failed) => ("refresh-failed", &[("error", thrown(failed))]),
        Event::SignedOut(by) => {
            let reason = match by {
                SignedOutBy::Logout => "logout",
                SignedOutBy::RefreshRejected => "refresh-rejected",
                SignedOutBy::OtherTab => "other-tab",
                SignedOutBy::Idle => "idle",
                SignedOutBy::Lifetime => "lifetime",
                _ => "a reason that the face does not know",
            };
            ("signed-out", &[("reason", reason.into())])
        }
        Event::UserChanged => ("user-changed", &[]),
        Event::Warning(warned) => ("warning", &[("error", thrown(warned))]),
        Event::StepUp {
            acr_values,
            max_age,
            scope,
        } => (
            "step-up",
            &[
                ("acrValues", strings(acr_values)),
                ("maxAge", seconds(*max_age)),
                (
                    "scope",
                    scope.as_deref().map_or(JsValue::NULL, JsValue::from),
                ),
            ],
        ),
        Event::SessionEnding { ends_at, cause } => (
            "session-ending",
            &[("endsAt", time(*ends_at)), ("cause", ending(*cause))],
        ),
        _ => ("an event that the face does not know", &[]),
    };
    let shown = object(members);
    let _ = Reflect::set(&shown, &"type".into(), &name.into());
    shown.into()
}

pub fn inspection(found: &Inspection) -> Object {
    let lock = match found.lock {
        LockKind::WebLocks => "web-locks",
        LockKind::Lease => "fallback",
        _ => "none",
    };
    let degraded: Array = found
        .degraded
        .iter()
        .map(|name| JsValue::from(*name))
        .collect();
    object(&[
        ("engine", "crate".into()),
        ("storage", found.storage.into()),
        ("lock", lock.into()),
        ("refreshes", found.refreshes.into()),
        ("refreshFailures", found.refresh_failures.into()),
        ("retries", found.retries.into()),
        ("waiting", found.waiting.into()),
        ("nextRefreshAt", time(found.next_refresh_at)),
        ("clockSkewMs", found.clock_skew_ms.into()),
        ("lastError", error(found.last_error.as_ref())),
        ("degraded", degraded.into()),
    ])
}

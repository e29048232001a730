//! What goes out to JavaScript, through serde.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::core::policy::BodyKind;
use crate::core::secret::Secret;
use crate::core::view::{Inspection, Snapshot, Status};
use crate::core::{Call, Instant, Machine};

/// Missing values become `null`, maps become objects.
const PLAIN: Serializer = Serializer::json_compatible();

/// Gives the JavaScript value; nothing that is serialised here can fail.
pub fn value(of: &impl Serialize) -> JsValue {
    of.serialize(&PLAIN).unwrap_or(JsValue::NULL)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotOut {
    status: &'static str,
    refreshing: bool,
    stale: bool,
    expires_at: Option<f64>,
    // Filled in by the engine, named here so that every snapshot has one
    // shape.
    claims: Option<()>,
    error: Option<()>,
}

pub fn snapshot(snapshot: &Snapshot) -> JsValue {
    value(&SnapshotOut {
        status: match snapshot.status {
            Status::Unknown => "unknown",
            Status::SignedOut => "signed-out",
            Status::SignedIn => "signed-in",
        },
        refreshing: snapshot.refreshing,
        stale: snapshot.stale,
        expires_at: snapshot.expires.map(Instant::as_ms),
        claims: None,
        error: None,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectionOut {
    refreshes: u32,
    refresh_failures: u32,
    next_refresh_at: Option<f64>,
    clock_skew_ms: f64,
}

pub fn inspection(inspection: &Inspection) -> JsValue {
    value(&InspectionOut {
        refreshes: inspection.refreshes,
        refresh_failures: inspection.refresh_failures,
        next_refresh_at: inspection.next_refresh.map(Instant::as_ms),
        clock_skew_ms: inspection.clock_skew_ms,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallOut<'a> {
    number: u32,
    target: &'static str,
    body: &'static str,
    credentials: &'a str,
    headers: &'a [(String, String)],
    field: Option<(&'a str, &'a str)>,
    grant_type: bool,
    follow: bool,
    access_token: Option<&'a str>,
    refresh_token: Option<&'a str>,
}

pub fn call(call: &Call) -> JsValue {
    use crate::core::call::Target;
    let (access, refresh) = match &call.tokens {
        Some((access, refresh)) => (access.as_ref(), refresh.as_ref()),
        None => (None, None),
    };
    value(&CallOut {
        number: call.number,
        target: match call.target {
            Target::Login => "login",
            Target::Refresh => "refresh",
            Target::Logout => "logout",
        },
        body: match call.body {
            BodyKind::Json => "json",
            BodyKind::Form => "form",
            BodyKind::None => "none",
        },
        credentials: &call.credentials,
        headers: &call.headers,
        field: call.field.as_ref().map(|(name, token)| (name.as_str(), token.expose())),
        grant_type: call.grant_type,
        follow: call.follow_redirects,
        access_token: access.map(Secret::expose),
        refresh_token: refresh.map(Secret::expose),
    })
}

/// The held record, or the one of a commit, as JSON.
pub fn record(machine: &Machine, commit: Option<u32>) -> Option<String> {
    let record = match commit {
        Some(number) => machine.pending(number),
        None => machine.record(),
    }?;
    let value = value(&record.stored(machine.pace()));
    js_sys::JSON::stringify(&value).ok().map(String::from)
}

//! The control panel. The crate's documentation lists the routes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use futures_util::stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::App;
use crate::answer::Refusal;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::journal::Event;
use crate::origin;
use crate::store::sessions;

/// The longest lifetime that can be asked for: what a hundred years are.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The lifetimes in force.
pub struct Lifetimes {
    access: AtomicU64,
    refresh: AtomicU64,
}

impl Lifetimes {
    /// Begins with these, or says which is out of bounds.
    pub fn new(access: Duration, refresh: Duration) -> Result<Self, String> {
        let lifetimes = Self {
            access: AtomicU64::new(0),
            refresh: AtomicU64::new(0),
        };
        store(&lifetimes.access, "access-ttl", millis(access))?;
        store(&lifetimes.refresh, "refresh-ttl", millis(refresh))?;
        Ok(lifetimes)
    }

    /// Gives the lifetime of access tokens.
    pub fn access(&self) -> Duration {
        Duration::from_millis(self.access.load(Ordering::Relaxed))
    }

    /// Gives the lifetime of refresh tokens.
    pub fn refresh(&self) -> Duration {
        Duration::from_millis(self.refresh.load(Ordering::Relaxed))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn store(lifetime: &AtomicU64, name: &str, value: u64) -> Result<(), String> {
    let longest = millis(LONGEST);
    if !(1..=longest).contains(&value) {
        return Err(format!(
            "{name}: found {value} ms, expected 1 to {longest} ms"
        ));
    }
    lifetime.store(value, Ordering::Relaxed);
    Ok(())
}

/// The routes, behind the gate.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/panel/state", get(state))
        .route("/panel/events", get(events))
        .route("/panel/fault", post(fault))
        .route("/panel/clear", post(clear))
        .route("/panel/expire", post(expire))
        .route("/panel/ttl", post(ttl))
        .route("/panel/revoke", post(revoke))
        .route("/panel/reset", post(reset))
        .route("/panel/down", post(down))
        .route("/panel/{*rest}", axum::routing::any(not_found))
        .layer(middleware::from_fn_with_state(
            Arc::clone(app),
            origin::panel_gate,
        ))
}

async fn not_found() -> Refusal {
    Refusal::not_found()
}

async fn state(State(app): State<Arc<App>>) -> Response {
    Json(json!({
        "accessTtlMs": millis(app.lifetimes.access()),
        "refreshTtlMs": millis(app.lifetimes.refresh()),
        "replayGraceMs": millis(app.replay_grace),
        "down": app.faults.is_down(),
        "faults": app.faults.list(),
        "counters": app.journal.counts(),
    }))
    .into_response()
}

/// Tells what the panel did, and answers with the state that follows.
async fn done(app: Arc<App>, what: &'static str) -> Response {
    let mut event = Event::now("panel");
    event.outcome = Some(what);
    app.journal.tell(event);
    state(State(app)).await
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::validation(error.to_string()))
}

async fn fault(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let fault: Fault = parse(&body)?;
    app.faults.order(fault).map_err(Refusal::validation)?;
    if app.faults.forbid_reuse() {
        app.connections.retire_all();
    }
    Ok(done(app, "fault").await)
}

async fn clear(State(app): State<Arc<App>>) -> Response {
    app.faults.clear();
    done(app, "clear").await
}

async fn expire(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    app.store
        .run(|db| sessions::expire_access_tokens(db, Timestamp::now()))
        .await?;
    Ok(done(app, "expire").await)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ttl {
    access_ms: Option<u64>,
    refresh_ms: Option<u64>,
}

async fn ttl(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let ttl: Ttl = parse(&body)?;
    let lifetimes = &app.lifetimes;
    for (lifetime, name, value) in [
        (&lifetimes.access, "accessMs", ttl.access_ms),
        (&lifetimes.refresh, "refreshMs", ttl.refresh_ms),
    ] {
        if let Some(value) = value {
            store(lifetime, name, value).map_err(Refusal::validation)?;
        }
    }
    Ok(done(app, "ttl").await)
}

async fn revoke(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    app.store
        .run(|db| sessions::end_all(db, Timestamp::now()))
        .await?;
    Ok(done(app, "revoke").await)
}

async fn reset(State(app): State<Arc<App>>) -> Response {
    app.journal.reset();
    done(app, "reset").await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Down {
    down: bool,
}

async fn down(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let Down { down } = parse(&body)?;
    app.faults.set_down(down);
    if down {
        app.connections.close_all();
        app.connections.retire_all();
    }
    Ok(done(app, if down { "down" } else { "up" }).await)
}

/// Server-sent events (WHATWG HTML section 9.2), unnamed, so that `onmessage`
/// gets them.
async fn events(State(app): State<Arc<App>>) -> Response {
    let opening = "retry: 500\n: listening\n\n".to_owned();
    let (listener, stopping) = (app.journal.listen(), app.stopping());
    let lines = stream::unfold(
        (Some(opening), listener, stopping),
        |(opening, mut listener, mut stopping)| async move {
            let line = match opening {
                Some(opening) => opening,
                None => tokio::select! {
                    _ = stopping.wait_for(|stop| *stop) => return None,
                    () = tokio::time::sleep(KEEP_ALIVE) => ": still here\n\n".to_owned(),
                    event = listener.recv() => match event {
                        Ok(event) => data(&event)?,
                        Err(RecvError::Lagged(_)) => data(&Event::now("missed"))?,
                        Err(RecvError::Closed) => return None,
                    },
                },
            };
            Some((Ok::<_, Infallible>(line), (None, listener, stopping)))
        },
    );
    let content_type = HeaderValue::from_static("text/event-stream");
    (
        StatusCode::OK,
        [(CONTENT_TYPE, content_type)],
        Body::from_stream(lines),
    )
        .into_response()
}

fn data(event: &Event) -> Option<String> {
    let json = serde_json::to_string(event).ok()?;
    Some(format!("data: {json}\n\n"))
}

//! Faults: what the panel has ordered to go wrong, and the middleware that
//! makes it go wrong.
//!
//! One call meets at most one fault, the oldest that is waiting for its
//! target. The counters see what the server did as well as what it said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::App;
use crate::answer::Refusal;
use crate::connection::{ConnectionHandle, Delivery};
use crate::journal::{Event, Outcome};
use crate::store::sessions::Mint;

/// What a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// `/api/auth/local` and `/api/auth/local/register`.
    Login,
    /// `/api/token/refresh`.
    Refresh,
    /// `/api/auth/logout`.
    Logout,
    /// The protected routes.
    Api,
}

impl Target {
    const fn event_kind(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::Api => "request",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing but time passes before the real answer.
    Delay,
    /// No work, no answer, until the client leaves or the fault is cleared.
    Hang,
    /// No work, a status and Strapi's error body.
    Status,
    /// No work, a page, as a captive portal sends one.
    Html,
    /// No work, a status and no body.
    Empty,
    /// The real work, the real headers, half of the body.
    Truncated,
    /// No work, the connection closed without an answer.
    Drop,
    /// The real work, the connection closed without an answer. The server
    /// knows that it has not answered: the old refresh token stays good.
    DropAfterCommit,
    /// The same, but the server believes that it has answered: without a
    /// grace, the old refresh token is a replay.
    AnswerLost,
    /// A refresh that gives the access token it gave before.
    SameToken,
    /// A login or refresh that gives an access token which has ended.
    ExpiredToken,
}

/// A `Retry-After`: seconds, or any text, such as an HTTP date.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// Whole seconds.
    Seconds(u64),
    /// Sent as it is.
    Text(String),
}

/// An order of the panel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What it strikes.
    pub target: Target,
    /// What goes wrong.
    pub kind: Kind,
    /// For `status` (required), `html` and `empty` (200 by default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// For `status`, `html` and `empty`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// How long to wait before it goes wrong, in milliseconds: 1000 by default
    /// for `delay`, else 0. For `drop-after-commit` and `answer-lost` the wait
    /// is between the work and the closing. Clearing ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How many calls it strikes; 0 means all until it is cleared.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

impl Fault {
    /// Says what is wrong with the order, if anything.
    fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status
            && !(200..=599).contains(&status)
        {
            return Err(format!("status: found {status}, expected 200 to 599"));
        }
        if let Some(RetryAfter::Text(text)) = &self.retry_after
            && HeaderValue::from_str(text).is_err()
        {
            return Err("retryAfter: found text that no header can carry".into());
        }
        match (self.kind, self.target) {
            (Kind::Status, _) if self.status.is_none() => {
                Err("status: found none, expected one for kind 'status'".into())
            }
            (Kind::SameToken, target) if target != Target::Refresh => {
                Err("kind: 'same-token' needs target 'refresh'".into())
            }
            (Kind::ExpiredToken, Target::Logout | Target::Api) => {
                Err("kind: 'expired-token' needs target 'login' or 'refresh'".into())
            }
            _ => Ok(()),
        }
    }

    fn wait(&self) -> Duration {
        let default = if self.kind == Kind::Delay { 1000 } else { 0 };
        Duration::from_millis(self.ms.unwrap_or(default))
    }

    fn closes_connection(&self) -> bool {
        matches!(
            self.kind,
            Kind::Drop | Kind::DropAfterCommit | Kind::AnswerLost | Kind::Truncated
        )
    }

    /// Builds an answer that no handler had a part in.
    fn answer(&self, content_type: Option<&'static str>, body: String) -> Response {
        let status = self.status_or(StatusCode::OK);
        let mut response = (status, body).into_response();
        match content_type {
            Some(value) => {
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            None => {
                response.headers_mut().remove(CONTENT_TYPE);
            }
        }
        self.add_retry_after(response.headers_mut());
        response
    }

    fn refusal(&self) -> Response {
        let status = self.status_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match status {
            StatusCode::UNAUTHORIZED => "Missing or invalid credentials",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests, please try again later.",
            _ => status.canonical_reason().unwrap_or("Unknown"),
        };
        let mut response = Refusal::new(status, message).into_response();
        self.add_retry_after(response.headers_mut());
        response
    }

    fn status_or(&self, default: StatusCode) -> StatusCode {
        self.status
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(default)
    }

    fn add_retry_after(&self, headers: &mut HeaderMap) {
        let value = match &self.retry_after {
            Some(RetryAfter::Seconds(seconds)) => Some(HeaderValue::from(*seconds)),
            Some(RetryAfter::Text(text)) => HeaderValue::from_str(text).ok(),
            None => None,
        };
        if let Some(value) = value {
            headers.insert(RETRY_AFTER, value);
        }
    }
}

/// The faults that wait, and whether the server is down.
pub struct Faults {
    waiting: Mutex<Vec<Fault>>,
    /// Becomes true for whoever is struck when all is cleared, and is then
    /// replaced.
    cleared: Mutex<watch::Sender<bool>>,
    down: watch::Sender<bool>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            cleared: Mutex::new(watch::channel(false).0),
            down: watch::channel(false).0,
        }
    }
}

impl Faults {
    /// Takes an order, or says what is wrong with it.
    pub fn order(&self, fault: Fault) -> Result<(), String> {
        fault.check()?;
        self.lock().push(fault);
        Ok(())
    }

    /// Forgets all orders and lets go of the calls that hang or wait.
    pub fn clear(&self) {
        let mut waiting = self.lock();
        waiting.clear();
        self.cleared().send_replace(true);
        *self.cleared() = watch::channel(false).0;
    }

    /// Lists the orders; `times` is what is left of them.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Takes the server down or up.
    pub fn set_down(&self, down: bool) {
        self.down.send_replace(down);
    }

    /// Tells whether every connection is to be closed without an answer.
    pub fn is_down(&self) -> bool {
        *self.down.borrow()
    }

    /// Tells whether answers must close their connections. A browser sends a
    /// request again by itself, POST or not, if the connection that it reused
    /// was closed before an answer came; on a new connection it does not, and
    /// the fault is seen.
    pub fn forbid_reuse(&self) -> bool {
        self.is_down() || self.lock().iter().any(Fault::closes_connection)
    }

    /// Takes the next fault, and a receiver that learns of a clearing from this
    /// very moment on.
    fn take(&self, target: Target) -> Option<(Fault, watch::Receiver<bool>)> {
        let mut waiting = self.lock();
        let index = waiting.iter().position(|fault| fault.target == target)?;
        let fault = match waiting[index].times {
            0 => waiting[index].clone(),
            1 => waiting.remove(index),
            _ => {
                waiting[index].times -= 1;
                waiting[index].clone()
            }
        };
        Some((fault, self.cleared().subscribe()))
    }

    fn cleared(&self) -> std::sync::MutexGuard<'_, watch::Sender<bool>> {
        self.cleared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the middleware needs to know: the server, and which target it guards.
pub type Guarded = (Arc<App>, Target);

/// Counts a call, lets it meet its fault, and tells what became of it.
pub async fn misbehave(
    State((app, target)): State<Guarded>,
    request: Request,
    next: Next,
) -> Response {
    app.journal.arrived(target);
    let fault = app.faults.take(target);
    let mut report = Report {
        app: Arc::clone(&app),
        began: Instant::now(),
        event: Event::now(target.event_kind()).about(request.method(), request.uri().path()),
    };
    report.event.fault = fault.as_ref().map(|(fault, _)| fault.kind);
    let response = match fault {
        None => work(&app, target, request, next, &mut report).await,
        Some((fault, cleared)) => {
            let strike = Strike {
                target,
                fault,
                cleared,
            };
            strike.fall(&app, request, next, &mut report).await
        }
    };
    app.journal.answered(target, response.status());
    report.event.status = Some(response.status().as_u16());
    response
}

/// Tells the event when it goes out of scope, so that a call whose client left
/// or whose connection was closed is told too.
struct Report {
    app: Arc<App>,
    began: Instant,
    event: Event,
}

impl Drop for Report {
    fn drop(&mut self) {
        self.event.ms = u64::try_from(self.began.elapsed().as_millis()).ok();
        self.app.journal.tell(self.event.clone());
    }
}

async fn work(
    app: &App,
    target: Target,
    request: Request,
    next: Next,
    report: &mut Report,
) -> Response {
    let response = next.run(request).await;
    let outcome = response.extensions().get::<Outcome>().copied();
    report.event.outcome = outcome.map(Outcome::word);
    app.journal.worked(target, response.status(), outcome);
    response
}

/// A fault on its way to a call.
struct Strike {
    target: Target,
    fault: Fault,
    cleared: watch::Receiver<bool>,
}

impl Strike {
    async fn fall(
        mut self,
        app: &App,
        mut request: Request,
        next: Next,
        report: &mut Report,
    ) -> Response {
        let (target, kind) = (self.target, self.fault.kind);
        let connection = request.extensions().get::<ConnectionHandle>().cloned();
        if !matches!(kind, Kind::DropAfterCommit | Kind::AnswerLost) {
            self.tell(app);
            self.wait().await;
        }
        match kind {
            Kind::Delay => work(app, target, request, next, report).await,
            Kind::Hang => {
                let mut stopping = app.stopping();
                tokio::select! {
                    _ = self.cleared.wait_for(|cleared| *cleared) => {}
                    _ = stopping.wait_for(|stop| *stop) => {}
                }
                close(connection).await
            }
            Kind::Status => self.fault.refusal(),
            Kind::Html => {
                let html = Some("text/html; charset=utf-8");
                self.fault.answer(html, PORTAL.into())
            }
            Kind::Empty => self.fault.answer(None, String::new()),
            Kind::Drop => close(connection).await,
            Kind::SameToken | Kind::ExpiredToken => {
                let mint = if kind == Kind::SameToken {
                    Mint::Same
                } else {
                    Mint::Expired
                };
                request.extensions_mut().insert(mint);
                work(app, target, request, next, report).await
            }
            Kind::Truncated => {
                let bodiless = request.method() == Method::HEAD;
                let response = work(app, target, request, next, report).await;
                if bodiless {
                    response
                } else {
                    truncate(response).await
                }
            }
            Kind::DropAfterCommit | Kind::AnswerLost => {
                let mut response = work(app, target, request, next, report).await;
                let delivery = response.extensions_mut().remove::<Delivery>();
                // Told only when the work is done: who kills the process at
                // this event knows that the commit is behind it.
                self.tell(app);
                self.wait().await;
                if kind == Kind::AnswerLost
                    && let Some(delivery) = delivery
                {
                    delivery.answered().await;
                }
                close(connection).await
            }
        }
    }

    fn tell(&self, app: &App) {
        let mut event = Event::now("fault");
        event.outcome = Some(self.target.event_kind());
        event.fault = Some(self.fault.kind);
        app.journal.tell(event);
    }

    /// Waits as ordered, or until the order is cleared.
    async fn wait(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(self.fault.wait()) => {}
            _ = self.cleared.wait_for(|cleared| *cleared) => {}
        }
    }
}

const PORTAL: &str = "<!doctype html><title>Sign in to the network</title>\
<h1>Welcome</h1><p>Accept the terms to go online.";

/// Closes the connection under the request. Nothing returns from here: the
/// connection's task drops the request with itself.
pub async fn close(connection: Option<ConnectionHandle>) -> Response {
    if let Some(connection) = connection {
        connection.close();
        std::future::pending::<()>().await;
    }
    // Only a request that came over no connection gets here.
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// Sends half of the body under the length of the whole.
async fn truncate(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let pieces = stream::unfold(Some(half), |piece| async move {
        match piece {
            Some(half) => Some((Ok(half), None)),
            None => {
                // What is already there is sent when the body has to wait;
                // failing at once would take it along.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let cut = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
                Some((Err(cut), None))
            }
        }
    });
    // The refresh token went with the headers, the access token did not.
    parts.extensions.remove::<Delivery>();
    Response::from_parts(parts, Body::from_stream(pieces))
}

//! A backend for a frontend, with `--bff` (RFC 10017 section 6.1): the browser
//! has a cookie that no script can read, and the tokens stay here.
//!
//! It keeps the access token and the refresh cookie of each session in memory,
//! sends what comes below `/bff/api/` on to the API with the access token, and
//! renews that when the API refuses it. Every call has to carry `X-CSRF: 1`,
//! which a page of another site cannot send without being asked (section
//! 6.1.3.3.2).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::connection::ConnectionHandle;
use crate::store::StoreError;
use crate::token::{RefreshToken, TokenHash};

/// The session, for this server alone.
const SESSION: &str = "session";
/// Says to scripts that there is one.
const HINT: &str = "signed_in";
const GUARD: HeaderName = HeaderName::from_static("x-csrf");

struct Bff {
    /// The API behind this.
    api: Router,
    /// How long a session lasts, whatever is done in it.
    length: Duration,
    sessions: Mutex<HashMap<TokenHash, Arc<Session>>>,
}

struct Session {
    user: Value,
    ends: Instant,
    /// Locked while they are renewed, so that a refresh token is used once.
    tokens: tokio::sync::Mutex<Tokens>,
}

#[derive(Clone)]
struct Tokens {
    access: String,
    /// The API's refresh cookie, name and value.
    refresh: String,
}

/// An answer of the API.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// The routes of `--bff` in front of an API.
pub fn routes<S>(api: Router, length: Duration) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let bff = Arc::new(Bff {
        api,
        length,
        sessions: Mutex::default(),
    });
    Router::new()
        .route("/bff/login", post(login))
        .route("/bff/session", post(session).get(session))
        .route("/bff/logout", post(logout))
        .route("/bff/api/{*rest}", any(forward))
        .layer(middleware::from_fn(guard))
        .with_state(bff)
}

/// Refuses what a form or a picture of another site could send.
async fn guard(request: Request, next: Next) -> Response {
    match request.headers().get(GUARD) {
        Some(value) if value == "1" => next.run(request).await,
        _ => Refusal::new(StatusCode::FORBIDDEN, "the header X-CSRF: 1 is missing").into_response(),
    }
}

/// `POST /bff/login`
async fn login(State(bff): State<Arc<Bff>>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = taken(request).await?;
    let answer = bff.call(&parts, "/api/auth/local", None, body).await?;
    if answer.status != StatusCode::OK {
        return Ok(answer.into_response());
    }
    let user = answer.json()["user"].clone();
    let tokens = answer.tokens().ok_or_else(unexpected)?;
    let id = RefreshToken::draw().map_err(StoreError::from)?;
    let session = Session {
        user,
        ends: Instant::now() + bff.length,
        tokens: tokens.into(),
    };
    let mut response = shown(&session).into_response();
    let age = bff.length.as_secs();
    set_cookies(&mut response, id.reveal(), "1", age)?;
    bff.sessions().insert(id.hash(), Arc::new(session));
    Ok(response)
}

/// `GET` and `POST /bff/session`
async fn session(State(bff): State<Arc<Bff>>, headers: HeaderMap) -> Result<Response, Refusal> {
    match bff.found(&headers) {
        Some(session) => Ok(shown(&session).into_response()),
        None => signed_out(),
    }
}

/// `POST /bff/logout`
async fn logout(State(bff): State<Arc<Bff>>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = taken(request).await?;
    let ended = presented(&parts.headers).and_then(|id| bff.sessions().remove(&id));
    if let Some(session) = ended {
        let cookie = session.tokens.lock().await.refresh.clone();
        let cookie = Some((COOKIE, cookie));
        bff.call(&parts, "/api/auth/logout", cookie, Bytes::new())
            .await?;
    }
    let mut response = Json(json!({ "message": "ok" })).into_response();
    set_cookies(&mut response, "", "", 0)?;
    Ok(response)
}

/// `/bff/api/…`: the same path of the API, with the session's access token.
async fn forward(State(bff): State<Arc<Bff>>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = taken(request).await?;
    let Some(session) = bff.found(&parts.headers) else {
        return signed_out();
    };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let path = path.strip_prefix("/bff").unwrap_or(path);
    let held = session.tokens.lock().await.access.clone();
    let bearer = |access: &str| Some((AUTHORIZATION, format!("Bearer {access}")));
    let first = bff.call(&parts, path, bearer(&held), body.clone()).await?;
    if first.status != StatusCode::UNAUTHORIZED {
        return Ok(first.into_response());
    }
    let Some(access) = bff.renewed(&parts, &session, &held).await? else {
        if let Some(id) = presented(&parts.headers) {
            bff.sessions().remove(&id);
        }
        return signed_out();
    };
    let second = bff.call(&parts, path, bearer(&access), body).await?;
    Ok(second.into_response())
}

impl Bff {
    fn sessions(&self) -> MutexGuard<'_, HashMap<TokenHash, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of a request, unless it is over.
    fn found(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let id = presented(headers)?;
        let mut sessions = self.sessions();
        let now = Instant::now();
        sessions.retain(|_, session| session.ends > now);
        sessions.get(&id).cloned()
    }

    /// An access token that is not the refused one; `None` where the API ended
    /// the session.
    async fn renewed(
        &self,
        parts: &request::Parts,
        session: &Session,
        refused: &str,
    ) -> Result<Option<String>, Refusal> {
        let mut tokens = session.tokens.lock().await;
        if tokens.access != refused {
            return Ok(Some(tokens.access.clone()));
        }
        let mut parts = parts.clone();
        parts.method = Method::POST;
        let cookie = Some((COOKIE, tokens.refresh.clone()));
        let answer = self
            .call(&parts, "/api/token/refresh", cookie, Bytes::new())
            .await?;
        if answer.status.is_client_error() {
            return Ok(None);
        }
        *tokens = answer.tokens().ok_or_else(unexpected)?;
        Ok(Some(tokens.access.clone()))
    }

    /// Calls the API; of the browser's own headers only the body's type goes
    /// along.
    async fn call(
        &self,
        parts: &request::Parts,
        path: &str,
        credential: Option<(HeaderName, String)>,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = path.parse::<Uri>().map_err(|_| Refusal::not_found())?;
        if let Some(connection) = parts.extensions.get::<ConnectionHandle>() {
            request.extensions_mut().insert(connection.clone());
        }
        let headers = request.headers_mut();
        if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        if let Some((name, value)) = credential {
            headers.insert(name, secret(&value)?);
        }
        let Ok(response) = TowerToHyperService::new(self.api.clone())
            .call(request)
            .await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| unexpected())?;
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn tokens(&self) -> Option<Tokens> {
        let access = self.json()["jwt"].as_str()?.to_owned();
        let cookie = self.headers.get(SET_COOKIE)?.to_str().ok()?;
        let refresh = cookie.split(';').next()?.to_owned();
        Some(Tokens { access, refresh })
    }
}

/// What the API says, without its cookies.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        if let Some(kind) = self.headers.get(CONTENT_TYPE) {
            response.headers_mut().insert(CONTENT_TYPE, kind.clone());
        }
        response
    }
}

async fn taken(request: Request) -> Result<(request::Parts, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body did not arrive"))?;
    Ok((parts, body.to_bytes()))
}

fn shown(session: &Session) -> Json<Value> {
    let left = session.ends.saturating_duration_since(Instant::now());
    Json(json!({ "user": session.user, "sessionExpiresIn": left.as_secs_f64() }))
}

fn signed_out() -> Result<Response, Refusal> {
    let mut response = Refusal::unauthorized().into_response();
    set_cookies(&mut response, "", "", 0)?;
    Ok(response)
}

fn unexpected() -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, "Bad Gateway")
}

fn presented(headers: &HeaderMap) -> Option<TokenHash> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == SESSION && !value.is_empty())
        .map(|(_, value)| RefreshToken::presented(value).hash())
}

/// Sets the session's cookie and the one that scripts may read, or, with an
/// age of 0, takes them away. Without `Secure` and `__Host-`, because the
/// server speaks plain HTTP on loopback only.
fn set_cookies(
    response: &mut Response,
    session: &str,
    hint: &str,
    age: u64,
) -> Result<(), Refusal> {
    for cookie in [
        format!("{SESSION}={session}; Path=/bff; Max-Age={age}; HttpOnly; SameSite=Strict"),
        format!("{HINT}={hint}; Path=/; Max-Age={age}; SameSite=Strict"),
    ] {
        response.headers_mut().append(SET_COOKIE, secret(&cookie)?);
    }
    Ok(())
}

fn secret(text: &str) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(text).map_err(|_| unexpected())?;
    value.set_sensitive(true);
    Ok(value)
}

//! Who may talk to the server from a browser: CORS for the origins that were
//! listed, the gate of the panel, and the headers of the page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::answer::Refusal;
use crate::connection::ConnectionHandle;

/// The lists of the recorded system: fixed, whatever is asked for.
const ALLOWED_METHODS: &str = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS";
const ALLOWED_HEADERS: &str = "Access-Control-Allow-Headers,withCredentials,Origin,Authorization,\
Accept,X-Requested-With,Content-Type,Access-Control-Request-Method,Access-Control-Request-Headers";

/// `connect-src` names loopback on any port because the page can be pointed at
/// a second server; scripts and styles come from here alone.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
img-src 'self' data:; connect-src 'self' http://127.0.0.1:* http://localhost:*; object-src 'none'; \
base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// An origin as a browser spells it, checked when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("found {text:?}, expected an origin such as http://127.0.0.1:3000");
        let host = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"))
            .ok_or_else(wrong)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

/// Answers preflights, and names the listed origin in every other answer.
/// Origins that are not listed get their answer without that, as from Strapi:
/// it is the browser that withholds it.
pub async fn cors(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let listed = request
        .headers()
        .get(ORIGIN)
        .filter(|origin| is_listed(&app, origin))
        .cloned();
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if !app.origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = listed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        if preflight {
            for (name, value) in [
                (ACCESS_CONTROL_MAX_AGE, "31536000"),
                (ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
                (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
    }
    response
}

fn is_listed(app: &App, origin: &HeaderValue) -> bool {
    app.origins
        .iter()
        .any(|listed| listed.0.as_bytes() == origin.as_bytes())
}

/// Lets only this machine's own pages and programs to the panel: loopback
/// peers, under a loopback name (a name of somebody else's that points here is
/// DNS rebinding), from the server's own origin or a listed one, or from no
/// page at all.
pub async fn panel_gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let loopback = request
        .extensions()
        .get::<ConnectionHandle>()
        .is_some_and(|connection| connection.peer().ip().is_loopback());
    let headers = request.headers();
    if loopback && names_loopback(headers) && comes_from_here(&app, headers) {
        next.run(request).await
    } else {
        Refusal::forbidden().into_response()
    }
}

fn names_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|ours| name.eq_ignore_ascii_case(ours))
}

fn comes_from_here(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        // An image or a link of another page sends no Origin.
        return !headers
            .get(HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| site == "cross-site" || site == "same-site");
    };
    let own = headers.get(HOST).is_some_and(|host| {
        origin
            .as_bytes()
            .strip_prefix(b"http://")
            .is_some_and(|rest| rest == host.as_bytes())
    });
    own || is_listed(app, origin)
}

/// Adds what every answer of the page and the package carries.
pub async fn page_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Keeps every answer out of caches (RFC 6749 section 5.1; and a test must
/// never see yesterday's module), and its type as it was sent. JSON says its
/// character set, as it does in the recorded answers.
pub async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        let value = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, value);
    }
    response
}

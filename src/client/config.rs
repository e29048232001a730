//! The application's configuration. It is handed to the core in the shape that
//! the npm package takes, so that both read, default and refuse the same.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use wasm_bindgen::JsValue;

use super::error::{Error, ErrorKind};

/// A token manager's configuration: which endpoints there are, where tokens
/// travel, where they are kept. What is wrong with it,
/// [`TokenManager::new`](crate::TokenManager::new) says.
///
/// ```no_run
/// use std::time::Duration;
/// use evertoken::{Config, Endpoint, RefreshToken, Storage};
///
/// let config = Config::new()
///     .base_url("https://api.example.com")
///     .login("/auth/login")
///     .refresh(Endpoint::new("/auth/refresh").field("client", "web"))
///     .logout("/auth/logout")
///     .refresh_token(RefreshToken::Cookie)
///     .storage(Storage::Local)
///     .refresh_ahead(Duration::from_secs(30));
/// ```
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    preset: Option<String>,
    base_url: Option<String>,
    pub(super) login: Option<Endpoint>,
    pub(super) refresh: Option<Endpoint>,
    pub(super) logout: Option<Endpoint>,
    access_token: Option<AccessToken>,
    refresh_token: Option<RefreshToken>,
    response: Option<AnswerPaths>,
    attach_to: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) storage: Storage,
    pub(super) key: Option<String>,
    #[serde(rename = "refreshAheadSeconds", serialize_with = "seconds")]
    refresh_ahead: Option<Duration>,
    #[serde(serialize_with = "proactive")]
    proactive: Option<Proactive>,
    pub(super) unauthorized: Option<Vec<u16>>,
    #[serde(rename = "timeoutMs", serialize_with = "milliseconds")]
    pub(super) timeout: Option<Duration>,
    pub(super) csrf: Option<Csrf>,
    pub(super) cross_tab: Option<bool>,
}

impl Config {
    /// Makes a configuration that needs at least a refresh endpoint.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts from a preset, every field of which can be overridden:
    /// `strapi4`, `strapi5`, `strapi5-plugin`, `nestjs` or `express`.
    pub fn preset(name: impl Into<String>) -> Self {
        Self {
            preset: Some(name.into()),
            ..Self::default()
        }
    }

    /// Resolves relative URLs against this one; its origin gets the token
    /// unless [`attach_to`](Self::attach_to) says otherwise. Default: the
    /// page's.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Names the login endpoint, which
    /// [`login`](crate::TokenManager::login) needs.
    pub fn login(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.login = Some(endpoint.into());
        self
    }

    /// Names the refresh endpoint. With a form as its body the call is RFC
    /// 6749's (section 6).
    pub fn refresh(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.refresh = Some(endpoint.into());
        self
    }

    /// Names the logout endpoint. Without one a sign-out ends the session
    /// here.
    pub fn logout(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.logout = Some(endpoint.into());
        self
    }

    /// Says where the access token travels. Default: in `Authorization`,
    /// after `Bearer `.
    pub fn access_token(mut self, place: AccessToken) -> Self {
        self.access_token = Some(place);
        self
    }

    /// Says where the refresh token travels. Default: in the body if an answer
    /// ever brought one, else in a cookie.
    pub fn refresh_token(mut self, place: RefreshToken) -> Self {
        self.refresh_token = Some(place);
        self
    }

    /// Says where an answer has what. Default: the usual names, at the top
    /// level and under `data`.
    pub fn response(mut self, paths: AnswerPaths) -> Self {
        self.response = Some(paths);
        self
    }

    /// Lists the origins that get the token, each with an optional path. It
    /// replaces the origin of the base URL.
    pub fn attach_to<T: Into<String>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        self.attach_to = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Chooses where the tokens are kept. Default: in memory.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Names the stored record, the lock and the channel. Default:
    /// `evertoken`. Whoever uses the same key shares the session: another
    /// manager, another tab, the npm package.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Refreshes so long before a token ends. Default: a fifth of the
    /// lifetime, at most a minute; never more than half of the lifetime.
    pub fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.refresh_ahead = Some(ahead);
        self
    }

    /// Says when to refresh by timer. Default: while the page is visible.
    pub fn proactive(mut self, proactive: Proactive) -> Self {
        self.proactive = Some(proactive);
        self
    }

    /// Lists the statuses that mean that the token was refused. Default: 401.
    pub fn unauthorized(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.unauthorized = Some(statuses.into_iter().collect());
        self
    }

    /// Bounds one call to an endpoint. Default: ten seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Repeats a cookie in a header, on unsafe methods and on the endpoints.
    pub fn csrf(mut self, csrf: Csrf) -> Self {
        self.csrf = Some(csrf);
        self
    }

    /// Says whether tabs share the session. Default: they do.
    pub fn cross_tab(mut self, cross_tab: bool) -> Self {
        self.cross_tab = Some(cross_tab);
        self
    }

    pub(super) fn key_name(&self) -> &str {
        self.key.as_deref().unwrap_or("evertoken")
    }

    pub(super) fn refuses(&self, status: u16) -> bool {
        match &self.unauthorized {
            Some(statuses) => statuses.contains(&status),
            None => status == 401,
        }
    }

    /// Gives the configuration as the core reads it. Constant headers are the
    /// platform's to judge.
    pub(super) fn value(&self) -> Result<JsValue, Error> {
        let endpoints = [
            ("login", &self.login),
            ("refresh", &self.refresh),
            ("logout", &self.logout),
        ];
        for (name, endpoint) in endpoints {
            let headers = endpoint.as_ref().map(|endpoint| &endpoint.headers);
            let given = headers.into_iter().flatten();
            let judge = web_sys::Headers::new().map_err(Error::unsupported)?;
            for (header, value) in given {
                judge.set(header, value).map_err(|thrown| {
                    let message = [name, ".headers: expected a header's name and value"].concat();
                    Error::new(ErrorKind::InvalidConfig, message).with_thrown(thrown)
                })?;
            }
        }
        serde_wasm_bindgen::to_value(self).map_err(|_| {
            Error::new(
                ErrorKind::InvalidConfig,
                "config: expected what can be handed to the browser",
            )
        })
    }
}

/// Constant headers, fields and queries may be secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("preset", &self.preset)
            .field("storage", &self.storage)
            .field("key", &self.key_name())
            .finish_non_exhaustive()
    }
}

/// One endpoint. A URL alone is one, called by POST.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Missing where the preset's is meant.
    url: Option<String>,
    method: Option<String>,
    #[serde(skip)]
    pub(super) headers: Vec<(String, String)>,
    authenticate: Option<bool>,
    credentials: Option<Credentials>,
    body: Option<Body>,
    #[serde(serialize_with = "presence")]
    pub(super) fields: Vec<(String, Field)>,
    token_field: Option<String>,
    csrf: Option<Csrf>,
}

impl Endpoint {
    /// Makes an endpoint, to be called by POST.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::of_preset()
        }
    }

    /// Makes changes to the preset's endpoint.
    pub fn of_preset() -> Self {
        Self {
            url: None,
            method: None,
            headers: Vec::new(),
            authenticate: None,
            credentials: None,
            body: None,
            fields: Vec::new(),
            token_field: None,
            csrf: None,
        }
    }

    /// Calls it with another method than POST.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Adds a constant header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a constant field of the body; what the caller of `login` gives
    /// wins.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Field>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Says whether the access token goes with the call. By default only a
    /// sign-out sends one, and only a valid one.
    pub fn authenticate(mut self, authenticate: bool) -> Self {
        self.authenticate = Some(authenticate);
        self
    }

    /// Sets the credentials mode. Default: `include` where a cookie carries a
    /// token or nothing says what does, else `same-origin`.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets the form of the body. Default: JSON where there is something to
    /// send.
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets this call's own name for the refresh token, such as RFC 7009's
    /// `token`.
    pub fn token_field(mut self, name: impl Into<String>) -> Self {
        self.token_field = Some(name.into());
        self
    }

    /// Repeats another cookie than the other endpoints do.
    pub fn csrf(mut self, csrf: Csrf) -> Self {
        self.csrf = Some(csrf);
        self
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl<T: Into<String>> From<T> for Endpoint {
    fn from(url: T) -> Self {
        Self::new(url)
    }
}

/// The value of a constant field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Field {
    Text(String),
    Number(f64),
    Flag(bool),
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Field {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Field {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&Field> for JsValue {
    fn from(field: &Field) -> Self {
        match field {
            Field::Text(text) => text.into(),
            Field::Number(number) => (*number).into(),
            Field::Flag(flag) => (*flag).into(),
        }
    }
}

/// Where the access token travels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "in", rename_all = "camelCase")]
#[non_exhaustive]
pub enum AccessToken {
    /// In a header, after a prefix.
    Header { name: String, prefix: String },
    /// In a cookie that no script can read. The lifetime serves where no
    /// answer states one.
    #[serde(rename_all = "camelCase")]
    Cookie {
        #[serde(rename = "lifetimeSeconds", serialize_with = "seconds")]
        lifetime: Option<Duration>,
    },
}

/// Where the refresh token travels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "in", rename_all = "camelCase")]
#[non_exhaustive]
pub enum RefreshToken {
    /// In a cookie that no script can read.
    Cookie,
    /// In the body. The field is `refreshToken` by default, in a form
    /// `refresh_token`.
    Body { field: Option<String> },
    /// In a header, after a prefix.
    Header { name: String, prefix: String },
}

/// Dotted paths into an answer; those that are `None` are searched for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerPaths {
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub expires_in: Option<String>,
    /// The unit of what is at `expires_in`.
    pub expires_in_unit: Option<Unit>,
    /// ISO 8601, or seconds since the epoch.
    pub expires_at: Option<String>,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
}

/// Where tokens are kept. What cannot be used falls back to memory, with a
/// [`Event::Warning`](crate::Event::Warning).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Storage {
    /// In memory. Other tabs are asked at the start.
    #[default]
    Memory,
    /// In `sessionStorage`: for this tab, across reloads.
    Session,
    /// In `localStorage`.
    Local,
    /// In IndexedDB, whose transactions are ordered between tabs.
    IndexedDb,
}

impl Storage {
    /// Its name, as in the npm package.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Session => "session",
            Self::Local => "local",
            Self::IndexedDb => "indexeddb",
        }
    }
}

/// When to refresh by timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proactive {
    Never,
    WhileVisible,
    Always,
}

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    Json,
    Form,
    None,
}

/// The credentials mode of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    Include,
    SameOrigin,
    Omit,
}

/// A double-submit cookie and the header that repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Csrf {
    pub cookie: String,
    pub header: String,
}

impl Csrf {
    /// Names cookie and header.
    pub fn new(cookie: impl Into<String>, header: impl Into<String>) -> Self {
        Self {
            cookie: cookie.into(),
            header: header.into(),
        }
    }
}

fn is_default(storage: &Storage) -> bool {
    *storage == Storage::default()
}

fn seconds<S: Serializer>(span: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs_f64()).serialize(out)
}

fn milliseconds<S: Serializer>(span: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs_f64() * 1000.0).serialize(out)
}

fn proactive<S: Serializer>(when: &Option<Proactive>, out: S) -> Result<S::Ok, S::Error> {
    match when {
        None => out.serialize_none(),
        Some(Proactive::Never) => out.serialize_bool(false),
        Some(Proactive::Always) => out.serialize_bool(true),
        Some(Proactive::WhileVisible) => out.serialize_str("visible"),
    }
}

/// Of the constant fields the core only wants to know that there are some.
fn presence<S: Serializer>(fields: &[(String, Field)], out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Given {}
    (!fields.is_empty()).then_some(Given {}).serialize(out)
}

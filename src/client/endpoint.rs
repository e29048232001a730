//! An endpoint, as an application writes it down.

use std::fmt;

use gloo_net::http::Method;
use wasm_bindgen::JsValue;

use super::platform::ReadCookie;

/// One endpoint. A URL alone is one, called by POST.
#[derive(Clone)]
#[must_use]
pub struct Endpoint {
    /// Missing where the preset's is meant.
    pub(super) url: Option<String>,
    pub(super) method: Option<Method>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) authenticate: Option<bool>,
    pub(super) credentials: Option<Credentials>,
    pub(super) body: Option<Body>,
    pub(super) fields: Vec<(String, Field)>,
    pub(super) token_field: Option<String>,
    /// `Some(None)` where the call gets no such header.
    pub(super) csrf: Option<Option<Csrf>>,
}

impl Endpoint {
    /// Makes an endpoint, to be called by POST.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::from_preset()
        }
    }

    /// Makes changes to the preset's endpoint.
    pub fn from_preset() -> Self {
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
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
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
        self.csrf = Some(Some(csrf));
        self
    }

    /// Repeats no cookie, although the other endpoints do.
    pub fn without_csrf(mut self) -> Self {
        self.csrf = Some(None);
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

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    Json,
    Form,
    None,
}

/// The credentials mode of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credentials {
    Include,
    SameOrigin,
    Omit,
}

/// A header against forged requests: on unsafe methods and on the endpoints it
/// repeats a cookie, or it is a constant one on all requests to allowed
/// origins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Csrf {
    header: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Value {
    Cookie(String, ReadCookie),
    Constant(String),
}

impl Csrf {
    /// Names a cookie and the header that repeats it (double submit).
    pub fn new(cookie: impl Into<String>, header: impl Into<String>) -> Self {
        Self {
            header: header.into(),
            value: Value::Cookie(cookie.into(), ReadCookie::default()),
        }
    }

    /// Names a header and its constant value.
    pub fn constant(header: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            header: header.into(),
            value: Value::Constant(value.into()),
        }
    }

    pub(super) fn header(&self) -> &str {
        &self.header
    }

    /// The cookie's name, or the constant.
    pub(super) fn text(&self) -> (&'static str, &str) {
        match &self.value {
            Value::Cookie(name, _) => (".cookie", name),
            Value::Constant(value) => (".value", value),
        }
    }

    /// The value now. The cookie is read anew each time.
    pub(super) fn value(&self) -> Option<String> {
        match &self.value {
            Value::Cookie(name, cookie) => cookie.read(name),
            Value::Constant(value) => Some(value.clone()),
        }
    }

    /// Whether a request of this method gets the header.
    pub(super) fn guards(&self, method: &str) -> bool {
        matches!(self.value, Value::Constant(_))
            || !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }
}

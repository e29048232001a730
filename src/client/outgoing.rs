//! Requests as applications write them down.

use std::fmt;

use gloo_net::http::{Method, Response};
use js_sys::JSON;
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::{RequestInit, UrlSearchParams};

use super::document;
use super::error::{Error, ErrorKind};
use super::manager::TokenManager;
use super::platform::set;
use crate::core::Fault;

/// A request, whose relative URL is resolved against
/// [`Config::base_url`](crate::Config::base_url) when it is sent.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    method: Method,
    url: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Result<JsValue, Error>>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $method:ident)*) => {
        impl Request {
            $(
                $(#[$doc])*
                pub fn $name(url: impl Into<String>) -> Self {
                    Self::new(Method::$method, url)
                }
            )*
        }

        impl TokenManager {
            $(
                $(#[$doc])*
                pub fn $name(&self, url: impl Into<String>) -> RequestBuilder {
                    RequestBuilder {
                        auth: self.clone(),
                        request: Request::$name(url),
                    }
                }
            )*
        }
    };
}

methods! {
    /// Makes a GET request.
    get GET
    /// Makes a POST request.
    post POST
    /// Makes a PUT request.
    put PUT
    /// Makes a PATCH request.
    patch PATCH
    /// Makes a DELETE request.
    delete DELETE
}

macro_rules! parts {
    ($type:ty, $($at:ident)?) => {
        impl $type {
            /// Sets a header.
            pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self$(.$at)?.headers.push((name.into(), value.into()));
                self
            }

            /// Adds a parameter to the URL's query.
            pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
                self$(.$at)?.query.push((name.into(), value.to_string()));
                self
            }

            /// Sends a value as JSON. One that is no JSON is an error when the
            /// request is sent.
            pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
                self$(.$at)?.body = Some(json(value));
                self.header("content-type", "application/json")
            }

            /// Sends a body of the platform's, such as a text or `FormData`.
            /// With a `ReadableStream`, which can be sent once, an
            /// unauthorized answer is the caller's.
            pub fn body(mut self, body: impl Into<JsValue>) -> Self {
                // A server has no such values.
                if cfg!(target_arch = "wasm32") {
                    self$(.$at)?.body = Some(Ok(body.into()));
                }
                self
            }
        }
    };
}

parts!(Request,);
parts!(RequestBuilder, request);

impl Request {
    /// Makes a request with any method.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        }
    }
}

/// Headers, queries and bodies may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A request that a manager sends.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    auth: TokenManager,
    request: Request,
}

impl RequestBuilder {
    /// Sends the request; see [`TokenManager::fetch`]. Dropping the future
    /// breaks the request off.
    ///
    /// # Errors
    ///
    /// Those of [`TokenManager::fetch`].
    pub async fn send(self) -> Result<Response, Error> {
        self.auth.fetch(self.request).await
    }
}

/// What [`TokenManager::fetch`] sends: a [`Request`], or one of gloo-net's or
/// web-sys'. Those two were resolved against the page when they were built.
pub trait IntoRequest: sealed::IntoRequest {}

impl<T: sealed::IntoRequest> IntoRequest for T {}

pub(super) mod sealed {
    use super::Error;

    pub trait IntoRequest {
        /// Whether it can be sent twice. A request of the platform's can, by
        /// clones, and does not say what its body was made of.
        fn lasts(&self) -> bool {
            true
        }
        fn into_request(self, base: Option<&str>) -> Result<web_sys::Request, Error>;
    }

    impl IntoRequest for web_sys::Request {
        fn into_request(self, _: Option<&str>) -> Result<Self, Error> {
            Ok(self)
        }
    }

    impl IntoRequest for gloo_net::http::Request {
        fn into_request(self, _: Option<&str>) -> Result<web_sys::Request, Error> {
            Ok(self.into())
        }
    }

    impl IntoRequest for gloo_net::http::RequestBuilder {
        fn into_request(self, _: Option<&str>) -> Result<web_sys::Request, Error> {
            let built = self
                .build()
                .map_err(|error| Error::unsendable(crate::client::reason::Reason::of(&error)))?;
            Ok(built.into())
        }
    }
}

impl sealed::IntoRequest for Request {
    fn lasts(&self) -> bool {
        !matches!(&self.body, Some(Ok(body)) if is_stream(body))
    }

    fn into_request(self, base: Option<&str>) -> Result<web_sys::Request, Error> {
        let built = || {
            let mut url = resolved(&self.url, base)?;
            if !self.query.is_empty() {
                let query = UrlSearchParams::new().map_err(Error::unsendable)?;
                for (name, value) in &self.query {
                    query.append(name, value);
                }
                let whole = web_sys::Url::new(&url).map_err(Error::unsendable)?;
                let own = whole.search();
                let query = String::from(query.to_string());
                whole.set_search(&match own.is_empty() {
                    true => query,
                    false => [&own, "&", &query].concat(),
                });
                url = whole.href();
            }
            let init = RequestInit::new();
            init.set_method(self.method.as_str());
            let headers = web_sys::Headers::new().map_err(Error::unsendable)?;
            for (name, value) in &self.headers {
                headers.set(name, value).map_err(Error::unsendable)?;
            }
            init.set_headers(&headers);
            if let Some(body) = &self.body {
                let body = body.as_ref().map_err(Clone::clone)?;
                init.set_body(body);
                if is_stream(body) {
                    set(&init, "duplex", "half");
                }
            }
            web_sys::Request::new_with_str_and_init(&url, &init).map_err(Error::unsendable)
        };
        built()
    }
}

/// An absolute URL.
pub(super) fn resolved(url: &str, base: Option<&str>) -> Result<String, Error> {
    let resolved = document::url(url, base);
    resolved.and_then(|url| url.text("href")).ok_or_else(|| {
        let message = "url: expected a URL, absolute or relative to the base URL";
        Error::new(ErrorKind::InvalidConfig, message)
    })
}

/// Whether a body is used up by reading it once.
fn is_stream(body: &JsValue) -> bool {
    document::member(body, "getReader").is_some()
}

/// The JSON of a value.
fn json(value: &(impl Serialize + ?Sized)) -> Result<JsValue, Error> {
    if cfg!(not(target_arch = "wasm32")) {
        return Err(Error::of_fault(Fault::NobodysSession));
    }
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    let object = value
        .serialize(&serializer)
        .map_err(|error| Error::unsendable(JsValue::from(error)))?;
    let text = JSON::stringify(&object).map_err(Error::unsendable)?;
    Ok(text.into())
}

//! Requests and responses of the crate `http`, for clients that speak it.

use gloo_net::http::Headers;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use js_sys::Uint8Array;
use send_wrapper::SendWrapper;
use web_sys::RequestInit;

use super::error::Error;
use super::manager::TokenManager;
use super::outgoing::resolved;
use super::reason::Reason;
use super::request;

impl TokenManager {
    /// Sends a request of the crate [`http`] and reads its answer to the end:
    /// for GraphQL clients and whatever else has a transport of the
    /// application's. It goes as with [`fetch`](Self::fetch). The future
    /// is `Send` where the body is, as such clients want it, and works on the
    /// thread of the manager.
    ///
    /// ```no_run
    /// # async fn example(auth: &evertoken::TokenManager) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = http::Request::post("/graphql")
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"query":"{ posts { title } }"}"#)?;
    /// let answer: http::Response<Vec<u8>> = auth.execute(request).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fetch`](Self::fetch).
    pub async fn execute<B: Into<Vec<u8>>>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Vec<u8>>, Error> {
        // Made where it is awaited, so that no other thread sees it.
        SendWrapper::new(self.executed(request.map(Into::into))).await
    }

    async fn executed(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
        let shell = self.shell()?;
        let url = resolved(&request.uri().to_string(), shell.settings.base.as_deref())?;
        let init = RequestInit::new();
        init.set_method(request.method().as_str());
        let headers = web_sys::Headers::new().map_err(Error::unsendable)?;
        for (name, value) in request.headers() {
            // The platform's texts have a character for each byte.
            let value: String = value.as_bytes().iter().copied().map(char::from).collect();
            let added = headers.append(name.as_str(), &value);
            added.map_err(Error::unsendable)?;
        }
        init.set_headers(&headers);
        if !request.body().is_empty() {
            init.set_body(&Uint8Array::from(request.body().as_slice()));
        }
        let request = web_sys::Request::new_with_str_and_init(&url, &init);
        let answer = request::fetch(&shell, request.map_err(Error::unsendable)?, true).await?;
        let body = answer.binary().await;
        let body = body.map_err(|error| Error::of_fetch(Reason::of(&error)))?;
        let mut response = Response::new(body);
        // One of another origin that is not to be read has 0.
        let status = http::StatusCode::from_u16(answer.status());
        *response.status_mut() = status.map_err(|error| Error::of_fetch(Reason::of(&error)))?;
        *response.headers_mut() = headers_of(&answer.headers());
        Ok(response)
    }
}

fn headers_of(headers: &Headers) -> HeaderMap {
    let header = |(name, value): (String, String)| {
        let value: Vec<u8> = value
            .chars()
            .filter_map(|byte| u8::try_from(byte).ok())
            .collect();
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(&value).ok()?))
    };
    headers.entries().filter_map(header).collect()
}

//! What an answer of the login or refresh endpoint means (rules 5 and 12).

use super::error::{Error, ErrorKind};
use super::json::Json;
use super::lifetime::Stated;
use super::pace;
use super::secret::Secret;
use super::time::{Instant, Millis};
use super::{date, jwt};

/// What the shell reports of an answer that arrived whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    pub status: u16,
    /// The `Content-Type`, empty where there is none.
    pub media_type: &'a str,
    pub retry_after: Option<&'a str>,
    pub body: &'a str,
}

/// What an answer brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tokens {
    pub access: Option<Secret>,
    pub refresh: Option<Secret>,
    pub stated: Stated,
}

/// Where an answer keeps what; `None` searches the usual names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    pub access: Option<String>,
    pub refresh: Option<String>,
    pub expires_in: Option<String>,
    pub expires_in_is_ms: bool,
    pub expires_at: Option<String>,
}

/// An answer of the refresh endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Renewed(Tokens),
    /// The session is over.
    Definitive(Error),
    /// The session is kept; the server may have said for how long to wait.
    Passing(Error, Option<Millis>),
}

const ACCESS: [&str; 5] = ["accessToken", "access_token", "access", "jwt", "token"];
const REFRESH: [&str; 3] = ["refreshToken", "refresh_token", "refresh"];
const EXPIRES_IN: [&str; 2] = ["expiresIn", "expires_in"];

impl Paths {
    /// Finds the tokens in a body. With `cookie` the access token travels
    /// where no script sees it, and only the lifetime is looked for.
    pub fn find(&self, body: &str, cookie: bool) -> Option<Tokens> {
        let json = Json::parse(body);
        let seek = |path: &Option<String>, names: &[&str], is: &dyn Fn(Json<'_>) -> bool| {
            let json = json?;
            match path {
                Some(path) => json.path(path).filter(|value| is(*value)),
                None => [Some(json), json.get("data")]
                    .into_iter()
                    .flatten()
                    .find_map(|place| {
                        names
                            .iter()
                            .find_map(|name| place.get(name).filter(|value| is(*value)))
                    }),
            }
        };
        let is_token = |value: Json<'_>| value.text().is_some_and(|text| !text.is_empty());
        let access = if cookie {
            None
        } else {
            let token = seek(&self.access, &ACCESS, &is_token)?;
            Some(token.text().and_then(Secret::bearer)?)
        };
        let refresh = seek(&self.refresh, &REFRESH, &is_token);
        let expires_in = seek(&self.expires_in, &EXPIRES_IN, &|value| {
            number(value).is_some()
        });
        let unit = if self.expires_in_is_ms { 1.0 } else { 1000.0 };
        let expires_at = self.expires_at.as_ref().and_then(|path| json?.path(path));
        Some(Tokens {
            access,
            refresh: refresh.and_then(|value| value.text()).and_then(Secret::new),
            stated: Stated {
                expires_in: expires_in
                    .and_then(number)
                    .and_then(|n| Millis::from_ms(n * unit)),
                expires_at: expires_at.and_then(|value| match number(value) {
                    Some(seconds) => Instant::from_seconds(seconds),
                    None => date::iso8601(&value.text()?),
                }),
            },
        })
    }

    /// Says what was looked for, for the developer who has to set a path.
    pub fn searched(&self, status: u16) -> Error {
        let mut message = String::from("no access token found in the answer; looked for ");
        match &self.access {
            Some(path) => {
                message.push_str("response.accessToken = '");
                message.push_str(path);
                message.push('\'');
            }
            None => {
                message.push_str(&ACCESS.join(", "));
                message.push_str(" at the top level and under data");
            }
        }
        Error::new(ErrorKind::InvalidResponse, &message).with_status(status)
    }
}

/// Numbers are sent as strings by some servers.
fn number(value: Json<'_>) -> Option<f64> {
    match value.number() {
        Some(number) => Some(number),
        None => Json::parse(&value.text()?)?.number(),
    }
}

impl Answer<'_> {
    fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A proxy, a captive portal or an error page of the web server: whoever
    /// wrote it, it was not the token endpoint.
    fn is_html(&self) -> bool {
        self.media_type
            .as_bytes()
            .windows(4)
            .any(|word| word.eq_ignore_ascii_case(b"html"))
            || self.body.trim_ascii_start().starts_with('<')
    }

    fn invalid_grant(&self) -> bool {
        let error = Json::parse(self.body).and_then(|json| json.get("error"));
        error
            .and_then(Json::text)
            .is_some_and(|error| error == "invalid_grant")
    }

    /// Decides about a refresh.
    pub fn of_refresh(&self, paths: &Paths, cookie: bool, now: Instant) -> Verdict {
        let passing = |message: &str| {
            Error::new(ErrorKind::RefreshUnavailable, message).with_status(self.status)
        };
        let wait = self
            .retry_after
            .and_then(|value| pace::retry_after(value, now));
        if self.is_html() {
            let error = passing("the refresh endpoint answered with HTML, expected JSON");
            return Verdict::Passing(error.retryable(), wait);
        }
        if self.invalid_grant() || matches!(self.status, 400 | 401 | 403 | 410 | 422) {
            let message = "the refresh endpoint refused the session";
            let error = Error::new(ErrorKind::RefreshRejected, message);
            return Verdict::Definitive(error.with_status(self.status));
        }
        if matches!(self.status, 404 | 405) {
            let message = "the refresh endpoint is not at this URL with this method";
            let cause = Error::new(ErrorKind::InvalidResponse, message).with_status(self.status);
            return Verdict::Passing(passing(message).because(cause), wait);
        }
        if !self.succeeded() {
            let error = passing("the refresh endpoint is not available");
            return Verdict::Passing(error.retryable(), wait);
        }
        if let Some(tokens) = paths.find(self.body, cookie) {
            return Verdict::Renewed(tokens);
        }
        let json = Json::parse(self.body).is_some();
        let message = if json {
            "the refresh endpoint answered without an access token"
        } else {
            "the refresh endpoint answered with something that is not JSON"
        };
        let error = passing(message).because(paths.searched(self.status));
        Verdict::Passing(if json { error } else { error.retryable() }, wait)
    }

    /// Decides about a sign-in.
    pub fn of_login(&self, paths: &Paths, cookie: bool, now: Instant) -> Result<Tokens, Error> {
        let unavailable = |message: &str| {
            let mut error =
                Error::new(ErrorKind::LoginUnavailable, message).with_status(self.status);
            error.retry_after = self
                .retry_after
                .and_then(|value| pace::retry_after(value, now));
            error.retryable()
        };
        if !self.succeeded() {
            return Err(match self.status {
                408 | 425 | 429 | 0..=399 | 500.. => {
                    unavailable("the login endpoint is not available")
                }
                _ if self.is_html() => {
                    unavailable("the login endpoint answered with HTML, expected JSON")
                }
                _ => Error::new(
                    ErrorKind::LoginRejected,
                    "the login endpoint refused the sign-in",
                )
                .with_status(self.status),
            });
        }
        if self.is_html() {
            return Err(unavailable(
                "the login endpoint answered with HTML, expected JSON",
            ));
        }
        match paths.find(self.body, cookie) {
            Some(tokens) => Ok(tokens),
            None if Json::parse(self.body).is_none() => Err(unavailable(
                "the login endpoint answered with something that is not JSON",
            )),
            None => Err(paths.searched(self.status)),
        }
    }
}

/// Judges tokens that the application brought itself (rule 17).
pub fn from_application(
    access: Option<&str>,
    refresh: Option<&str>,
    stated: Stated,
    cookie: bool,
) -> Result<Tokens, Error> {
    let access = match access {
        Some(text) if !cookie => Some(Secret::bearer(text).ok_or_else(|| {
            let message = "accessToken: expected a non-empty string that can stand in a header";
            Error::new(ErrorKind::InvalidResponse, message)
        })?),
        None if !cookie => {
            let message = "accessToken: expected a string, found none";
            return Err(Error::new(ErrorKind::InvalidResponse, message));
        }
        _ => None,
    };
    Ok(Tokens {
        access,
        refresh: refresh.and_then(Secret::new),
        stated,
    })
}

/// Gives a token's header and claims as JSON texts, for `decodeJwt`.
pub fn decoded(token: &str) -> Option<(String, String)> {
    Some((jwt::header(token)?, jwt::payload(token)?))
}

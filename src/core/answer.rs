//! What an answer of the login or refresh endpoint means (rules 5 and 12).

use super::document::{Document, Platform};
use super::error::{Error, Fault};
use super::lifetime::Stated;
use super::pace;
use super::secret::Secret;
use super::time::{Instant, Millis};

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
    /// The session is kept; `retry_after` is what the server said of it.
    Passing(Error),
}

/// The usual names, at the top level and then under `data`.
const ACCESS: [&str; 10] = [
    "accessToken",
    "access_token",
    "access",
    "jwt",
    "token",
    "data.accessToken",
    "data.access_token",
    "data.access",
    "data.jwt",
    "data.token",
];
const REFRESH: [&str; 6] = [
    "refreshToken",
    "refresh_token",
    "refresh",
    "data.refreshToken",
    "data.refresh_token",
    "data.refresh",
];
const EXPIRES_IN: [&str; 4] = [
    "expiresIn",
    "expires_in",
    "data.expiresIn",
    "data.expires_in",
];

/// What is said of where an access token was looked for.
pub const USUAL: &str =
    "accessToken, access_token, access, jwt, token at the top level and under data";

impl Paths {
    /// Finds the tokens in an answer. With `cookie` the access token travels
    /// where no script sees it, and only the lifetime is looked for.
    pub fn find(
        &self,
        answer: Option<&dyn Document>,
        cookie: bool,
        platform: Platform,
    ) -> Option<Tokens> {
        let text = |path: &str| answer?.text(path).filter(|text| !text.is_empty());
        // Numbers are sent as strings by some servers.
        let number = |path: &str| {
            let number = answer?.number(path);
            number.or_else(|| (platform.json)(&text(path)?)?.number(""))
        };
        let mut tokens = Tokens::default();
        if !cookie {
            let mut access = None;
            seek(&self.access, &ACCESS, &mut |path| {
                access = text(path);
                access.is_some()
            });
            tokens.access = Some(Secret::bearer(access?)?);
        }
        seek(&self.refresh, &REFRESH, &mut |path| {
            tokens.refresh = text(path).and_then(Secret::new);
            tokens.refresh.is_some()
        });
        let unit = if self.expires_in_is_ms { 1.0 } else { 1000.0 };
        seek(&self.expires_in, &EXPIRES_IN, &mut |path| {
            let length = number(path);
            tokens.stated.expires_in = length.and_then(|n| Millis::from_ms(n * unit));
            length.is_some()
        });
        if let Some(path) = &self.expires_at {
            let seconds = number(path).and_then(Instant::from_seconds);
            tokens.stated.expires_at = seconds.or_else(|| (platform.date)(&text(path)?));
        }
        Some(tokens)
    }

    /// Says what was looked for, for the developer who has to set a path.
    pub fn searched(&self) -> String {
        match &self.access {
            Some(path) => ["response.accessToken = '", path, "'"].concat(),
            None => USUAL.to_owned(),
        }
    }
}

/// Looks at a path, or else for the usual names, until something is found.
#[inline(never)]
fn seek(path: &Option<String>, names: &[&str], found: &mut dyn FnMut(&str) -> bool) {
    match path {
        Some(path) => {
            found(path);
        }
        None => {
            let _ = names.iter().any(|name| found(name));
        }
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

    fn error(&self, fault: Fault, now: Instant, platform: Platform) -> Error {
        Error {
            status: self.status,
            retry_after: self
                .retry_after
                .and_then(|value| pace::retry_after(value, now, platform.date))
                .unwrap_or_default(),
            ..Error::new(fault)
        }
    }

    /// Decides about a refresh.
    pub fn of_refresh(
        &self,
        paths: &Paths,
        cookie: bool,
        now: Instant,
        platform: Platform,
    ) -> Verdict {
        let json = (platform.json)(self.body);
        let json = json.as_deref();
        let refused = json.and_then(|json| json.text("error"));
        let invalid_grant = refused.as_deref() == Some("invalid_grant");
        let mut cause = None;
        let fault = if self.is_html() {
            Fault::RefreshHtml
        } else if invalid_grant || is_definitive(self.status) {
            // No other attempt follows, whatever Retry-After says.
            return Verdict::Definitive(Error {
                retry_after: Millis::ZERO,
                ..self.error(Fault::RefreshRefused, now, platform)
            });
        } else if matches!(self.status, 404 | 405) {
            cause = Some(Fault::NotFound);
            Fault::RefreshNotFound
        } else if !self.succeeded() {
            Fault::RefreshDown
        } else if let Some(tokens) = paths.find(json, cookie, platform) {
            return Verdict::Renewed(tokens);
        } else {
            cause = Some(Fault::NothingFound);
            if json.is_some() {
                Fault::RefreshWithoutToken
            } else {
                Fault::RefreshNotJson
            }
        };
        Verdict::Passing(Error {
            cause,
            ..self.error(fault, now, platform)
        })
    }

    /// Decides about a sign-in.
    pub fn of_login(
        &self,
        paths: &Paths,
        cookie: bool,
        now: Instant,
        platform: Platform,
    ) -> Result<Tokens, Error> {
        let json = (platform.json)(self.body);
        let fault = if matches!(self.status, 0..=199 | 300..=399 | 408 | 425 | 429 | 500..) {
            Fault::LoginDown
        } else if self.is_html() {
            Fault::LoginHtml
        } else if !self.succeeded() {
            Fault::LoginRefused
        } else if let Some(tokens) = paths.find(json.as_deref(), cookie, platform) {
            return Ok(tokens);
        } else if json.is_none() {
            Fault::LoginNotJson
        } else {
            Fault::NothingFound
        };
        Err(self.error(fault, now, platform))
    }
}

/// Whether a token endpoint ends a session with this status, whoever says so:
/// an answer, or a refresh function that rejected.
pub fn is_definitive(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 410 | 422)
}

/// Judges tokens that the application brought itself (rule 17).
pub fn from_application(
    access: Option<String>,
    refresh: Option<String>,
    stated: Stated,
    cookie: bool,
) -> Result<Tokens, Error> {
    let access = match access {
        _ if cookie => None,
        Some(text) => Some(Secret::bearer(text).ok_or(Fault::TokenUnusable)?),
        None => return Err(Fault::TokenMissing.into()),
    };
    Ok(Tokens {
        access,
        refresh: refresh.and_then(Secret::new),
        stated,
    })
}

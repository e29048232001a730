//! What an answer of the login or refresh endpoint means (rules 5 and 12).

use super::document::{Document, Platform};
use super::error::{Error, Fault};
use super::lifetime::Stated;
use super::pace;
use super::policy::Policy;
use super::secret::Secret;
use super::time::{Instant, Millis, Now};

/// What the shell reports of an answer that arrived whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    pub status: u16,
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
    pub session_in: Option<String>,
    pub session_at: Option<String>,
    /// What stands before the access token in its header: a token that brings
    /// it along loses it.
    pub prefix: String,
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

const SESSION_IN: [&str; 12] = [
    "sessionExpiresIn",
    "refreshExpiresIn",
    "refresh_expires_in",
    "refresh_token_expires_in",
    "refresh_token_timeout",
    "authorization_expires_in",
    "data.sessionExpiresIn",
    "data.refreshExpiresIn",
    "data.refresh_expires_in",
    "data.refresh_token_expires_in",
    "data.refresh_token_timeout",
    "data.authorization_expires_in",
];

/// What a program writes that has no token but writes one.
const NO_TOKENS: [&str; 3] = ["undefined", "null", "[object Object]"];

/// What is said of where an access token was looked for.
pub const USUAL: &str =
    "accessToken, access_token, access, jwt, token at the top level and under data";

impl Paths {
    /// Finds the tokens in an answer, or says why there is none. With `cookie`
    /// the access token travels where no script sees it, and only the
    /// lifetime is looked for.
    pub fn find(
        &self,
        answer: Option<&dyn Document>,
        cookie: bool,
        platform: Platform,
    ) -> Result<Tokens, Fault> {
        let text = |path: &str| answer?.text(path).filter(|text| !text.is_empty());
        // Numbers are sent as strings by some servers.
        let number = |path: &str| {
            let number = answer?.number(path);
            number.or_else(|| (platform.json)(&text(path)?)?.number(""))
        };
        let instant = |path: &String| {
            let seconds = number(path).and_then(Instant::from_seconds);
            seconds.or_else(|| (platform.date)(&text(path)?))
        };
        let span = |length: Option<f64>, unit: f64| length.and_then(|n| Millis::from_ms(n * unit));
        let unit = if self.expires_in_is_ms { 1.0 } else { 1000.0 };
        let mut tokens = Tokens::default();
        if !cookie {
            let mut missing = Fault::NothingFound;
            seek(&self.access, &ACCESS, &mut |path| {
                if let Some(text) = text(path) {
                    tokens.access = self.access_token(&text);
                    missing = Fault::FoundUnusable;
                }
                tokens.access.is_some()
            });
            if tokens.access.is_none() {
                return Err(missing);
            }
        }
        seek(&self.refresh, &REFRESH, &mut |path| {
            tokens.refresh = text(path).and_then(refresh_token);
            tokens.refresh.is_some()
        });
        seek(&self.expires_in, &EXPIRES_IN, &mut |path| {
            let length = number(path);
            tokens.stated.expires_in = span(length, unit);
            length.is_some()
        });
        tokens.stated.expires_at = self.expires_at.as_ref().and_then(instant);
        // Names that were found without a path are in seconds.
        let session_unit = if self.session_in.is_some() {
            unit
        } else {
            1000.0
        };
        seek(&self.session_in, &SESSION_IN, &mut |path| {
            let length = number(path);
            tokens.stated.session_in = span(length, session_unit);
            length.is_some()
        });
        tokens.stated.session_at = self.session_at.as_ref().and_then(instant);
        Ok(tokens)
    }

    /// Takes a text for an access token, without the prefix that some servers
    /// put before it.
    fn access_token(&self, text: &str) -> Option<Secret> {
        let own = text
            .get(..self.prefix.len())
            .filter(|start| !start.is_empty() && start.eq_ignore_ascii_case(&self.prefix));
        let rest = own.and_then(|own| text.get(own.len()..)).unwrap_or(text);
        token(rest).and_then(|text| Secret::bearer(text.to_owned()))
    }

    /// Says what was looked for, for the developer who has to set a path.
    pub fn searched(&self) -> String {
        match &self.access {
            Some(path) => ["response.accessToken = '", path, "'"].concat(),
            None => USUAL.to_owned(),
        }
    }
}

/// A text that can be meant as a token.
fn token(text: &str) -> Option<&str> {
    (!NO_TOKENS.contains(&text)).then_some(text)
}

fn refresh_token(text: String) -> Option<Secret> {
    token(&text)?;
    Secret::new(text)
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

    /// What a proxy, a captive portal or a web server answers instead of the
    /// token endpoint. The label says nothing: JSON comes as text/html from some
    /// servers.
    fn is_html(&self, json: Option<&dyn Document>) -> bool {
        json.is_none() && self.body.trim_ascii_start().starts_with('<')
    }

    /// A redirect is not followed: no password and no token goes where it
    /// points.
    fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    fn error(&self, fault: Fault, now: Now, platform: Platform) -> Error {
        Error {
            status: self.status,
            retry_after: self
                .retry_after
                .and_then(|value| pace::retry_after(value, now.wall, platform.date))
                .unwrap_or_default(),
            ..Error::new(fault)
        }
    }

    /// Decides about a refresh.
    pub fn of_refresh(&self, paths: &Paths, cookie: bool, now: Now, platform: Platform) -> Verdict {
        let json = (platform.json)(self.body);
        let json = json.as_deref();
        let refused = json.and_then(|json| json.text("error"));
        let invalid_grant = refused.as_deref() == Some("invalid_grant");
        let mut cause = None;
        let fault = if self.is_redirect() {
            Fault::RefreshRedirected
        } else if self.is_html(json) {
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
        } else {
            match paths.find(json, cookie, platform) {
                Ok(tokens) => return Verdict::Renewed(tokens),
                Err(missing) => cause = Some(missing),
            }
            match json {
                Some(_) => Fault::RefreshWithoutToken,
                None => Fault::RefreshNotJson,
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
        now: Now,
        platform: Platform,
    ) -> Result<Tokens, Error> {
        let json = (platform.json)(self.body);
        let json = json.as_deref();
        let mut cause = None;
        let fault = if self.is_redirect() {
            Fault::LoginRedirected
        } else if matches!(self.status, 0..=199 | 408 | 425 | 429 | 500..) {
            Fault::LoginDown
        } else if self.is_html(json) {
            Fault::LoginHtml
        } else if matches!(self.status, 404 | 405) {
            cause = Some(Fault::NotFound);
            Fault::LoginNotFound
        } else if !self.succeeded() {
            Fault::LoginRefused
        } else {
            match (paths.find(json, cookie, platform), json) {
                (Ok(tokens), _) => return Ok(tokens),
                (Err(_), None) => Fault::LoginNotJson,
                (Err(missing), Some(_)) => missing,
            }
        };
        Err(Error {
            cause,
            ..self.error(fault, now, platform)
        })
    }
}

/// Whether a token endpoint ends a session with this status, that of an answer
/// or of a refresh function that rejected.
pub fn is_definitive(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 410 | 422)
}

/// Judges tokens that the application brought itself (rule 17).
pub fn from_application(
    access: Option<String>,
    refresh: Option<String>,
    stated: Stated,
    policy: &Policy,
) -> Result<Tokens, Error> {
    let access = match access {
        _ if policy.cookie_access() => None,
        Some(text) => Some(
            policy
                .paths
                .access_token(&text)
                .ok_or(Fault::TokenUnusable)?,
        ),
        None => return Err(Fault::TokenMissing.into()),
    };
    Ok(Tokens {
        access,
        refresh: refresh.and_then(refresh_token),
        stated,
    })
}

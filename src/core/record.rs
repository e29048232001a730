//! The record that all tabs of one `key` share (rules 7, 8 and 13).
//!
//! Records are totally ordered by their [`Stamp`], and a tab holds the
//! greatest one that it has seen. So it does not matter in what order tabs
//! hear of one another, whether a message is lost or comes twice, or who held
//! which lock: once every tab has seen every record, all hold the same one.
//! A sign-out is the greatest record of its sign-in, so no refresh of that
//! sign-in, however late, comes after it; only a new sign-in does.

use serde::Serialize;

use super::jwt::Claims;
use super::json::Json;
use super::lifetime::Lifetime;
use super::pace::Pace;
use super::secret::Secret;
use super::time::Instant;

/// The place of a record in the order of all records of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Counts the sign-ins.
    pub sign_in: u32,
    /// Tells apart two sign-ins that were made at the same count.
    pub salt: u32,
    /// A sign-out comes after everything else of its sign-in.
    pub ended: bool,
    /// Counts the tokens of the sign-in.
    pub generation: u32,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user signed out. Holds across a reload, where the cookie may
    /// still be there.
    Logout,
    /// The server refused to go on. A cookie may be tried again at the next
    /// start: another page may have signed in meanwhile.
    Rejected,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// None where it travels in a cookie.
    pub access: Option<Secret>,
    pub refresh: Option<Secret>,
    pub lifetime: Lifetime,
    /// Read off the access token, not stored.
    pub claims: Claims,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub stamp: Stamp,
    pub state: Result<Session, Ended>,
}

/// The stored form. Members may be added; `v` changes when one is taken away
/// or means something else.
#[derive(Serialize)]
pub struct Stored<'a> {
    v: u32,
    sign_in: u32,
    salt: u32,
    generation: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_wait: Option<f64>,
}

const VERSION: u32 = 1;

impl Record {
    pub fn session(&self) -> Option<&Session> {
        self.state.as_ref().ok()
    }

    /// Gives the form to be serialised as JSON, with the back-off that all
    /// tabs share.
    pub fn stored(&self, pace: &Pace) -> Stored<'_> {
        let session = self.session();
        Stored {
            v: VERSION,
            sign_in: self.stamp.sign_in,
            salt: self.stamp.salt,
            generation: self.stamp.generation,
            ended: self.state.as_ref().err().map(|ended| match ended {
                Ended::Logout => "logout",
                Ended::Rejected => "rejected",
            }),
            access: session.and_then(|s| s.access.as_ref()).map(Secret::expose),
            refresh: session.and_then(|s| s.refresh.as_ref()).map(Secret::expose),
            received: session.map(|s| s.lifetime.received.as_ms()),
            expires: session.and_then(|s| s.lifetime.expires).map(Instant::as_ms),
            failures: pace.not_before.map(|_| pace.failures),
            not_before: pace.not_before.map(Instant::as_ms),
            server_wait: pace.server_wait.map(Instant::as_ms),
        }
    }

    /// Reads a stored record; `None` for anything that this version did not
    /// write. `cookie` says that the access token is not in it.
    pub fn read(text: &str, cookie: bool) -> Option<Self> {
        let json = Json::parse(text)?;
        let count = |name| {
            let number = json.get(name)?.number()?;
            (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
        };
        let instant = |name| json.get(name)?.number().and_then(Instant::from_ms);
        let secret = |name| json.get(name)?.text().and_then(|text| Secret::new(text));
        if count("v")? != VERSION {
            return None;
        }
        let state = match json.get("ended") {
            Some(ended) => Err(match &*ended.text()? {
                "logout" => Ended::Logout,
                "rejected" => Ended::Rejected,
                _ => return None,
            }),
            None => {
                let access = secret("access").and_then(|token| Secret::bearer(token.expose()));
                if access.is_none() && !cookie {
                    return None;
                }
                let received = instant("received")?;
                let expires = instant("expires").filter(|expires| *expires > received);
                Ok(Session {
                    claims: access.as_ref().map(|token| Claims::of(token.expose())).unwrap_or_default(),
                    access,
                    refresh: secret("refresh"),
                    lifetime: Lifetime { received, expires },
                })
            }
        };
        let stamp = Stamp {
            sign_in: count("sign_in")?,
            salt: count("salt")?,
            ended: state.is_err(),
            generation: count("generation")?,
        };
        Some(Self { stamp, state })
    }
}

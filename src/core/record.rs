//! The record that all tabs of one `key` share (rules 7, 8 and 13).
//!
//! Records are totally ordered by their [`Stamp`], and a tab holds the
//! greatest one that it has seen. So it does not matter in what order tabs
//! hear of one another, whether a message is lost or comes twice, or who held
//! which lock: once every tab has seen every record, all hold the same one.
//! A sign-out is the greatest record of its sign-in, so no refresh of that
//! sign-in, however late, comes after it; only a sign-in that begins later
//! does. That holds between tabs that do not know of each other, such as a
//! page in the back-forward cache and the one that took its place, because
//! sign-ins and sign-outs are ordered by when they began.

use std::rc::Rc;

use super::document::{Document, Members, Platform};
use super::json::Writer;
use super::jwt::{Claims, User};
use super::lifetime::Lifetime;
use super::pace::Pace;
use super::secret::Secret;
use super::time::Instant;

/// The place of a record in the order of all records of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Orders sign-ins and sign-outs: the millisecond since the epoch at which
    /// the newest of them began, or more where the clock was set back since.
    pub sign_in: u64,
    /// Tells apart two sign-ins of one millisecond.
    pub salt: u64,
    /// A sign-out comes after everything else of its sign-in.
    pub ended: bool,
    /// Counts the tokens of the sign-in.
    pub generation: u64,
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
    /// Who it is, read off the access token and not stored (rule 8).
    pub user: Option<User>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub stamp: Stamp,
    pub state: Result<Rc<Session>, Ended>,
}

/// Members may be added to the stored form; the version changes when one is
/// taken away or means something else.
const VERSION: u64 = 1;

/// Beyond this a double does not tell one whole number from the next.
const LARGEST: f64 = 9_007_199_254_740_991.0;

impl Record {
    pub fn session(&self) -> Option<&Rc<Session>> {
        self.state.as_ref().ok()
    }

    /// Gives the stored form, with the back-off that all tabs share.
    pub fn stored(&self, pace: &Pace) -> String {
        let mut out = Writer::object();
        self.write(pace, &mut out);
        out.end()
    }

    /// Writes the members of the stored form.
    pub fn write(&self, pace: &Pace, out: &mut dyn Members) {
        out.number("v", VERSION as f64);
        out.number("sign_in", self.stamp.sign_in as f64);
        out.number("salt", self.stamp.salt as f64);
        out.number("generation", self.stamp.generation as f64);
        match &self.state {
            Err(Ended::Logout) => out.text("ended", "logout"),
            Err(Ended::Rejected) => out.text("ended", "rejected"),
            Ok(session) => {
                if let Some(access) = &session.access {
                    out.text("access", access.expose());
                }
                if let Some(refresh) = &session.refresh {
                    out.text("refresh", refresh.expose());
                }
                out.number("received", session.lifetime.received.as_ms());
                out.number("expires", session.lifetime.expires.as_ms());
            }
        }
        if pace.failures > 0 {
            out.number("failures", pace.failures.into());
            out.number("not_before", pace.not_before.as_ms());
            out.number("server_wait", pace.server_wait.as_ms());
        }
    }

    /// Reads a stored record; `None` for anything that this version did not
    /// write. `cookie` says that the access token is not in it.
    pub fn read(stored: &dyn Document, cookie: bool, platform: Platform) -> Option<Self> {
        let count = |name| {
            let number = stored.number(name)?;
            (0.0..=LARGEST).contains(&number).then_some(number as u64)
        };
        let instant = |name| stored.number(name).and_then(Instant::from_ms);
        let secret = |name| stored.text(name).and_then(Secret::new);
        if count("v")? != VERSION {
            return None;
        }
        let state = match stored.text("ended").as_deref() {
            Some("logout") => Err(Ended::Logout),
            Some("rejected") => Err(Ended::Rejected),
            Some(_) => return None,
            None => {
                let access = stored.text("access").and_then(Secret::bearer);
                if access.is_none() && !cookie {
                    return None;
                }
                let received = instant("received")?;
                let expires = instant("expires").filter(|expires| *expires > received);
                let expires = expires.unwrap_or(Instant::NEVER);
                Ok(Rc::new(Session {
                    user: access
                        .as_ref()
                        .and_then(|token| Claims::of(token.expose(), platform).user),
                    access,
                    refresh: secret("refresh"),
                    lifetime: Lifetime { received, expires },
                }))
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

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
use super::jwt::{Claims, User};
use super::lifetime::Lifetime;
use super::secret::Secret;
use super::term::Term;
use super::time::{Instant, Now};

/// The place of a record in the order of all records of one key.
///
/// A refresh belongs to the record that it began with: its record has that
/// one's sign-in and the next generation, whatever this tab holds by the time
/// the answer comes. So an answer that took long is outranked by any sign-in
/// and by any newer token (rule 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Orders sign-ins and sign-outs: the millisecond since the epoch at which
    /// the newest of them began, or more where the clock was set back since. A
    /// silent refresh is no sign-in of a user and takes the least number that
    /// outranks what it began with.
    pub sign_in: u64,
    /// Tells apart two sign-ins of one millisecond.
    pub salt: u64,
    /// A sign-out comes after everything else of its sign-in.
    pub ended: bool,
    /// Counts the tokens of the sign-in.
    pub generation: u64,
    /// Two tabs without a lock may both replace one token. The call that was
    /// sent later has the newer one: its millisecond since the epoch.
    pub sent: u64,
    /// Tells apart two calls of one millisecond.
    pub twist: u64,
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
    /// Nobody was active for too long. Holds as a sign-out does.
    Idle,
    /// The session reached its end. Holds as a sign-out does.
    Lifetime,
}

impl Ended {
    /// As it is stored.
    const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Rejected => "rejected",
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Logout, Self::Rejected, Self::Idle, Self::Lifetime]
            .into_iter()
            .find(|ended| ended.name() == name)
    }
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
    /// Whether it is kept where `remember` says (rule 18).
    pub remembered: bool,
    /// When it began, and what the server said of its end (rule 18).
    pub term: Term,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub stamp: Stamp,
    pub state: Result<Rc<Session>, Ended>,
}

/// What a stored text turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    Record(Record),
    /// A later version of this package wrote it: it is neither used nor
    /// overwritten (rule 8).
    Later,
    /// When a session began and ends that was in memory.
    Mark(Term),
    /// Nothing that this package wrote.
    Foreign,
}

/// In the place of an end: the session goes on, in memory.
const TERM: &str = "no";

/// Members may be added to the stored form; the version changes when one is
/// taken away or means something else.
const VERSION: u64 = 1;

/// Beyond this a double does not tell one whole number from the next, and a
/// number above half of it could not be outranked for long.
const LARGEST: f64 = 4_503_599_627_370_496.0;

impl Record {
    pub fn session(&self) -> Option<&Rc<Session>> {
        self.state.as_ref().ok()
    }

    /// Whether it is an end that holds across a reload, even where a cookie is
    /// still there.
    pub fn is_sign_out(&self) -> bool {
        matches!(
            self.state,
            Err(Ended::Logout | Ended::Idle | Ended::Lifetime)
        )
    }

    /// The same without any token: what may be kept where the session itself
    /// is in memory, so that a reload does not begin its time anew.
    pub fn write_mark(&self, out: &mut dyn Members) {
        match &self.state {
            Err(_) => self.write(out),
            Ok(session) => {
                out.number("v", VERSION as f64);
                self.stamp.write(out);
                out.text("ended", TERM);
                session.term.write(out);
            }
        }
    }

    /// Writes the members of the stored form.
    pub fn write(&self, out: &mut dyn Members) {
        out.number("v", VERSION as f64);
        self.stamp.write(out);
        match &self.state {
            Err(ended) => out.text("ended", ended.name()),
            Ok(session) => {
                match &session.access {
                    Some(access) => out.text("access", access.expose()),
                    None => out.number("cookie", 1.0),
                }
                if let Some(refresh) = &session.refresh {
                    out.text("refresh", refresh.expose());
                }
                out.number("received", session.lifetime.received.as_ms());
                out.number("expires", session.lifetime.expires().as_ms());
                if session.remembered {
                    out.number("remembered", 1.0);
                }
                session.term.write(out);
            }
        }
    }

    /// Reads a stored record. `cookie` says that no access token is needed in
    /// it. A record without one, where one is needed, is another
    /// configuration's: its session is taken over, to be refreshed before it
    /// is used.
    pub fn read(stored: &dyn Document, cookie: bool, platform: Platform, now: Now) -> Stored {
        let count = |name| count(stored, name);
        let instant = |name| stored.number(name).and_then(Instant::from_ms);
        let secret = |name| stored.text(name).and_then(Secret::new);
        match count("v") {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Stored::Later,
            _ => return Stored::Foreign,
        }
        let state = match stored.text("ended") {
            Some(name) if name == TERM => return Stored::Mark(Term::read(stored, now)),
            Some(name) => match Ended::named(&name) {
                Some(ended) => Err(ended),
                None => return Stored::Foreign,
            },
            None => {
                let Some(received) = instant("received") else {
                    return Stored::Foreign;
                };
                let access = stored.text("access").and_then(Secret::bearer);
                // A record without a token says that it has none.
                if access.is_none() && stored.number("cookie").is_none() {
                    return Stored::Foreign;
                }
                // One that is not after the receipt had ended when it came.
                let expires = instant("expires");
                let expires = if access.is_some() || cookie {
                    expires
                } else {
                    Some(received)
                };
                Ok(Rc::new(Session {
                    user: access
                        .as_ref()
                        .and_then(|token| Claims::of(token.expose(), platform).user),
                    access,
                    refresh: secret("refresh"),
                    lifetime: Lifetime::restored(received, expires, now),
                    remembered: stored.number("remembered").is_some(),
                    term: Term::read(stored, now),
                }))
            }
        };
        match Stamp::read(stored) {
            Some(stamp) => Stored::Record(Self {
                stamp: Stamp {
                    ended: state.is_err(),
                    ..stamp
                },
                state,
            }),
            None => Stored::Foreign,
        }
    }
}

impl Stamp {
    /// Writes all of it but `ended`.
    pub fn write(&self, out: &mut dyn Members) {
        out.number("sign_in", self.sign_in as f64);
        out.number("salt", self.salt as f64);
        out.number("generation", self.generation as f64);
        out.number("sent", self.sent as f64);
        out.number("twist", self.twist as f64);
    }

    /// Reads all of it but `ended`.
    pub fn read(stored: &dyn Document) -> Option<Self> {
        Some(Self {
            sign_in: count(stored, "sign_in")?,
            salt: count(stored, "salt")?,
            ended: false,
            generation: count(stored, "generation")?,
            sent: count(stored, "sent").unwrap_or_default(),
            twist: count(stored, "twist").unwrap_or_default(),
        })
    }
}

fn count(stored: &dyn Document, name: &str) -> Option<u64> {
    let number = stored.number(name)?;
    (0.0..=LARGEST).contains(&number).then_some(number as u64)
}

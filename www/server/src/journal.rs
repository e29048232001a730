//! What the server has seen: counters, and a stream of events. Neither has
//! room for a token, a query or a body.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock::Timestamp;
use crate::fault::{Kind, Target};

/// Events that a slow reader may fall behind before it misses some.
const BACKLOG: usize = 4096;

/// One thing that happened, as `/panel/events` sends it.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// `login`, `refresh`, `logout`, `request`, `fault` or `panel`.
    pub kind: &'static str,
    /// The request's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The request's path, without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The status that was sent; `null` where the connection was closed
    /// without an answer or the client left.
    pub status: Option<u16>,
    /// What it came to, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// The fault that played a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Kind>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

impl Event {
    /// Begins an event that happens now.
    pub fn now(kind: &'static str) -> Self {
        Self {
            at: Timestamp::now().as_millis(),
            kind,
            method: None,
            path: None,
            status: None,
            outcome: None,
            fault: None,
            ms: None,
        }
    }

    /// Says which request it is about.
    pub fn about(mut self, method: &Method, path: &str) -> Self {
        self.method = Some(method.to_string());
        self.path = Some(path.to_owned());
        self
    }
}

/// What a handler reports, beside its status, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The refresh token was rotated.
    Rotated,
    /// A refresh token was seen twice, and its family has ended.
    Replayed,
    /// The request came without an access token.
    Anonymous,
}

impl Outcome {
    /// The word for the event.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Replayed => "replayed",
            Self::Anonymous => "anonymous",
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        #[derive(Default)]
        struct Counters { $($field: AtomicU64),* }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Counts { $($(#[$doc])* pub $field: u64),* }

        impl Counters {
            fn read(&self) -> Counts {
                Counts { $($field: self.$field.load(Ordering::Relaxed)),* }
            }

            fn reset(&self) {
                $(self.$field.store(0, Ordering::Relaxed);)*
            }
        }
    };
}

counters! {
    /// Logins and registrations that were granted.
    logins,
    /// Logins and registrations that were refused, by the server or a fault.
    login_failures,
    /// Refresh calls that arrived, whatever became of them.
    refreshes,
    /// Refresh calls that rotated a token, answered or not.
    refreshes_ok,
    /// Refresh calls that the server itself refused.
    refreshes_rejected,
    /// Refused because the token had been used before.
    replays,
    /// Logout calls that were carried out.
    logouts,
    /// Requests to the protected routes that arrived.
    requests,
    /// Those answered with success.
    requests_ok,
    /// Those answered with 401.
    unauthorized,
    /// Those that carried no access token.
    anonymous,
}

/// Counts and tells.
pub struct Journal {
    counters: Counters,
    events: broadcast::Sender<Event>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            counters: Counters::default(),
            events: broadcast::channel(BACKLOG).0,
        }
    }
}

impl Journal {
    /// Counts a call as it arrives.
    pub fn arrived(&self, target: Target) {
        match target {
            Target::Refresh => increment(&self.counters.refreshes),
            Target::Api => increment(&self.counters.requests),
            Target::Login | Target::Logout => {}
        }
    }

    /// Counts what the server itself did, before a fault hides it.
    pub fn worked(&self, target: Target, status: StatusCode, outcome: Option<Outcome>) {
        let c = &self.counters;
        match outcome {
            Some(Outcome::Rotated) => increment(&c.refreshes_ok),
            Some(Outcome::Replayed) => increment(&c.replays),
            Some(Outcome::Anonymous) => increment(&c.anonymous),
            None => {}
        }
        match target {
            Target::Login if status.is_success() => increment(&c.logins),
            Target::Logout if status.is_success() => increment(&c.logouts),
            Target::Refresh if status.is_client_error() => increment(&c.refreshes_rejected),
            _ => {}
        }
    }

    /// Counts what was sent, by the server or a fault.
    pub fn answered(&self, target: Target, status: StatusCode) {
        let c = &self.counters;
        match target {
            Target::Login if !status.is_success() => increment(&c.login_failures),
            Target::Api if status == StatusCode::UNAUTHORIZED => increment(&c.unauthorized),
            Target::Api if status.is_success() => increment(&c.requests_ok),
            _ => {}
        }
    }

    /// Sends an event to whoever listens.
    pub fn tell(&self, event: Event) {
        // Nobody listening is no failure.
        let _ = self.events.send(event);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Reads the counters.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Sets the counters to zero.
    pub fn reset(&self) {
        self.counters.reset();
    }
}

fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

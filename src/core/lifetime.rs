//! How long an access token lives (rule 9).

use super::jwt::Claims;
use super::time::{Instant, Millis};

/// The span in which a token is taken to be valid, on this machine's clock.
///
/// `length` without `expires` does not occur; a token of which nothing is
/// known has neither and is used until the server refuses it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    pub received: Instant,
    pub expires: Option<Instant>,
}

/// What an answer says of the lifetime, beside the token's own claims.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stated {
    pub expires_in: Option<Millis>,
    pub expires_at: Option<Instant>,
}

/// The least lifetime that is believed, so that a server which says "1 ms"
/// cannot make the client ask a thousand times a second.
const LEAST: Millis = Millis::SECOND;

impl Lifetime {
    /// Decides it in the order of rule 9. Spans come before dates: they do
    /// not depend on what time this machine thinks it is. A date that has
    /// passed on arrival says more about the clock than about the token, so
    /// it is passed over; so is a span of nothing or less.
    pub fn decide(
        stated: Stated,
        claims: &Claims,
        fallback: Option<Millis>,
        received: Instant,
    ) -> Self {
        let span = |to: Option<Instant>, from: Instant| to.map(|to| to.since(from));
        let issued = claims.issued.and_then(|issued| span(claims.expires, issued));
        let length = [
            stated.expires_in,
            issued,
            span(stated.expires_at, received),
            span(claims.expires, received),
            fallback,
        ]
        .into_iter()
        .flatten()
        .find(|length| *length > Millis::ZERO);
        Self { received, expires: length.map(|length| received + length.max(LEAST)) }
    }

    pub fn length(&self) -> Option<Millis> {
        self.expires.map(|expires| expires.since(self.received))
    }

    pub fn is_over(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// The time left at `now`; `None` when no end is known.
    pub fn left(&self, now: Instant) -> Option<Millis> {
        self.expires.map(|expires| expires.since(now))
    }

    /// When a refresh ahead of time is due: `ahead` before the end, by
    /// default a fifth of the lifetime and at most a minute, and never more
    /// than half of it, or a leeway longer than the lifetime would refresh
    /// without end.
    pub fn refresh_due(&self, ahead: Option<Millis>) -> Option<Instant> {
        let length = self.length()?;
        let ahead = ahead.unwrap_or_else(|| length.scaled(1, 5).min(Millis::new(60_000)));
        Some(self.expires? - ahead.min(length.scaled(1, 2)))
    }

    /// Moves the span into the past by as much as the clock was set back.
    pub fn set_back(&mut self, by: Millis) {
        self.received = self.received - by;
        self.expires = self.expires.map(|expires| expires - by);
    }
}

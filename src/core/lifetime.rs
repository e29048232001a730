//! How long an access token lives (rule 9).

use super::jwt::Claims;
use super::time::{Instant, Millis};

/// The span in which a token is taken to be valid, on this machine's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    pub received: Instant,
    /// [`Instant::NEVER`] where nothing is known: such a token is used until
    /// the server refuses it.
    pub expires: Instant,
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

/// The longest time ahead of the end at which a refresh is due by default.
const AHEAD: Millis = Millis::new(60_000);

impl Lifetime {
    /// Decides it in the order of rule 9. Spans come before dates: they do
    /// not depend on what time this machine thinks it is. A date that has
    /// passed on arrival says more about the clock than about the token, so
    /// it is passed over; so is a span of nothing or less.
    pub fn decide(stated: Stated, claims: &Claims, fallback: Millis, received: Instant) -> Self {
        let until = |end: Option<Instant>, from: Option<Instant>| {
            end.zip(from)
                .map_or(Millis::ZERO, |(end, from)| end.since(from))
        };
        let lengths = [
            stated.expires_in.unwrap_or_default(),
            until(claims.expires, claims.issued),
            until(stated.expires_at, Some(received)),
            until(claims.expires, Some(received)),
            fallback,
        ];
        let length = lengths.into_iter().find(|length| *length > Millis::ZERO);
        let expires = length.map_or(Instant::NEVER, |length| received + length.max(LEAST));
        Self { received, expires }
    }

    /// Whether an end is known.
    pub fn ends(&self) -> bool {
        self.expires < Instant::NEVER
    }

    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.expires
    }

    /// The time left at `now`.
    pub fn left(&self, now: Instant) -> Millis {
        self.expires.since(now)
    }

    /// When a refresh ahead of time is due: `ahead` before the end, by
    /// default a fifth of the lifetime and at most a minute, and never more
    /// than half of it, or a leeway longer than the lifetime would refresh
    /// without end.
    pub fn refresh_due(&self, ahead: Option<Millis>) -> Instant {
        let length = self.expires.since(self.received);
        let ahead = ahead.unwrap_or_else(|| length.times(0.2).min(AHEAD));
        if self.ends() {
            self.expires - ahead.min(length.times(0.5))
        } else {
            Instant::NEVER
        }
    }

    /// Moves the span into the past by as much as the clock was set back.
    pub fn set_back(&mut self, by: Millis) {
        self.received = self.received - by;
        self.expires = self.expires - by;
    }
}

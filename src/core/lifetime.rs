//! How long an access token lives (rule 9).

use super::jwt::Claims;
use super::time::{Instant, Millis, Moment, Now};

/// The span in which a token is taken to be valid. Its age is the larger of
/// what both clocks say since its receipt: the monotonic clock knows better
/// when the wall clock was set back, the wall clock when the machine slept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    /// The receipt on the wall clock.
    pub received: Instant,
    /// The receipt on the monotonic clock of this page. Of a record that came
    /// from elsewhere it is worked out from `received` when it is read.
    pub since: Moment,
    /// [`Millis::FOREVER`] where no end is known: such a token is used until
    /// the server refuses it. Zero where it has ended already.
    pub length: Millis,
}

/// What an answer says of the lifetime, beside the token's own claims.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stated {
    pub expires_in: Option<Millis>,
    pub expires_at: Option<Instant>,
    /// How long the session lives from now (rule 18).
    pub session_in: Option<Millis>,
    pub session_at: Option<Instant>,
}

/// Where tokens came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// From an endpoint or a refresh function, just issued.
    Fresh,
    /// From the application (`setTokens`), issued at some time. `refreshable`:
    /// there is something to refresh with.
    Stored { refreshable: bool },
}

/// The least lifetime that is believed, so that a server which says "1 ms"
/// cannot make the client ask a thousand times a second.
const LEAST: Millis = Millis::SECOND;

/// The longest time ahead of the end at which a refresh is due by default.
const AHEAD: Millis = Millis::new(60_000);

/// Both clocks tick in steps of their own; only what differs by more than
/// this is a jump.
const STEP: Millis = Millis::new(20);

impl Lifetime {
    /// Decides it in the order of rule 9.
    ///
    /// Of a fresh token spans come before dates: they do not depend on what
    /// time this machine thinks it is. A date that has passed on arrival says
    /// more about the clock than about the token, so it is passed over; so is
    /// a span of nothing or less. A token that the application stored may
    /// really have ended: there dates come first, and one that has passed is
    /// the end where something is there to refresh with.
    pub fn decide(
        stated: Stated,
        claims: &Claims,
        fallback: Millis,
        freshness: Freshness,
        now: Now,
    ) -> Self {
        let span = |end: Option<Instant>, from: Option<Instant>| {
            end.zip(from)
                .map_or(Millis::ZERO, |(end, from)| end.since(from))
        };
        let here = Some(now.wall);
        let issued_for = span(claims.expires, claims.issued);
        let stated_in = stated.expires_in.unwrap_or_default();
        let (lengths, dates) = match freshness {
            Freshness::Fresh => (
                [
                    stated_in,
                    issued_for,
                    span(stated.expires_at, here),
                    span(claims.expires, here),
                    fallback,
                ],
                None,
            ),
            Freshness::Stored { .. } => {
                let rest = span(claims.expires, here);
                let rest = match issued_for > Millis::ZERO {
                    true => rest.min(issued_for),
                    false => rest,
                };
                (
                    [
                        stated_in,
                        span(stated.expires_at, here),
                        rest,
                        fallback,
                        Millis::ZERO,
                    ],
                    stated.expires_at.or(claims.expires),
                )
            }
        };
        // A stored token whose date has passed has no other span but the one
        // that was stated.
        let passed = stated_in == Millis::ZERO && dates.is_some_and(|end| end <= now.wall);
        let length = match (passed, freshness) {
            (true, Freshness::Stored { refreshable: true }) => Millis::ZERO,
            (true, _) => Millis::FOREVER,
            _ => lengths
                .into_iter()
                .find(|length| *length > Millis::ZERO)
                .map_or(Millis::FOREVER, |length| length.max(LEAST)),
        };
        Self {
            received: now.wall,
            since: now.mono,
            length,
        }
    }

    /// Reads what another page, or this one before a reload, has stored. A
    /// receipt in the future was noted before the wall clock was set back, and
    /// counts as now.
    pub fn restored(received: Instant, expires: Option<Instant>, now: Now) -> Self {
        let length = expires.map_or(Millis::FOREVER, |expires| expires.since(received));
        let received = received.min(now.wall);
        Self {
            received,
            since: now.mono - now.wall.since(received),
            length,
        }
    }

    /// The time since the receipt.
    pub fn age(&self, now: Now) -> Millis {
        now.wall
            .since(self.received)
            .max(now.mono.since(self.since))
    }

    /// Whether an end is known.
    pub fn ends(&self) -> bool {
        self.length.is_finite()
    }

    pub fn is_over(&self, now: Now) -> bool {
        self.ends() && self.age(now) >= self.length
    }

    /// The time left.
    pub fn left(&self, now: Now) -> Millis {
        self.length.less(self.age(now))
    }

    /// The end on the wall clock.
    pub fn expires(&self) -> Instant {
        self.received + self.length
    }

    /// The end on the monotonic clock.
    pub fn ends_at(&self) -> Moment {
        self.since + self.length
    }

    /// The age at which a refresh ahead of time is due: `ahead` before the
    /// end, by default a fifth of the lifetime and at most a minute, and never
    /// more than half of it, or a leeway longer than the lifetime would
    /// refresh without end.
    pub fn due_age(&self, ahead: Option<Millis>) -> Millis {
        if !self.ends() {
            return Millis::FOREVER;
        }
        let ahead = ahead.unwrap_or_else(|| self.length.times(0.2).min(AHEAD));
        self.length.less(ahead.min(self.length.times(0.5)))
    }

    /// Takes account of a wall clock that was set back by `back`, or that is
    /// ahead of the monotonic one because the machine slept.
    pub fn reanchor(&mut self, back: Millis, now: Now) {
        self.received = self.received - back;
        let slept = now
            .wall
            .since(self.received)
            .less(now.mono.since(self.since));
        if slept > STEP {
            self.since = self.since - slept;
        }
    }
}

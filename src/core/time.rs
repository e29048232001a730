//! Instants and durations, in whole milliseconds.
//!
//! The core owns no clock: every input brings the `now` of the machine's wall
//! clock with it. Both types saturate, so that no `exp` a server can write,
//! and no date a clock can show, overflows.

use core::ops::{Add, Sub};

/// A point in time: milliseconds since the Unix epoch, on this machine's
/// clock unless a name says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

/// A length of time in milliseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(i64);

/// The last instant that a JavaScript `Date` can name (ECMA-262, 21.4.1.1).
const LAST: f64 = 8.64e15;

impl Instant {
    /// Reads milliseconds since the epoch; `None` when no date is meant.
    pub fn from_ms(ms: f64) -> Option<Self> {
        (ms.abs() <= LAST).then_some(Self(ms as i64))
    }

    /// Reads a NumericDate, seconds since the epoch (RFC 7519 section 2).
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        Self::from_ms(seconds * 1000.0)
    }

    pub fn as_ms(self) -> f64 {
        self.0 as f64
    }

    /// The time from `earlier` to `self`, nothing when it is the other way
    /// round.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0).max(0))
    }
}

impl Millis {
    pub const ZERO: Self = Self(0);
    pub const SECOND: Self = Self(1000);
    pub const MAX: Self = Self(LAST as i64);

    pub const fn new(ms: u32) -> Self {
        Self(ms as i64)
    }

    /// Reads a number of milliseconds; `None` for what is no length of time.
    pub fn from_ms(ms: f64) -> Option<Self> {
        (ms >= 0.0).then_some(Self(if ms < LAST { ms as i64 } else { LAST as i64 }))
    }

    pub fn as_ms(self) -> f64 {
        self.0 as f64
    }

    /// `self * part / whole`, for a `whole` that is not zero.
    pub fn scaled(self, part: u32, whole: u32) -> Self {
        Self(self.0.saturating_mul(part.into()) / i64::from(whole.max(1)))
    }
}

impl Add<Millis> for Instant {
    type Output = Self;
    fn add(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }
}

impl Sub<Millis> for Instant {
    type Output = Self;
    fn sub(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by.0))
    }
}

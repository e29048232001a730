//! Instants and durations, in milliseconds.
//!
//! The core owns no clock: every input brings the `now` of the machine's wall
//! clock with it. Both types are doubles, as JavaScript's dates are: they
//! cross the boundary for nothing, no `exp` that a server can write overflows
//! them, and "never" is a value that compares like any other.

use core::ops::{Add, Sub};

/// A point in time: milliseconds since the Unix epoch, on this machine's
/// clock unless a name says otherwise. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Instant(f64);

/// A length of time in milliseconds: never negative, never NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Millis(f64);

/// The last instant that a JavaScript `Date` can name (ECMA-262, 21.4.1.1).
const LAST: f64 = 8.64e15;

impl Instant {
    /// Before anything that happens.
    pub const PAST: Self = Self(f64::NEG_INFINITY);
    /// What a clock that shows no date is taken to show.
    pub const EPOCH: Self = Self(0.0);
    /// After anything that happens.
    pub const NEVER: Self = Self(f64::INFINITY);

    /// Reads milliseconds since the epoch; `None` when no date is meant.
    pub fn from_ms(ms: f64) -> Option<Self> {
        (ms.abs() <= LAST).then_some(Self(ms))
    }

    /// Reads a NumericDate, seconds since the epoch (RFC 7519 section 2).
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        Self::from_ms(seconds * 1000.0)
    }

    /// Infinite for [`Instant::NEVER`].
    pub fn as_ms(self) -> f64 {
        self.0
    }

    /// The milliseconds, if it is a date.
    pub fn date(self) -> Option<f64> {
        self.0.is_finite().then_some(self.0)
    }

    /// The time from `earlier` to `self`, nothing when it is the other way
    /// round.
    pub fn since(self, earlier: Self) -> Millis {
        // Never minus never is no number, and nothing to wait for.
        Millis((self.0 - earlier.0).max(0.0))
    }

    /// The first whole millisecond that is not before it.
    pub fn whole(self) -> Self {
        Self(self.0.ceil())
    }

    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl Millis {
    pub const ZERO: Self = Self(0.0);
    pub const SECOND: Self = Self(1000.0);

    pub const fn new(ms: u32) -> Self {
        Self(ms as f64)
    }

    /// Reads a number of milliseconds; `None` for what is no length of time.
    pub fn from_ms(ms: f64) -> Option<Self> {
        (ms >= 0.0).then_some(Self(ms.min(LAST)))
    }

    pub fn as_ms(self) -> f64 {
        self.0
    }

    /// The next whole number of milliseconds, which is what timers can wait.
    pub fn whole(self) -> Self {
        Self(self.0.ceil())
    }

    /// `self` times `by`, for a `by` that is a number and not negative.
    pub fn times(self, by: f64) -> Self {
        Self(self.0 * by)
    }

    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl Add<Millis> for Instant {
    type Output = Self;
    fn add(self, by: Millis) -> Self {
        Self(self.0 + by.0)
    }
}

impl Sub<Millis> for Instant {
    type Output = Self;
    fn sub(self, by: Millis) -> Self {
        Self(self.0 - by.0)
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, more: Self) -> Self {
        Self(self.0 + more.0)
    }
}

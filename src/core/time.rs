//! Time: two clocks, and lengths of time in milliseconds.
//!
//! The core owns no clock: every input brings a reading of both ([`Now`]).
//! The *wall clock* is for what tokens and records say, and can be set or
//! jump. The *monotonic clock* is for every duration, and never goes back,
//! but may stand still while the machine sleeps. All types are doubles, as
//! JavaScript's dates are: they cross the boundary for nothing, no `exp` that a
//! server can write overflows them, and "never" is a value that compares like
//! any other.

use core::ops::{Add, Sub};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    pub wall: Instant,
    pub mono: Moment,
}

/// A point on the wall clock: milliseconds since the Unix epoch, on this
/// machine's clock unless a name says otherwise. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Instant(f64);

/// A point on the monotonic clock of this page: milliseconds since a start
/// that means nothing to anybody else. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Moment(f64);

/// A length of time in milliseconds: never negative, never NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Millis(f64);

/// The last instant that a JavaScript `Date` can name (ECMA-262, 21.4.1.1).
const LAST: f64 = 8.64e15;

macro_rules! points {
    ($($name:ident)*) => {
        $(
            impl $name {
                /// Before anything that happens.
                pub const PAST: Self = Self(f64::NEG_INFINITY);
                /// After anything that happens.
                pub const NEVER: Self = Self(f64::INFINITY);

                /// Infinite for `NEVER`.
                pub fn as_ms(self) -> f64 {
                    self.0
                }

                /// The time from `earlier` to `self`, nothing when it is the
                /// other way round.
                #[inline(never)]
                pub fn since(self, earlier: Self) -> Millis {
                    Millis(self.0).less(Millis(earlier.0))
                }

                #[inline(never)]
                pub fn min(self, other: Self) -> Self {
                    if other < self { other } else { self }
                }

                #[inline(never)]
                pub fn max(self, other: Self) -> Self {
                    if other > self { other } else { self }
                }
            }

            impl Add<Millis> for $name {
                type Output = Self;
                fn add(self, by: Millis) -> Self {
                    Self(self.0 + by.0)
                }
            }

            impl Sub<Millis> for $name {
                type Output = Self;
                fn sub(self, by: Millis) -> Self {
                    Self(self.0 - by.0)
                }
            }
        )*
    };
}

points! { Instant Moment }

impl Now {
    /// The readings of both clocks in milliseconds; a reading that is no
    /// number counts as the epoch, or the start.
    pub fn from_ms(wall: f64, mono: f64) -> Self {
        Self {
            wall: Instant::from_ms(wall).unwrap_or(Instant::EPOCH),
            mono: Moment::from_ms(mono),
        }
    }
}

impl Instant {
    /// What a clock that shows no date is taken to show.
    pub const EPOCH: Self = Self(0.0);

    /// Reads milliseconds since the epoch; `None` when no date is meant.
    pub fn from_ms(ms: f64) -> Option<Self> {
        (ms.abs() <= LAST).then_some(Self(ms))
    }

    /// Reads a NumericDate, seconds since the epoch (RFC 7519 section 2).
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        Self::from_ms(seconds * 1000.0)
    }

    /// The milliseconds, if it is a date.
    pub fn date(self) -> Option<f64> {
        self.0.is_finite().then_some(self.0)
    }
}

impl Moment {
    /// Where a monotonic clock begins.
    pub const START: Self = Self(0.0);

    /// Reads milliseconds; what is no number is the start.
    pub fn from_ms(ms: f64) -> Self {
        if ms.is_finite() {
            Self(ms)
        } else {
            Self::START
        }
    }

    /// The first whole millisecond that is not before it.
    pub fn whole(self) -> Self {
        Self(self.0.ceil())
    }
}

impl Millis {
    pub const ZERO: Self = Self(0.0);
    pub const SECOND: Self = Self(1000.0);
    /// Longer than anything lasts.
    pub const FOREVER: Self = Self(f64::INFINITY);

    pub const fn new(ms: u32) -> Self {
        Self(ms as f64)
    }

    /// Reads a number of milliseconds; `None` for what is no length of time.
    /// One after which no date may come is forever: an end that no `Date` can
    /// name is none.
    pub fn from_ms(ms: f64) -> Option<Self> {
        if ms <= LAST / 2.0 {
            (ms >= 0.0).then_some(Self(ms))
        } else {
            (ms > 0.0).then_some(Self::FOREVER)
        }
    }

    pub fn as_ms(self) -> f64 {
        self.0
    }

    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    /// The next whole number of milliseconds, which is what timers can wait.
    pub fn whole(self) -> Self {
        Self(self.0.ceil())
    }

    /// `self` times `by`, for a `by` that is a number and not negative.
    pub fn times(self, by: f64) -> Self {
        Self(self.0 * by)
    }

    /// What is left of it after `other`; nothing if that is longer.
    #[inline(never)]
    pub fn less(self, other: Self) -> Self {
        // Forever less forever is no number, and nothing.
        let rest = self.0 - other.0;
        if rest > 0.0 { Self(rest) } else { Self::ZERO }
    }

    #[inline(never)]
    pub fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    #[inline(never)]
    pub fn max(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, more: Self) -> Self {
        Self(self.0 + more.0)
    }
}

//! How often the refresh endpoint may be called (rule 6).
//!
//! Every call passes [`Pace::wait`] or [`Pace::allows_reactive`] first.
//! Together with the lifetime's least length they bound the calls that the
//! manager makes of itself in any window of `w` seconds:
//!
//! * after passing failures, one call each 250 ms at the very least and one
//!   a minute in the long run, plus one each 5 s for a machine that comes
//!   online or a page that becomes visible;
//! * because a token comes to its end, one each half lifetime, and no
//!   lifetime is taken as less than a second: `2 w`;
//! * because a server refuses a token that has not ended, [`BURST`] and one
//!   each 5 s: `10 + w / 5`.
//!
//! `refresh()` and `getToken({ refresh: 'force' })` are the application's own
//! and are held back by failures only.

use super::document::{Document, Members};
use super::time::{Instant, Millis, Moment, Now};

const BASE: Millis = Millis::SECOND;
const CAP: Millis = Millis::new(60_000);
const FLOOR: Millis = Millis::new(250);
/// A hint that things are better (online, visible) is believed this often.
const HINT_GAP: Millis = Millis::new(5_000);
/// A `Retry-After` beyond a day is taken as a day: by then somebody has
/// mended the clock or the server.
const LONGEST_WAIT: Millis = Millis::new(86_400_000);

/// Another tab's wait comes as a date, and is the same wait if it differs by
/// no more than this.
const ROUNDING: Millis = Millis::new(50);

/// Reactive refreshes that may follow one another at once.
pub const BURST: u32 = 10;
const REFILL: Millis = Millis::new(5_000);

/// The state of the back-off, shared by all tabs in the stored record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Passing failures since the last success.
    pub failures: u32,
    /// No attempt before this.
    pub not_before: Moment,
    /// The server's own `Retry-After`, which no hint overrides.
    pub server_wait: Moment,
    last_hint: Moment,
    /// The wait that a hint has put an end to; other tabs and the stored
    /// record still tell of it.
    overruled: Moment,
    /// When the burst of reactive refreshes will have been worked off.
    reactive_until: Moment,
    /// Tokens in a row that were refused without ever having been accepted.
    futile: u32,
    futile_until: Moment,
}

impl Default for Pace {
    fn default() -> Self {
        let past = Moment::PAST;
        Self {
            failures: 0,
            not_before: past,
            server_wait: past,
            last_hint: past,
            overruled: past,
            reactive_until: past,
            futile: 0,
            futile_until: past,
        }
    }
}

/// The ceiling of the exponential back-off after so many failures.
fn ceiling(failures: u32) -> Millis {
    BASE.times(f64::from(1 << failures.min(16))).min(CAP)
}

impl Pace {
    /// How long a call has to wait; nothing if it may be made.
    pub fn wait(&self, now: Moment) -> Millis {
        self.not_before.since(now)
    }

    /// Counts a passing failure; `retry_after` is what the server asked for,
    /// `random` is in 0..1 (full jitter).
    pub fn failed(&mut self, now: Moment, retry_after: Millis, random: f64) {
        let jittered = ceiling(self.failures).times(random).max(FLOOR);
        self.failures = self.failures.saturating_add(1);
        // No token was refused: none came.
        self.forgive();
        self.pause(now, retry_after);
        self.not_before = self.not_before.max((now + jittered).whole());
    }

    /// Grants the server the pause that it asked for; false where it asked for
    /// none.
    pub fn pause(&mut self, now: Moment, retry_after: Millis) -> bool {
        // Another tab may have been told of a longer wait since the call began.
        let wait = now + retry_after.min(LONGEST_WAIT);
        self.server_wait = self.server_wait.max(wait);
        // Timers wait for whole milliseconds, and never too short.
        self.not_before = self.not_before.max(self.server_wait.whole());
        retry_after > Millis::ZERO
    }

    /// Forgets the failures.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = Moment::PAST;
        self.server_wait = Moment::PAST;
    }

    /// Believes a hint that the next attempt may succeed.
    pub fn hint(&mut self, now: Moment) {
        let waits = self.not_before > now.max(self.server_wait);
        if waits && now >= self.last_hint + HINT_GAP {
            self.last_hint = now;
            self.overruled = self.not_before;
            self.not_before = self.server_wait;
        }
    }

    /// Whether a token that the server refused before its end may be
    /// replaced; `worked` says whether it was ever accepted. An API that
    /// answers 401 to everything does not become a storm: a new token that
    /// is refused as well makes the next attempt wait, and the caller gets
    /// the 401.
    pub fn allows_reactive(&mut self, now: Moment, worked: bool) -> bool {
        if worked {
            self.futile = 0;
        } else if self.futile_until > now {
            return false;
        }
        let debt = self.reactive_until.since(now);
        if debt + REFILL > REFILL.times(f64::from(BURST)) {
            return false;
        }
        self.reactive_until = now + debt + REFILL;
        if !worked {
            self.futile_until = now + ceiling(self.futile);
            self.futile = self.futile.saturating_add(1);
        }
        true
    }

    /// Forgets that tokens were refused: the next one is another.
    pub fn forgive(&mut self) {
        self.futile = 0;
        self.futile_until = Moment::PAST;
    }

    /// Takes over what another tab has learnt of the server; false where that
    /// is nothing new.
    pub fn join(&mut self, other: &Pace) -> bool {
        let newer = other.failures > self.failures || other.not_before > self.overruled + ROUNDING;
        let longer = newer && other.not_before > self.not_before + ROUNDING;
        if longer {
            self.failures = self.failures.max(other.failures);
            self.not_before = other.not_before;
        }
        // A wait of the same length may be the server's: no hint ends that.
        let asked = newer && other.server_wait > self.server_wait + ROUNDING;
        if longer || asked {
            self.server_wait = self.server_wait.max(other.server_wait);
            self.not_before = self.not_before.max(self.server_wait);
        }
        longer || asked
    }

    /// Writes what a stored record and a message say of the back-off: dates,
    /// since no other page shares this one's monotonic clock.
    pub fn write(&self, now: Now, out: &mut dyn Members) {
        if self.failures > 0 || self.server_wait > now.mono {
            let date = |moment: Moment| (now.wall + moment.since(now.mono)).as_ms();
            out.number("failures", self.failures.into());
            out.number("noted", now.wall.as_ms());
            out.number("not_before", date(self.not_before));
            out.number("server_wait", date(self.server_wait));
        }
    }

    /// Reads what a stored record or a message says of the back-off. A wait
    /// of more than a day was written by a clock that was wrong, and one that
    /// was noted in the future before the clock was set back: as dates, both
    /// would last as long as the step.
    pub fn read(document: &dyn Document, now: Now) -> Self {
        let noted = document.number("noted").and_then(Instant::from_ms);
        if noted.is_some_and(|noted| noted > now.wall + Millis::SECOND) {
            return Self::default();
        }
        let moment = |name| {
            let wait = document
                .number(name)
                .and_then(Instant::from_ms)
                .map(|date| date.since(now.wall))
                .filter(|wait| *wait <= LONGEST_WAIT);
            wait.map_or(Moment::PAST, |wait| now.mono + wait)
        };
        Self {
            failures: document.number("failures").unwrap_or(0.0) as u32,
            not_before: moment("not_before"),
            server_wait: moment("server_wait"),
            ..Self::default()
        }
    }
}

/// Reads `Retry-After` in both of its forms (RFC 9110 section 10.2.3);
/// anything else is as if it were not there.
pub fn retry_after(value: &str, now: Instant, date: fn(&str) -> Option<Instant>) -> Option<Millis> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // Of any length: the grammar allows zeros in front.
        let seconds = value
            .bytes()
            .fold(0.0, |number, byte| number * 10.0 + f64::from(byte - b'0'));
        return Some(Millis::SECOND.times(seconds).min(LONGEST_WAIT));
    }
    date(value).map(|at| at.since(now))
}

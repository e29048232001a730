//! How often the refresh endpoint may be called (rule 6).
//!
//! Every call passes [`Pace::allows`] or [`Pace::allows_reactive`] first.
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

use super::json::Json;
use super::time::{Instant, Millis};

const BASE: Millis = Millis::SECOND;
const CAP: Millis = Millis::new(60_000);
const FLOOR: Millis = Millis::new(250);
/// A hint that things are better (online, visible) is believed this often.
const HINT_GAP: Millis = Millis::new(5_000);
/// A `Retry-After` beyond a day is taken as a day: by then somebody has
/// mended the clock or the server.
const LONGEST_WAIT: Millis = Millis::new(86_400_000);

/// Reactive refreshes that may follow one another at once.
pub const BURST: u32 = 10;
const REFILL: Millis = Millis::new(5_000);

/// The state of the back-off, shared by all tabs in the stored record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Passing failures since the last success.
    pub failures: u32,
    /// No attempt before this.
    pub not_before: Option<Instant>,
    /// The server's own `Retry-After`, which no hint overrides.
    pub server_wait: Option<Instant>,
    last_hint: Option<Instant>,
    /// When the burst of reactive refreshes will have been worked off.
    reactive_until: Option<Instant>,
    /// Tokens in a row that were refused without ever having been accepted.
    futile: u32,
    futile_until: Option<Instant>,
}

impl Pace {
    /// Whether a call may be made, else how long to wait.
    pub fn allows(&self, now: Instant) -> Result<(), Millis> {
        match self.not_before {
            Some(at) if at > now => Err(at.since(now)),
            _ => Ok(()),
        }
    }

    /// Counts a passing failure. `random` is in 0..1 (full jitter).
    pub fn failed(&mut self, now: Instant, retry_after: Option<Millis>, random: f64) {
        let steps = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let ceiling = BASE.scaled(1 << steps, 1).min(CAP);
        let jittered = Millis::from_ms(ceiling.as_ms() * random).unwrap_or(ceiling);
        self.server_wait = retry_after.map(|wait| now + wait.min(LONGEST_WAIT));
        self.not_before = Some((now + jittered.max(FLOOR)).max(self.server_wait.unwrap_or(now)));
    }

    /// Forgets the failures.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
        self.server_wait = None;
    }

    /// Believes a hint that the next attempt may succeed.
    pub fn hint(&mut self, now: Instant) {
        let recent = self.last_hint.is_some_and(|last| now.since(last) < HINT_GAP);
        if self.not_before.is_some() && !recent {
            self.last_hint = Some(now);
            self.not_before = self.server_wait;
        }
    }

    /// Whether a token that the server refused before its end may be
    /// replaced; `worked` says whether it was ever accepted. An API that
    /// answers 401 to everything does not become a storm: a new token that
    /// is refused as well makes the next attempt wait, and the caller gets
    /// the 401.
    pub fn allows_reactive(&mut self, now: Instant, worked: bool) -> bool {
        if worked {
            self.futile = 0;
        } else if self.futile_until.is_some_and(|until| until > now) {
            return false;
        }
        let debt = self.reactive_until.map_or(Millis::ZERO, |until| until.since(now));
        if debt >= REFILL.scaled(BURST, 1) {
            return false;
        }
        self.reactive_until = Some(now + debt + REFILL);
        if !worked {
            self.futile_until = Some(now + BASE.scaled(1 << self.futile.min(6), 1).min(CAP));
            self.futile = self.futile.saturating_add(1);
        }
        true
    }

    /// Takes over what another tab has learnt of the server.
    pub fn join(&mut self, other: &Pace, now: Instant) {
        let far = other.not_before.is_some_and(|at| at.since(now) > LONGEST_WAIT);
        if other.not_before > self.not_before && !far {
            self.failures = other.failures.max(self.failures);
            self.not_before = other.not_before;
            self.server_wait = other.server_wait.max(self.server_wait);
        }
    }

    /// Reads what a stored record says of the back-off.
    pub fn read(record: &str) -> Self {
        let json = Json::parse(record);
        let instant = |name| json?.get(name)?.number().and_then(Instant::from_ms);
        Self {
            failures: json.and_then(|json| json.get("failures")?.number()).map_or(0, |n| n as u32),
            not_before: instant("not_before"),
            server_wait: instant("server_wait"),
            ..Self::default()
        }
    }

    /// Moves all instants back with a clock that was set back.
    pub fn set_back(&mut self, by: Millis) {
        for instant in [
            &mut self.not_before,
            &mut self.server_wait,
            &mut self.last_hint,
            &mut self.reactive_until,
            &mut self.futile_until,
        ] {
            *instant = instant.map(|at| at - by);
        }
    }
}

impl core::ops::Add for Millis {
    type Output = Self;
    fn add(self, more: Self) -> Self {
        Self::from_ms(self.as_ms() + more.as_ms()).unwrap_or(Self::MAX)
    }
}

/// Reads `Retry-After` in both of its forms (RFC 9110 section 10.2.3);
/// anything else is as if it were not there.
pub fn retry_after(value: &str, now: Instant) -> Option<Millis> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse::<u32>().map_or(LONGEST_WAIT, |s| Millis::SECOND.scaled(s, 1)));
    }
    super::date::http(value).map(|at| at.since(now))
}

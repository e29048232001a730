//! Dates as HTTP and JSON write them.

use super::text::{cut, pieces, whole};
use super::time::Instant;

/// Reads a date in either form.
pub fn read(text: &str) -> Option<Instant> {
    iso8601(text).or_else(|| http(text))
}

const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";

/// Reads an HTTP-date in any of its three forms (RFC 9110 section 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
/// `Sun Nov  6 08:49:37 1994`.
pub fn http(text: &str) -> Option<Instant> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    for word in pieces(text, b' ').flat_map(|word| pieces(word, b'-')) {
        let word = word.strip_suffix(',').unwrap_or(word);
        if word.as_bytes().contains(&b':') {
            clock = Some(time_of_day(word)?);
        } else if let Some(number) = whole(word) {
            if day.is_none() {
                day = Some(number);
            } else {
                year = Some(if word.len() > 2 {
                    number
                } else {
                    // Section 5.6.7 wants two digits taken as the past where
                    // they would be more than 50 years ahead.
                    number + if number < 76 { 2000 } else { 1900 }
                });
            }
        } else if month.is_none() {
            let at = MONTHS
                .chunks(3)
                .position(|name| name.eq_ignore_ascii_case(word.as_bytes()));
            month = at.map(|at| at as u32 + 1);
        }
    }
    instant(year?, month?, day?, clock?)
}

/// Reads an ISO 8601 date with time as RFC 3339 section 5.6 profiles it:
/// fraction optional, `Z`, an offset, or neither, which is taken as UTC.
pub fn iso8601(text: &str) -> Option<Instant> {
    let at = text
        .bytes()
        .position(|byte| matches!(byte, b'T' | b't' | b' '))?;
    let (date, time) = (text.get(..at)?, text.get(at + 1..)?);
    let mut numbers = pieces(date, b'-').map(whole);
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    let at = time
        .bytes()
        .position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'))
        .unwrap_or(time.len());
    let (clock, zone) = (time.get(..at)?, time.get(at..)?);
    let offset = match zone.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let (hours, minutes) = match cut(zone, b':') {
                Some((hours, minutes)) => (hours.get(1..)?, minutes),
                None => (zone.get(1..3)?, zone.get(3..)?),
            };
            let minutes = if minutes.is_empty() {
                0
            } else {
                whole(minutes)?
            };
            let seconds = f64::from(whole(hours)?) * 3600.0 + f64::from(minutes) * 60.0;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => 0.0,
    };
    let local = instant(year, month, day, time_of_day(clock)?)?;
    Instant::from_ms(local.as_ms() - offset * 1000.0)
}

/// Seconds since midnight of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`.
fn time_of_day(text: &str) -> Option<f64> {
    let (clock, fraction) = cut(text, b'.').unwrap_or((text, "0"));
    let mut parts = pieces(clock, b':').map(whole);
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || hours > 24 || minutes > 59 || seconds > 60 {
        return None;
    }
    let fraction = fraction.get(..3).unwrap_or(fraction);
    let unit = match fraction.len() {
        1 => 10.0,
        2 => 100.0,
        _ => 1000.0,
    };
    Some(f64::from((hours * 60 + minutes) * 60 + seconds) + f64::from(whole(fraction)?) / unit)
}

/// The days of the proleptic Gregorian calendar, counted in years that begin
/// in March so that the leap day is the last.
fn instant(year: u32, month: u32, day: u32, seconds: f64) -> Option<Instant> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = i64::from(year * 365 + leaps + (month * 153 + 2) / 5 + day) - 719_469;
    Instant::from_ms(((days * 86_400) as f64 + seconds) * 1000.0)
}

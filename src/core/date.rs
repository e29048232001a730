//! Dates as HTTP and JSON write them.

use super::time::Instant;

const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";

/// Reads an HTTP-date in any of its three forms (RFC 9110 section 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
/// `Sun Nov  6 08:49:37 1994`.
pub fn http(text: &str) -> Option<Instant> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    for word in text.split([' ', ',', '-']).filter(|word| !word.is_empty()) {
        if word.contains(':') {
            clock = Some(time_of_day(word)?);
        } else if let Ok(number) = word.parse::<u32>() {
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
        } else if word.len() == 3 && month.is_none() {
            let at = MONTHS.chunks(3).position(|name| name.eq_ignore_ascii_case(word.as_bytes()));
            month = at.map(|at| at as u32 + 1);
        }
    }
    instant(year?, month?, day?, clock?)
}

/// Reads an ISO 8601 date with time as RFC 3339 section 5.6 profiles it:
/// fraction optional, `Z`, an offset, or neither, which is taken as UTC.
pub fn iso8601(text: &str) -> Option<Instant> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut numbers = date.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = (time.get(..at)?, time.get(at..)?);
    let offset = match zone.strip_prefix(['+', '-']) {
        None => 0.0,
        Some(rest) => {
            let (hours, minutes) = match rest.split_once(':') {
                Some(parts) => parts,
                None => (rest.get(..2)?, rest.get(2..)?),
            };
            let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<u32>().ok()? };
            let seconds = f64::from(hours.parse::<u8>().ok()?) * 3600.0 + f64::from(minutes) * 60.0;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let local = instant(year, month, day, time_of_day(clock)?)?;
    Instant::from_ms(local.as_ms() - offset * 1000.0)
}

/// Seconds since midnight of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`.
fn time_of_day(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':').map(|part| part.parse::<u8>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || hours > 24 || minutes > 59 || seconds > 60 {
        return None;
    }
    let milliseconds = fraction.bytes().take(3).try_fold((0.0, 0.1), |(sum, place), byte| {
        byte.is_ascii_digit().then(|| (sum + f64::from(byte - b'0') * place, place / 10.0))
    })?;
    let minutes = u32::from(hours) * 60 + u32::from(minutes);
    Some(f64::from(minutes * 60 + u32::from(seconds)) + milliseconds.0)
}

/// The days of the proleptic Gregorian calendar, counted in years that begin
/// in March so that the leap day is the last.
fn instant(year: u32, month: u32, day: u32, seconds: f64) -> Option<Instant> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = i64::from(year * 365 + leaps + (month * 153 + 2) / 5 + day) - 719_469;
    Instant::from_ms(((days * 86_400) as f64 + seconds) * 1000.0)
}

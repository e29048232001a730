//! Dates in all their forms, against the `httpdate` crate.

use evertoken::internals::pace;
use evertoken::internals::{Instant, date};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::any::{at, span};

/// Most waits are short, and none is too long to be written down.
fn seconds() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..100_000, any::<u64>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn retry_after_in_seconds(seconds in seconds(), left in "[ \t]{0,2}0{0,12}", right in "[ \t]{0,2}") {
        let wait = pace::retry_after(&format!("{left}{seconds}{right}"), at(0.0), date::read);
        let wanted = seconds.min(86_400) as f64 * 1000.0;
        prop_assert_eq!(wait, Some(span(wanted)));
    }

    #[test]
    fn retry_after_in_each_form_of_a_date(seconds in 0u64..3_400_000_000, now in 0u64..3_400_000_000) {
        let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let fixed = httpdate::fmt_http_date(then);
        let words: Vec<&str> = fixed.split(' ').collect();
        let [day_name, day, month, year, clock, _] = words[..] else {
            panic!("not in the form of RFC 9110: {fixed}")
        };
        let long = ["Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"]
            .into_iter()
            .find(|name| name.starts_with(day_name.trim_end_matches(',')))
            .expect("a day of the week");
        let mut forms = vec![
            fixed.clone(),
            format!(
                "{} {month} {:>2} {clock} {year}",
                day_name.trim_end_matches(','),
                day.trim_start_matches('0'),
            ),
        ];
        // Two digits name a year between 1976 and 2075 only.
        if (189_302_400..3_155_760_000).contains(&seconds) {
            let short = &year[2..];
            forms.push(format!("{long}day, {day}-{month}-{short} {clock} GMT"));
        }
        let now = at(now as f64 * 1000.0);
        let wanted = at(seconds as f64 * 1000.0);
        for form in forms {
            prop_assert_eq!(httpdate::parse_http_date(&form).ok(), Some(then), "{}", form);
            prop_assert_eq!(date::http(&form), Some(wanted), "{}", form);
            prop_assert_eq!(pace::retry_after(&form, now, date::read), Some(wanted.since(now)), "{}", form);
        }
    }

    #[test]
    fn no_text_is_too_strange_for_a_date(
        text in prop_oneof![
            any::<String>(),
            "[A-Za-z0-9:,. +-]{0,32}",
            "[0-9é]{1,5}-[0-9]{1,3}-[0-9]{1,3}[Tt ][0-9]{0,3}:[0-9]{0,3}(:[0-9.é]{0,6})?[Zz+-]?[0-9:é]{0,6}",
            "(Sun|Sonntag)?,? ?[0-9]{1,10}[ -](Feb|fEB|Foo)[ -][0-9]{1,10} [0-9]{1,3}:[0-9]{1,3}:[0-9]{1,3}( GMT)?",
        ],
    ) {
        let _ = (pace::retry_after(&text, at(0.0), date::read), date::http(&text), date::iso8601(&text));
    }

    #[test]
    fn an_iso_date_is_read_with_its_offset(
        seconds in 0i64..4_000_000_000,
        ms in option::of(0u32..1000),
        offset in option::of(-14 * 60..=14 * 60i64),
        form in 0..3,
        separator in select(vec!['T', 't', ' ']),
    ) {
        // The local time that is shown, written by httpdate.
        let local = seconds + offset.unwrap_or(0) * 60 + 86_400;
        let shown = std::time::UNIX_EPOCH + std::time::Duration::from_secs(local as u64);
        let shown = httpdate::fmt_http_date(shown);
        let words: Vec<&str> = shown.split(' ').collect();
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let month = months.find(words[2]).expect("a month") / 3 + 1;
        let fraction = ms.map(|ms| format!(".{ms:03}")).unwrap_or_default();
        let zone = match offset {
            None => ["Z", "z", ""][form as usize].to_owned(),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
                match form {
                    0 => format!("{sign}{hours:02}:{rest:02}"),
                    1 => format!("{sign}{hours:02}{rest:02}"),
                    _ if rest == 0 => format!("{sign}{hours:02}"),
                    _ => format!("{sign}{hours:02}:{rest:02}"),
                }
            }
        };
        let text = format!("{}-{month:02}-{}{separator}{}{fraction}{zone}", words[3], words[1], words[4]);
        let wanted = (seconds + 86_400) as f64 * 1000.0 + f64::from(ms.unwrap_or(0));
        let found = date::iso8601(&text).map(Instant::as_ms);
        prop_assert!(found.is_some_and(|found| (found - wanted).abs() < 0.01), "{text}: {found:?}, {wanted}");
    }
}

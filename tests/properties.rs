#![cfg(not(target_arch = "wasm32"))]
//! What the core's parts do with anything at all, against other people's
//! implementations where there are some.

mod support;

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::core::config;
use evertoken::core::json::Writer;
use evertoken::core::jwt::{self, Claims};
use evertoken::core::lifetime::{Lifetime, Stated};
use evertoken::core::origins::Origins;
use evertoken::core::pace::{self, Pace};
use evertoken::core::record::{Ended, Record, Session, Stamp};
use evertoken::core::secret::Secret;
use evertoken::core::{Instant, Kind, Millis, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use support::config::read_at;
use support::document::{parse, parse_url};

/// The last instant of a JavaScript `Date`, in milliseconds.
const LAST: f64 = 8.64e15;

fn at(ms: f64) -> Instant {
    Instant::from_ms(ms).expect("an instant")
}

fn span(ms: f64) -> Millis {
    Millis::from_ms(ms).expect("a length of time")
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

// JSON

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((".{0,4}", inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// What breaks a JSON text, or just does not.
fn any_piece() -> impl Strategy<Value = String> {
    let pieces = [
        "", " ", "\t", "\u{b}", ",", ":", "{", "}", "[", "]", "\"", "\\", "\\u", "\\u0041", "\\x",
        "0", "01", "-", "+", "1.", ".5", "1e", "1e+2", "E-3", "null", "nul", "true", "NaN",
        "\u{0}", "\u{1f}", "\u{7f}", "\u{feff}", "é", "💥", "//", "'",
    ];
    prop_oneof![
        8 => select(pieces.to_vec()).prop_map(String::from),
        1 => any::<String>(),
    ]
}

/// A text with some of its characters taken out and others put in.
fn mutated(text: String, edits: Vec<(Index, bool, String)>) -> String {
    edits.into_iter().fold(text, |text, (place, takes, piece)| {
        let mut chars: Vec<char> = text.chars().collect();
        let place = place.index(chars.len() + 1);
        if takes && place < chars.len() {
            chars.remove(place);
        }
        let (before, after) = chars.split_at(place);
        before
            .iter()
            .chain(&piece.chars().collect::<Vec<_>>())
            .chain(after)
            .collect()
    })
}

fn json_like() -> impl Strategy<Value = String> {
    let edits = vec((any::<Index>(), any::<bool>(), any_piece()), 0..4);
    prop_oneof![
        1 => any::<String>(),
        4 => vec(any_piece(), 0..10).prop_map(|pieces| pieces.concat()),
        8 => (any_json(), any::<bool>(), edits).prop_map(|(value, pretty, edits)| {
            let text = if pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            mutated(text.expect("JSON"), edits)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read_by_others(
        text in any::<String>(),
        texts in vec(any::<String>(), 0..4),
        number in -1e15..1e15,
        flag: bool,
        value in any_json(),
    ) {
        let mut out = Writer::object();
        out.text("text", Some(&text));
        out.text("none", None);
        let list: Vec<&str> = texts.iter().map(String::as_str).collect();
        out.list("list", &list);
        out.number("number", number);
        out.number("infinite", f64::INFINITY);
        out.flag("flag", flag);
        out.source("value", Some(&value.to_string()));
        let written: Value = serde_json::from_str(&out.end()).expect("JSON");
        let read: Value = serde_json::from_str(&value.to_string()).expect("JSON");
        prop_assert_eq!(&written["text"], &json!(text));
        prop_assert_eq!(&written["list"], &json!(texts));
        prop_assert_eq!(written["number"].as_f64(), Some(number.trunc()));
        prop_assert_eq!(&written["flag"], &json!(flag));
        prop_assert_eq!(&written["value"], &read);
        prop_assert!(written.get("none").is_none() && written.get("infinite").is_none());
    }
}

// Tokens

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0i64..10_000_000_000).prop_map(Value::from),
        (-1e10..1e10f64).prop_map(|number| json!(number)),
        (-1e300..1e300f64).prop_map(|number| json!(number)),
        (-8_640_000_000_010i64..-8_639_999_999_990).prop_map(Value::from),
        (8_639_999_999_990i64..8_640_000_000_010).prop_map(Value::from),
    ]
}

/// The instant of a NumericDate, as an oracle.
fn date_of(claim: Option<&Value>) -> Option<f64> {
    let ms = claim?.as_f64()? * 1000.0;
    (ms.abs() <= LAST).then_some(ms)
}

fn agrees(found: Option<Instant>, wanted: Option<f64>) -> bool {
    match (found, wanted) {
        (None, None) => true,
        (Some(found), Some(wanted)) => close(found.as_ms(), wanted),
        // The last digit of a fraction may be off, at the limit too.
        (Some(one), None) => close(one.as_ms().abs(), LAST),
        (None, Some(one)) => close(one.abs(), LAST),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_string_is_too_strange_for_a_token(
        token in prop_oneof![
            any::<String>(),
            "[A-Za-z0-9+/_=-]{0,20}\\.[A-Za-z0-9+/_=-]{0,20}\\.?[A-Za-z0-9+/_=-]{0,9}",
            json_like().prop_map(|json| format!("e30.{}.", URL_SAFE_NO_PAD.encode(json))),
        ],
    ) {
        if let Some(payload) = jwt::payload(&token, parse) {
            prop_assert!(parse(&payload).is_some_and(|part| part.kind("") == Kind::Object));
        }
        let claims = Claims::of(&token, parse);
        if jwt::payload(&token, parse).is_none() {
            prop_assert_eq!(claims, Claims::default());
        }
    }

    #[test]
    fn claims_are_what_serde_json_reads(
        expires in option::of(prop_oneof![4 => any_number(), 1 => any_json()]),
        issued in option::of(any_number()),
        users in prop::array::uniform3(option::of(prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any_json(),
        ])),
        more in vec(("x_[a-z]{1,5}", any_json()), 0..4),
        padded: bool,
    ) {
        let mut payload: serde_json::Map<String, Value> = more.into_iter().collect();
        let [sub, id, user_id] = users;
        let claims = [
            ("exp", expires), ("iat", issued), ("sub", sub), ("id", id), ("user_id", user_id),
        ];
        for (name, value) in claims {
            if let Some(value) = value {
                payload.insert(name.into(), value);
            }
        }
        // Not read back: serde_json may read a double's last digit otherwise.
        let payload = Value::Object(payload);
        let text = payload.to_string();
        let engine = if padded {
            base64::engine::general_purpose::URL_SAFE
        } else {
            URL_SAFE_NO_PAD
        };
        let token = format!("{}.{}.c2ln", engine.encode(r#"{"alg":"HS256"}"#), engine.encode(&text));
        let header = String::from(r#"{"alg":"HS256"}"#);
        prop_assert_eq!(jwt::payload(&token, parse), Some(text.clone()));
        prop_assert_eq!(jwt::decode(&token), Some((header, text)));
        let claims = Claims::of(&token, parse);
        prop_assert!(agrees(claims.expires, date_of(payload.get("exp"))), "{:?}", claims);
        prop_assert!(agrees(claims.issued, date_of(payload.get("iat"))), "{:?}", claims);
        let user = ["sub", "id", "user_id"].iter().find_map(|name| match payload.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => {
                let number = number.as_f64()?;
                let sign = if number < 0.0 { "-" } else { "" };
                Some(format!("{sign}{}", number.abs() as u64))
            }
            _ => None,
        });
        prop_assert_eq!(claims.user, user);
    }
}

// Origins

fn parsed(text: &str, base: Option<&str>) -> Option<url::Url> {
    match base {
        Some(base) => url::Url::parse(base).ok()?.join(text).ok(),
        None => url::Url::parse(text).ok(),
    }
}

fn any_url() -> impl Strategy<Value = String> {
    let schemes = [
        "https://",
        "http://",
        "https:",
        "//",
        "",
        "blob:https://",
        "ws://",
        "HTTPS:\\\\",
    ];
    let hosts = [
        "api.example",
        "API.example",
        "api.example:443",
        "api.example:80",
        "api.example:8443",
        "api.example.",
        "api.example.evil",
        "evil",
        "api.example@evil",
        "api.example:443@evil",
        "evil#@api.example",
        "evil?api.example",
        "evil\\@api.example",
        "api.example%2eevil",
        "api.example\u{3002}evil",
        "xapi.example",
        "[::1]",
        "api.example\tevil",
        "u:p@api.example",
    ];
    let paths = [
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1/x",
        "/v10",
        "/v1.x",
        "/v1%2fx",
        "/v1/../x",
        "/v1/%2e%2e/x",
        "/x/../v1/y",
        "/V1/x",
        "//v1",
        "\\v1\\x",
        "/v1?x",
        "/v1#x",
        "/v1;x",
        "/v1/./x",
    ];
    let edits = vec(
        (any::<Index>(), any::<bool>(), "[@:/\\\\?#.%a-z]{0,2}"),
        0..2,
    );
    prop_oneof![
        1 => any::<String>(),
        9 => (select(schemes.to_vec()), select(hosts.to_vec()), select(paths.to_vec()), edits)
            .prop_map(|(scheme, host, path, edits)| {
                mutated(format!("{scheme}{host}{path}"), edits)
            }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_token_goes_to_the_entry_and_below_and_nowhere_else(
        text in any_url(),
        entry in select(vec![
            "https://api.example", "https://api.example/", "https://api.example/v1",
            "https://api.example/v1/", "http://api.example:8443", "https://api.example:443/x/../v1",
        ]),
        base in select(vec!["https://page.example/", "https://api.example/v1/", "https://evil/v1/"]),
    ) {
        let entry = parsed(entry, None).expect("a URL");
        let mut origins = Origins::default();
        let own = parse_url(entry.as_str(), None).expect("a URL");
        prop_assert!(origins.add(&*own).is_ok());
        prop_assert!(origins.admits(&*own));
        if let (Some(url), Some(taken)) = (parsed(&text, Some(base)), parse_url(&text, Some(base))) {
            let segments = |url: &url::Url| {
                let path = url.path().trim_end_matches('/').to_owned();
                path.split('/').map(String::from).collect::<Vec<_>>()
            };
            let exact = url.path().split('/').map(String::from).collect::<Vec<_>>();
            let wanted = url.scheme() == entry.scheme()
                && url.host_str() == entry.host_str()
                && url.port_or_known_default() == entry.port_or_known_default()
                && exact.starts_with(&segments(&entry));
            prop_assert_eq!(origins.admits(&*taken), wanted, "{}", url);
        }
    }

    #[test]
    fn an_entry_that_was_accepted_matches_itself(text in any_url()) {
        let Some(url) = parse_url(&text, None) else { return Ok(()) };
        let mut origins = Origins::default();
        match origins.add(&*url) {
            Ok(()) => prop_assert!(origins.admits(&*url)),
            Err(_) => {
                prop_assert!(!origins.admits(&*url));
            }
        }
    }
}

// Records

fn any_stamp() -> impl Strategy<Value = Stamp> {
    (0..1u64 << 53, 0..1u64 << 53, any::<bool>(), 0..1u64 << 53).prop_map(
        |(sign_in, salt, ended, generation)| Stamp {
            sign_in,
            salt,
            ended,
            generation,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_record_is_read_as_it_was_stored(
        stamp in any_stamp(),
        logout: bool,
        access in prop_oneof![
            "[!-~]{1,40}",
            any_json().prop_map(|json| format!("e30.{}.s", URL_SAFE_NO_PAD.encode(json.to_string()))),
        ],
        refresh in option::of(any::<String>()),
        received in -1e14..1e14f64,
        length in option::of(1000.0..1e15f64),
        cookie: bool,
        failures in 0u32..5,
    ) {
        let received = at(received.trunc());
        let session = Session {
            claims: if cookie { Claims::default() } else { Claims::of(&access, parse) },
            access: Secret::bearer(access).filter(|_| !cookie),
            refresh: refresh.and_then(Secret::new),
            lifetime: Lifetime {
                received,
                expires: length.map_or(Instant::NEVER, |length| received + span(length).whole()),
            },
        };
        let state = match (stamp.ended, logout) {
            (false, _) => Ok(Rc::new(session)),
            (true, true) => Err(Ended::Logout),
            (true, false) => Err(Ended::Rejected),
        };
        let mut pace = Pace::default();
        for _ in 0..failures {
            pace.failed(received, Some(span(2000.0)), 0.5);
        }
        let record = Record { stamp, state };
        let stored = record.stored(&pace);
        let stored = parse(&stored).expect("JSON");
        prop_assert_eq!(Record::read(&*stored, cookie, parse), Some(record));
        prop_assert_eq!(Pace::read(&*stored), pace);
    }

    #[test]
    fn no_text_is_too_strange_for_a_record(
        text in json_like(),
        members in vec((
            select(vec![
                "v", "sign_in", "salt", "generation", "ended", "access", "refresh", "received",
                "expires", "failures", "not_before", "server_wait",
            ]),
            prop_oneof![3 => any_number(), 1 => any_json(), 3 => Just(json!(1)), 1 => Just(json!("logout"))],
        ), 0..14),
        cookie: bool,
    ) {
        let members: serde_json::Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for text in [text, Value::Object(members).to_string()] {
            let Some(found) = parse(&text) else { continue };
            let pace = Pace::read(&*found);
            if let Some(record) = Record::read(&*found, cookie, parse) {
                prop_assert_eq!(record.stamp.ended, record.session().is_none());
                // What was read can be stored and is the same again.
                let stored = record.stored(&pace);
                let again = parse(&stored).and_then(|stored| Record::read(&*stored, cookie, parse));
                prop_assert_eq!(again.map(|again| again.stamp), Some(record.stamp));
            }
        }
    }
}

// Dates

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn retry_after_in_seconds(seconds: u64, left in "[ \t]{0,2}", right in "[ \t]{0,2}") {
        let wait = pace::retry_after(&format!("{left}{seconds}{right}"), at(0.0));
        let wanted = if seconds < 1_000_000_000 { seconds as f64 * 1000.0 } else { 86_400_000.0 };
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
            prop_assert_eq!(pace::retry_after(&form, now), Some(wanted.since(now)), "{}", form);
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
        let _ = (pace::retry_after(&text, at(0.0)), date::http(&text), date::iso8601(&text));
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

// Pace

/// Clocks show whole milliseconds here: what is compared is then exact.
#[derive(Clone, Debug)]
enum Step {
    Pass(f64),
    Fail {
        retry_after: Option<f64>,
        random: f64,
    },
    Succeed,
    Hint,
    Refused {
        worked: bool,
    },
    Forgive,
}

fn any_step(with_success: bool) -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![0.0..10.0, 0.0..600.0, 0.0..70_000.0, Just(1.0), Just(250.0), Just(5000.0)]
            .prop_map(Step::Pass),
        8 => (
            option::weighted(0.2, prop_oneof![0.0..30_000.0, 0.0..1e12]),
            prop_oneof![Just(0.0), 0.0..1.0],
        ).prop_map(|(retry_after, random)| Step::Fail { retry_after, random }),
        u32::from(with_success) => Just(Step::Succeed),
        4 => Just(Step::Hint),
        8 => any::<bool>().prop_map(|worked| Step::Refused { worked }),
        1 => Just(Step::Forgive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn failures_keep_their_distance(steps in vec(any_step(true), 1..200)) {
        let mut pace = Pace::default();
        let mut now = 1e12_f64;
        let (mut failed, mut retry_at) = (None, f64::NEG_INFINITY);
        // Attempts that came sooner than the floor allows, each by a hint.
        let mut hinted: Vec<f64> = Vec::new();
        let mut streak = 0;
        for step in steps {
            match step {
                Step::Pass(by) => now += by.round(),
                Step::Fail { retry_after, random } => {
                    // Nobody calls before the time is up.
                    if pace.wait(at(now)) > Millis::ZERO {
                        continue;
                    }
                    prop_assert!(now >= retry_at, "before Retry-After");
                    if failed.is_some_and(|before| now < before + 250.0) {
                        hinted.push(now);
                    }
                    let retry_after = retry_after.map(|wait| span(wait.round()));
                    pace.failed(at(now), retry_after, random);
                    let bound = retry_after.map_or(0.0, |wait| wait.as_ms().min(86_400_000.0));
                    retry_at = now + bound;
                    failed = Some(now);
                    let wait = pace.wait(at(now)).as_ms();
                    let ceiling = (1000.0 * 2f64.powi(streak)).min(60_000.0);
                    prop_assert!(wait >= 250.0 && wait >= bound);
                    prop_assert!(wait <= ceiling.max(bound) + 1.0, "{wait} after {streak}");
                    streak += 1;
                }
                Step::Succeed => {
                    pace.succeeded();
                    prop_assert_eq!(pace.wait(at(now)), Millis::ZERO);
                    (failed, retry_at, streak) = (None, f64::NEG_INFINITY, 0);
                }
                Step::Hint => pace.hint(at(now)),
                Step::Refused { worked } => {
                    pace.allows_reactive(at(now), worked);
                }
                Step::Forgive => pace.forgive(),
            }
            prop_assert!(now >= retry_at || pace.wait(at(now)) > Millis::ZERO);
        }
        prop_assert!(hinted.windows(2).all(|pair| pair[1] - pair[0] >= 4750.0), "{hinted:?}");
    }

    #[test]
    fn a_window_of_failures_holds_a_bounded_number_of_calls(steps in vec(any_step(false), 1..300)) {
        let mut pace = Pace::default();
        let mut now = 1e12_f64;
        let mut calls: Vec<f64> = Vec::new();
        for step in steps {
            match step {
                Step::Pass(by) => now += by.min(3000.0).round(),
                Step::Hint => pace.hint(at(now)),
                Step::Fail { random, .. } if pace.wait(at(now)) == Millis::ZERO => {
                    calls.push(now);
                    pace.failed(at(now), None, random);
                }
                _ => {}
            }
        }
        for (first, from) in calls.iter().enumerate() {
            for (last, to) in calls.iter().enumerate().skip(first) {
                let window = to - from;
                let bound = 1.0 + window / 250.0 + 1.0 + window / 5000.0;
                prop_assert!((last - first + 1) as f64 <= bound);
            }
        }
    }

    /// A burst, and one each five seconds that have begun.
    #[test]
    fn a_window_of_refusals_holds_a_bounded_number_of_calls(
        steps in vec((prop_oneof![4 => Just(0.0), 2 => 0.0..10.0, 2 => 0.0..20_000.0, 1 => Just(5000.0)], any::<bool>(), any::<bool>()), 1..200),
    ) {
        let mut pace = Pace::default();
        let mut now = 1e12_f64;
        let mut calls: Vec<f64> = Vec::new();
        for (by, worked, forgives) in steps {
            now += f64::round(by);
            if forgives {
                pace.forgive();
            }
            if pace.allows_reactive(at(now), worked) {
                calls.push(now);
            }
        }
        for (first, from) in calls.iter().enumerate() {
            for (last, to) in calls.iter().enumerate().skip(first) {
                let bound = f64::from(pace::BURST) + (to - from) / 5000.0;
                prop_assert!((last - first + 1) as f64 <= bound, "{from} to {to}");
            }
        }
    }

    /// Tokens that no server ever accepts are asked for ever more rarely.
    #[test]
    fn futile_refusals_wait_twice_as_long_each(steps in vec(0.0..40_000.0, 1..60)) {
        let mut pace = Pace::default();
        let mut now = 1e12_f64;
        let mut calls: Vec<f64> = Vec::new();
        for by in steps {
            now += f64::round(by);
            if pace.allows_reactive(at(now), false) {
                calls.push(now);
            }
        }
        for (nth, pair) in calls.windows(2).enumerate() {
            let least = (1000.0 * 2f64.powi(nth as i32)).min(60_000.0);
            prop_assert!(pair[1] - pair[0] >= least, "{nth}: {pair:?}");
        }
    }

    /// What is measured on a clock moves with it.
    #[test]
    fn a_clock_set_back_leaves_the_wait_alone(
        failures in 1u32..8, retry_after in option::of(0.0..1e8), random in 0.0..1.0, by in 0.0..1e10,
    ) {
        let mut pace = Pace::default();
        for _ in 0..failures {
            pace.failed(at(1e12), retry_after.map(span), random);
        }
        let before = pace.wait(at(1e12)).as_ms();
        let by = span(by).whole();
        pace.set_back(by);
        prop_assert!((pace.wait(at(1e12) - by).as_ms() - before).abs() < 0.01);
    }
}

// Lifetime

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_lifetime_is_decided_in_order(
        expires_in in option::of(prop_oneof![Just(0.0), 0.0..5000.0, 0.0..1e13]),
        expires_at in option::of(-1e13..1e13f64),
        expires in option::of(-1e13..1e13f64),
        issued in option::of(-1e13..1e13f64),
        fallback in option::of(0.0..1e9f64),
        received in -1e12..1e13f64,
    ) {
        let claims = Claims { expires: expires.map(at), issued: issued.map(at), user: None };
        let stated = Stated { expires_in: expires_in.map(span), expires_at: expires_at.map(at) };
        let lifetime = Lifetime::decide(stated, &claims, fallback.map(span), at(received));
        let positive = |length: Option<f64>| length.filter(|length| *length > 0.0);
        let wanted = positive(expires_in)
            .or(positive(expires.zip(issued).map(|(expires, issued)| expires - issued)))
            .or(positive(expires_at.map(|end| end - received)))
            .or(positive(expires.map(|end| end - received)))
            .or(positive(fallback));
        prop_assert_eq!(lifetime.received, at(received));
        match wanted {
            None => prop_assert_eq!(lifetime.expires, Instant::NEVER),
            Some(length) => prop_assert_eq!(lifetime.expires, at(received) + span(length.max(1000.0))),
        }
        prop_assert!(!lifetime.is_over(at(received)));
    }

    #[test]
    fn a_refresh_is_due_ahead_of_the_end(
        received in -1e12..1e13f64,
        length in option::of(prop_oneof![1000.0..10_000.0, 1000.0..1e7, 1000.0..4e12]),
        ahead in option::of(prop_oneof![Just(0.0), 0.0..1e5, 0.0..1e13]),
    ) {
        let received = at(received);
        let expires = length.map_or(Instant::NEVER, |length| received + span(length));
        let due = Lifetime { received, expires }.refresh_due(ahead.map(span));
        match length {
            None => prop_assert_eq!(due, Instant::NEVER),
            Some(length) => {
                let ahead = ahead.unwrap_or((length / 5.0).min(60_000.0)).min(length / 2.0);
                prop_assert!((expires.since(due).as_ms() - ahead).abs() < 0.01);
                prop_assert!(due >= received);
            }
        }
    }
}

// Configuration

const OPTIONS: [&str; 18] = [
    "preset",
    "baseUrl",
    "login",
    "logout",
    "refresh",
    "accessToken",
    "refreshToken",
    "response",
    "attachTo",
    "refreshAheadSeconds",
    "proactive",
    "timeoutMs",
    "key",
    "crossTab",
    "storage",
    "clock",
    "fetch",
    "csrf",
];

fn any_option() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => any_json(),
        1 => any_url().prop_map(Value::from),
        1 => select(vec!["strapi", "header", "cookie", "body", "visible", "local", "GET"]).prop_map(Value::from),
        1 => vec(any_url().prop_map(Value::from), 0..3).prop_map(Value::from),
        2 => vec((
            select(vec![
                "url", "method", "body", "in", "name", "prefix", "field", "cookie", "header",
                "credentials", "fields", "csrf", "lifetimeSeconds", "function", "accessToken",
            ]),
            prop_oneof![any_json(), Just(json!("header")), Just(json!("/x")), Just(json!(true))],
        ), 0..4).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_configuration_is_too_strange(
        members in vec((select(OPTIONS.to_vec()), any_option()), 0..8),
        text in json_like(),
        page in select(vec![None, Some("https://page.example/")]),
    ) {
        let members: serde_json::Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for text in [text, Value::Object(members).to_string()] {
            let Some(given) = parse(&text) else { continue };
            if let Err(message) = config::read(&*given, page, &parse_url) {
                let name = message.split(':').next().unwrap_or_default();
                let top = name.split('.').next().unwrap_or_default();
                let known = OPTIONS.contains(&top) || ["config", "unauthorized"].contains(&top);
                prop_assert!(known, "{}", message);
            }
        }
    }
}

/// Options and values that they cannot have.
#[test]
fn an_option_of_the_wrong_type_is_refused_by_name() {
    let text = json!("x");
    let number = json!(-1);
    let list = json!([]);
    let truth = json!(true);
    let null = json!(null);
    let function = json!({ "function": true });
    let object = json!({ "a": 1 });
    let all = [&text, &number, &list, &truth, &null, &function, &object];
    // With each option, the places in `all` of what it does take.
    let options: [(&str, &[usize]); 39] = [
        ("preset", &[]),
        ("baseUrl", &[0]),
        ("login", &[0, 4]),
        ("logout", &[0, 4]),
        ("refresh", &[0, 5]),
        ("login.url", &[0]),
        ("login.method", &[0]),
        ("login.body", &[]),
        ("login.credentials", &[]),
        ("login.fields", &[6]),
        ("login.csrf", &[4]),
        ("login.authenticate", &[3]),
        ("login.tokenField", &[0]),
        ("refresh.url", &[0]),
        ("accessToken", &[]),
        ("accessToken.in", &[]),
        ("refreshToken", &[]),
        ("refreshToken.in", &[]),
        ("response", &[6]),
        ("response.accessToken", &[0]),
        ("response.refreshToken", &[0]),
        ("response.expiresIn", &[0]),
        ("response.expiresInUnit", &[]),
        ("response.expiresAt", &[0]),
        ("attachTo", &[2]),
        ("refreshAheadSeconds", &[]),
        ("proactive", &[3]),
        ("timeoutMs", &[]),
        ("key", &[0]),
        ("crossTab", &[3]),
        ("storage", &[]),
        ("storage.get", &[]),
        ("clock", &[]),
        ("clock.now", &[]),
        ("fetch", &[5]),
        ("unauthorized", &[2, 5]),
        ("csrf", &[]),
        ("csrf.cookie", &[]),
        ("csrf.header", &[]),
    ];
    for (option, takes) in options {
        for (place, value) in all.iter().enumerate() {
            let mut config = json!({ "refresh": "https://api.example/refresh" });
            let (top, member) = option
                .split_once('.')
                .map_or((option, None), |(top, member)| (top, Some(member)));
            config[top] = match (top, member) {
                (_, None) => (*value).clone(),
                ("login" | "refresh", Some(member)) => {
                    let mut endpoint = json!({ "url": "https://api.example/x" });
                    endpoint[member] = (*value).clone();
                    endpoint
                }
                (_, Some(member)) => json!({ member: value }),
            };
            let read = read_at(&config.to_string(), Some("https://page.example/"));
            match read {
                Ok(_) => assert!(takes.contains(&place), "{option} = {value} was accepted"),
                Err(message) => {
                    assert!(!takes.contains(&place), "{option} = {value}: {message}");
                    assert!(message.starts_with(top), "{option} = {value}: {message}");
                }
            }
        }
    }
}

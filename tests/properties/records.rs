//! What is stored is what is read again.

use std::rc::Rc;

use crate::support::document::{PLATFORM, parse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::internals::json::Writer;
use evertoken::internals::jwt::Claims;
use evertoken::internals::lifetime::Lifetime;
use evertoken::internals::pace::Pace;
use evertoken::internals::record::{Ended, Record, Session, Stamp, Stored};
use evertoken::internals::secret::Secret;
use evertoken::internals::term::Term;
use evertoken::internals::{Instant, Millis, Now};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::any::{any_json, any_number, clocks, json_like, span};

fn any_stamp() -> impl Strategy<Value = Stamp> {
    let count = || 0..=1u64 << 52;
    (count(), count(), any::<bool>(), count(), count(), count()).prop_map(
        |(sign_in, salt, ended, generation, sent, twist)| Stamp {
            sign_in,
            salt,
            ended,
            generation,
            sent,
            twist,
        },
    )
}

/// When a session began `age` ago, and how long the server said it lives.
fn term(age: f64, length: Option<f64>, now: Now) -> Term {
    let began = now.wall - span(age);
    match length {
        Some(length) => Term {
            began,
            named: began,
            ends: began + span(length),
        },
        None => Term {
            began,
            named: now.wall,
            ends: Instant::NEVER,
        },
    }
}

fn text_of(record: &Record, pace: &Pace, now: Now) -> String {
    let mut out = Writer::object();
    record.write(&mut out);
    pace.write(now, &mut out);
    out.end()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_record_is_read_as_it_was_stored(
        stamp in any_stamp(),
        ended in select(vec![Ended::Logout, Ended::Rejected, Ended::Idle, Ended::Lifetime]),
        access in prop_oneof![
            "[!-~]{1,40}",
            any_json().prop_map(|json| format!("e30.{}.s", URL_SAFE_NO_PAD.encode(json.to_string()))),
        ],
        refresh in option::of(any::<String>()),
        wall in -1e14..1e14f64,
        mono in 0.0..1e9f64,
        age in 0.0..1e13f64,
        length in option::of(0.0..1e15f64),
        session_length in option::of(1.0..1e15f64),
        remembered: bool,
        cookie: bool,
        failures in 0u32..5,
    ) {
        let now = clocks(wall.trunc(), mono.trunc());
        let age = age.trunc();
        let session = Session {
            user: if cookie { None } else { Claims::of(&access, PLATFORM).user },
            access: Secret::bearer(access).filter(|_| !cookie),
            refresh: refresh.and_then(Secret::new),
            lifetime: Lifetime {
                received: now.wall - span(age),
                since: now.mono - span(age),
                length: length.map_or(Millis::FOREVER, |length| span(length).whole()),
            },
            remembered,
            term: term(age, session_length.map(f64::ceil), now),
        };
        let state = match stamp.ended {
            false => Ok(Rc::new(session)),
            true => Err(ended),
        };
        let mut pace = Pace::default();
        for _ in 0..failures {
            pace.failed(now.mono, span(2000.0), 0.5);
        }
        let record = Record { stamp, state };
        let stored = parse(&text_of(&record, &pace, now)).expect("JSON");
        prop_assert_eq!(Record::read(&*stored, cookie, PLATFORM, now), Stored::Record(record));
        prop_assert_eq!(Pace::read(&*stored, now), pace);
    }

    /// What is kept of a session in memory: no token, and enough to go on
    /// with its time.
    #[test]
    fn a_mark_has_the_sessions_time_and_no_token(
        stamp in any_stamp(),
        age in 0.0..1e13f64,
        session_length in option::of(1.0..1e15f64),
    ) {
        let now = clocks(1e13, 0.0);
        let term = term(age.trunc(), session_length.map(f64::ceil), now);
        let session = Session {
            user: None,
            access: Secret::bearer(String::from("AN-ACCESS-TOKEN")),
            refresh: Secret::new(String::from("A-REFRESH-TOKEN")),
            lifetime: Lifetime { received: now.wall, since: now.mono, length: Millis::SECOND },
            remembered: false,
            term,
        };
        let stamp = Stamp { ended: false, ..stamp };
        let record = Record { stamp, state: Ok(Rc::new(session)) };
        let mut out = Writer::object();
        record.write_mark(&mut out);
        let text = out.end();
        prop_assert!(!text.contains("TOKEN"));
        let stored = parse(&text).expect("JSON");
        prop_assert_eq!(Record::read(&*stored, false, PLATFORM, now), Stored::Mark(term));
    }

    #[test]
    fn no_text_is_too_strange_for_a_record(
        text in json_like(),
        members in vec((
            select(vec![
                "v", "sign_in", "salt", "generation", "ended", "access", "refresh", "received",
                "expires", "failures", "not_before", "server_wait", "noted", "sent", "twist",
                "cookie", "remembered", "began", "named", "ends",
            ]),
            prop_oneof![3 => any_number(), 1 => any_json(), 3 => Just(json!(1)), 1 => Just(json!("logout"))],
        ), 0..20),
        cookie: bool,
        wall in -1e13..1e13f64,
    ) {
        let now = clocks(wall.trunc(), 0.0);
        let members: serde_json::Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for text in [text, Value::Object(members).to_string()] {
            let Some(found) = parse(&text) else { continue };
            let pace = Pace::read(&*found, now);
            prop_assert!(pace.wait(now.mono).as_ms() <= 86_400_000.0);
            if let Stored::Record(record) = Record::read(&*found, cookie, PLATFORM, now) {
                prop_assert_eq!(record.stamp.ended, record.session().is_none());
                // What was read can be stored and is the same again.
                let again = parse(&text_of(&record, &pace, now)).expect("JSON");
                let Stored::Record(again) = Record::read(&*again, cookie, PLATFORM, now) else {
                    return Err(TestCaseError::fail("what was stored is no record"));
                };
                prop_assert_eq!(again.stamp, record.stamp);
            }
        }
    }
}

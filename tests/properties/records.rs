//! What is stored is what is read again.

use std::rc::Rc;

use crate::support::document::{PLATFORM, parse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::core::Instant;
use evertoken::core::jwt::Claims;
use evertoken::core::lifetime::Lifetime;
use evertoken::core::pace::Pace;
use evertoken::core::record::{Ended, Record, Session, Stamp};
use evertoken::core::secret::Secret;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::any::{any_json, any_number, at, json_like, span};

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
            user: if cookie { None } else { Claims::of(&access, PLATFORM).user },
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
            pace.failed(received, span(2000.0), 0.5);
        }
        let record = Record { stamp, state };
        let stored = record.stored(&pace);
        let stored = parse(&stored).expect("JSON");
        prop_assert_eq!(Record::read(&*stored, cookie, PLATFORM), Some(record));
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
            if let Some(record) = Record::read(&*found, cookie, PLATFORM) {
                prop_assert_eq!(record.stamp.ended, record.session().is_none());
                // What was read can be stored and is the same again.
                let stored = record.stored(&pace);
                let again = parse(&stored).and_then(|stored| Record::read(&*stored, cookie, PLATFORM));
                prop_assert_eq!(again.map(|again| again.stamp), Some(record.stamp));
            }
        }
    }
}

//! What is read off a token, against serde_json.

use crate::support::document::{PLATFORM, parse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::internals::Instant;
use evertoken::internals::jwt::{self, Claims, User};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use crate::any::{LAST, any_json, any_number, close, json_like};

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
        let claims = Claims::of(&token, PLATFORM);
        if jwt::claims(&token, parse).is_none() {
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
        prop_assert!(jwt::claims(&token, parse).is_some());
        prop_assert_eq!(jwt::decode(&token), Some((header, text)));
        let claims = Claims::of(&token, PLATFORM);
        prop_assert!(agrees(claims.expires, date_of(payload.get("exp"))), "{:?}", claims);
        prop_assert!(agrees(claims.issued, date_of(payload.get("iat"))), "{:?}", claims);
        let user = ["sub", "id", "user_id"].iter().find_map(|name| match payload.get(name)? {
            Value::String(text) => Some(User::Name(text.clone())),
            Value::Number(number) => number.as_f64().map(User::Number),
            _ => None,
        });
        // Where a number is written and read, its last digit may be off.
        match (claims.user, user) {
            (Some(User::Number(found)), Some(User::Number(wanted))) => {
                prop_assert!(close(found, wanted), "{found} {wanted}");
            }
            (found, wanted) => prop_assert_eq!(found, wanted),
        }
    }
}

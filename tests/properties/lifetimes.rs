//! How long a token lives, and when a refresh is due.

use evertoken::core::jwt::Claims;
use evertoken::core::lifetime::{Lifetime, Stated};
use evertoken::core::{Instant, Millis};
use proptest::option;
use proptest::prelude::*;

use crate::any::{at, span};

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
        let lifetime = Lifetime::decide(stated, &claims, fallback.map_or(Millis::ZERO, span), at(received));
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

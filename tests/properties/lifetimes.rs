//! How long a token lives, and when a refresh is due.

use evertoken::internals::jwt::Claims;
use evertoken::internals::lifetime::{Freshness, Lifetime, Stated};
use evertoken::internals::{Instant, Millis};
use proptest::option;
use proptest::prelude::*;

use crate::any::{at, clocks, moment, span};

fn any_length() -> impl Strategy<Value = Option<f64>> {
    option::of(prop_oneof![Just(0.0), 0.0..5000.0, 0.0..1e13])
}

fn positive(length: Option<f64>) -> Option<f64> {
    length.filter(|length| *length > 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_lifetime_is_decided_in_order(
        expires_in in any_length(),
        expires_at in option::of(-1e13..1e13f64),
        expires in option::of(-1e13..1e13f64),
        issued in option::of(-1e13..1e13f64),
        fallback in option::of(0.0..1e9f64),
        received in -1e12..1e13f64,
        mono in 0.0..1e9f64,
    ) {
        let claims = Claims { expires: expires.map(at), issued: issued.map(at), user: None };
        let stated = Stated {
            expires_in: expires_in.map(span),
            expires_at: expires_at.map(at),
            ..Stated::default()
        };
        let now = clocks(received, mono);
        let fallback_length = fallback.map_or(Millis::ZERO, span);
        let lifetime = Lifetime::decide(stated, &claims, fallback_length, Freshness::Fresh, now);
        let wanted = positive(expires_in)
            .or(positive(expires.zip(issued).map(|(expires, issued)| expires - issued)))
            .or(positive(expires_at.map(|end| end - received)))
            .or(positive(expires.map(|end| end - received)))
            .or(positive(fallback));
        prop_assert_eq!((lifetime.received, lifetime.since), (now.wall, now.mono));
        match wanted {
            None => prop_assert_eq!(lifetime.length, Millis::FOREVER),
            Some(length) => prop_assert_eq!(lifetime.length, span(length.max(1000.0))),
        }
        prop_assert_eq!(lifetime.expires(), now.wall + lifetime.length);
        prop_assert!(!lifetime.is_over(now));
    }

    /// Tokens that the application kept need not be fresh.
    #[test]
    fn a_date_that_has_passed_ends_what_the_application_kept(
        expires_in in any_length(),
        expires_at in option::of(-1e13..1e13f64),
        expires in option::of(-1e13..1e13f64),
        issued in option::of(-1e13..1e13f64),
        fallback in option::of(0.0..1e9f64),
        received in -1e12..1e13f64,
        refreshable: bool,
    ) {
        let claims = Claims { expires: expires.map(at), issued: issued.map(at), user: None };
        let stated = Stated {
            expires_in: expires_in.map(span),
            expires_at: expires_at.map(at),
            ..Stated::default()
        };
        let now = clocks(received, 0.0);
        let fallback_length = fallback.map_or(Millis::ZERO, span);
        let freshness = Freshness::Stored { refreshable };
        let lifetime = Lifetime::decide(stated, &claims, fallback_length, freshness, now);
        let issued_for = positive(expires.zip(issued).map(|(expires, issued)| expires - issued));
        let rest = expires.map(|end| (end - received).min(issued_for.unwrap_or(f64::INFINITY)));
        let passed = expires_at.or(expires).is_some_and(|end| end <= received);
        match positive(expires_in) {
            Some(length) => prop_assert_eq!(lifetime.length, span(length.max(1000.0))),
            None if passed => {
                prop_assert_eq!(lifetime.is_over(now), refreshable);
                prop_assert_eq!(lifetime.ends(), refreshable);
            }
            None => {
                let wanted = positive(expires_at.map(|end| end - received))
                    .or(positive(rest))
                    .or(positive(fallback));
                let wanted = wanted.map_or(Millis::FOREVER, |length| span(length.max(1000.0)));
                prop_assert_eq!(lifetime.length, wanted);
            }
        }
    }

    #[test]
    fn a_refresh_is_due_ahead_of_the_end(
        received in -1e12..1e13f64,
        length in option::of(prop_oneof![1000.0..10_000.0, 1000.0..1e7, 1000.0..4e12]),
        ahead in option::of(prop_oneof![Just(0.0), 0.0..1e5, 0.0..1e13]),
    ) {
        let lifetime = Lifetime {
            received: at(received),
            since: moment(0.0),
            length: length.map_or(Millis::FOREVER, span),
        };
        let due = lifetime.due_age(ahead.map(span));
        match length {
            None => prop_assert_eq!(due, Millis::FOREVER),
            Some(length) => {
                let ahead = ahead.unwrap_or((length / 5.0).min(60_000.0)).min(length / 2.0);
                prop_assert!((lifetime.length.less(due).as_ms() - ahead).abs() < 0.01);
            }
        }
    }

    /// One clock may be set back, the other stand still while the machine
    /// sleeps.
    #[test]
    fn an_age_is_the_larger_of_both_clocks(
        received in 0.0..1e12f64,
        since in 0.0..1e9f64,
        length in option::of(1000.0..1e9f64),
        wall in -1e9..2e9f64,
        mono in 0.0..2e9f64,
    ) {
        let [received, since, wall, mono] = [received, since, wall, mono].map(f64::round);
        let length = length.map(f64::round);
        let lifetime = Lifetime {
            received: at(received),
            since: moment(since),
            length: length.map_or(Millis::FOREVER, span),
        };
        let now = clocks(received + wall, since + mono);
        let age = wall.max(mono).max(0.0);
        prop_assert_eq!(lifetime.age(now).as_ms(), age);
        prop_assert_eq!(lifetime.is_over(now), length.is_some_and(|length| age >= length));
        let left = length.map_or(f64::INFINITY, |length| (length - age).max(0.0));
        prop_assert_eq!(lifetime.left(now).as_ms(), left);
    }

    /// Whatever the wall clock does, a lifetime grows no longer by it.
    #[test]
    fn a_clock_set_back_makes_no_token_younger(
        received in 1e10..1e12f64,
        age in 0.0..1e9f64,
        slept in prop_oneof![Just(0.0), 0.0..1e9],
        back in 0.0..1e10f64,
        more in 0.0..1e9f64,
    ) {
        let [received, age, slept, back, more] = [received, age, slept, back, more].map(f64::round);
        let mut lifetime = Lifetime {
            received: at(received),
            since: moment(0.0),
            length: Millis::FOREVER,
        };
        let wall = received + age + slept;
        let before = lifetime.age(clocks(wall, age));
        prop_assert_eq!(before.as_ms(), age + slept);
        lifetime.reanchor(span(back), clocks(wall - back, age));
        let now = clocks(wall - back + more, age + more);
        prop_assert_eq!(lifetime.age(now).as_ms(), before.as_ms() + more);
        // From now on the monotonic clock alone knows it, but for a step of
        // either clock.
        let early = clocks(0.0, age + more);
        prop_assert!(lifetime.age(early).as_ms() >= before.as_ms() + more - 20.0);
    }

    /// What another page stored is as old here as it is there, and no younger
    /// than nothing.
    #[test]
    fn what_was_stored_is_as_old_as_the_wall_clock_says(
        received in 0.0..1e12f64,
        length in option::of(0.0..1e10f64),
        passed in -1e9..1e10f64,
        mono in 0.0..1e9f64,
    ) {
        let [received, passed, mono] = [received, passed, mono].map(f64::round);
        let length = length.map(f64::round);
        let now = clocks(received + passed, mono);
        let end: Option<Instant> = length.map(|length| at(received + length));
        let lifetime = Lifetime::restored(at(received), end, now);
        prop_assert_eq!(lifetime.age(now).as_ms(), passed.max(0.0));
        prop_assert_eq!(lifetime.length, length.map_or(Millis::FOREVER, span));
        // The wall clock is not needed any more.
        let early = clocks(0.0, mono);
        prop_assert_eq!(lifetime.age(early).as_ms(), passed.max(0.0));
    }
}

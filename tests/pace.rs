#![cfg(not(target_arch = "wasm32"))]
//! How often the refresh endpoint is called (rule 6).

mod support;

use evertoken::internals::pace::Pace;
use proptest::prelude::*;
use support::{Done, ErrorKind, Kind, Manner, Millis, Moment, Status, World};

const LAZY: &str = r#""proactive":false"#;

fn millis(ms: f64) -> Millis {
    Millis::from_ms(ms).expect("a length of time")
}

/// I4: twenty requests a second for five minutes, against a server that is
/// down.
#[test]
fn rule_6_i4_a_dead_server_sees_a_back_off_and_not_a_storm() {
    for tabs in [1, 6] {
        let mut world = World::expired(tabs);
        world.auth.otherwise = Manner::status(503);
        for n in 0..6_000 {
            world.fetch(n % tabs);
            world.pass(50);
        }
        // Ceilings of 1, 2, 4 … 60 s with full jitter: about 20 on average.
        assert!(
            (5..45).contains(&world.refreshes()),
            "{} calls of {tabs} tabs",
            world.refreshes()
        );
        assert_eq!(world.status(0), Status::SignedIn);
    }
}

/// I4: `Retry-After`, in both of its forms, and no hint overrides it.
#[test]
fn rule_6_i4_retry_after_is_honoured_by_all_tabs() {
    let date = httpdate::fmt_http_date(
        std::time::UNIX_EPOCH
            + std::time::Duration::from_millis((support::world::START as u64) + 56_000),
    );
    for value in ["30", &date] {
        let mut world = World::expired(3);
        world.auth.otherwise = Manner::later(429, value);
        let first = world.fetch(0);
        world.settle();
        let error = *world.result(first).error().expect("an error");
        assert_eq!(
            (error.kind(), error.status),
            (ErrorKind::RefreshUnavailable, 429)
        );
        let wait = error.retry_after.as_ms();
        assert!((29_000.0..=31_000.0).contains(&wait), "{wait}");
        for n in 0..250 {
            world.fetch(n % 3);
            world.online(n % 3);
            world.show(n % 3, false);
            world.show(n % 3, true);
            world.pass(100);
        }
        assert_eq!(world.refreshes(), 1, "{value}");
        world.auth.otherwise = Manner::Good;
        world.pass(10_000);
        let caller = world.fetch(2);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
    }
}

#[test]
fn rule_6_who_asks_during_the_back_off_is_rejected_at_once() {
    let mut world = World::expired(2);
    world.script([Manner::later(503, "20")]);
    world.fetch(0);
    world.settle();
    world.pass(100);
    let callers = [
        world.fetch(0),
        world.refresh(0),
        world.get_token(0),
        world.refresh(1),
    ];
    world.pass(0);
    for caller in &callers[..3] {
        let error = world.result(*caller).error().expect("an error");
        assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
        assert!(error.retry_after > millis(15_000.0));
        assert_eq!(world.took(*caller), 0);
    }
    world.settle();
    assert!(
        world
            .result(callers[3])
            .error()
            .is_some_and(|error| error.retry_after > Millis::ZERO)
    );
    assert_eq!(world.refreshes(), 1);
}

/// C2: the machine wakes before its network does.
#[test]
fn rule_6_c2_coming_online_allows_one_attempt_at_once() {
    let mut world = World::expired(1);
    world.network.down = true;
    world.pass(8 * 3_600_000);
    for _ in 0..20 {
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(
            world.result(caller).error().map(|error| error.kind()),
            Some(ErrorKind::RefreshUnavailable)
        );
        world.pass(1_000);
    }
    assert_eq!(world.status(0), Status::SignedIn);
    world.network.down = false;
    world.online(0);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(world.took(caller) < 1_000);
}

/// The back-off outlives the tab that met the failure.
#[test]
fn rule_6_a_new_tab_shares_the_back_off() {
    let mut world = World::expired(1);
    world.script([Manner::later(503, "600")]);
    world.fetch(0);
    world.settle();
    world.close(0);
    let tab = world.open();
    for _ in 0..100 {
        world.fetch(tab);
        world.pass(1_000);
    }
    assert_eq!(world.refreshes(), 1);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Fetch,
    Refused,
    Online,
    Show,
    NextFails,
    NextHangs,
    Recovers,
    Breaks,
    SameToken,
    AlwaysRefuses,
}

fn step() -> impl Strategy<Value = (u16, Step)> {
    let kind = prop_oneof![
        6 => Just(Step::Fetch),
        2 => Just(Step::Refused),
        2 => Just(Step::Online),
        2 => Just(Step::Show),
        1 => Just(Step::NextFails),
        1 => Just(Step::NextHangs),
        1 => Just(Step::Recovers),
        1 => Just(Step::Breaks),
        1 => Just(Step::SameToken),
        1 => Just(Step::AlwaysRefuses),
    ];
    (prop_oneof![Just(0u16), 0u16..300, 0u16..6_000], kind)
}

/// The bound that `src/core/pace.rs` states, for a window of `w` seconds.
fn bound(w: f64) -> f64 {
    let failures = 1.0 + w / 0.25 + (1.0 + w / 5.0);
    let ends = 1.0 + 2.0 * w;
    let refused = 10.0 + (1.0 + w / 5.0);
    failures + ends + refused
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// No sequence of answers, refusals and hints makes more calls than the
    /// bound, in any window, whatever the lifetime.
    #[test]
    fn rule_6_no_sequence_of_answers_and_hints_breaks_the_bound(
        steps in prop::collection::vec(step(), 1..200),
        lifetime in prop_oneof![Just(1u64), Just(1_000), Just(5_000), Just(60_000)],
        options in prop_oneof![Just(""), Just(r#""proactive":true,"refreshAheadSeconds":900"#)],
    ) {
        let mut world = World::new(options);
        world.auth.lifetime = lifetime;
        world.open();
        world.log_in(0, "ann");
        world.settle();
        for (gap, step) in steps {
            world.pass(gap.into());
            match step {
                Step::Fetch => { world.fetch(0); }
                Step::Refused => { world.auth.expire_all(); world.fetch(0); }
                Step::Online => world.online(0),
                Step::Show => { world.show(0, false); world.show(0, true); }
                Step::NextFails => world.script([Manner::status(503)]),
                Step::NextHangs => world.script([Manner::Hang]),
                Step::Recovers => { world.auth.otherwise = Manner::Good; world.api_status = None; }
                Step::Breaks => world.auth.otherwise = Manner::DropBefore,
                Step::SameToken => world.auth.otherwise = Manner::SameToken,
                Step::AlwaysRefuses => world.api_status = Some(401),
            }
        }
        let calls = &world.auth.refresh_calls;
        for (i, from) in calls.iter().enumerate() {
            for (j, to) in calls.iter().enumerate().skip(i) {
                let window = (to - from) as f64 / 1000.0;
                prop_assert!((j - i + 1) as f64 <= bound(window), "{} calls in {window} s", j - i + 1);
            }
        }
    }
}

/// The same in a store of its own kind: what is shared is the record.
#[test]
fn rule_6_the_back_off_is_shared_over_every_kind_of_store() {
    for kind in [Kind::Memory, Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        for _ in 0..4 {
            world.open();
        }
        world.log_in(0, "ann");
        world.pass(25_000);
        world.auth.otherwise = Manner::later(503, "60");
        for n in 0..200 {
            world.fetch(n % 4);
            world.pass(100);
        }
        assert_eq!(world.refreshes(), 1, "{kind:?}");
    }
}

/// While it is not known who is signed in the back-off is shared as well.
#[test]
fn rule_6_tabs_that_know_nobody_share_the_back_off() {
    for kind in [Kind::Memory, Kind::Tab, Kind::Local, Kind::Transaction] {
        let mut world = World::new(r#""refreshToken":{"in":"cookie"},"proactive":false"#);
        world.auth.cookie = true;
        world.store.kind = kind;
        let (_, refresh) = world.auth.sign_in("ann", world.server_time());
        world.cookie = Some(refresh.into());
        for _ in 0..10 {
            world.open();
        }
        world.pass(1_000);
        world.auth.otherwise = Manner::later(503, "60");
        for n in 0..300 {
            world.fetch(n % 10);
            world.pass(100);
        }
        assert_eq!(world.refreshes(), 1, "{kind:?}");
        world.auth.otherwise = Manner::Good;
        world.pass(40_000);
        let caller = world.fetch(7);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200), "{kind:?}");
    }
}

/// The last refresh of a sign-out keeps to Retry-After too.
#[test]
fn rule_6_a_sign_out_makes_no_refresh_before_it_may() {
    let mut world =
        World::new(r#""proactive":false,"logout":{"url":"/logout","authenticate":true}"#);
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world.script([Manner::later(429, "60")]);
    world.fetch(0);
    world.settle();
    world.pass(1_000);
    let out = world.log_out(0);
    world.settle();
    assert_eq!(*world.result(out), Done::Ok);
    assert_eq!((world.refreshes(), world.auth.logout_calls), (1, 1));
}

/// The back-off is noted as dates: a clock that is set back does not make it
/// longer.
#[test]
fn rule_6_a_clock_set_back_does_not_lengthen_the_back_off() {
    for kind in [Kind::Memory, Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        world.script([Manner::status(503)]);
        world.fetch(0);
        world.settle();
        world.pass(100);
        world.set_clock(-3.6e6);
        world.pass(5_000);
        for tab in [0, 1] {
            world.show(tab, false);
            world.show(tab, true);
            let caller = world.fetch(tab);
            world.settle();
            assert_eq!(*world.result(caller), Done::Answer(200), "{kind:?} {tab}");
        }
    }
}

/// Two tabs have waits of the same length, of which one is the server's own: a
/// hint that things are better ends neither.
#[test]
fn rule_6_a_retry_after_is_kept_where_the_own_wait_is_as_long() {
    let (now, minute) = (Moment::from_ms(1_000.0), Millis::new(60_000));
    let (mut own, mut other) = (Pace::default(), Pace::default());
    for _ in 0..7 {
        own.failed(now, Millis::ZERO, 0.999_999);
        other.failed(now, minute, 0.0);
    }
    assert_eq!(own.not_before, other.not_before);
    assert!(own.join(&other), "that is news");
    own.hint(now + Millis::SECOND);
    assert_eq!(own.not_before, now + minute);
    assert!(!own.join(&other), "and told once");
}

#![cfg(not(target_arch = "wasm32"))]
//! Clocks, sleep and lifetimes (rule 9).

mod support;

use evertoken::internals::answer;
use evertoken::internals::lifetime::Stated;
use support::token::jwt;
use support::{Ask, Done, ErrorKind, Health, Instant, Kind, Manner, Moment, Status, World};

const LAZY: &str = r#""proactive":false"#;
const DAY: u64 = 86_400_000;

/// A tab with this access token and what is said of it.
fn given(options: &str, access: &str, expires_in: Option<f64>) -> World {
    let mut world = World::new(options);
    world.open();
    world.bring(access, expires_in);
    world
}

fn expires(world: &World) -> Instant {
    world.tabs[0]
        .shown
        .as_ref()
        .map_or(Instant::PAST, |snapshot| snapshot.expires)
}

/// C1: a timer cannot wait longer than 2^31 - 1 ms.
#[test]
fn rule_9_c1_lifetimes_of_a_month_and_of_a_century_start_no_refresh() {
    for days in [25, 40, 4_000, 36_500] {
        let mut world = World::new(r#""proactive":true"#);
        world.auth.lifetime = days * DAY;
        world.open();
        world.log_in(0, "ann");
        world.pass(days * DAY - 61_000);
        assert_eq!(world.refreshes(), 0, "{days} days");
        world.pass(2_000);
        assert_eq!(world.refreshes(), 1, "{days} days");
    }
}

/// C5: an hour ahead of a token that lives for a minute, or for a second.
#[test]
fn rule_9_c5_refreshing_ahead_takes_half_of_a_lifetime_at_most() {
    for seconds in [1, 5, 60] {
        let mut world = World::new(r#""proactive":true,"refreshAheadSeconds":3600"#);
        world.auth.lifetime = seconds * 1000;
        world.open();
        world.log_in(0, "ann");
        world.pass(600_000);
        let most = 600 * 2 / seconds as usize + 1;
        assert!(
            (most / 3..=most).contains(&world.refreshes()),
            "{} calls",
            world.refreshes()
        );
    }
}

/// C5, G8: a server that gives tokens which have ended already.
#[test]
fn rule_9_g8_tokens_that_end_at_once_make_no_loop() {
    for (opaque, states, lifetime) in [(false, true, 1), (false, false, 1), (true, true, 1)] {
        let mut world = World::new(r#""proactive":true"#);
        world.auth.lifetime = lifetime;
        world.auth.opaque = opaque;
        world.auth.states = states;
        world.open();
        world.log_in(0, "ann");
        for _ in 0..600 {
            world.fetch(0);
            world.pass(100);
        }
        assert!(
            world.refreshes() <= 140,
            "{} calls in a minute",
            world.refreshes()
        );
    }
}

/// G8: `exp` before `iat`, zero and negative.
#[test]
fn rule_9_g8_times_that_mean_nothing_are_passed_over() {
    // A date that has passed is the end of a token that the application kept.
    for claims in [r#"{"exp":5,"iat":10}"#, r#"{"exp":0}"#] {
        let world = given(LAZY, &jwt(claims), None);
        assert!(expires(&world) <= world.wall(), "{claims}");
    }
    for claims in [r#"{"exp":-1e300}"#, r#"{"exp":"soon"}"#, r#"{"exp":null}"#] {
        let world = given(LAZY, &jwt(claims), None);
        assert_eq!(expires(&world), Instant::NEVER, "{claims}");
        let world = given(LAZY, &jwt(claims), Some(-5.0));
        assert_eq!(expires(&world), Instant::NEVER, "{claims}");
    }
}

/// G1: opaque tokens, with and without a lifetime.
#[test]
fn rule_9_g1_a_token_without_a_known_end_is_used_until_it_is_refused() {
    for token in [
        "abc",
        "a.b",
        "a.b.c",
        "..",
        "0b3c7a3e-4f57-4b1c-9a6e-0f4c2d3e1a2b",
    ] {
        let mut world = given("", token, None);
        world.pass(365 * DAY);
        let held = world.get_token(0);
        world.settle();
        assert_eq!(*world.result(held), Done::Token(Some(token.to_owned())));
        assert_eq!(world.refreshes(), 0);
        let world = given("", token, Some(20_000.0));
        assert!(expires(&world) < Instant::NEVER);
    }
}

/// D1, D2, D3: the machine's clock is off by anything, and a table of it.
#[test]
fn rule_9_d1_d3_a_wrong_clock_changes_neither_rate_nor_answers() {
    for skew in [
        -3.15e11, -8.64e7, -3.6e6, -600_000.0, 0.0, 600_000.0, 3.6e6, 8.64e7, 3.15e11,
    ] {
        let mut world = World::new(r#""proactive":true"#);
        world.set_clock(skew);
        world.auth.lifetime = 60_000;
        world.open();
        world.log_in(0, "ann");
        world.settle();
        for _ in 0..600 {
            let caller = world.fetch(0);
            world.settle();
            assert_eq!(*world.result(caller), Done::Answer(200), "skew {skew}");
            world.pass(990);
        }
        assert!(
            (9..=15).contains(&world.refreshes()),
            "{} calls, skew {skew}",
            world.refreshes()
        );
        assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
        let skewed = world.tabs[0].machine.inspection().clock_skew_ms;
        assert!((skewed + skew).abs() < 2_000.0, "{skewed} for {skew}");
    }
}

/// D4: the estimate does not drift.
#[test]
fn rule_9_d4_reloading_does_not_move_the_end_of_a_token() {
    let mut world = World::new(LAZY);
    world.auth.lifetime = 2 * 3_600_000;
    world.set_clock(3.6e6);
    world.open();
    world.log_in(0, "ann");
    world.settle();
    let end = expires(&world);
    for tab in 1..=10 {
        world.pass(360_000);
        world.close(tab - 1);
        world.open();
        assert_eq!(world.tabs[tab].machine.snapshot().expires, end);
    }
    assert_eq!(world.refreshes(), 0);
}

/// A clock that jumps while the page runs.
#[test]
fn rule_9_a_clock_set_back_and_forth_makes_no_loop_and_sends_no_dead_token() {
    let mut world = World::signed_in(r#""proactive":true"#);
    for n in 0..100 {
        world.set_clock(if n % 2 == 0 { -3.6e6 } else { 3.6e6 });
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        world.pass(1_000);
    }
    // Each way forth looks like an hour's sleep: one refresh.
    assert!(world.refreshes() <= 70, "{} calls", world.refreshes());
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// C3, C2: after sleep the first request waits for a refresh.
#[test]
fn rule_9_c3_a_page_that_slept_sends_no_ended_token() {
    let mut world = World::signed_in("");
    world.freeze(0, false);
    world.pass(8 * 3_600_000);
    world.thaw(0);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(world.refreshes(), 1);
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// C9: a page that starts with an ended token and a good refresh token.
#[test]
fn rule_9_c9_a_start_with_an_ended_token_renews_it() {
    let mut world = World::signed_in(LAZY);
    world.close(0);
    world.pass(60_000);
    let tab = world.open();
    let caller = world.fetch(tab);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(world.refreshes(), 1);
}

/// C10: the documented time of the refresh ahead is the time.
#[test]
fn rule_9_c10_the_timer_is_a_fifth_ahead_and_a_minute_at_most() {
    for (seconds, ahead, expected) in [
        (20, None, 4),
        (300, None, 60),
        (3600, None, 60),
        (20, Some(2), 2),
        (20, Some(15), 10),
    ] {
        let option = ahead.map_or_else(String::new, |ahead| {
            format!(r#""refreshAheadSeconds":{ahead}"#)
        });
        let mut world = World::new(&option);
        world.auth.lifetime = seconds * 1000;
        world.open();
        world.log_in(0, "ann");
        world.settle();
        let machine = &world.tabs[0].machine;
        let left = machine.deadline().since(world.clocks(0).mono);
        let due = expires(&world).since(world.wall() + left);
        assert_eq!(
            due.as_ms(),
            f64::from(expected) * 1000.0,
            "{seconds} s, {ahead:?}"
        );
    }
}

/// A hidden page refreshes when somebody asks, not by itself.
#[test]
fn rule_9_proactive_visible_rests_while_hidden() {
    let mut world = World::signed_in("");
    world.show(0, false);
    world.pass(600_000);
    assert_eq!(world.refreshes(), 0);
    world.show(0, true);
    world.pass(100);
    assert_eq!(world.refreshes(), 1);
    let mut world = World::signed_in(r#""proactive":false"#);
    world.pass(600_000);
    assert_eq!(world.refreshes(), 0);
    assert_eq!(world.tabs[0].machine.deadline(), Moment::NEVER);
}

/// A tab whose wall clock is set back to before the page was loaded.
#[test]
fn rule_9_a_clock_set_back_to_before_the_start_keeps_nobody_waiting() {
    for back in [-3.6e6, -3.15e11] {
        let mut world = World::expired(3);
        world.set_clock(back);
        let callers: Vec<_> = (0..3).map(|tab| world.fetch(tab)).collect();
        world.settle();
        assert!(world.is_good(&callers));
        assert!(callers.iter().all(|caller| world.took(*caller) < 1_000));
        // After a freeze as well.
        world.freeze(0, false);
        world.set_clock(back);
        world.pass(25_000);
        world.thaw(0);
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        assert!(world.took(caller) < 1_000, "{}", world.took(caller));
    }
}

/// The clock is set, or the machine sleeps, while a call is out: it is not
/// aborted, and what it brings is taken.
#[test]
fn rule_9_a_step_of_the_clock_in_mid_call_aborts_nothing() {
    for step in [-3.6e6, -30_000.0, 30_000.0, 3.6e6] {
        let mut world = World::expired(1);
        world.script([Manner::Slow(2_000)]);
        let caller = world.fetch(0);
        world.pass(1_000);
        world.set_clock(step);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200), "{step}");
        assert_eq!((world.refreshes(), world.auth.reuses.len()), (1, 0));
    }
    for stands in [false, true] {
        let mut world = World::expired(1);
        world.script([Manner::Slow(2_000)]);
        let caller = world.fetch(0);
        world.pass(1_000);
        world.sleep(3_600_000, stands);
        world.settle();
        world.pass(25_000);
        let next = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(next), Done::Answer(200), "{stands}");
        assert!(world.callers[caller].done.is_some());
        assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
    }
}

/// The wall clock is set back: the monotonic one knows that the token has
/// ended.
#[test]
fn rule_9_a_clock_set_back_does_not_make_an_ended_token_good() {
    let mut world = World::signed_in(LAZY);
    world.pass(10_000);
    world.set_clock(-3.6e6);
    world.pass(15_000);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(world.callers[caller].sendings.len(), 1);
    assert_eq!(world.refreshes(), 1);
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// The machine slept, and the monotonic clock stood still: the wall clock
/// knows.
#[test]
fn rule_9_sleep_that_the_monotonic_clock_does_not_see_ends_a_token() {
    let mut world = World::signed_in(LAZY);
    world.sleep(25_000, true);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(
        (world.callers[caller].sendings.len(), world.refreshes()),
        (1, 1)
    );
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// A refresh that hangs while the clock is set back is settled all the same.
#[test]
fn rule_9_a_hung_refresh_is_settled_when_the_clock_is_set_back() {
    for by in [-3.6e6, 3.6e6] {
        let mut world = World::expired(2);
        world.script([Manner::Hang]);
        let callers = [world.fetch(0), world.fetch(1)];
        world.pass(5_000);
        world.set_clock(by);
        world.settle();
        for caller in callers {
            let code = world.result(caller).code();
            assert_eq!(code, Some(ErrorKind::RefreshUnavailable));
            assert!(world.took(caller) <= 12_500, "{}", world.took(caller));
        }
    }
}

/// Every stage of a refresh has an end: whatever hangs, whoever waits is
/// answered within twice `timeoutMs` and two seconds.
#[test]
fn rule_1_whatever_hangs_everybody_is_answered_in_bounded_time() {
    for kind in [
        Kind::Memory,
        Kind::Tab,
        Kind::Local,
        Kind::Transaction,
        Kind::Custom,
    ] {
        for lease in [false, true] {
            let mut world = World::new(LAZY);
            world.store.kind = kind;
            world.lease = lease;
            for _ in 0..4 {
                world.open();
            }
            world.log_in(0, "ann");
            world.pass(25_000);
            // One holds the lock and stands still, the others' places hang,
            // and so does the server.
            world.fetch(0);
            world.pass(3);
            world.stall(0);
            (1..4).for_each(|tab| world.heal(tab, Health::Hangs));
            world.auth.otherwise = Manner::Hang;
            let callers: Vec<_> = (1..4).map(|tab| world.fetch(tab)).collect();
            world.settle();
            for caller in callers {
                assert!(
                    world.took(caller) <= 22_000,
                    "{kind:?} {}",
                    world.took(caller)
                );
            }
        }
    }
}

/// `setTokens` with what an application kept: `expiresAt` counts, and a token
/// that has ended is renewed before it is sent.
#[test]
fn rule_9_a_stored_token_that_has_ended_is_renewed_before_it_is_sent() {
    let hour = 3_600.0;
    let start = support::world::START / 1000.0;
    let old = jwt(&format!(
        r#"{{"sub":"ann","iat":{},"exp":{}}}"#,
        start - 2.0 * hour,
        start - hour
    ));
    let mut world = given(LAZY, &old, None);
    let caller = world.fetch(0);
    world.settle();
    assert!(
        world.callers[caller]
            .sendings
            .iter()
            .all(|sending| sending.token.as_deref() != Some(&*old))
    );
    assert_eq!(world.refreshes(), 1);
    // `expiresAt` comes before the token's own claims.
    let long = jwt(&format!(
        r#"{{"sub":"ann","iat":{start},"exp":{}}}"#,
        start + hour
    ));
    let mut world = World::new(LAZY);
    world.open();
    let stated = Stated {
        expires_at: Instant::from_ms((start + 60.0) * 1000.0),
        ..Stated::default()
    };
    let policy = world.policy.clone();
    let tokens = answer::from_application(Some(long), Some("refresh".into()), stated, &policy);
    world.hand_in(0, tokens);
    world.settle();
    assert_eq!(expires(&world).as_ms(), (start + 60.0) * 1000.0);
}

/// What another tab stored as ended is not taken for a token without an end.
#[test]
fn rule_9_a_token_that_had_ended_when_it_was_stored_has_ended_for_all_tabs() {
    let mut world = World::new(LAZY);
    world.set_clock(3.15e11);
    world.auth.states = false;
    world.open();
    world.open();
    world.set_tokens(0, "ann");
    world.settle();
    world.pass(100);
    assert_eq!(world.status(1), Status::SignedIn);
    let now = world.token(1, Ask::TokenNow);
    assert_eq!(*world.result(now), Done::Token(None));
}

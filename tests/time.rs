#![cfg(not(target_arch = "wasm32"))]
//! Clocks, sleep and lifetimes (rule 9), and what `getToken` gives (rule 17).

mod support;

use evertoken::core::answer;
use evertoken::core::lifetime::Stated;
use support::token::jwt;
use support::{Ask, Done, ErrorKind, Instant, Millis, Status, World};

const LAZY: &str = r#""proactive":false"#;
const DAY: u64 = 86_400_000;

fn millis(ms: f64) -> Millis {
    Millis::from_ms(ms).expect("a length of time")
}

/// A tab with this access token and what is said of it.
fn given(options: &str, access: &str, expires_in: Option<f64>) -> World {
    let mut world = World::new(options);
    world.open();
    hand_in(&mut world, access, expires_in);
    world
}

fn hand_in(world: &mut World, access: &str, expires_in: Option<f64>) {
    let stated = Stated {
        expires_in: expires_in.and_then(Millis::from_ms),
        expires_at: None,
    };
    let tokens =
        answer::from_application(Some(access.into()), Some("refresh".into()), stated, false);
    world.hand_in(0, tokens);
    world.settle();
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
    for claims in [
        r#"{"exp":5,"iat":10}"#,
        r#"{"exp":0}"#,
        r#"{"exp":-1e300}"#,
        r#"{"exp":"soon"}"#,
        r#"{"exp":null}"#,
    ] {
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
        let due = expires(&world).since(world.tabs[0].machine.deadline());
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
    assert_eq!(world.tabs[0].machine.deadline(), Instant::NEVER);
}

#[test]
fn rule_17_get_token_gives_a_valid_token_or_null_with_never() {
    let mut world = World::signed_in(LAZY);
    let now = world.token(0, Ask::TokenNow);
    assert!(matches!(world.result(now), Done::Token(Some(_))));
    world.pass(25_000);
    let now = world.token(0, Ask::TokenNow);
    assert_eq!(*world.result(now), Done::Token(None));
    assert_eq!(world.refreshes(), 0);
    let auto = world.get_token(0);
    world.settle();
    assert!(matches!(world.result(auto), Done::Token(Some(_))));
    let forced = world.token(0, Ask::TokenForced);
    world.settle();
    assert!(matches!(world.result(forced), Done::Token(Some(_))));
    assert_eq!(world.refreshes(), 2);
}

/// A wish beyond the lifetime costs one refresh, then gives what there is.
#[test]
fn rule_17_a_wish_beyond_the_lifetime_costs_one_refresh() {
    let mut world = World::signed_in(LAZY);
    let wish = world.token(
        0,
        Ask::Token {
            least: millis(3.6e6),
        },
    );
    world.settle();
    assert!(matches!(world.result(wish), Done::Token(Some(_))));
    assert_eq!(world.refreshes(), 1);
    // Asked again and again, it is no loop.
    for _ in 0..100 {
        world.token(
            0,
            Ask::Token {
                least: millis(3.6e6),
            },
        );
        world.settle();
    }
    assert!(world.refreshes() <= 11, "{} calls", world.refreshes());
}

#[test]
fn rule_17_get_token_is_null_where_the_token_is_in_a_cookie() {
    let mut world = World::new(r#""refreshToken":{"in":"cookie"},"accessToken":{"in":"cookie"}"#);
    world.open();
    for ask in [
        Ask::TokenNow,
        Ask::TokenForced,
        Ask::Token {
            least: Millis::ZERO,
        },
    ] {
        let caller = world.token(0, ask);
        assert_eq!(*world.result(caller), Done::Token(None));
    }
    assert_eq!(world.refreshes(), 0);
}

/// K1: a socket that breaks while its page is hidden asks for a token when
/// it connects again, and gets a new one.
#[test]
fn rule_17_k1_who_connects_again_gets_a_token_that_is_good() {
    for lifetimes in [1, 100] {
        let mut world = World::signed_in("");
        let first = world.tabs[0].token.clone();
        world.show(0, false);
        world.freeze(0, false);
        world.pass(lifetimes * 20_000);
        world.thaw(0);
        let caller = world.get_token(0);
        world.settle();
        let Done::Token(Some(token)) = world.result(caller).clone() else {
            panic!("{:?}", world.result(caller))
        };
        assert_ne!(Some(&token), first.as_ref());
        assert!(world.auth.admits(Some(&token), world.server_time()));
        assert_eq!(world.refreshes(), 1);
    }
}

#[test]
fn rule_17_what_cannot_be_a_token_is_refused() {
    let mut world = World::new("");
    world.open();
    for access in [
        None,
        Some(""),
        Some("a b"),
        Some("a\r\nx: y"),
        Some("žeton"),
    ] {
        let tokens =
            answer::from_application(access.map(String::from), None, Stated::default(), false);
        let caller = world.hand_in(0, tokens);
        world.settle();
        let error = world.result(caller).error().expect("an error");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{access:?}");
    }
    assert_eq!(world.status(0), Status::SignedOut);
}

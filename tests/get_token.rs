#![cfg(not(target_arch = "wasm32"))]
//! What `getToken` gives (rule 17).

mod support;

use evertoken::internals::answer;
use evertoken::internals::lifetime::Stated;
use support::{Ask, Done, ErrorKind, Kind, Manner, Millis, Status, World};

const LAZY: &str = r#""proactive":false"#;

fn millis(ms: f64) -> Millis {
    Millis::from_ms(ms).expect("a length of time")
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
        assert_ne!(Some(token.as_str()), first.as_deref());
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
        let tokens = answer::from_application(
            access.map(String::from),
            None,
            Stated::default(),
            &world.policy,
        );
        let caller = world.hand_in(0, tokens);
        world.settle();
        let error = world.result(caller).error().expect("an error");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{access:?}");
    }
    assert_eq!(world.status(0), Status::SignedOut);
}

/// A token without a known end that is to be renewed, with nothing to renew
/// it with: nobody refused anything, so nobody is signed out.
#[test]
fn rule_17_a_forced_refresh_without_a_refresh_token_signs_nobody_out() {
    let mut world = World::new("");
    world.open();
    let policy = world.policy.clone();
    let tokens = answer::from_application(Some("opaque".into()), None, Stated::default(), &policy);
    world.hand_in(0, tokens);
    world.settle();
    for caller in [world.refresh(0), world.token(0, Ask::TokenForced)] {
        world.settle();
        let error = *world.result(caller).error().expect("an error");
        assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    }
    assert_eq!(world.status(0), Status::SignedIn);
    assert_eq!(world.refreshes(), 0);
}

/// Who waited for another tab's refresh, whose token has ended by then as
/// well, gets a new one.
#[test]
fn rule_17_a_token_that_another_tab_got_and_that_has_ended_is_not_given_out() {
    for kind in [Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        world.script([Manner::Slow(500)]);
        world.fetch(0);
        world.pass(100);
        let callers = [
            world.token(1, Ask::TokenForced),
            world.get_token(1),
            world.refresh(1),
        ];
        world.stall(1);
        world.pass(60_000);
        world.thaw(1);
        world.settle();
        for caller in callers {
            if let Done::Token(Some(token)) = world.result(caller) {
                assert!(
                    world.auth.admits(Some(token), world.server_time()),
                    "{kind:?}"
                );
            }
        }
        assert_eq!(
            (world.refreshes(), world.auth.reuses.len()),
            (2, 0),
            "{kind:?}"
        );
        assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
    }
}

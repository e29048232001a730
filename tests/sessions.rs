#![cfg(not(target_arch = "wasm32"))]
//! When a session begins, is kept, changes and ends (rules 4, 5, 7, 8).

mod support;

use evertoken::internals::record::Ended;
use support::random::Random;
use support::{Ask, Done, ErrorKind, Event, Kind, Manner, SignedOutBy, Status, World};

const LAZY: &str = r#""proactive":false"#;
const COOKIE: &str = r#""refreshToken":{"in":"cookie"},"proactive":false"#;

/// Two tabs and a token that has ended, which the first goes about to replace.
fn refreshing(manner: Manner) -> World {
    let mut world = cookie_world();
    world.open();
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world.script([manner]);
    world.fetch(0);
    world.pass(100);
    world
}

fn cookie_world() -> World {
    let mut world = World::new(COOKIE);
    world.auth.cookie = true;
    world
}

#[test]
fn rule_4_requests_of_the_signed_out_go_without_a_token() {
    let mut world = World::new("");
    world.open();
    assert_eq!(world.status(0), Status::SignedOut);
    let caller = world.fetch(0);
    let token = world.get_token(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(401));
    assert_eq!(*world.result(token), Done::Token(None));
    assert_eq!(world.callers[caller].sendings.len(), 1);
    assert_eq!(world.refreshes(), 0);
}

/// F4, C9: a cookie is tried once, silently, by the first who asks.
#[test]
fn rule_4_f4_an_unknown_visitor_with_a_cookie_is_signed_in_by_one_refresh() {
    let mut world = cookie_world();
    let (_, refresh) = world.auth.sign_in("ann", 0.0);
    world.cookie = Some(refresh.into());
    world.open();
    assert_eq!(world.status(0), Status::Unknown);
    let now = world.token(0, Ask::TokenNow);
    assert_eq!(*world.result(now), Done::Token(None));
    let callers: Vec<_> = (0..5).map(|_| world.fetch(0)).collect();
    world.settle();
    assert!(
        callers
            .iter()
            .all(|caller| *world.result(*caller) == Done::Answer(200))
    );
    assert_eq!((world.status(0), world.refreshes()), (Status::SignedIn, 1));
}

#[test]
fn rule_4_a_refused_visitor_is_anonymous_and_no_event_says_signed_out() {
    let mut world = cookie_world();
    world.open();
    let caller = world.fetch(0);
    let token = world.get_token(0);
    world.settle();
    assert_eq!(
        *world.result(caller),
        Done::Answer(401),
        "the API's own answer"
    );
    assert_eq!(*world.result(token), Done::Token(None));
    assert_eq!(world.status(0), Status::SignedOut);
    assert!(world.tabs[0].events.is_empty());
    world.fetch(0);
    world.settle();
    assert_eq!(world.refreshes(), 1, "the cookie is not tried again");
}

/// H1: the answer comes after the sign-out.
#[test]
fn rule_7_h1_no_answer_brings_a_session_back() {
    for kind in [Kind::Memory, Kind::Local, Kind::Transaction] {
        let mut world = World::expired(2);
        world.store.kind = kind;
        world.script([Manner::Slow(2_000)]);
        let waiting = world.fetch(0);
        let elsewhere = world.fetch(1);
        world.pass(1_000);
        let out = world.sign_out(0, true);
        world.settle();
        assert_eq!(*world.result(out), Done::Ok);
        assert_eq!(world.result(waiting).code(), Some(ErrorKind::SignedOut));
        assert_eq!(world.result(elsewhere).code(), Some(ErrorKind::SignedOut));
        world.pass(10_000);
        assert_eq!(
            (world.status(0), world.status(1)),
            (Status::SignedOut, Status::SignedOut),
            "{kind:?}"
        );
        assert_eq!(world.signed_out(0), [SignedOutBy::Logout]);
        assert_eq!(world.signed_out(1), [SignedOutBy::OtherTab]);
        assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
    }
}

/// H1, B8: the refresh of one tab, the sign-out of another.
#[test]
fn rule_7_b8_a_sign_out_elsewhere_ends_the_refresh_here() {
    let mut world = World::expired(2);
    world.script([Manner::Slow(2_000)]);
    let waiting = world.fetch(0);
    world.pass(500);
    world.log_out(1);
    world.settle();
    assert_eq!(world.result(waiting).code(), Some(ErrorKind::SignedOut));
    world.pass(5_000);
    assert_eq!(world.status(0), Status::SignedOut);
    assert_eq!(world.signed_out(0), [SignedOutBy::OtherTab]);
}

/// H6: sign-out during a sign-in, and twice in a tick.
#[test]
fn rule_7_h6_a_sign_in_under_way_is_overtaken_by_a_sign_out() {
    let mut world = World::signed_in("");
    let login = world.log_in(0, "bob");
    world.pass(7);
    let out = [world.log_out(0), world.log_out(0)];
    world.settle();
    assert_eq!(world.result(login).code(), Some(ErrorKind::SignedOut));
    assert!(out.iter().all(|out| *world.result(*out) == Done::Ok));
    assert_eq!(world.signed_out(0).len(), 1);
    assert_eq!(world.auth.logout_calls, 1);
    world.pass(1_000);
    assert_eq!(world.status(0), Status::SignedOut);
}

#[test]
fn rule_7_a_sign_in_elsewhere_that_was_under_way_is_overtaken_too() {
    let mut world = World::expired(2);
    world.network.server = (500, 500);
    let login = world.log_in(1, "bob");
    world.network.server = (5, 5);
    world.pass(100);
    world.log_out(0);
    world.settle();
    world.pass(2_000);
    assert_eq!(world.result(login).code(), Some(ErrorKind::SignedOut));
    assert_eq!(
        (world.status(0), world.status(1)),
        (Status::SignedOut, Status::SignedOut)
    );
}

/// The record that stays says "signed out" although the cookie is still good.
#[test]
fn rule_7_a_sign_out_survives_a_reload_with_a_cookie_that_was_not_cleared() {
    let mut world = cookie_world();
    world.open();
    world.log_in(0, "ann");
    world.settle();
    world.auth.logout_script.push_back(Manner::status(500));
    world.log_out(0);
    world.settle();
    assert!(world.tabs[0].count(|event| matches!(event, Event::Warning(_))) == 1);
    assert!(world.cookie.is_some());
    world.close(0);
    let tab = world.open();
    assert_eq!(world.status(tab), Status::SignedOut);
    let caller = world.fetch(tab);
    let refresh = world.refresh(tab);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(401));
    assert_eq!(world.result(refresh).code(), Some(ErrorKind::SignedOut));
    assert_eq!(world.refreshes(), 0);
    world.log_in(tab, "ann");
    world.settle();
    assert_eq!(world.status(tab), Status::SignedIn);
}

/// The server's failure is a warning, its silence is bounded.
#[test]
fn rule_7_the_server_is_told_but_not_waited_for() {
    for manner in [Manner::Hang, Manner::status(500), Manner::DropBefore] {
        let mut world = World::signed_in("");
        world.auth.logout_script.push_back(manner);
        let out = world.log_out(0);
        assert_eq!(world.status(0), Status::SignedOut, "at once");
        world.settle();
        assert_eq!(*world.result(out), Done::Ok);
        assert!(world.took(out) <= 10_000);
        assert_eq!(
            world.tabs[0].count(|event| matches!(event, Event::Warning(_))),
            1
        );
    }
    let mut world = World::signed_in("");
    world.log_out(0);
    world.settle();
    assert!(
        world.auth.families[0].revoked,
        "the refresh token went along"
    );
    let mut world = World::signed_in("");
    world.sign_out(0, true);
    world.settle();
    assert_eq!(world.auth.logout_calls, 0);
}

/// A sign-out that waits does not end the session that came after it.
#[test]
fn rule_7_a_slow_sign_out_leaves_the_next_session_alone() {
    let mut world = World::new(
        r#""refreshToken":{"in":"cookie"},"proactive":false,"logout":{"url":"/logout","authenticate":true}"#,
    );
    world.auth.cookie = true;
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world.script([Manner::Hang]);
    world.log_out(0);
    world.pass(100);
    world.log_in(0, "bob");
    world.pass(60_000);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(!world.auth.families[1].revoked);
}

#[test]
fn rule_7_a_new_tab_knows_of_the_sign_out() {
    let mut world = World::signed_in("");
    world.log_out(0);
    world.settle();
    let tab = world.open();
    assert_eq!(world.status(tab), Status::SignedOut);
    let held = world.tabs[tab].held().map(|record| record.state.clone());
    assert!(matches!(held, Some(Err(Ended::Logout))));
}

/// Rule 8: an answer to an older session.
#[test]
fn rule_8_a_refresh_of_the_session_before_is_dropped() {
    let mut world = World::expired(2);
    world.script([Manner::Slow(2_000)]);
    world.refresh(0);
    world.pass(500);
    world.set_tokens(1, "bob");
    world.pass(10_000);
    for tab in 0..2 {
        let token = world.tabs[tab].token.clone().expect("a token");
        assert_eq!(world.auth.accesses[&*token].user, "bob");
        assert_eq!(
            world.tabs[tab].count(|event| *event == Event::UserChanged),
            1
        );
    }
}

#[test]
fn rule_8_of_two_sign_ins_the_later_one_stays() {
    for kind in [Kind::Memory, Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.open();
        world.network.server = (400, 400);
        let first = world.log_in(0, "ann");
        world.network.server = (5, 5);
        let second = world.log_in(0, "bob");
        world.settle();
        world.pass(1_000);
        assert_eq!(*world.result(second), Done::Ok);
        assert_eq!(world.result(first).code(), Some(ErrorKind::SignedOut));
        assert_eq!(
            world
                .family_of(0)
                .map(|family| world.auth.families[family].user),
            Some("bob")
        );
        world.laws_of_rest();
        assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
    }
}

/// A request of one user is not repeated for another.
#[test]
fn rule_8_a_request_is_not_repeated_for_another_user() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    world.script([Manner::Slow(1_000)]);
    let caller = world.fetch(0);
    world.pass(500);
    world.set_tokens(0, "bob");
    world.settle();
    assert_eq!(world.result(caller).code(), Some(ErrorKind::SignedOut));
    assert_eq!(world.callers[caller].sendings.len(), 1);
}

/// Users are told apart by `sub`, `id`, `user_id`, else by the sign-in.
#[test]
fn rule_8_the_same_user_signing_in_again_is_not_another() {
    let mut world = World::signed_in(LAZY);
    world.set_tokens(0, "ann");
    world.settle();
    assert_eq!(world.tabs[0].count(|event| *event == Event::UserChanged), 0);
    world.auth.opaque = true;
    world.set_tokens(0, "ann");
    world.settle();
    assert_eq!(world.tabs[0].count(|event| *event == Event::UserChanged), 1);
}

/// C6: looking at a tab tells nothing new.
#[test]
fn rule_8_c6_showing_a_tab_tells_no_events() {
    let mut world = World::signed_in("");
    let before = (world.tabs[0].events.len(), world.tabs[0].snapshots);
    for _ in 0..10 {
        world.show(0, false);
        world.show(0, true);
    }
    world.pass(1_000);
    assert_eq!(
        (world.tabs[0].events.len(), world.tabs[0].snapshots),
        before
    );
    assert_eq!(world.refreshes(), 0);
}

/// Status 'unknown', a slow silent refresh as one user, and meanwhile a
/// sign-in as another: the old answer comes last and changes nothing.
#[test]
fn rule_8_a_silent_refresh_does_not_take_the_place_of_a_sign_in() {
    for kind in [Kind::Memory, Kind::Tab, Kind::Local, Kind::Transaction] {
        for by_login in [true, false] {
            let mut world = cookie_world();
            world.store.kind = kind;
            let (_, refresh) = world.auth.sign_in("ann", world.server_time());
            world.cookie = Some(refresh.into());
            world.open();
            world.open();
            world.pass(100);
            world.script([Manner::Slow(2_000)]);
            world.fetch(0);
            world.pass(100);
            // Here, or in another tab.
            let tab = usize::from(by_login);
            let caller = match by_login {
                true => world.log_in(tab, "bob"),
                false => world.set_tokens(tab, "bob"),
            };
            world.settle();
            assert_eq!(*world.result(caller), Done::Ok);
            world.pass(5_000);
            for tab in 0..2 {
                let user = world
                    .family_of(tab)
                    .map(|family| world.auth.families[family].user);
                assert_eq!(user, Some("bob"), "{kind:?} {by_login}");
            }
        }
    }
}

/// In a real cookie jar: a login waits for the refresh that was sent, so that
/// the refresh's cookie does not land last.
#[test]
fn rule_8_the_cookie_of_a_refresh_does_not_replace_that_of_a_later_login() {
    for stops in [false, true] {
        for other in [0, 1] {
            let mut world = cookie_world();
            world.stops_keepalive = stops;
            world.open();
            world.open();
            world.log_in(0, "ann");
            world.pass(25_000);
            world.script([Manner::Slow(3_000)]);
            world.fetch(0);
            world.pass(100);
            let caller = world.log_in(other, "bob");
            world.settle();
            assert_eq!(*world.result(caller), Done::Ok);
            world.pass(10_000);
            let cookie = world.cookie.clone().unwrap_or_default();
            let family = world.auth.family_of_refresh(&cookie);
            let owner = family.map(|family| world.auth.families[family].user);
            assert_eq!(owner, Some("bob"), "{stops} {other}");
            world.pass(25_000);
            for tab in 0..2 {
                let caller = world.fetch(tab);
                world.settle();
                assert_eq!(*world.result(caller), Done::Answer(200));
                let user = world
                    .family_of(tab)
                    .map(|family| world.auth.families[family].user);
                assert_eq!(user, Some("bob"));
            }
        }
    }
}

/// The same the other way round: while a frozen tab holds the lock, a login
/// goes without it after `timeoutMs`, at the moment when others lose their
/// patience and take it.
#[test]
fn rule_8_the_cookie_of_a_refresh_does_not_meet_that_of_a_login_without_the_lock() {
    for other in [1, 2] {
        for seed in 0..20 {
            let mut world = cookie_world();
            world.random = Random::new(seed);
            (0..3).for_each(|_| {
                world.open();
            });
            world.log_in(0, "ann");
            world.pass(25_000);
            world.fetch(0);
            world.pass(2);
            world.freeze(0, false);
            world.network.server = (50, 3_000);
            world.fetch(other);
            let login = world.log_in(1, "bob");
            world.settle();
            assert_eq!(*world.result(login), Done::Ok);
            let cookie = world.cookie.clone().unwrap_or_default();
            let family = world.auth.family_of_refresh(&cookie);
            let owner = family.map(|family| world.auth.families[family].user);
            assert_eq!(owner, Some("bob"), "tab {other}, {seed}");
        }
    }
}

/// In a real cookie jar: a refresh that a newer sign-in has left to itself
/// keeps its lock until it has ended, so that no second one meets it.
#[test]
fn rule_1_a_refresh_waits_for_one_that_a_newer_sign_in_left_to_itself() {
    let mut world = refreshing(Manner::Slow(3_000));
    world.set_tokens(1, "ann");
    world.pass(100);
    let caller = world.refresh(1);
    world.pass(2_000);
    assert_eq!(world.refreshes(), 1, "the first call is in flight");
    world.settle();
    assert_eq!(*world.result(caller), Done::Ok);
    assert_eq!(world.refreshes(), 2);
}

/// A page that is put away stands still: it keeps no lock for what it has in
/// the air.
#[test]
fn rule_1_a_page_put_away_gives_the_lock_of_such_a_call_back() {
    let mut world = refreshing(Manner::Hang);
    world.set_tokens(1, "ann");
    world.pass(100);
    let caller = world.refresh(1);
    world.pass(100);
    assert_eq!(world.refreshes(), 1, "the first call is in flight");
    world.freeze(0, true);
    world.settle();
    assert_eq!(*world.result(caller), Done::Ok);
    assert!(world.took(caller) < 1_000, "{}", world.took(caller));
}

/// A refresh that hangs holds a login up for `timeoutMs` at most.
#[test]
fn rule_8_a_login_waits_for_a_hung_refresh_no_longer_than_timeout_ms() {
    let mut world = refreshing(Manner::Hang);
    let callers = [world.log_in(0, "bob"), world.log_in(1, "cyd")];
    world.settle();
    for caller in callers {
        assert!(world.took(caller) <= 10_500, "{}", world.took(caller));
    }
}

/// Two tabs without a lock that both replace one token: the same one stays in
/// both.
#[test]
fn rule_8_without_locks_two_tabs_end_with_the_same_token() {
    for kind in [Kind::Memory, Kind::Tab, Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.locks = false;
        world.auth.rotates = false;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        world.script([Manner::Slow(400), Manner::Slow(100)]);
        world.refresh(0);
        world.refresh(1);
        world.settle();
        world.pass(5_000);
        let token = |tab: usize| world.tabs[tab].machine.access_token().cloned();
        assert!(world.refreshes() >= 2);
        assert!(token(0).is_some());
        assert_eq!(token(0), token(1), "{kind:?}");
    }
}

/// `logout({ local: true })` and `logout()` in one tick: the server is told.
#[test]
fn rule_7_a_local_sign_out_does_not_keep_the_next_from_telling_the_server() {
    for gap in [0, 50] {
        let mut world = World::signed_in("");
        let local = world.sign_out(0, true);
        world.pass(gap);
        let whole = world.log_out(0);
        world.settle();
        assert_eq!(
            (world.result(local), world.result(whole)),
            (&Done::Ok, &Done::Ok)
        );
        assert_eq!(world.auth.logout_calls, 1, "{gap}");
        assert!(world.auth.families[0].revoked);
    }
}

/// A tab that was signed out before, and has not heard of a sign-in elsewhere,
/// signs that one out as well.
#[test]
fn rule_7_a_sign_out_ends_a_session_that_this_tab_has_not_heard_of() {
    let mut world = World::new(LAZY);
    world.open();
    world.open();
    world.log_out(0);
    world.pass(1_000);
    world.network.channel = (2_000, 2_000);
    world.log_in(0, "ann");
    world.settle();
    world.log_out(1);
    world.settle();
    world.pass(10_000);
    assert_eq!(
        (world.status(0), world.status(1)),
        (Status::SignedOut, Status::SignedOut)
    );
}

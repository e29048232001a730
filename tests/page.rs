#![cfg(not(target_arch = "wasm32"))]
//! What happens to a page in the middle of things: it is left, put away,
//! frozen, and comes back.

mod support;

use support::{Done, ErrorKind, Kind, Manner, Status, World};

const LAZY: &str = r#""proactive":false"#;
const COOKIE: &str = r#""refreshToken":{"in":"cookie"},"proactive":false"#;

fn lawful(world: &World) {
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// Cookie mode: the page is left while its refresh is out. The call outlives
/// it, and the rotated cookie is in the jar for the next page.
#[test]
fn rule_8_a_page_that_is_left_in_mid_refresh_keeps_the_rotated_cookie() {
    for stops in [false, true] {
        let mut world = World::new(COOKIE);
        world.auth.cookie = true;
        world.stops_keepalive = stops;
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        world.script([Manner::Slow(300)]);
        world.fetch(0);
        world.pass(100);
        let page = world.reload(0);
        world.pass(2_000);
        let caller = world.fetch(page);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        assert_eq!(world.auth.reuses.len(), 0);
        lawful(&world);
    }
}

/// A navigation that leads to a download: what fails then is the server's
/// failure, and is told soon.
#[test]
fn rule_5_a_failure_after_a_navigation_that_led_nowhere_is_told_soon() {
    let mut world = World::expired(1);
    world.script([Manner::DropBefore]);
    let caller = world.fetch(0);
    world.pass(3);
    world.begin_to_leave(0);
    world.settle();
    assert_eq!(
        world.result(caller).code(),
        Some(ErrorKind::RefreshUnavailable)
    );
    assert!(world.took(caller) < 1_000, "{}", world.took(caller));
}

/// A page that is put away in mid call and comes back goes on, and the others
/// do not wait for it.
#[test]
fn rule_1_a_page_in_the_back_forward_cache_holds_nobody_up() {
    for kind in [Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        world.fetch(0);
        world.freeze(0, true);
        let caller = world.fetch(1);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        assert!(world.took(caller) < 1_000, "{kind:?} {}", world.took(caller));
        world.pass(60_000);
        world.thaw(0);
        let back = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(back), Done::Answer(200));
        assert_eq!(world.auth.reuses.len(), 0, "{kind:?}");
        lawful(&world);
    }
}

/// A page that was put away learns of the sign-out before it sends anything.
#[test]
fn rule_7_a_page_that_comes_back_sends_nothing_of_a_session_that_has_ended() {
    for kind in [Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(1_000);
        world.freeze(0, true);
        world.log_out(1);
        world.settle();
        world.thaw(0);
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(401));
        assert_eq!(world.callers[caller].sendings[0].token, None);
        assert_eq!(world.status(0), Status::SignedOut);
    }
}

/// A tab that slept while it looked around asks for the lock once more: it may
/// have lost it.
#[test]
fn rule_1_a_tab_that_slept_while_it_looked_around_does_not_call_at_once() {
    let mut world = World::expired(3);
    world.network.channel = (20, 20);
    world.fetch(0);
    world.pass(5);
    world.stall(0);
    world.pass(40_000);
    world.script([Manner::Slow(1_000)]);
    let caller = world.fetch(1);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    world.thaw(0);
    world.settle();
    world.pass(1_000);
    assert_eq!(world.auth.reuses.len(), 0);
    lawful(&world);
}

#![cfg(not(target_arch = "wasm32"))]
//! One refresh for all tabs (rule 1): they take turns, and none waits for ever
//! for one that hangs, sleeps or has gone.

mod support;

use support::random::Random;
use support::{Done, ErrorKind, Event, Fault, Kind, Manner, World};

const LAZY: &str = r#""proactive":false"#;

/// B1, B11: six tabs that look at once.
#[test]
fn rule_1_b1_tabs_share_one_refresh() {
    for kind in [Kind::Memory, Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        for _ in 0..6 {
            world.open();
        }
        world.log_in(0, "ann");
        world.pass(25_000);
        let callers: Vec<_> = (0..6).map(|tab| world.fetch(tab)).collect();
        (0..6).for_each(|tab| world.show(tab, true));
        world.settle();
        assert_eq!(world.refreshes(), 1, "{kind:?}");
        assert!(world.is_good(&callers), "{kind:?}");
        assert!(
            world.auth.families.iter().all(|family| !family.revoked),
            "{kind:?}"
        );
    }
}

/// B1 without Web Locks: a server that only refuses a used token loses
/// nobody, because the loser adopts what the winner got.
#[test]
fn rule_1_b1_without_locks_the_loser_of_a_race_adopts() {
    let mut world = World::new(LAZY);
    world.locks = false;
    world.auth.strict = false;
    for _ in 0..3 {
        world.open();
    }
    world.log_in(0, "ann");
    world.pass(25_000);
    let callers: Vec<_> = (0..3).map(|tab| world.fetch(tab)).collect();
    world.settle();
    assert!(world.is_good(&callers));
    assert!(
        world
            .tabs
            .iter()
            .all(|tab| tab.count(|event| matches!(event, Event::SignedOut(_))) == 0)
    );
}

/// B2: the tab that refreshes freezes; another takes over, not before
/// `timeoutMs`, and one of them only.
#[test]
fn rule_1_b2_a_frozen_tab_is_taken_over_after_the_time_out() {
    let mut world = World::expired(4);
    world.fetch(0);
    world.pass(7);
    world.freeze(0, false);
    world.auth.script.clear();
    let callers: Vec<_> = (1..4).map(|tab| world.fetch(tab)).collect();
    world.pass(9_900);
    assert!(world.stolen.is_empty());
    world.settle();
    assert!(
        callers.iter().all(|caller| world.took(*caller) < 13_000),
        "{:?}",
        callers.iter().map(|c| world.took(*c)).collect::<Vec<_>>()
    );
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// B2: who slept while it waited does not know how long another tab has had
/// the lock, and gives it its time.
#[test]
fn rule_1_b2_a_waiting_tab_that_slept_does_not_take_the_lock_at_once() {
    let mut world = World::expired(3);
    world.fetch(0);
    world.pass(2);
    world.freeze(0, false);
    let waiting = world.fetch(1);
    world.pass(1);
    world.freeze(1, false);
    world.pass(100_000);
    world.crash(0);
    world.script([Manner::Slow(3_000)]);
    world.fetch(2);
    world.pass(1_000);
    world.thaw(1);
    world.settle();
    assert_eq!(*world.result(waiting), Done::Answer(200));
    assert_eq!((world.stolen.len(), world.refreshes()), (0, 1));
}

/// A tab that slept between the lock and the call asks for both again, even
/// if a clock that was set back hides the sleep.
#[test]
fn rule_1_b2_a_tab_that_slept_with_the_lock_does_not_call_when_it_wakes() {
    for jump in [0.0, -3.6e6] {
        let mut world = World::new(LAZY);
        world.store.kind = Kind::Memory;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        let sleeper = world.fetch(0);
        world.pass(1);
        world.freeze(0, false);
        let other = world.fetch(1);
        world.pass(12_000);
        assert_eq!(*world.result(other), Done::Answer(200));
        world.set_clock(jump);
        world.thaw(0);
        world.settle();
        assert_eq!(*world.result(sleeper), Done::Answer(200));
        assert_eq!(world.refreshes(), 1);
    }
}

/// B2: two tabs lose their patience with a third before they hear of each
/// other. The first of them has not called yet when the second takes the lock.
#[test]
fn rule_1_b2_a_tab_whose_lock_is_taken_before_its_call_does_not_call() {
    for fault in [None, Some(Fault::NoRobbed)] {
        let mut robbed = 0;
        for seed in 0..40 {
            let mut world = World::new(LAZY);
            world.random = Random::new(seed);
            (0..3).for_each(|_| {
                world.open();
            });
            world.log_in(0, "ann");
            world.pass(25_000);
            world.fault = fault;
            world.fetch(0);
            world.pass(2);
            world.freeze(0, false);
            world.network.channel = (100, 100);
            world.network.server = (300, 300);
            let callers = [1, 2].map(|tab| world.fetch(tab));
            world.settle();
            if fault.is_none() {
                assert!(world.is_good(&callers));
            }
            if world.stolen.len() == 2 {
                robbed += 1;
                assert_eq!(world.refreshes() == 1, fault.is_none());
                assert_eq!(world.laws.broken.is_empty(), fault.is_none());
            }
        }
        assert!(robbed > 0, "no two were close enough together");
    }
}

/// Without Web Locks, on a loaded machine: another tab's process sees what was
/// stored, and hears of it, long after the lease was given back.
#[test]
fn rule_1_who_gets_the_lease_waits_for_the_record_that_it_speaks_of() {
    let mut world = World::new(LAZY);
    world.lease = true;
    world.store.kind = Kind::Local;
    world.open();
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world.store.lag = 2_000;
    world.network.channel = (2_000, 2_500);
    let callers = [world.fetch(0), world.fetch(1)];
    world.settle();
    assert!(world.is_good(&callers));
    assert_eq!(world.refreshes(), 1);
    world.pass(25_000);
    // A record that is not there to be found is not waited for without end.
    world.store.text = None;
    let caller = world.fetch(1);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(world.took(caller) < 5_000, "{}", world.took(caller));
}

/// A lease that was claimed just before the clock was set back a little is
/// still held.
#[test]
fn rule_1_a_small_step_of_the_clock_takes_no_lease_away() {
    let mut world = World::new(LAZY);
    world.lease = true;
    world.open();
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world.script([Manner::Slow(2_000)]);
    let first = world.fetch(0);
    world.pass(500);
    world.set_clock(-2_000.0);
    let callers = [first, world.fetch(1)];
    world.settle();
    assert!(world.is_good(&callers));
    assert_eq!(world.refreshes(), 1);
}

/// B2: a hung endpoint ends after `timeoutMs` for all tabs, with an error.
#[test]
fn rule_1_b2_a_hung_endpoint_is_one_call_and_bounded() {
    let mut world = World::expired(6);
    world.script([Manner::Hang]);
    let callers: Vec<_> = (0..6).map(|tab| world.fetch(tab)).collect();
    world.settle();
    assert_eq!(world.refreshes(), 1);
    for caller in callers {
        assert_eq!(
            world.result(caller).code(),
            Some(ErrorKind::RefreshUnavailable)
        );
        assert!(world.took(caller) < 11_000);
    }
    assert!(world.stolen.is_empty());
}

/// B4: the lock is given back with the failure.
#[test]
fn rule_1_b4_a_failure_gives_the_lock_back() {
    let mut world = World::expired(2);
    world.script([Manner::status(500)]);
    world.fetch(0);
    world.settle();
    assert_eq!(world.lock.holder, None);
}

/// B9: one tab's refresh makes no other tab call the server.
#[test]
fn rule_1_b9_news_of_a_refresh_costs_no_calls() {
    let mut world = World::expired(10);
    let caller = world.fetch(0);
    world.settle();
    world.pass(1_000);
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(world.refreshes(), 1);
    assert!(
        world
            .tabs
            .iter()
            .all(|tab| tab.token == world.tabs[0].token)
    );
}

/// B10: no leader that can fall asleep.
#[test]
fn rule_1_b10_any_tab_refreshes_when_it_has_to() {
    let mut world = World::expired(2);
    world.freeze(0, false);
    let caller = world.fetch(1);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(world.took(caller) < 1_000);
}

/// A shell with a fault is noticed here as well: the tests can fail.
#[test]
fn without_a_lock_tabs_do_not_share_one_refresh() {
    let mut world = World::expired(3);
    world.fault = Some(Fault::NoLock);
    for tab in 0..3 {
        world.fetch(tab);
    }
    world.settle();
    assert!(world.refreshes() > 1 && !world.laws.broken.is_empty());
}

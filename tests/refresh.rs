#![cfg(not(target_arch = "wasm32"))]
//! One refresh for all, ahead of time, and after a refusal (rules 1 to 3),
//! and what is left of it when a manager ends (rules 10, 14 and 16).

mod support;

use support::random::Random;
use support::{Ask, Done, ErrorKind, Event, Fault, Kind, Manner, World};

const LAZY: &str = r#""proactive":false"#;

/// A tab that is signed in and whose token has ended.
fn expired(tabs: usize) -> World {
    let mut world = World::new(LAZY);
    for _ in 0..tabs {
        world.open();
    }
    world.log_in(0, "ann");
    world.pass(25_000);
    world
}

fn is_good(world: &World, callers: &[usize]) -> bool {
    callers
        .iter()
        .all(|caller| *world.result(*caller) == Done::Answer(200))
}

fn code(done: &Done) -> Option<ErrorKind> {
    done.error().map(|error| error.kind())
}

/// A1: fifty requests, a `refresh()` and the timer in one tick.
#[test]
fn rule_1_a1_all_wishes_of_one_moment_share_one_call() {
    let mut world = expired(1);
    let callers: Vec<_> = (0..50).map(|_| world.fetch(0)).collect();
    let refresh = world.refresh(0);
    let token = world.get_token(0);
    world.show(0, true);
    world.settle();
    assert_eq!(world.refreshes(), 1);
    assert!(is_good(&world, &callers));
    assert_eq!(*world.result(refresh), Done::Ok);
    assert!(matches!(world.result(token), Done::Token(Some(_))));
}

/// A2: refusals before, during and after the refresh.
#[test]
fn rule_1_a2_refusals_at_any_time_of_a_refresh_are_repaired() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    world.script([Manner::Slow(500)]);
    let mut callers = vec![world.fetch(0)];
    world.pass(200);
    callers.push(world.fetch(0));
    world.network.server = (300, 300);
    callers.push(world.fetch(0));
    world.network.server = (5, 5);
    world.settle();
    assert_eq!(world.refreshes(), 1);
    assert!(is_good(&world, &callers));
}

/// A7: a settled refresh is not kept as the one in flight.
#[test]
fn rule_1_a7_every_lifetime_has_its_own_refresh() {
    let mut world = expired(1);
    for round in 1..=5 {
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        assert_eq!(world.refreshes(), round);
        world.pass(25_000);
    }
}

/// A5: a dropped connection settles everybody, and the next attempt is free.
#[test]
fn rule_1_a5_a_refresh_that_fails_settles_all_who_wait() {
    let mut world = expired(1);
    world.script([Manner::DropBefore]);
    let callers: Vec<_> = (0..10).map(|_| world.fetch(0)).collect();
    world.settle();
    assert!(
        callers
            .iter()
            .all(|caller| code(world.result(*caller)) == Some(ErrorKind::RefreshUnavailable))
    );
    world.pass(60_000);
    let next = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(next), Done::Answer(200));
}

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
        assert!(is_good(&world, &callers), "{kind:?}");
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
    assert!(is_good(&world, &callers));
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
    let mut world = expired(4);
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
    let mut world = expired(3);
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
        world.settle();
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
                assert!(is_good(&world, &callers));
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

/// B2: a hung endpoint ends after `timeoutMs` for all tabs, with an error.
#[test]
fn rule_1_b2_a_hung_endpoint_is_one_call_and_bounded() {
    let mut world = expired(6);
    world.script([Manner::Hang]);
    let callers: Vec<_> = (0..6).map(|tab| world.fetch(tab)).collect();
    world.settle();
    assert_eq!(world.refreshes(), 1);
    for caller in callers {
        assert_eq!(
            code(world.result(caller)),
            Some(ErrorKind::RefreshUnavailable)
        );
        assert!(world.took(caller) < 11_000);
    }
    assert!(world.stolen.is_empty());
}

/// B4: the lock is given back with the failure.
#[test]
fn rule_1_b4_a_failure_gives_the_lock_back() {
    let mut world = expired(2);
    world.script([Manner::status(500)]);
    world.fetch(0);
    world.settle();
    assert_eq!(world.lock.holder, None);
}

/// B9: one tab's refresh makes no other tab call the server.
#[test]
fn rule_1_b9_news_of_a_refresh_costs_no_calls() {
    let mut world = expired(10);
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
    let mut world = expired(2);
    world.freeze(0, false);
    let caller = world.fetch(1);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(world.took(caller) < 1_000);
}

/// Rule 2: a token that is about to end still carries a request.
#[test]
fn rule_2_a_request_near_the_end_goes_at_once_and_the_refresh_runs_beside() {
    let mut world = World::signed_in(LAZY);
    world.pass(17_000);
    world.script([Manner::Slow(1_000)]);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(world.took(caller), 10);
    assert!(world.tabs[0].machine.snapshot().refreshing);
    world.pass(2_000);
    assert_eq!(world.refreshes(), 1);
}

#[test]
fn rule_2_only_an_ended_token_makes_a_request_wait() {
    let mut world = expired(1);
    world.script([Manner::Slow(500)]);
    let caller = world.fetch(0);
    world.settle();
    assert!(world.took(caller) >= 500);
    assert_eq!(world.callers[caller].sendings.len(), 1);
}

/// I1, I2: a refresh ahead of time that fails harms no request.
#[test]
fn rule_2_a_failed_refresh_beside_leaves_a_valid_token_alone() {
    let mut world = World::signed_in(LAZY);
    world.auth.otherwise = Manner::status(503);
    world.pass(17_000);
    for _ in 0..5 {
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        world.pass(200);
    }
}

/// A3: the refusal of an older token finds a newer one.
#[test]
fn rule_3_a3_a_late_refusal_of_the_old_token_makes_no_second_call() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    world.network.server = (400, 400);
    let slow = world.fetch(0);
    world.network.server = (5, 5);
    let quick = world.fetch(0);
    world.settle();
    assert!(is_good(&world, &[slow, quick]));
    assert_eq!(world.refreshes(), 1);
    assert_eq!(
        world.callers[slow].sendings[1].token,
        world.callers[quick].sendings[1].token
    );
}

/// E5: an API that always refuses.
#[test]
fn rule_3_e5_a_second_refusal_goes_to_the_caller() {
    let mut world = World::signed_in(LAZY);
    world.api_status = Some(401);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(401));
    assert_eq!((world.api_calls, world.refreshes()), (2, 1));
    for _ in 0..100 {
        world.fetch(0);
        world.settle();
        world.pass(100);
    }
    assert!(world.refreshes() < 15, "{} refreshes", world.refreshes());
}

/// E1: a body that cannot be sent twice.
#[test]
fn rule_3_e1_a_stream_gets_the_first_answer_and_the_refresh_happens() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    let caller = world.fetch_stream(0);
    world.settle();
    world.pass(1_000);
    assert_eq!(*world.result(caller), Done::Answer(401));
    assert_eq!(world.callers[caller].sendings.len(), 1);
    assert_eq!(world.refreshes(), 1);
}

/// A 401 that means "the server is down" must not read as "sign in again".
#[test]
fn rule_3_a_refused_request_whose_refresh_fails_is_rejected() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    world.script([Manner::status(503)]);
    let caller = world.fetch(0);
    world.settle();
    let error = world.result(caller).error().expect("an error");
    assert_eq!(
        (error.kind(), error.retryable()),
        (ErrorKind::RefreshUnavailable, true)
    );
}

/// A sign-in after a repair is repaired as well.
#[test]
fn rule_3_a_new_sign_in_is_not_held_back_by_what_the_last_one_met() {
    let mut world = World::signed_in(LAZY);
    world.auth.expire_all();
    world.fetch(0);
    world.settle();
    world.set_tokens(0, "bob");
    world.settle();
    world.auth.expire_all();
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
}

/// E7: who aborts harms nobody else; the shell only stops listening.
#[test]
fn rule_10_e7_an_aborted_caller_leaves_the_refresh_to_the_others() {
    let mut world = expired(1);
    world.script([Manner::Slow(500)]);
    let callers: Vec<_> = (0..5).map(|_| world.fetch(0)).collect();
    world.pass(100);
    world.abort(callers[0]);
    world.settle();
    assert!(is_good(&world, &callers[1..]));
    assert_eq!(world.refreshes(), 1);
}

#[test]
fn rule_10_an_aborted_sign_in_signs_nobody_in() {
    let mut world = World::new("");
    world.open();
    let caller = world.log_in(0, "ann");
    world.pass(7);
    world.abort(caller);
    world.pass(1_000);
    assert_eq!(world.status(0), support::Status::SignedOut);
    let again = world.log_in(0, "ann");
    world.settle();
    assert_eq!(*world.result(again), Done::Ok);
}

/// A8: nothing waits for a listener, because events are only told; and one
/// that calls back finds a machine that answers.
#[test]
fn rule_14_a8_events_are_told_and_nothing_waits_for_them() {
    let mut world = expired(1);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!(world.tabs[0].count(|event| *event == Event::Refreshed), 1);
    // Between an event and its performance the machine takes questions.
    let back = world.get_token(0);
    assert!(matches!(world.result(back), Done::Token(Some(_))));
}

/// Rule 16: who waits is rejected at once, what was sent is stored.
#[test]
fn rule_16_dispose_rejects_at_once_and_keeps_the_rotated_token() {
    let mut world = expired(2);
    world.script([Manner::Slow(500)]);
    let caller = world.fetch(0);
    world.pass(100);
    world.dispose(0);
    world.pass(0);
    assert_eq!(code(world.result(caller)), Some(ErrorKind::Disposed));
    assert!(!world.tabs[0].closed, "the call is still under way");
    assert_eq!(world.lock.holder.map(|(tab, _)| tab), Some(0));
    world.pass(1_000);
    assert!(world.tabs[0].closed);
    assert_eq!(world.lock.holder, None);
    let other = world.fetch(1);
    world.settle();
    assert_eq!(*world.result(other), Done::Answer(200));
    assert_eq!(world.refreshes(), 1);
}

#[test]
fn rule_16_dispose_ends_timers_and_questions() {
    let mut world = World::signed_in("");
    world.dispose(0);
    assert!(world.tabs[0].closed);
    assert_eq!(world.tabs[0].machine.deadline(), support::Instant::NEVER);
    for ask in [Ask::Request, Ask::Refresh, Ask::TokenNow, Ask::TokenForced] {
        let caller = world.token(0, ask);
        assert_eq!(code(world.result(caller)), Some(ErrorKind::Disposed));
    }
    let login = world.log_in(0, "ann");
    assert_eq!(code(world.result(login)), Some(ErrorKind::Disposed));
    let events = world.tabs[0].events.len();
    world.dispose(0);
    world.pass(100_000);
    assert_eq!((world.refreshes(), world.tabs[0].events.len()), (0, events));
}

/// Disposed of while it waits for the lock or reads: nothing was sent, so
/// nothing is left.
#[test]
fn rule_16_dispose_before_the_call_leaves_nothing_behind() {
    for wait in [0, 1] {
        let mut world = expired(1);
        let caller = world.fetch(0);
        world.pass(wait);
        world.dispose(0);
        world.pass(0);
        assert_eq!(code(world.result(caller)), Some(ErrorKind::Disposed));
        world.pass(1_000);
        assert!(world.tabs[0].closed);
        assert_eq!(world.lock.holder, None);
    }
}

/// A shell with a fault is noticed here as well: the tests can fail.
#[test]
fn without_a_lock_tabs_do_not_share_one_refresh() {
    let mut world = expired(3);
    world.fault = Some(Fault::NoLock);
    for tab in 0..3 {
        world.fetch(tab);
    }
    world.settle();
    assert!(world.refreshes() > 1 && !world.laws.broken.is_empty());
}

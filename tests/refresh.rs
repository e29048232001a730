#![cfg(not(target_arch = "wasm32"))]
//! One refresh for all, ahead of time, and after a refusal (rules 1 to 3),
//! and what is left of it when a manager ends (rules 10, 14 and 16).

mod support;

use support::{Ask, Done, ErrorKind, Event, Manner, World};

const LAZY: &str = r#""proactive":false"#;

/// A1: fifty requests, a `refresh()` and the timer in one tick.
#[test]
fn rule_1_a1_all_wishes_of_one_moment_share_one_call() {
    let mut world = World::expired(1);
    let callers: Vec<_> = (0..50).map(|_| world.fetch(0)).collect();
    let refresh = world.refresh(0);
    let token = world.get_token(0);
    world.show(0, true);
    world.settle();
    assert_eq!(world.refreshes(), 1);
    assert!(world.is_good(&callers));
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
    assert!(world.is_good(&callers));
}

/// A7: a settled refresh is not kept as the one in flight.
#[test]
fn rule_1_a7_every_lifetime_has_its_own_refresh() {
    let mut world = World::expired(1);
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
    let mut world = World::expired(1);
    world.script([Manner::DropBefore]);
    let callers: Vec<_> = (0..10).map(|_| world.fetch(0)).collect();
    world.settle();
    assert!(
        callers
            .iter()
            .all(|caller| world.result(*caller).code() == Some(ErrorKind::RefreshUnavailable))
    );
    world.pass(60_000);
    let next = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(next), Done::Answer(200));
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
    let mut world = World::expired(1);
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
    assert!(world.is_good(&[slow, quick]));
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
    let mut world = World::expired(1);
    world.script([Manner::Slow(500)]);
    let callers: Vec<_> = (0..5).map(|_| world.fetch(0)).collect();
    world.pass(100);
    world.abort(callers[0]);
    world.settle();
    assert!(world.is_good(&callers[1..]));
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
    let mut world = World::expired(1);
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
    let mut world = World::expired(2);
    world.script([Manner::Slow(500)]);
    let caller = world.fetch(0);
    world.pass(100);
    world.dispose(0);
    world.pass(0);
    assert_eq!(world.result(caller).code(), Some(ErrorKind::Disposed));
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
    assert_eq!(world.tabs[0].machine.deadline(), support::Moment::NEVER);
    for ask in [Ask::Request, Ask::Refresh, Ask::TokenNow, Ask::TokenForced] {
        let caller = world.token(0, ask);
        assert_eq!(world.result(caller).code(), Some(ErrorKind::Disposed));
    }
    let login = world.log_in(0, "ann");
    assert_eq!(world.result(login).code(), Some(ErrorKind::Disposed));
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
        let mut world = World::expired(1);
        let caller = world.fetch(0);
        world.pass(wait);
        world.dispose(0);
        world.pass(0);
        assert_eq!(world.result(caller).code(), Some(ErrorKind::Disposed));
        world.pass(1_000);
        assert!(world.tabs[0].closed);
        assert_eq!(world.lock.holder, None);
    }
}

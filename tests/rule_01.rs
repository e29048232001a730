#![cfg(not(target_arch = "wasm32"))]
//! Rule 1: one refresh.

mod support;

use support::{Done, Manner, World};

/// A1: fifty requests, a `refresh()` and the timer in one tick.
#[test]
fn rule_1_a1_many_wishes_in_one_tick_make_one_call() {
    let mut world = World::signed_in("");
    world.pass(25_000);
    let before = world.refreshes();
    let callers: Vec<_> = (0..50).map(|_| world.fetch(0)).collect();
    let refresh = world.refresh(0);
    world.settle();
    assert_eq!(world.refreshes() - before, 1);
    assert!(callers.iter().all(|caller| *world.result(*caller) == Done::Answer(200)));
    assert_eq!(*world.result(refresh), Done::Ok);
    let _ = Manner::Good;
}

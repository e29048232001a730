#![cfg(not(target_arch = "wasm32"))]
//! The session's end (rule 18), where no page was open when it mattered.

mod support;

use evertoken::internals::Ending;
use support::random::Random;
use support::{Event, Millis, Status, World};

/// A session that ends ten minutes after its user was last active, which only
/// the application says.
fn idle_world() -> World {
    let mut world = World::new(r#""proactive":false"#);
    world.policy.limits.idle = Millis::new(600_000);
    world.policy.limits.page_activity = false;
    world.open();
    world.log_in(0, "ann");
    world.settle();
    world.pass(100);
    world
}

/// Who has done nothing since the sign-in was last active then.
#[test]
fn rule_18_a_session_that_nobody_used_after_the_sign_in_ends_while_no_page_is_open() {
    let mut world = idle_world();
    world.close(0);
    world.pass(700_000);
    let page = world.open();
    world.pass(5_000);
    assert_eq!(world.status(page), Status::SignedOut);
}

#[test]
fn rule_18_a_page_that_is_loaded_between_the_warning_and_the_end_is_warned() {
    let mut world = idle_world();
    world.close(0);
    world.pass(560_000);
    let page = world.open();
    world.pass(5_000);
    assert_eq!(world.status(page), Status::SignedIn);
    let warned = |event: &Event| matches!(event, Event::SessionEnding { .. });
    assert_eq!(world.tabs[page].count(warned), 1);
}

/// Five tabs whose machine is so busy that none answers another's question in
/// time: a silent tab may still be the one that calls.
#[test]
fn rule_18_tabs_that_are_slow_to_answer_make_one_logout_call() {
    for seed in 0..20 {
        let mut world = idle_world();
        world.random = Random::new(seed);
        (0..4).for_each(|_| {
            world.open();
        });
        world.pass(1_000);
        world.network.channel = (160, 400);
        world.pass(700_000);
        let tabs = 0..5;
        assert!(
            tabs.clone()
                .all(|tab| world.status(tab) == Status::SignedOut)
        );
        assert_eq!(world.auth.logout_calls, 1, "{seed}");
    }
}

/// What an adapter shows to a component that is mounted after the warning.
#[test]
fn rule_18_the_snapshot_says_that_the_session_is_ending_until_somebody_is_here() {
    let mut world = idle_world();
    let shown = |world: &World, tab: usize| world.tabs[tab].shown.and_then(|shown| shown.ending);
    world.pass(530_000);
    assert_eq!(shown(&world, 0), None);
    world.pass(20_000);
    assert_eq!(shown(&world, 0), Some(Ending::Idle));
    let late = world.open();
    world.pass(1_000);
    assert_eq!(
        shown(&world, late),
        Some(Ending::Idle),
        "found by the start"
    );
    world.touch(late);
    world.pass(1_000);
    assert_eq!([shown(&world, 0), shown(&world, late)], [None, None]);
    world.pass(700_000);
    assert_eq!(world.status(0), Status::SignedOut);
    assert_eq!(shown(&world, 0), None, "there is none that could end");
}

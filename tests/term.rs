#![cfg(not(target_arch = "wasm32"))]
//! The session's end (rule 18), where no page was open when it mattered.

mod support;

use evertoken::internals::Ending;
use evertoken::internals::policy::Activity;
use support::random::Random;
use support::{Event, Millis, Status, World};

/// A session that ends ten minutes after its user was last active, which only
/// the application says.
fn idle_world() -> World {
    let mut world = World::new(r#""proactive":false"#);
    world.policy.limits.idle = Millis::new(600_000);
    world.policy.limits.activity = Activity::Manual;
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

/// The pointer on its way to the dialogue must not close it (asked for in
/// react-idle-timer's #214 and #335, and what its prompt does).
#[test]
fn rule_18_once_warned_only_touch_puts_the_end_off_where_the_dialogue_is_to_be_answered() {
    let mut world = World::new(r#""proactive":false"#);
    world.policy.limits.idle = Millis::new(600_000);
    world.policy.limits.activity = Activity::UntilWarned;
    world.open();
    world.log_in(0, "ann");
    let ends = |world: &World| world.tabs[0].shown.map(|shown| shown.session_ends.as_ms());
    let ending = |world: &World| world.tabs[0].shown.and_then(|shown| shown.ending);
    world.pass(530_000);
    let before = ends(&world);
    world.act(0);
    world.pass(100);
    assert!(ends(&world) > before, "not yet warned");
    world.pass(550_000);
    let warned = ends(&world);
    assert_eq!(ending(&world), Some(Ending::Idle));
    world.act(0);
    world.show(0, false);
    world.show(0, true);
    world.pass(5_000);
    assert_eq!((ends(&world), ending(&world)), (warned, Some(Ending::Idle)));
    let late = world.open();
    world.pass(1_000);
    assert_eq!(ends(&world), warned, "nor does a page that is loaded");
    world.touch(late);
    world.pass(1_000);
    assert!(ends(&world) > warned);
    assert_eq!(ending(&world), None);
    world.pass(100_000);
    let touched = ends(&world);
    world.act(0);
    world.pass(100);
    assert!(ends(&world) > touched, "the page is watched again");
}

/// Where nothing shows a warning, somebody who works on must not be signed out.
#[test]
fn rule_18_in_mode_page_activity_puts_the_end_off_after_the_warning_too() {
    let mut world = World::new(r#""proactive":false"#);
    world.policy.limits.idle = Millis::new(600_000);
    world.open();
    world.log_in(0, "ann");
    world.pass(560_000);
    world.act(0);
    world.pass(100_000);
    assert_eq!(world.status(0), Status::SignedIn);
}

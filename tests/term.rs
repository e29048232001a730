#![cfg(not(target_arch = "wasm32"))]
//! The session's end (rule 18), where no page was open when it mattered.

mod support;

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

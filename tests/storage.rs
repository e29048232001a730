#![cfg(not(target_arch = "wasm32"))]
//! The record in a store that may fail (rule 13), and a machine that was only made
//! (rule 15).

mod support;

use evertoken::core::Machine;
use evertoken::core::record::Record;
use support::document::{PLATFORM, parse};
use support::{Done, Instant, Kind, Status, World};

const LAZY: &str = r#""proactive":false"#;

/// B7, F1, F6: a store that throws from the start, or in the middle.
#[test]
fn rule_13_b7_a_store_that_fails_leaves_the_session_in_memory() {
    for kind in [Kind::Local, Kind::Transaction] {
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.store.fails = true;
        world.open();
        world.open();
        world.log_in(0, "ann");
        world.pass(25_000);
        let callers = [world.fetch(0), world.fetch(1)];
        world.settle();
        assert!(
            callers
                .iter()
                .all(|caller| *world.result(*caller) == Done::Answer(200)),
            "{kind:?}"
        );
        assert_eq!(world.refreshes(), 1);
        world.log_out(1);
        world.settle();
        world.pass(100);
        assert_eq!(world.status(0), Status::SignedOut, "{kind:?}");
    }
    let mut world = World::signed_in(LAZY);
    world.pass(25_000);
    world.store.fails = true;
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
}

/// F3: what is stored is garbage.
#[test]
fn rule_13_f3_a_corrupt_record_is_as_none_and_is_replaced() {
    let good = {
        let world = World::signed_in(LAZY);
        world.store.text.as_deref().unwrap_or_default().to_owned()
    };
    let cut = good.len() / 2;
    let texts = [
        "",
        "null",
        "[]",
        "{",
        "\0",
        "undefined",
        r#"{"v":2}"#,
        r#"{"v":1}"#,
        &good[..cut],
    ];
    for text in texts {
        assert!(
            parse(text)
                .and_then(|stored| Record::read(&*stored, false, PLATFORM))
                .is_none(),
            "{text}"
        );
        let mut world = World::new(LAZY);
        world.store.text = Some(text.into());
        let tab = world.open();
        assert_eq!(world.status(tab), Status::SignedOut, "{text}");
        world.log_in(tab, "ann");
        world.settle();
        assert_eq!(world.status(tab), Status::SignedIn);
        assert!(
            world
                .store
                .text
                .as_deref()
                .and_then(parse)
                .is_some_and(|stored| Record::read(&*stored, false, PLATFORM).is_some())
        );
    }
}

/// The version of a later release is not read, and not overwritten by what a
/// refresh of this one would write.
#[test]
fn rule_13_a_record_is_versioned() {
    let world = World::signed_in(LAZY);
    let text = world.store.text.as_deref().unwrap_or_default().to_owned();
    assert!(text.starts_with(r#"{"v":1,"#), "{text}");
    let later = text.replacen(r#""v":1"#, r#""v":9"#, 1);
    assert!(
        parse(&later)
            .and_then(|stored| Record::read(&*stored, false, PLATFORM))
            .is_none()
    );
}

/// Rule 15, as far as the core can break it: being made asks for nothing.
#[test]
fn rule_15_a_machine_that_is_made_asks_for_nothing() {
    let world = World::new("");
    let mut machine = Machine::new(world.policy.clone(), PLATFORM, 1, world.wall());
    assert_eq!(machine.poll(), None);
    assert_eq!(machine.deadline(), Instant::NEVER);
}

/// A store that is given up for its slowness may carry out a write later: the last
/// one, and only as long as nothing has come since.
#[test]
fn rule_13_what_a_slow_store_writes_late_is_what_is_held() {
    let mut world = World::signed_in(LAZY);
    let stored = world.store.text.clone().unwrap_or_default();
    let late = |world: &World| -> Vec<u32> {
        let machine = &world.tabs[0].machine;
        let outranks = |number: &u32| machine.outranks(*number, &stored);
        (0..100).filter(outranks).collect()
    };
    assert_eq!(late(&world), [0; 0], "it is stored");
    world.store.fails = true;
    world.pass(25_000);
    world.fetch(0);
    world.settle();
    assert_eq!(world.refreshes(), 1);
    let refresh = late(&world);
    assert_eq!(refresh.len(), 1);
    world.log_out(0);
    world.settle();
    let sign_out = late(&world);
    assert_eq!(sign_out.len(), 1);
    assert_ne!(refresh, sign_out);
}

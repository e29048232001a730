#![cfg(not(target_arch = "wasm32"))]
//! The record in places that may fail, hang, come late or be one tab's own
//! (rules 8 and 13), and a machine that was only made (rule 15).

mod support;

use evertoken::internals::{Fault as Said, Machine, Moment, Record};
use support::document::PLATFORM;
use support::laws::record_in;
use support::store::is_later;
use support::{Done, Event, Health, Kind, Manner, Status, World};

const LAZY: &str = r#""proactive":false"#;
const COOKIE: &str = r#""refreshToken":{"in":"cookie"},"proactive":false"#;

/// A tab of a store of this kind that is signed in and has a token that has
/// ended.
fn ended(kind: Kind) -> World {
    let mut world = World::new(LAZY);
    world.store.kind = kind;
    world.open();
    world.log_in(0, "ann");
    world.pass(25_000);
    world
}

fn stored(world: &World) -> Option<Record> {
    record_in(world.store.text.as_deref(), world.clocks(0))
}

fn warnings(world: &World, tab: usize, fault: Said) -> usize {
    world.tabs[tab].count(|event| matches!(event, Event::Warning(error) if error.fault == fault))
}

fn lawful(world: &World) {
    assert!(world.laws.broken.is_empty(), "{:?}", world.laws.broken);
}

/// B7, F1, F6: a store that throws from the start, or in the middle.
#[test]
fn rule_13_b7_a_store_that_fails_leaves_the_session_in_memory() {
    for kind in [Kind::Local, Kind::Transaction, Kind::Custom] {
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
    // A number that nothing could outrank is no stamp.
    let largest = r#"{"v":1,"sign_in":9007199254740991,"salt":1,"generation":0,"ended":"logout"}"#;
    let endless = r#"{"v":1,"sign_in":1,"salt":1,"generation":9007199254740991,"ended":"logout"}"#;
    let texts = [
        "",
        "null",
        "[]",
        "{",
        "\0",
        "undefined",
        r#"{"v":1}"#,
        &good[..cut],
        largest,
        endless,
    ];
    for text in texts {
        let mut world = World::new(LAZY);
        world.store.text = Some(text.into());
        let tab = world.open();
        assert_eq!(stored(&world), None, "{text}");
        assert_eq!(world.status(tab), Status::SignedOut, "{text}");
        world.log_in(tab, "ann");
        world.settle();
        assert_eq!(world.status(tab), Status::SignedIn);
        assert!(stored(&world).is_some(), "{text}");
    }
}

/// The record of a later version: neither used nor overwritten, and the newer
/// build refreshes.
#[test]
fn rule_8_a_record_of_a_later_version_is_neither_used_nor_overwritten() {
    let later = r#"{"v":9,"refresh":"refresh-of-a-later-version"}"#;
    for kind in [Kind::Tab, Kind::Local, Kind::Transaction] {
        // It is there at the start.
        let mut world = World::new(LAZY);
        world.store.kind = kind;
        world.store.text = Some(later.into());
        world.store.own.push(Some(later.into()));
        let tab = world.open();
        let tab = if kind == Kind::Tab {
            world.duplicate(tab)
        } else {
            tab
        };
        if kind == Kind::Tab {
            world.meddle(Some(later));
            world.show(tab, false);
            world.show(tab, true);
        }
        assert_eq!(warnings(&world, tab, Said::StorageLater), 1, "{kind:?}");
        world.log_in(tab, "ann");
        world.settle();
        world.log_out(tab);
        world.settle();
        world.pass(30_000);
        let own = world.tabs[tab].own;
        let text = world
            .store
            .slot(evertoken::internals::Place::Session, own)
            .clone();
        assert!(is_later(text.as_deref()), "{kind:?}: {text:?}");
        lawful(&world);
    }
    // It comes while the page runs.
    let mut world = ended(Kind::Transaction);
    world.meddle(Some(later));
    let caller = world.fetch(0);
    world.settle();
    let fault = world.result(caller).error().map(|error| error.fault);
    assert_eq!(fault, Some(Said::LaterVersion));
    assert_eq!(world.refreshes(), 0);
    lawful(&world);
}

/// `sessionStorage`: what a tab hears, it stores as well. A duplicated tab
/// that is reloaded finds the newest token, not the used one.
#[test]
fn rule_8_a_duplicated_tab_that_is_reloaded_finds_the_newest_token() {
    let mut world = ended(Kind::Tab);
    let copy = world.duplicate(0);
    world.pass(1_000);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    world.pass(100);
    world.close(0);
    let page = world.reload(copy);
    world.pass(25_000);
    let caller = world.fetch(page);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert_eq!((world.refreshes(), world.auth.reuses.len()), (2, 0));
    lawful(&world);
}

#[test]
fn rule_8_a_duplicated_tab_that_is_reloaded_finds_the_sign_out() {
    let mut world = ended(Kind::Tab);
    let copy = world.duplicate(0);
    world.pass(1_000);
    world.log_out(0);
    world.settle();
    world.pass(100);
    world.close(0);
    let page = world.reload(copy);
    world.pass(1_000);
    assert_eq!(world.status(page), Status::SignedOut);
}

/// A place that is one tab's own after a fallback: memory. Who hears of a
/// record that its teller could not store, stores it.
#[test]
fn rule_8_what_one_tab_cannot_store_another_one_does() {
    let mut world = ended(Kind::Transaction);
    world.open();
    world.heal(0, Health::Fails);
    world.fetch(0);
    world.settle();
    world.pass(1_000);
    assert_eq!(
        stored(&world).map(|record| record.stamp),
        world.tabs[0].held().map(|record| record.stamp)
    );
    world.close(0);
    let page = world.reload(1);
    world.pass(25_000);
    let caller = world.fetch(page);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    lawful(&world);
}

/// A connection that the browser has closed is opened anew, and nobody is
/// warned.
#[test]
fn rule_13_a_lost_connection_is_opened_anew() {
    for kind in [Kind::Transaction, Kind::Custom] {
        let mut world = ended(kind);
        world.heal(0, Health::Lost(1));
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        world.pass(100);
        assert_eq!(warnings(&world, 0, Said::StorageLost), 0, "{kind:?}");
        let page = world.reload(0);
        world.pass(25_000);
        let caller = world.fetch(page);
        world.settle();
        assert_eq!(*world.result(caller), Done::Answer(200));
        lawful(&world);
    }
}

/// A place that is back is given what it missed: the rotated token, and the
/// sign-out.
#[test]
fn rule_13_a_place_that_is_back_is_given_what_it_missed() {
    for signs_out in [false, true] {
        let mut world = ended(Kind::Transaction);
        world.heal(0, Health::Fails);
        if signs_out {
            world.log_out(0);
        } else {
            world.fetch(0);
        }
        world.settle();
        world.pass(100);
        assert_eq!(warnings(&world, 0, Said::StorageLost), 1);
        world.heal(0, Health::Good);
        world.show(0, false);
        world.show(0, true);
        world.pass(100);
        let page = world.reload(0);
        world.pass(25_000);
        let caller = world.fetch(page);
        world.settle();
        let expected = if signs_out { 401 } else { 200 };
        assert_eq!(*world.result(caller), Done::Answer(expected));
        lawful(&world);
    }
}

/// A sign-out that could not be stored survives a reload all the same: its
/// mark is in another place.
#[test]
fn rule_13_a_sign_out_that_cannot_be_stored_is_marked() {
    let mut world = World::new(COOKIE);
    world.store.kind = Kind::Transaction;
    world.auth.cookie = true;
    world.health_at_start = Health::Fails;
    world.open();
    world.log_in(0, "ann");
    world.settle();
    world.auth.logout_script.push_back(Manner::status(500));
    world.log_out(0);
    world.settle();
    assert!(world.cookie.is_some() && world.store.mark.is_some());
    let page = world.reload(0);
    world.pass(5_000);
    assert_eq!(world.status(page), Status::SignedOut);
    let caller = world.fetch(page);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(401));
    assert_eq!(world.refreshes(), 0);
}

/// A first read that takes longer than anybody waits for it is still taken.
#[test]
fn rule_13_a_first_read_that_comes_late_is_taken() {
    let mut world = ended(Kind::Transaction);
    world.close(0);
    world.health_at_start = Health::Slow(1_700);
    let tab = world.open();
    assert_eq!(world.status(tab), Status::SignedOut);
    world.pass(300);
    assert_eq!(world.status(tab), Status::SignedIn);
    let caller = world.fetch(tab);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    lawful(&world);
}

/// A place that never answers keeps nobody waiting.
#[test]
fn rule_13_a_place_that_hangs_keeps_nobody_waiting() {
    let mut world = ended(Kind::Transaction);
    world.heal(0, Health::Hangs);
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
    assert!(world.took(caller) < 5_000, "{}", world.took(caller));
    let out = world.log_out(0);
    world.settle();
    assert_eq!(*world.result(out), Done::Ok);
    assert!(world.took(out) < 5_000, "{}", world.took(out));
    world.health_at_start = Health::Hangs;
    let tab = world.open();
    assert!(world.tabs[tab].started);
}

/// The mark of a sign-out does not take the place of a newer one.
#[test]
fn rule_7_the_mark_of_a_sign_out_is_written_by_comparing() {
    let mut world = World::new(COOKIE);
    world.auth.cookie = true;
    world.store.kind = Kind::Memory;
    world.open();
    let newer = r#"{"v":1,"sign_in":1809168400000,"salt":1,"generation":7,"ended":"logout"}"#;
    world.store.mark = Some(newer.into());
    world.log_out(0);
    world.settle();
    let mark = world.store.mark.as_deref().unwrap_or_default();
    assert!(mark.contains(r#""sign_in":1809168400000"#), "{mark}");
}

/// Where nothing but the mark is kept, the back-off is kept there as well: a
/// reload spares the server no less.
#[test]
fn rule_6_a_back_off_after_a_sign_out_is_kept_with_its_mark() {
    let mut world = World::new(COOKIE);
    world.auth.cookie = true;
    world.store.kind = Kind::Memory;
    world.open();
    world.log_out(0);
    world.settle();
    world.script([Manner::later(503, "30")]);
    world.restore(0, true);
    world.pass(1_000);
    assert_eq!(world.refreshes(), 1);
    let mark = world.store.mark.as_deref().unwrap_or_default();
    assert!(mark.contains("server_wait"), "{mark}");
}

/// A sign-in takes the mark of an older sign-out away.
#[test]
fn rule_7_a_sign_in_takes_the_mark_away() {
    let mut world = World::new(COOKIE);
    world.auth.cookie = true;
    world.store.kind = Kind::Memory;
    world.open();
    world.log_out(0);
    world.settle();
    assert!(world.store.mark.is_some());
    world.log_in(0, "ann");
    world.settle();
    assert_eq!(world.store.mark, None);
    let page = world.reload(0);
    let caller = world.fetch(page);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
}

/// Where the place is shared the lock is taken, without a channel too.
#[test]
fn rule_1_tabs_without_a_channel_take_turns_where_the_place_is_shared() {
    for kind in [Kind::Local, Kind::Transaction] {
        for lease in [false, true] {
            let mut world = World::new(LAZY);
            world.store.kind = kind;
            world.alone = true;
            world.lease = lease;
            world.open();
            world.log_in(0, "ann");
            world.settle();
            for _ in 0..3 {
                world.open();
            }
            world.pass(25_000);
            let callers: Vec<_> = (0..4).map(|tab| world.fetch(tab)).collect();
            world.settle();
            assert!(world.is_good(&callers), "{kind:?}");
            assert_eq!(
                (world.refreshes(), world.auth.reuses.len()),
                (1, 0),
                "{kind:?}"
            );
            lawful(&world);
        }
    }
}

/// What is to be remembered is kept in its own place, a sign-in clears the
/// other one, and a sign-out ends both.
#[test]
fn rule_18_a_remembered_session_is_kept_in_its_own_place() {
    let mut world = World::new(LAZY);
    world.store.kind = Kind::Tab;
    world.store.remember = Some(Kind::Local);
    world.open();
    world.log_in_for(0, "ann", true);
    world.settle();
    assert!(world.store.remembered.is_some());
    let other = world.open();
    world.pass(100);
    assert_eq!(world.status(other), Status::SignedIn);
    world.log_in(other, "bob");
    world.settle();
    world.pass(100);
    let remembered = record_in(world.store.remembered.as_deref(), world.clocks(0));
    assert!(remembered.is_none_or(|record| record.session().is_none()));
    world.log_out(0);
    world.settle();
    world.pass(100);
    for tab in [0, other] {
        let page = world.reload(tab);
        world.pass(100);
        assert_eq!(world.status(page), Status::SignedOut);
    }
}

/// Rule 15, as far as the core can break it: being made asks for nothing.
#[test]
fn rule_15_a_machine_that_is_made_asks_for_nothing() {
    let mut world = World::new("");
    world.open();
    let now = world.clocks(0);
    let mut machine = Machine::new(world.policy.clone(), PLATFORM, 1, now);
    assert_eq!(machine.poll(), None);
    assert_eq!(machine.deadline(), Moment::NEVER);
}

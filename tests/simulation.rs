#![cfg(not(target_arch = "wasm32"))]
//! Random schedules over the simulated world: many tabs, bad time, bad
//! networks, bad servers. `EVERTOKEN_SCHEDULES` says how many, and
//! `EVERTOKEN_SEED` runs one and shows what happened in it.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use support::Fault;
use support::schedule;

const SCHEDULES: u64 = 5_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .and_then(|text| text.replace('_', "").parse().ok())
}

/// Runs schedules on all processors; gives the first that broke a law.
fn search(schedules: u64, fault: Option<Fault>) -> Option<(u64, Vec<String>)> {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(8);
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= schedules {
                    return None;
                }
                let broken = schedule::run(seed, fault, false).laws.broken;
                if !broken.is_empty() {
                    // Nobody needs to look further than this.
                    next.fetch_max(schedules, Ordering::Relaxed);
                    return Some((seed, broken));
                }
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("a schedule panicked"))
            .min()
    })
}

#[test]
fn no_schedule_breaks_a_law() {
    if let Some(seed) = number("EVERTOKEN_SEED") {
        let world = schedule::run(seed, None, true);
        for line in world.log.iter().flatten() {
            println!("{line}");
        }
        assert!(world.laws.broken.is_empty(), "{:#?}", world.laws.broken);
        return;
    }
    let found = search(number("EVERTOKEN_SCHEDULES").unwrap_or(SCHEDULES), None);
    if let Some((seed, broken)) = found {
        panic!(
            "schedule {seed}: {broken:#?}\nEVERTOKEN_SEED={seed} cargo test --test simulation -- --nocapture shows it"
        );
    }
}

/// The laws can be broken: each fault of a shell is found.
#[test]
fn every_fault_put_in_on_purpose_is_found() {
    let unseen: Vec<_> = Fault::ALL
        .into_iter()
        .filter(|fault| search(3_000, Some(*fault)).is_none())
        .collect();
    assert!(unseen.is_empty(), "not found: {unseen:?}");
}

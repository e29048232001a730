#![cfg(not(target_arch = "wasm32"))]
//! A fleet of clients whose one auth server is down for ten minutes and comes
//! back with a limited rate. `cargo xtask fleet` runs a million of them: it
//! says in `EVERTOKEN_FLEET` how many, and in `EVERTOKEN_FLEET_LOAD` into
//! which file the load of each second goes.

mod model;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;

use model::{Course, Scenario, Way, run};

/// In a test.
const CLIENTS: u32 = 50_000;

/// What a server has to take for a fleet of this size each second: a fleet
/// that waits makes one call a client in thirty seconds, the mean of a jitter
/// over a minute, and that is to be at most one and a half times as much as
/// is served.
const CLIENTS_A_CALL: u32 = 40;

const PEAK: f64 = 1.5;
const BACK_WITHIN_S: u32 = 180;

fn scenario(clients: u32) -> Scenario {
    Scenario {
        clients,
        lifetime_s: 300,
        down_s: 120,
        notice_s: 10,
        up_s: 720,
        rate: clients / CLIENTS_A_CALL,
        end_s: 1320,
    }
}

fn ratio(course: &Course, scenario: &Scenario) -> f64 {
    f64::from(course.peak(scenario)) / f64::from(scenario.rate)
}

fn said(name: &str, course: &Course, scenario: &Scenario) -> String {
    let back = course.back_after_s.map_or("not all".to_owned(), |seconds| {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    });
    format!(
        "{name:<36} {:>9} {:>8.2} {back:>14} {:>12}\n",
        course.peak(scenario),
        ratio(course, scenario),
        course.calls
    )
}

#[test]
fn a_fleet_comes_back_without_a_storm() {
    let clients = std::env::var("EVERTOKEN_FLEET").ok().map(|text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("EVERTOKEN_FLEET: found `{text}`, expected a number"))
    });
    let scenario = scenario(clients.unwrap_or(CLIENTS));
    let core = run(scenario, Way::Core);
    if let Ok(path) = std::env::var("EVERTOKEN_FLEET_LOAD") {
        report(&scenario, &core, &path);
    }
    let ratio = ratio(&core, &scenario);
    assert!(ratio <= PEAK, "{ratio:.2} times what the server takes");
    let back = core.back_after_s;
    assert!(
        back.is_some_and(|back| back <= BACK_WITHIN_S),
        "the last was back after {back:?} s"
    );
}

/// The bounds can be broken: those who try again otherwise break them.
#[test]
fn fixed_intervals_and_no_jitter_are_a_storm() {
    let scenario = scenario(CLIENTS);
    for way in [Way::Fixed(5), Way::Doubled] {
        let ratio = ratio(&run(scenario, way), &scenario);
        assert!(ratio > PEAK, "{way:?}: {ratio:.2}");
    }
}

/// Says what came of it, beside what other clients would have done and what
/// other servers would have seen, and writes the load of each second.
fn report(scenario: &Scenario, core: &Course, path: &str) {
    let fixed = run(*scenario, Way::Fixed(5));
    let doubled = run(*scenario, Way::Doubled);
    let mut text = format!(
        "{} clients with tokens of {} s, a server that is down for {} s and then takes {} calls a second\n\n\
         {:<36} {:>9} {:>8} {:>14} {:>12}\n",
        scenario.clients,
        scenario.lifetime_s,
        scenario.up_s - scenario.down_s,
        scenario.rate,
        "",
        "peak /s",
        "of rate",
        "all are back",
        "calls in all"
    );
    text += &said("Evertoken", core, scenario);
    text += &said("each 5 s", &fixed, scenario);
    text += &said("doubled to 60 s, no jitter", &doubled, scenario);
    text += "\nThe same with a server that takes less, and never says Retry-After:\n";
    for part in [2, 4] {
        let less = Scenario {
            rate: scenario.rate / part,
            end_s: scenario.end_s + 600,
            ..*scenario
        };
        let name = format!("Evertoken, {} calls a second", less.rate);
        text += &said(&name, &run(less, Way::Core), &less);
    }
    eprintln!("{text}");
    let mut lines = format!(
        "clients {}\nrate {}\ndown {}\nup {}\n",
        scenario.clients, scenario.rate, scenario.down_s, scenario.up_s
    );
    for second in 0..scenario.end_s as usize {
        let loads = [core, &fixed, &doubled].map(|course| course.load[second]);
        let _ = writeln!(lines, "{} {} {}", loads[0], loads[1], loads[2]);
    }
    std::fs::write(path, lines).unwrap_or_else(|error| panic!("{path}: {error}"));
}

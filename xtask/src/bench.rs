//! `cargo xtask bench`: the package beside its peers, in one run.

use std::process::Command;

use crate::project::Project;
use crate::tools::{CHROMIUM, FIREFOX, Tools};
use crate::{Result, announce, build, process};

/// What can be measured on its own; see tests/bench/parts.mjs.
const PARTS: [&str; 6] = [
    "peers", "loopback", "decoding", "growth", "profile", "firefox",
];

/// Takes the number of rounds and the parts to measure, if any are given.
pub fn run(project: &Project, options: &[String]) -> Result {
    let parts = match options.split_first() {
        Some((rounds, parts)) if rounds.parse::<u32>().is_ok_and(|rounds| rounds > 0) => parts,
        _ => options,
    };
    if let Some(other) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        return Err(format!(
            "`bench` takes a number of rounds and any of {}, found `{other}`",
            PARTS.join(", ")
        ));
    }
    build::package(project)?;
    let tools = Tools::new(project)?;
    let folder = project.root.join("tests/bench");
    tools.node_modules(&folder)?;
    let mut places = tools.browser(&CHROMIUM)?.named(&CHROMIUM);
    if parts.is_empty() || parts.iter().any(|part| part == "firefox") {
        places.extend(tools.browser(&FIREFOX)?.named(&FIREFOX));
    }
    announce("measuring; a round of everything takes about two minutes");
    process::run(
        Command::new("node")
            .arg(folder.join("bench.mjs"))
            .args(options)
            .env("EVERTOKEN_PKG", project.pkg())
            .env("EVERTOKEN_STAGE", project.work().join("stage"))
            .env("EVERTOKEN_BENCH_OUT", project.root.join("www/bench.json"))
            .envs(places),
    )
}

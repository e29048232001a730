//! `cargo xtask bench`: the package beside its peers, in one run.

use std::process::Command;

use crate::project::Project;
use crate::tools::{CHROMIUM, Tools};
use crate::{Result, announce, build, process};

/// Takes the number of rounds, if one is given.
pub fn run(project: &Project, options: &[String]) -> Result {
    let understood = match options {
        [] => true,
        [rounds] => rounds.parse::<u32>().is_ok_and(|rounds| rounds > 0),
        _ => false,
    };
    if !understood {
        return Err(format!(
            "`bench` takes a number of rounds, found `{}`",
            options.join(" ")
        ));
    }
    build::package(project)?;
    let tools = Tools::new(project)?;
    let folder = project.root.join("tests/bench");
    let browser = tools.browser(&CHROMIUM)?;
    tools.node_modules(&folder)?;
    announce("measuring; a round takes about half a minute");
    process::run(
        Command::new("node")
            .arg(folder.join("bench.mjs"))
            .args(options)
            .env("EVERTOKEN_PKG", project.pkg())
            .env("EVERTOKEN_BENCH_OUT", project.root.join("www/bench.json"))
            .env("CHROMIUM", browser.executable),
    )
}

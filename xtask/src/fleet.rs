//! `cargo xtask fleet`: a million clients and a server that comes back, in
//! numbers and as a picture.

mod picture;

use std::fs;
use std::process::Stdio;

use crate::project::Project;
use crate::{Result, announce, process};

const CLIENTS: &str = "1000000";

pub fn run(project: &Project) -> Result {
    let load = project.work().join("fleet.txt");
    fs::create_dir_all(project.work())
        .map_err(|error| format!("{}: {error}", project.work().display()))?;
    let picture = project.root.join("www/fleet.svg");
    announce("sending a million clients to a server that comes back, which takes a minute");
    process::run(
        project
            .cargo()
            .args(["test", "--quiet", "--release", "--package=evertoken"])
            .args(["--test=fleet", "--", "--exact", "--nocapture"])
            .arg("a_fleet_comes_back_without_a_storm")
            .env("EVERTOKEN_FLEET", CLIENTS)
            .env("EVERTOKEN_FLEET_LOAD", &load)
            .stdout(Stdio::null()),
    )
    .map_err(|_| "the fleet does not keep its bounds, see above".to_owned())?;
    let text = fs::read_to_string(&load).map_err(|error| format!("{}: {error}", load.display()))?;
    let drawn = picture::draw(&picture::Loads::read(&text)?);
    fs::write(&picture, drawn).map_err(|error| format!("{}: {error}", picture.display()))?;
    announce(&format!("drawn: {}", picture.display()));
    Ok(())
}

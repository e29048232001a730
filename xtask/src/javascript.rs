//! The JavaScript of the project, checked as its Rust is: types and lints.

use std::process::Command;

use crate::project::Project;
use crate::tools::Tools;
use crate::{Result, process};

/// The folders that are checked.
const FOLDERS: [&str; 4] = ["src/web", "pkg-template", "www", "xtask/tools"];

/// Types, as comments and the declarations beside the files say them.
pub fn types(project: &Project, tools: &Tools) -> Result {
    let scripts = project.build_scripts();
    tools.node_modules(&scripts)?;
    // What the adapters import is installed for their tests.
    tools.node_modules(&project.root.join("tests/adapters"))?;
    process::run(
        Command::new("node")
            .arg(scripts.join("types.mjs"))
            .current_dir(&project.root),
    )
}

/// What a linter finds; a warning is an error.
pub fn lints(project: &Project, tools: &Tools) -> Result {
    let scripts = project.build_scripts();
    tools.node_modules(&scripts)?;
    process::run(
        Command::new("node")
            .arg(scripts.join("node_modules/oxlint/bin/oxlint"))
            .args(["--deny-warnings", "--report-unused-disable-directives"])
            .arg("--config")
            .arg(scripts.join(".oxlintrc.json"))
            .args(FOLDERS)
            .current_dir(&project.root),
    )
}

//! `cargo xtask check`: what a reviewer should not have to look for.

use crate::project::{Project, WASM_TARGET};
use crate::tools::Tools;
use crate::{Result, announce, bundle, process, release};

pub fn run(project: &Project) -> Result {
    let tools = Tools::new(project)?;
    tools.component("rustfmt")?;
    tools.component("clippy")?;
    tools.wasm_target()?;

    let steps: [(&str, &[&str]); 6] = [
        ("formatting", &["fmt", "--all", "--check"]),
        (
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "lints for browsers",
            &[
                "clippy",
                "--package=evertoken",
                "--all-targets",
                "--features=npm",
                "--target",
                WASM_TARGET,
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "lints of what the npm package is made of",
            &[
                "clippy",
                "--package=evertoken",
                "--no-default-features",
                "--features=npm",
                "--target",
                WASM_TARGET,
                "--",
                "-D",
                "warnings",
            ],
        ),
        ("documentation", &["doc", "--no-deps"]),
        (
            "documentation of the client",
            &["doc", "--no-deps", "--target", WASM_TARGET],
        ),
    ];
    let mut failed = Vec::new();
    for (name, arguments) in steps {
        announce(&format!("checking {name}"));
        let outcome = process::run(
            project
                .cargo()
                .args(arguments)
                .env("RUSTDOCFLAGS", "-Dwarnings"),
        );
        if outcome.is_err() {
            failed.push(name);
        }
    }
    // Not only before a release: a tool with another licence comes in long
    // before.
    announce("checking licences, for the bill of materials");
    let place = project.work().join("bill");
    match bundle::clear(&place).and_then(|()| release::bill(project, &place)) {
        Ok(said) => announce(&said),
        Err(error) => {
            announce(&error);
            failed.push("licences");
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

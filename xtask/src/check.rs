//! `cargo xtask check`: what a reviewer should not have to look for.

use crate::project::{Project, WASM_TARGET};
use crate::tools::Tools;
use crate::{Result, announce, boundary, bundle, javascript, process, release};

/// The parts of it, which can be asked for one by one.
const PARTS: [&str; 4] = ["rust", "boundaries", "javascript", "licences"];

pub fn run(project: &Project, names: &[String]) -> Result {
    if let Some(name) = names.iter().find(|name| !PARTS.contains(&name.as_str())) {
        return Err(format!(
            "no part of the check is called `{name}`, expected {}",
            PARTS.join(", ")
        ));
    }
    let wanted = |part: &str| names.is_empty() || names.iter().any(|name| name == part);
    let tools = Tools::new(project)?;
    let mut failed = Vec::new();
    let mut step = |name: &'static str, outcome: &dyn Fn() -> Result| {
        announce(&format!("checking {name}"));
        if let Err(error) = outcome() {
            announce(&error);
            failed.push(name);
        }
    };
    if wanted("boundaries") {
        step("where clocks and the platform's names are", &|| {
            boundary::check(project)
        });
    }
    if wanted("javascript") {
        step("types of JavaScript", &|| {
            javascript::types(project, &tools)
        });
        step("lints of JavaScript", &|| {
            javascript::lints(project, &tools)
        });
    }
    if wanted("rust") {
        tools.component("rustfmt")?;
        tools.component("clippy")?;
        tools.wasm_target()?;
        for (name, arguments) in RUST {
            step(name, &|| {
                process::run(
                    project
                        .cargo()
                        .args(arguments)
                        .env("RUSTDOCFLAGS", "-Dwarnings"),
                )
            });
        }
    }
    if wanted("licences") {
        // Not only before a release: a tool with another licence, and a file
        // that no list names, come in long before.
        step(
            "licences, for the bill of materials, and the files of the crate",
            &|| {
                let place = project.work().join("bill");
                bundle::clear(&place)?;
                announce(&release::bill(project, &place)?);
                announce(&release::packaged(project, &place)?);
                Ok(())
            },
        );
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

/// What cargo is asked to do.
const RUST: [(&str, &[&str]); 6] = [
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
            "--features=http,npm,testing",
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

//! The frontends in Rust of www/examples/: each a page with its module.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project::{Project, WASM_TARGET};
use crate::tools::Tools;
use crate::{Result, announce, bundle, example, process};

/// Their folders.
pub const NAMES: [&str; 2] = ["leptos", "yew"];

/// Builds the pages and gives the folder with a folder for each.
pub fn build(project: &Project, tools: &Tools) -> Result<PathBuf> {
    for name in NAMES {
        build_one(project, tools, name)?;
    }
    Ok(pages(project))
}

/// Builds a page and gives the folder to be served.
pub fn build_one(project: &Project, tools: &Tools, name: &str) -> Result<PathBuf> {
    tools.wasm_target()?;
    let wasm_bindgen = tools.wasm_bindgen()?.join("wasm-bindgen");
    announce(&format!("building the example {name}"));
    let example = example::folder(project).join(name);
    let target = target(project);
    process::run(
        project
            .cargo()
            .args(["build", "--locked", "--target", WASM_TARGET])
            .arg("--manifest-path")
            .arg(example.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target),
    )?;
    let page = pages(project).join(name);
    bundle::clear(&page)?;
    let module = format!("evertoken-example-{name}.wasm");
    process::run(
        Command::new(&wasm_bindgen)
            .args([
                "--target=web",
                "--no-typescript",
                "--out-name=app",
                "--out-dir",
            ])
            .arg(&page)
            .arg(target.join(WASM_TARGET).join("debug").join(module)),
    )?;
    for file in ["index.html", "start.js"] {
        fs::copy(example.join(file), page.join(file))
            .map_err(|error| format!("{}: {error}", page.display()))?;
    }
    Ok(page)
}

/// What examples share is compiled once.
fn target(project: &Project) -> PathBuf {
    project.target.join("frontends")
}

fn pages(project: &Project) -> PathBuf {
    target(project).join("pages")
}

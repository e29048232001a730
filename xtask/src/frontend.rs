//! The frontends in Rust of www/examples/: each a page with its module.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project::{Project, WASM_TARGET};
use crate::tools::Tools;
use crate::{Result, announce, bundle, process};

const NAMES: [&str; 1] = ["yew"];

/// Builds the pages and gives the folder with a folder for each.
pub fn build(project: &Project, tools: &Tools) -> Result<PathBuf> {
    tools.wasm_target()?;
    let wasm_bindgen = tools.wasm_bindgen()?.join("wasm-bindgen");
    // What examples share is compiled once.
    let target = project.target.join("frontends");
    let pages = target.join("pages");
    for name in NAMES {
        announce(&format!("building the example in {name}"));
        let example = project.root.join("www/examples").join(name);
        process::run(
            project
                .cargo()
                .args(["build", "--locked", "--target", WASM_TARGET])
                .arg("--manifest-path")
                .arg(example.join("Cargo.toml"))
                .env("CARGO_TARGET_DIR", &target),
        )?;
        let page = pages.join(name);
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
    }
    Ok(pages)
}

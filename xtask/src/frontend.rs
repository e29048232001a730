//! The frontends in Rust of www/examples/, each a page with its module, and the
//! face of the crate for the tests that are both hosts'.

use std::fs;
use std::path::{Path, PathBuf};
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
    announce(&format!("building the example {name}"));
    let example = example::folder(project).join(name);
    let page = pages(project).join(name);
    let module = format!("evertoken-example-{name}.wasm");
    bind(project, tools, &example, &module, "app", &page)?;
    for file in ["index.html", "start.js"] {
        copy(&example, &page, file)?;
    }
    Ok(page)
}

/// Builds what stands in the place of the npm package's folder.
pub fn face(project: &Project, tools: &Tools) -> Result<PathBuf> {
    announce("building the face of the crate");
    let folder = project.root.join("tests/face");
    let page = pages(project).join("face");
    bind(
        project,
        tools,
        &folder,
        "evertoken_face.wasm",
        "face",
        &page,
    )?;
    copy(&folder, &page, "index.js")?;
    Ok(page)
}

/// Compiles a package and writes its module and glue to a folder.
fn bind(
    project: &Project,
    tools: &Tools,
    package: &Path,
    module: &str,
    name: &str,
    page: &Path,
) -> Result {
    tools.wasm_target()?;
    let wasm_bindgen = tools.wasm_bindgen()?.join("wasm-bindgen");
    let target = target(project);
    process::run(
        project
            .cargo()
            .args(["build", "--locked", "--target", WASM_TARGET])
            .arg("--manifest-path")
            .arg(package.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target),
    )?;
    bundle::clear(page)?;
    process::run(
        Command::new(&wasm_bindgen)
            .args(["--target=web", "--no-typescript"])
            .arg(format!("--out-name={name}"))
            .arg("--out-dir")
            .arg(page)
            .arg(target.join(WASM_TARGET).join("debug").join(module)),
    )
}

fn copy(from: &Path, to: &Path, file: &str) -> Result {
    fs::copy(from.join(file), to.join(file))
        .map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(())
}

/// What examples share is compiled once.
fn target(project: &Project) -> PathBuf {
    project.target.join("frontends")
}

fn pages(project: &Project) -> PathBuf {
    target(project).join("pages")
}

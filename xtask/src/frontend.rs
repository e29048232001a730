//! The frontends in Rust of www/examples/, each a page with its module, the
//! components that use the session, and the face of the crate for the tests
//! that are both hosts'.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, WASM_TARGET};
use crate::tools::{CHROMIUM, Tools};
use crate::{Result, announce, build, bundle, example, process, report, show};

/// Their folders.
pub const NAMES: [&str; 3] = ["dioxus", "leptos", "yew"];

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
    bind(project, tools, &example, &[], "debug", &module, &page)?;
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
        &[],
        "debug",
        "evertoken_face.wasm",
        &page,
    )?;
    copy(&folder, &page, "index.js")?;
    Ok(page)
}

/// What tests components that use the session: on a server, and in a page that
/// takes over from one.
pub fn components(project: &Project, tools: &Tools) -> Result<[Command; 2]> {
    tools.wasm_target()?;
    let runner = tools.wasm_bindgen()?.join("wasm-bindgen-test-runner");
    let manifest = project.root.join("tests/frontends/components/Cargo.toml");
    let test = || {
        let mut command = project.cargo();
        command
            .args(["test", "--locked", "--manifest-path"])
            .arg(&manifest)
            .env("CARGO_TARGET_DIR", target(project));
        command
    };
    let mut page = test();
    page.args(["--target", WASM_TARGET])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env("CHROMEDRIVER", tools.browser(&CHROMIUM)?.driver);
    Ok([test(), page])
}

/// Compiles a package and writes its module and glue, `app`, to a folder.
fn bind(
    project: &Project,
    tools: &Tools,
    package: &Path,
    options: &[&str],
    profile: &str,
    module: &str,
    page: &Path,
) -> Result {
    tools.wasm_target()?;
    let wasm_bindgen = tools.wasm_bindgen()?.join("wasm-bindgen");
    let target = target(project);
    process::run(
        project
            .cargo()
            .args(["build", "--locked", "--target", WASM_TARGET])
            .args(options)
            .arg("--manifest-path")
            .arg(package.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target),
    )?;
    bundle::clear(page)?;
    process::run(
        Command::new(&wasm_bindgen)
            .args([
                "--target=web",
                "--no-typescript",
                "--out-name=app",
                "--out-dir",
            ])
            .arg(page)
            .arg(target.join(WASM_TARGET).join(profile).join(module)),
    )
}

/// What a plain application may be larger with the crate than without, in
/// bytes of brotli.
const BUDGET: u64 = 66_000;

/// Fails if the crate makes a plain application larger than it may.
pub fn check_budget(project: &Project, tools: &Tools) -> Result {
    announce("building a plain application without and with the crate");
    let without = plain(project, tools, "without", &["--release"])?;
    let with = ["--release", "--features=evertoken"];
    let added = plain(project, tools, "with", &with)?.saturating_sub(without);
    let told = format!(
        "a plain application of {without} bytes of brotli has {added} more with the crate, \
         the budget is {BUDGET}"
    );
    show(&told);
    match added > BUDGET {
        true => Err(told),
        false => Ok(()),
    }
}

/// The size of module and glue.
fn plain(project: &Project, tools: &Tools, name: &str, options: &[&str]) -> Result<u64> {
    let package = project.root.join("tests/plain");
    let page = target(project).join("plain").join(name);
    let module = "evertoken-plain.wasm";
    bind(project, tools, &package, options, "release", module, &page)?;
    tools.node_modules(&project.build_scripts())?;
    build::shrink(project, &page.join("app_bg.wasm"))?;
    let sizes = report::parse(&build::measure(project, &page)?)?;
    Ok(sizes.iter().map(|size| size.brotli).sum())
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

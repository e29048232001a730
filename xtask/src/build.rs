//! `cargo xtask build`: the WebAssembly module and the npm package in pkg/.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fingerprint::Fingerprint;
use crate::project::{Project, WASM_TARGET};
use crate::report::{self, Sizes};
use crate::tools::{self, Tools};
use crate::{Result, announce, bundle, process, show, size};

/// What a rustc of today emits for wasm32-unknown-unknown. Named one by one:
/// with all features wasm-opt writes a module that older engines refuse.
const WASM_FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
];

/// Flags that want a standard library of our own, and what the module's size
/// (brotli) was without and with them when they were measured.
const SMALLEST: [&str; 5] = [
    // The texts of panics that nobody sees: 36.8 and 34.0 kB.
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    // 31.4 and 30.5 kB.
    "-Zmir-opt-level=3",
    // What is left of panics and of Debug: 31.4 and 31.2 kB.
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
];

/// What keeps functions of ours that are called twice from being there twice:
/// 15.9 and 15.4 kB. Those of the standard library are better off inlined, and
/// so are the very smallest: 27.8 and 27.5 kB. The first is not for a stable
/// toolchain.
const OUTLINED: [&str; 2] = ["-Zinline-mir=no", "-Cllvm-args=-inline-threshold=5"];

/// Values of JavaScript are numbers of a list that the glue keeps, not
/// references: 42.4 and 42.2 kB of the default entry.
const NUMBERED: &str = "-Ctarget-feature=-reference-types";

/// The standard library that a module is linked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// Compiled for its size, which wants its sources and unstable flags.
    Smallest,
    /// As a stable toolchain brings it.
    Prebuilt,
}

impl Library {
    /// The smallest that is to be had.
    pub fn had(tools: &Tools) -> Self {
        match tools.rust_src() {
            true => Self::Smallest,
            false => Self::Prebuilt,
        }
    }
}

/// Whether the functions of a module keep their names, which only measuring
/// needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Kept,
    Removed,
}

pub fn run(project: &Project) -> Result {
    let sizes = package(project)?;
    show(&report::table(&sizes));
    size::check_budget(project, &sizes)
}

/// Brings pkg/ up to date and gives the sizes of its files.
pub fn package(project: &Project) -> Result<Vec<Sizes>> {
    let work = project.work();
    let _lock = tools::exclusive(&work.join("lock"), "builds pkg/")?;

    let stamp_file = work.join("pkg.stamp");
    let inputs = inputs(project)?;
    if let Ok(stamp) = fs::read_to_string(&stamp_file)
        && let Some((stamped, sizes)) = stamp.split_once('\n')
        && stamped == format!("{inputs} {}", outputs(project)?)
    {
        announce("pkg/ is up to date");
        return report::parse(sizes);
    }

    let tools = Tools::new(project)?;
    let package = assemble(project, &tools, Library::had(&tools), &work)?;
    bundle::publish(&package, &project.pkg())?;

    let sizes = measure(project, &project.pkg())?;
    let stamp = format!("{inputs} {}\n{sizes}", outputs(project)?);
    fs::write(&stamp_file, stamp).map_err(|error| format!("{}: {error}", stamp_file.display()))?;
    report::parse(&sizes)
}

/// The sizes of a package that is made with another standard library than the
/// one in pkg/.
pub fn sizes_with(project: &Project, tools: &Tools, library: Library) -> Result<Vec<Sizes>> {
    let work = project.work().join("other");
    let package = assemble(project, tools, library, &work)?;
    report::parse(&measure(project, &package)?)
}

/// Makes the package in a folder of `work` and gives its path.
fn assemble(project: &Project, tools: &Tools, library: Library, work: &Path) -> Result<PathBuf> {
    tools.node_modules(&project.build_scripts())?;
    announce("building the WebAssembly module");
    let compiled = compile(project, tools, library)?;
    let bindings = work.join("bindings");
    bind(tools, &compiled, &bindings, Names::Removed)?;
    optimise(project, &bindings, Names::Removed)?;
    announce("building the npm package");
    let package = work.join("pkg");
    bundle::assemble(project, &bindings, &package)?;
    Ok(package)
}

/// Compiles the crate and gives the path of the module.
pub fn compile(project: &Project, tools: &Tools, library: Library) -> Result<PathBuf> {
    tools.wasm_target()?;
    let mut command = project.cargo();
    command.args([
        "rustc",
        "--package=evertoken",
        "--lib",
        // Beside an rlib there is no optimisation across crates: 17.1 and
        // 15.9 kB.
        "--crate-type=cdylib",
        "--profile=wasm",
        // Nothing of the client for Rust frontends.
        "--no-default-features",
        "--features=npm",
        "--target",
        WASM_TARGET,
    ]);
    match library {
        Library::Smallest => command
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", format!("{} {NUMBERED}", SMALLEST.join(" ")))
            .args([
                "-Zbuild-std=std,panic_abort",
                "-Zbuild-std-features=optimize_for_size",
                "--",
            ])
            .args(OUTLINED),
        Library::Prebuilt => command
            .env("RUSTFLAGS", NUMBERED)
            .arg("--")
            .arg(OUTLINED[1]),
    };
    process::run(&mut command)?;
    Ok(project.target.join(WASM_TARGET).join("wasm/evertoken.wasm"))
}

/// Makes engine.js, engine.wasm and what they import in the folder `bindings`.
pub fn bind(tools: &Tools, compiled: &Path, bindings: &Path, names: Names) -> Result {
    let program = tools.wasm_bindgen()?.join("wasm-bindgen");
    bundle::clear(bindings)?;
    let mut command = Command::new(program);
    command
        // The package's own loader says where the module comes from.
        .args(["--target=module", "--encode-into=always"])
        .args(["--no-typescript", "--remove-producers-section"])
        .args(["--out-name=engine", "--out-dir"])
        .args([bindings, compiled]);
    if names == Names::Removed {
        command.arg("--remove-name-section");
    }
    process::run(&mut command)?;
    let module = bindings.join("engine.wasm");
    fs::rename(bindings.join("engine_bg.wasm"), &module)
        .map_err(|error| format!("{}: {error}", module.display()))
}

/// Makes the module of an application smaller, as its tools would.
pub fn shrink(project: &Project, module: &Path) -> Result {
    process::run(
        wasm_opt(project, module)
            // What a wasm-bindgen of today emits.
            .args(["--enable-reference-types", "-Oz", "--strip-debug"]),
    )
}

fn wasm_opt(project: &Project, module: &Path) -> Command {
    let program = "node_modules/binaryen/bin/wasm-opt";
    let mut command = Command::new("node");
    command
        .arg(project.build_scripts().join(program))
        .args(WASM_FEATURES)
        .args([module, Path::new("-o"), module]);
    command
}

/// Makes the engine.wasm of a folder smaller. Where the names go, those of its
/// imports and exports do as well: engine.names.json says what they are now.
pub fn optimise(project: &Project, bindings: &Path, names: Names) -> Result {
    let module = bindings.join("engine.wasm");
    let wasm_opt = |passes: &[&str]| {
        let mut command = wasm_opt(project, &module);
        command.args(passes);
        command
    };
    // The first two and the last two together: 15.4 and 15.3 kB.
    let smaller = [
        "--flatten",
        "--rereloop",
        "-Oz",
        // Small functions alone go into their only caller: a browser compiles
        // a function when it is first called, and all of it.
        "--one-caller-inline-max-function-size=150",
        "--converge",
        "--reorder-functions",
        "--dealign",
    ];
    if names == Names::Kept {
        return process::run(wasm_opt(&smaller).arg("-g"));
    }
    let renamed = process::output(&mut wasm_opt(&["--minify-imports-and-exports-and-modules"]))?;
    let file = bindings.join("engine.names.json");
    fs::write(&file, renamed).map_err(|error| format!("{}: {error}", file.display()))?;
    process::run(wasm_opt(&smaller).args(["--strip-debug", "--strip-target-features"]))
}

pub fn measure(project: &Project, package: &Path) -> Result<String> {
    process::output(
        Command::new("node")
            .arg(project.build_scripts().join("measure.mjs"))
            // What only somebody who debugs loads is no one else's size.
            .args(
                bundle::files(package)?
                    .iter()
                    .filter(|file| file.extension().is_none_or(|extension| extension != "map")),
            )
            .current_dir(package),
    )
}

/// A fingerprint of all that decides what pkg/ is.
fn inputs(project: &Project) -> Result<String> {
    let mut fingerprint = Fingerprint::new();
    let sources = [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        ".cargo",
        "src",
        "pkg-template",
        "xtask",
        // A table of the guide, which goes into the package.
        "tests/README.md",
    ];
    for name in sources.into_iter().chain(bundle::DOCUMENTS) {
        fingerprint.add(name.as_bytes());
        fingerprint.add_path(&project.root.join(name))?;
    }
    let guide = project.root.join("www/guide");
    for file in bundle::files(&guide)? {
        // The pages that are rendered there are made of these.
        if file.extension().is_some_and(|e| e == "md" || e == "svg") {
            fingerprint.add_path(&guide.join(file))?;
        }
    }
    let compiler = process::output(Command::new("rustc").arg("-vV").current_dir(&project.root))?;
    fingerprint.add(compiler.as_bytes());
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        let value = std::env::var_os(variable).unwrap_or_default();
        fingerprint.add(value.as_encoded_bytes());
    }
    Ok(fingerprint.hex())
}

/// A fingerprint of pkg/ itself, since anyone may have changed it.
fn outputs(project: &Project) -> Result<String> {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add_path(&project.pkg())?;
    Ok(fingerprint.hex())
}

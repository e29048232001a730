//! The parts of the Rust toolchain that rustup leaves out by default.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Tools;
use crate::project::WASM_TARGET;
use crate::{Result, announce, process};

pub const NIGHTLY: &str = "nightly";

impl Tools<'_> {
    pub fn wasm_target(&self) -> Result {
        let there = |sysroot: PathBuf| sysroot.join("lib/rustlib").join(WASM_TARGET).is_dir();
        self.add(WASM_TARGET, "target", there)
    }

    /// Brings the standard library's sources, if they are to be had: the
    /// module is smaller with them, and whole without them.
    pub fn rust_src(&self) -> bool {
        let there = |sysroot: PathBuf| sysroot.join("lib/rustlib/src/rust/library").is_dir();
        self.add("rust-src", "component", there).is_ok()
    }

    pub fn component(&self, name: &str) -> Result {
        let program = match name {
            "clippy" => "cargo-clippy",
            _ => name,
        };
        let program = format!("bin/{program}{}", std::env::consts::EXE_SUFFIX);
        self.add(name, "component", |sysroot| {
            sysroot.join(&program).is_file()
        })
    }

    fn add(&self, name: &str, kind: &str, there: impl Fn(PathBuf) -> bool) -> Result {
        if there(self.sysroot()?) {
            return Ok(());
        }
        let by_hand = format!("install it by hand: `rustup {kind} add {name}`");
        if process::find("rustup").is_none() {
            return Err(format!(
                "Rust's {kind} {name} is missing and rustup is not here; with rustup, {by_hand}, \
                 otherwise with whatever installed this Rust"
            ));
        }
        let _lock = self.lock(&format!("rustup-{name}"))?;
        announce(&format!("installing Rust's {kind} {name} with rustup"));
        process::logged(
            Command::new("rustup")
                .args([kind, "add", name])
                .current_dir(&self.project.root),
            &self.log(&format!("rustup-{name}")),
        )
        .map_err(|error| format!("{error}\n{by_hand}"))
    }

    /// Brings the compiler that libFuzzer needs.
    pub fn nightly(&self) -> Result {
        let there = Command::new("rustup")
            .args(["run", NIGHTLY, "rustc", "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if there.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let _lock = self.lock("rustup-nightly")?;
        announce("installing a nightly Rust with rustup");
        process::logged(
            Command::new("rustup").args(["toolchain", "install", NIGHTLY, "--profile", "minimal"]),
            &self.log("rustup-nightly"),
        )
        .map_err(|error| {
            format!("{error}\ninstall it by hand: `rustup toolchain install {NIGHTLY}`")
        })
    }

    fn sysroot(&self) -> Result<PathBuf> {
        let sysroot = process::output(
            Command::new("rustc")
                .args(["--print", "sysroot"])
                .current_dir(&self.project.root),
        )?;
        Ok(PathBuf::from(sysroot.trim_end()))
    }
}

//! Programs from crates.io.

use std::fs;
use std::path::{Path, PathBuf};

use super::Tools;
use crate::{Result, announce, manifest, process};

const WASM_PACK: &str = "0.15.1";
const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.2";
const CARGO_MUTANTS: &str = "27.1.0";

/// What cargo says when a program's own lock file names a release that the
/// registry does not have: one that was yanked, or that a mirror lacks. The
/// program is then compiled with the releases that there are.
const UNRESOLVED: &str = "failed to select a version for the requirement";

/// The profiles that a program is compiled with. Most have little work of
/// their own, and are there in less than half the time if nothing is optimised;
/// wasm-bindgen reads whole modules.
const OPTIMISED: &str = "release";
pub(super) const QUICK: &str = "dev";

impl Tools<'_> {
    /// The folder with `wasm-bindgen` and `wasm-bindgen-test-runner`. Both
    /// refuse a module that was built with another version of the crate, so
    /// Cargo.lock decides.
    pub fn wasm_bindgen(&self) -> Result<PathBuf> {
        let path = self.project.root.join("Cargo.lock");
        let lock =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let version = manifest::locked_version(&lock, "wasm-bindgen")?;
        self.program(
            "wasm-bindgen-cli",
            version,
            "wasm-bindgen",
            OPTIMISED,
            "4 minutes",
        )
    }

    /// The folder with `wasm-pack`.
    pub fn wasm_pack(&self) -> Result<PathBuf> {
        self.program("wasm-pack", WASM_PACK, "wasm-pack", QUICK, "a minute")
    }

    /// The folder with `cargo-fuzz`.
    pub fn cargo_fuzz(&self) -> Result<PathBuf> {
        self.program("cargo-fuzz", CARGO_FUZZ, "cargo-fuzz", QUICK, "a minute")
    }

    /// The folder with `cargo-mutants`.
    pub fn cargo_mutants(&self) -> Result<PathBuf> {
        self.program(
            "cargo-mutants",
            CARGO_MUTANTS,
            "cargo-mutants",
            QUICK,
            "2 minutes",
        )
    }

    /// The folder with `cargo-deny`.
    pub fn cargo_deny(&self) -> Result<PathBuf> {
        self.program("cargo-deny", CARGO_DENY, "cargo-deny", QUICK, "a minute")
    }

    pub(super) fn program(
        &self,
        krate: &str,
        version: &str,
        program: &str,
        profile: &str,
        time: &str,
    ) -> Result<PathBuf> {
        let name = format!("{krate}-{version}");
        let place = self.cache.join("cargo").join(&name);
        let bin = place.join("bin");
        let executable = bin.join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
        let install = |partial: &Path, lock: &[&str]| {
            process::logged(
                self.project
                    .cargo()
                    .arg("install")
                    .args(lock)
                    .args(["--version", version, "--profile", profile, "--root"])
                    .arg(partial)
                    .arg(krate)
                    // A folder of its own, which cargo removes afterwards.
                    .env_remove("CARGO_TARGET_DIR")
                    .env_remove("CARGO_BUILD_TARGET")
                    .env("CARGO_PROFILE_DEV_DEBUG", "0")
                    .env_remove("RUSTFLAGS"),
                &self.log(&name),
            )
        };
        let by_hand = format!(
            "install it by hand: `cargo install --version {version} --root {} {krate}`",
            place.display()
        );
        self.place(
            &name,
            &place,
            || executable.is_file(),
            |partial| {
                announce(&format!(
                    "installing {krate} {version} with cargo, which compiles for about {time}"
                ));
                let outcome = match install(partial, &["--locked"]) {
                    Err(error) if error.contains(UNRESOLVED) => install(partial, &[]),
                    outcome => outcome,
                };
                outcome.map_err(|error| format!("{error}\n{by_hand}"))
            },
        )?;
        Ok(bin)
    }
}

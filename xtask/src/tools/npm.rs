//! Packages from npm, as committed lock files name them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Tools;
use crate::fingerprint::Fingerprint;
use crate::{Result, announce, process};

/// The oldest Node.js that the packages and the test runner's options work with.
const NODE_MAJOR: u32 = 20;

impl Tools<'_> {
    /// Installs what `folder`'s package-lock.json names, once for all clones
    /// that have the same lock file, and links it into the folder.
    ///
    /// A link because Node.js looks for the imports of an ES module in the
    /// folders above the module's own file, and nowhere else.
    pub fn node_modules(&self, folder: &Path) -> Result<PathBuf> {
        let lock_file = folder.join("package-lock.json");
        let lock =
            fs::read(&lock_file).map_err(|error| format!("{}: {error}", lock_file.display()))?;
        let key = key(&lock);
        let place = self.cache.join("npm").join(&key);
        let packages = place.join("node_modules");
        self.place(
            &format!("npm-{key}"),
            &place,
            || packages.is_dir(),
            |partial| {
                require_node()?;
                let shown = folder.strip_prefix(&self.project.root).unwrap_or(folder);
                announce(&format!(
                    "installing the npm packages of {}",
                    shown.join("package-lock.json").display()
                ));
                for file in ["package.json", "package-lock.json"] {
                    fs::copy(folder.join(file), partial.join(file))
                        .map_err(|error| format!("{}: {error}", folder.join(file).display()))?;
                }
                // No package here needs its install script: esbuild's only
                // replaces a small launcher.
                process::logged(
                    Command::new("npm")
                        .args([
                            "ci",
                            "--include=dev",
                            "--ignore-scripts",
                            "--no-audit",
                            "--no-fund",
                        ])
                        .current_dir(partial),
                    &self.log(&format!("npm-{key}")),
                )
            },
        )?;
        link(&packages, &folder.join("node_modules"))?;
        Ok(packages)
    }
}

/// Names the packages of a lock file on this kind of machine, since some
/// packages hold programs for one kind only.
fn key(lock: &[u8]) -> String {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add(lock);
    fingerprint.add(std::env::consts::OS.as_bytes());
    fingerprint.add(std::env::consts::ARCH.as_bytes());
    fingerprint.hex()
}

fn require_node() -> Result {
    let needed = format!("Node.js {NODE_MAJOR} or later with npm is needed");
    for program in ["node", "npm"] {
        if process::find(program).is_none() {
            return Err(format!(
                "{needed}, and no `{program}` is in PATH: install it by hand"
            ));
        }
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    match major(&version) {
        Some(major) if major >= NODE_MAJOR => Ok(()),
        _ => Err(format!("{needed}, found {}", version.trim())),
    }
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Makes `place` a link to `packages`.
pub fn link(packages: &Path, place: &Path) -> Result {
    if fs::read_link(place).is_ok_and(|target| target == packages) {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", place.display());
    if place.is_symlink() {
        fs::remove_file(place).map_err(failed)?;
    } else if place.exists() {
        return Err(format!(
            "{} is a folder of its own where a link to {} is expected: remove it",
            place.display(),
            packages.display()
        ));
    }
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(packages, place);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_dir(packages, place);
    match linked {
        // Another command in the same clone was quicker.
        Err(_) if fs::read_link(place).is_ok_and(|target| target == packages) => Ok(()),
        other => other.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_the_lock_file() {
        assert_eq!(key(b"{}"), key(b"{}"));
        assert_ne!(key(b"{}"), key(b"{ }"));
    }

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("v9.1"), Some(9));
        assert_eq!(major("node 20"), None);
    }
}

//! Where things are in a checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

pub struct Project {
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Project {
    pub fn locate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or("xtask has no parent directory")?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => std::env::current_dir()
                .map_err(|error| format!("the current directory: {error}"))?
                .join(directory),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The cargo that runs this program, started at the root of the checkout.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.current_dir(&self.root);
        // Said outright, since a user's configuration can name another place
        // and what was built has to be found.
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Where the steps of a build leave what the next step needs.
    pub fn work(&self) -> PathBuf {
        self.target.join("xtask")
    }

    pub fn pkg(&self) -> PathBuf {
        self.root.join("pkg")
    }

    pub fn template(&self) -> PathBuf {
        self.root.join("pkg-template")
    }

    /// The folder of the Node.js programs that take part in a build.
    pub fn build_scripts(&self) -> PathBuf {
        self.root.join("xtask").join("tools")
    }

    /// The folders of `tests/package`, each with packages of its own: two
    /// frameworks do not agree on the versions of what both are made of.
    pub fn package_fixtures(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join("tests/package");
        let mut found = vec![folder.clone()];
        let failed = |error| format!("{}: {error}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.join("package-lock.json").is_file() {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

//! What the other commands need and a fresh machine lacks.
//!
//! Everything that is not part of the system goes into one cache folder that
//! all clones share. An installation happens in a folder beside its place,
//! under a lock, and is renamed into place when it is whole: two commands at
//! once do not meet, and an interrupted one leaves nothing that looks done.

mod apt;
pub mod browser;
mod cargo;
mod npm;
pub mod rustup;
mod screen;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::{Result, announce, example};

pub use browser::{BROWSERS, CHROMIUM, FIREFOX};
pub use npm::link;
pub use screen::Screen;

pub struct Tools<'a> {
    project: &'a Project,
    cache: PathBuf,
}

/// Installs all that any command needs, as `cargo xtask tools`.
pub fn run(project: &Project) -> Result {
    let tools = Tools::new(project)?;
    tools.wasm_target()?;
    tools.component("clippy")?;
    tools.component("rustfmt")?;
    for browser in BROWSERS {
        tools.browser(browser)?;
    }
    let tests = [
        "tests/e2e",
        "tests/adapters",
        "tests/backends",
        "tests/testing",
    ]
    .map(|folder| project.root.join(folder));
    let examples = example::names(project)?
        .into_iter()
        .map(|name| example::folder(project).join(name));
    for folder in tests
        .into_iter()
        .chain(examples)
        .chain(project.package_fixtures()?)
        .chain([project.build_scripts()])
    {
        tools.node_modules(&folder)?;
    }
    tools.wasm_bindgen()?;
    tools.wasm_pack()?;
    announce(&format!(
        "everything is installed, in {}",
        tools.cache.display()
    ));
    Ok(())
}

impl<'a> Tools<'a> {
    pub fn new(project: &'a Project) -> Result<Self> {
        let cache = match std::env::var_os("EVERTOKEN_CACHE") {
            Some(folder) => std::env::current_dir()
                .map_err(|error| format!("the current directory: {error}"))?
                .join(folder),
            None => std::env::home_dir()
                .ok_or("no home directory is known: set EVERTOKEN_CACHE to a folder for tools")?
                .join(".cache/evertoken"),
        };
        Ok(Self { project, cache })
    }

    fn log(&self, name: &str) -> PathBuf {
        self.cache.join("logs").join(format!("{name}.log"))
    }

    fn lock(&self, name: &str) -> Result<File> {
        let doing = format!("installs {name}");
        exclusive(&self.cache.join("locks").join(name), &doing)
    }

    /// Makes the folder `place`, by `install`, unless `whole` says that it is
    /// there already. `install` fills another folder, and what an interrupted
    /// installation has left is removed.
    fn place(
        &self,
        name: &str,
        place: &Path,
        whole: impl Fn() -> bool,
        install: impl FnOnce(&Path) -> Result,
    ) -> Result {
        if whole() {
            return Ok(());
        }
        let _lock = self.lock(name)?;
        if whole() {
            return Ok(());
        }
        let partial = place.with_file_name(format!(".partial-{name}"));
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
        install(&partial)?;
        remove(place)?;
        fs::rename(&partial, place).map_err(|error| format!("{}: {error}", place.display()))?;
        match whole() {
            true => Ok(()),
            false => Err(format!(
                "{name} was installed, but {} is not what it should be",
                place.display()
            )),
        }
    }
}

/// Waits for the process that does the same now, in this clone or in another.
/// The lock ends with the file, and so with the process.
pub fn exclusive(path: &Path, doing: &str) -> Result<File> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(path))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            announce(&format!("waiting for another process that {doing}"));
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}

fn remove(folder: &Path) -> Result {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn tools<'a>(project: &'a Project, name: &str) -> Tools<'a> {
        let cache = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        Tools {
            project,
            cache: cache.clone(),
        }
    }

    fn project() -> Project {
        Project {
            root: PathBuf::new(),
            target: PathBuf::new(),
        }
    }

    #[test]
    fn two_installations_at_once_are_one() {
        let project = project();
        let tools = tools(&project, "twice");
        let place = tools.cache.join("thing");
        let count = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    tools
                        .place(
                            "thing",
                            &place,
                            || place.join("done").exists(),
                            |partial| {
                                count.fetch_add(1, Ordering::SeqCst);
                                fs::write(partial.join("done"), "").map_err(|e| e.to_string())
                            },
                        )
                        .unwrap();
                });
            }
        });
        assert_eq!(count.into_inner(), 1);
        fs::remove_dir_all(&tools.cache).unwrap();
    }

    #[test]
    fn an_interrupted_installation_is_made_again_from_nothing() {
        let project = project();
        let tools = tools(&project, "again");
        let place = tools.cache.join("thing");
        let whole = || place.join("done").exists();
        let interrupted = tools.place("thing", &place, whole, |partial| {
            fs::write(partial.join("half"), "").map_err(|e| e.to_string())?;
            Err("interrupted".to_owned())
        });
        assert_eq!(interrupted, Err("interrupted".to_owned()));
        assert!(!place.exists());
        tools
            .place("thing", &place, whole, |partial| {
                fs::write(partial.join("done"), "").map_err(|e| e.to_string())
            })
            .unwrap();
        assert!(whole() && !place.join("half").exists());
        fs::remove_dir_all(&tools.cache).unwrap();
    }
}

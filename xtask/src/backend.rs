//! `cargo xtask backend`: one of the real systems that the tests run against.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project::Project;
use crate::tools::Tools;
use crate::{Result, process};

/// What starts a system, in its folder.
const START: &str = "start.mjs";
/// The systems that keep their data in PostgreSQL.
const WITH_POSTGRES: [&str; 1] = ["express"];

pub fn run(project: &Project, arguments: &[String]) -> Result {
    let known = names(project)?;
    let (name, options) = chosen(&known, arguments)?;
    install(project, &Tools::new(project)?, name)?;
    let start = folder(project).join(name).join(START);
    process::replace(
        Command::new("node")
            .arg(start)
            .args(options)
            .stdin(Stdio::null()),
    )
}

/// Where the systems are.
pub fn folder(project: &Project) -> PathBuf {
    project.root.join("tests/backends")
}

/// The names of all systems: those of the folders with something to start.
pub fn names(project: &Project) -> Result<Vec<String>> {
    let folder = folder(project);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join(START).is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn chosen<'a>(known: &[String], arguments: &'a [String]) -> Result<(&'a str, &'a [String])> {
    let there = known.join(", ");
    match arguments.split_first() {
        Some((name, options)) if known.contains(name) => Ok((name, options)),
        Some((name, _)) => Err(format!("no backend is called `{name}`, there are {there}")),
        None => Err(format!("`backend` needs a name, one of {there}")),
    }
}

/// Installs what a system needs and this machine lacks, and says so.
pub fn install(project: &Project, tools: &Tools, name: &str) -> Result {
    if WITH_POSTGRES.contains(&name) {
        postgres(tools)?;
    }
    let script = folder(project).join("install.mjs");
    // It prints where the packages are, which nobody has asked for here.
    process::output(Command::new("node").arg(script).arg(name)).map(drop)
}

fn postgres(tools: &Tools) -> Result {
    const DEBIAN: &str = "/usr/lib/postgresql";
    let by_hand = format!(
        "PostgreSQL's server is missing, expected in {DEBIAN}: install it (Debian's package: \
         postgresql), or name the folder of its programs in PG_BIN"
    );
    tools.apt(&["postgresql"], &by_hand, || {
        match std::env::var_os("PG_BIN").map(PathBuf::from) {
            Some(folder) if has_server(&folder) => Ok(Some(())),
            Some(folder) => Err(format!(
                "PG_BIN names {}, where there is no `initdb` and `postgres`",
                folder.display()
            )),
            None => Ok(fs::read_dir(DEBIAN)
                .ok()
                .and_then(|versions| {
                    versions
                        .flatten()
                        .find(|version| has_server(&version.path().join("bin")))
                })
                .map(drop)),
        }
    })
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let known = ["express", "nestjs"].map(str::to_owned);
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let error = chosen(&known, &words("expres --port 1")).unwrap_err();
        assert!(
            error.contains("`expres`") && error.contains("express, nestjs"),
            "{error}"
        );
        assert!(chosen(&known, &[]).unwrap_err().contains("express, nestjs"));
        let arguments = words("express --port 1");
        let (name, options) = chosen(&known, &arguments).unwrap();
        assert_eq!((name, options.len()), ("express", 2));
    }

    #[test]
    fn every_system_is_found() {
        let project = Project::locate().unwrap();
        let names = names(&project).unwrap();
        assert_eq!(
            names,
            ["express", "nestjs", "strapi4", "strapi5", "strapi5-plugin"]
        );
    }
}

//! `cargo xtask example`: a small application and its API, on one origin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::tools::{self, Tools};
use crate::{Result, announce, build, demo, frontend, process};

pub fn run(project: &Project, arguments: &[String]) -> Result {
    let known = all(project)?;
    let (name, options) = chosen(&known, arguments)?;
    let tools = Tools::new(project)?;
    let built = match frontend::NAMES.contains(&name) {
        true => frontend::build_one(project, &tools, name)?,
        false => {
            build::package(project)?;
            build_one(project, &tools, name)?
        }
    };
    demo::serve(project, &built, options)
}

/// Where the examples are.
pub fn folder(project: &Project) -> PathBuf {
    project.root.join("www/examples")
}

/// Where the built ones are, each in a folder of its name.
pub fn built(project: &Project) -> PathBuf {
    project.work().join("examples")
}

/// The names of all examples.
fn all(project: &Project) -> Result<Vec<String>> {
    let mut names = names(project)?;
    names.extend(frontend::NAMES.map(str::to_owned));
    names.sort();
    Ok(names)
}

/// The names of those over the package: of the folders with a package.json.
pub fn names(project: &Project) -> Result<Vec<String>> {
    let folder = folder(project);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join("package.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds an example against pkg/ and gives the folder to be served.
pub fn build_one(project: &Project, tools: &Tools, name: &str) -> Result<PathBuf> {
    let folder = folder(project);
    let own = folder.join(name);
    tools.node_modules(&own)?;
    // Packages are looked for in the folders above as well, and the one that
    // the lock file names is not there where that is installed.
    let modules = folder.join("node_modules");
    fs::create_dir_all(&modules).map_err(|error| format!("{}: {error}", modules.display()))?;
    tools::link(&project.pkg(), &modules.join("evertoken"))?;
    announce(&format!("building the example {name}"));
    let built = built(project).join(name);
    process::logged(
        Command::new("npm")
            .args(["run", "build", "--", "--emptyOutDir", "--outDir"])
            .arg(&built)
            .current_dir(&own),
        &log(project, name),
    )?;
    Ok(built)
}

fn log(project: &Project, name: &str) -> PathBuf {
    project.work().join(Path::new(name).with_extension("log"))
}

fn chosen<'a>(known: &[String], arguments: &'a [String]) -> Result<(&'a str, &'a [String])> {
    let there = known.join(", ");
    match arguments.split_first() {
        Some((name, options)) if known.contains(name) => Ok((name, options)),
        Some((name, _)) => Err(format!("no example is called `{name}`, there are {there}")),
        None => Err(format!("`example` needs a name, one of {there}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_found_and_a_wrong_name_lists_them() {
        let project = Project::locate().unwrap();
        let known = all(&project).unwrap();
        assert_eq!(
            known,
            ["dioxus", "leptos", "react", "typescript", "vue", "yew"]
        );
        let error = chosen(&known, &["angular".to_owned()]).unwrap_err();
        assert!(
            error.contains("`angular`")
                && error.contains("dioxus, leptos, react, typescript, vue, yew"),
            "{error}"
        );
    }
}

//! From a compiled module to the files of the npm package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::{Result, constants, manifest, process};

/// Files of the repository's top that go into the package where they exist.
pub const DOCUMENTS: [&str; 5] = [
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "SECURITY.md",
];

/// Makes `package` from pkg-template/ and from `bindings`, the folder with
/// wasm-bindgen's engine.js and the optimised engine.wasm.
pub fn assemble(project: &Project, bindings: &Path, package: &Path) -> Result {
    let template = project.template();
    let stage = project.work().join("stage");
    clear(&stage)?;
    clear(package)?;
    copy_tree(&template, &stage)?;
    copy_tree(bindings, &stage)?;
    // The JavaScript half of the shell.
    let shell = project.root.join("src/web");
    for file in files(&shell)?
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "js"))
    {
        copy(&shell.join(file), &stage.join(file))?;
    }
    write(&stage.join("core.js"), constants::module().as_bytes())?;

    let cargo_toml = read(&project.root.join("Cargo.toml"))?;
    let package_json = read(&template.join("package.json"))?;
    write(
        &package.join("package.json"),
        manifest::with_version(&package_json, manifest::package_version(&cargo_toml)?)?.as_bytes(),
    )?;
    for name in DOCUMENTS {
        let document = project.root.join(name);
        if document.exists() {
            copy(&document, &package.join(name))?;
        }
    }
    // With the guide, and with links that work there.
    process::run(
        Command::new("node")
            .arg(project.build_scripts().join("documents.mjs"))
            .args([&project.root, package]),
    )?;
    process::run(
        Command::new("node")
            .arg(project.build_scripts().join("bundle.mjs"))
            .args([&stage, package]),
    )
}

/// Makes `place` equal to `package`, file by file: a server that serves the
/// folder meanwhile never sees half a file.
pub fn publish(package: &Path, place: &Path) -> Result {
    let files = files(package)?;
    if place.is_dir() {
        for old in self::files(place)? {
            if !files.contains(&old) {
                let old = place.join(old);
                fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
            }
        }
    }
    for file in files {
        let (from, to) = (package.join(&file), place.join(&file));
        let content = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        let partial = to.with_extension("partial");
        write(&partial, &content)?;
        fs::rename(&partial, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// The files below a folder, as paths relative to it, in order.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    fn walk(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                walk(&entry.path(), &path, found)?;
            } else {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(folder, Path::new(""), &mut found)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    found.sort();
    Ok(found)
}

/// Makes an empty folder.
pub fn clear(folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn copy_tree(from: &Path, to: &Path) -> Result {
    files(from)?
        .iter()
        .try_for_each(|file| copy(&from.join(file), &to.join(file)))
}

fn copy(from: &Path, to: &Path) -> Result {
    let content = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    write(to, &content)
}

fn write(path: &Path, content: &[u8]) -> Result {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishing_leaves_exactly_the_package() {
        let folder = std::env::temp_dir().join(format!("xtask-publish-{}", std::process::id()));
        let (package, place) = (folder.join("package"), folder.join("place"));
        clear(&folder).unwrap();
        write(&package.join("index.js"), b"new").unwrap();
        write(&package.join("deep/a.js"), b"a").unwrap();
        write(&place.join("index.js"), b"old").unwrap();
        write(&place.join("gone.js"), b"gone").unwrap();
        publish(&package, &place).unwrap();
        assert_eq!(files(&place).unwrap(), files(&package).unwrap());
        assert_eq!(read(&place.join("index.js")).unwrap(), "new");
        fs::remove_dir_all(&folder).unwrap();
    }
}

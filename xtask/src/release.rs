//! `cargo xtask release --dry-run`: everything that has to be true before a
//! version is published, and the files that would be. Publishing itself is
//! two commands, which somebody types who has the right to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, WASM_TARGET};
use crate::tools::Tools;
use crate::{Result, announce, build, bundle, manifest, process, show};

/// Where two builds are made. The paths are of different lengths, so that one
/// that gets into a file shows.
const PLACES: [&str; 2] = ["a", "another-place"];

/// What licences and sources a part of the build may have.
const POLICY: &str = "xtask/release/deny.toml";

/// What is published, as one build has made it.
struct Artefacts {
    /// The copy of the sources.
    source: Project,
    tarball: PathBuf,
    krate: PathBuf,
}

pub fn run(project: &Project, arguments: &[String]) -> Result {
    if arguments != ["--dry-run"] {
        return Err(
            "`release` takes --dry-run and nothing else: it shows what would be published, \
             and `npm publish` and `cargo publish` publish it"
                .to_owned(),
        );
    }
    let tools = Tools::new(project)?;
    let cargo_toml = bundle::read(&project.root.join("Cargo.toml"))?;
    let version = manifest::package_version(&cargo_toml)?;
    let mut summary = vec![agreement(project, version)?];
    summary.extend(policy(project, &tools)?);

    let place = project.work().join("release");
    bundle::clear(&place)?;
    // Both first: somebody may go on working meanwhile.
    for name in PLACES {
        copy(project, &place.join(name))?;
    }
    let [first, second] = PLACES.map(|name| build(&place.join(name)));
    let (first, second) = (first?, second?);
    summary.push(same(&first, &second)?);
    summary.push(verified(&first)?);
    summary.push(without_paths(project, &first)?);

    let packed = process::output(Command::new("tar").arg("-tzf").arg(&first.tarball))?;
    let packed = packed
        .lines()
        .map(|line| line.strip_prefix("package/").unwrap_or(line));
    summary.push(listed(project, &place, "npm", packed.collect())?);
    summary.push(packaged(project, &place)?);
    summary.push(bill(project, &place)?);

    for file in [&first.tarball, &first.krate] {
        let name = file.file_name().unwrap_or_default();
        let to = place.join(name);
        fs::copy(file, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    for name in PLACES {
        let place = place.join(name);
        fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    show(&summary.join("\n"));
    show(&format!(
        "nothing was published; all of it is in {}",
        place.display()
    ));
    Ok(())
}

/// Whether the changelog tells of the version that the manifests have. The
/// npm package takes its version from Cargo.toml, as it is built.
fn agreement(project: &Project, version: &str) -> Result<String> {
    let lock = bundle::read(&project.root.join("Cargo.lock"))?;
    let locked = manifest::locked_version(&lock, "evertoken")?;
    if locked != version {
        return Err(format!(
            "Cargo.toml has version {version}, Cargo.lock {locked}"
        ));
    }
    let changelog = bundle::read(&project.root.join("CHANGELOG.md"))?;
    let released = newest(&changelog, version)?;
    Ok(match released {
        true => format!("version: {version}, with its section in CHANGELOG.md"),
        false => format!("version: {version}, which CHANGELOG.md has as Unreleased"),
    })
}

/// Whether the newest section of a changelog is that of a release, which has
/// to be this one.
fn newest(changelog: &str, version: &str) -> Result<bool> {
    let (_, section) = changelog
        .split_once("\n## [")
        .ok_or("CHANGELOG.md: no section `## [...]`")?;
    let (title, rest) = section
        .split_once(']')
        .ok_or("CHANGELOG.md: the first section's title has no end")?;
    let section = rest.split("\n## ").next().unwrap_or_default();
    if title == version {
        return Ok(true);
    }
    let announced = format!("What will be {version}");
    match title == "Unreleased" && section.contains(&announced) {
        true => Ok(false),
        false => Err(format!(
            "CHANGELOG.md: expected a first section [{version}], or [Unreleased] with \
             \"{announced}\", found [{title}]"
        )),
    }
}

/// Licences, sources and advisories of all crates, by cargo-deny.
fn policy(project: &Project, tools: &Tools) -> Result<Vec<String>> {
    let program = tools.cargo_deny()?.join("cargo-deny");
    let config = project.root.join(POLICY);
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command
            .args(["--workspace", "--locked", "--config"])
            .arg(&config)
            .args(arguments)
            .current_dir(&project.root);
        command
    };
    announce("checking licences and sources");
    process::run(&mut deny(&["check", "licenses", "bans", "sources"]))?;
    let mut summary = vec!["crates: licences, bans and sources are as deny.toml says".to_owned()];
    announce("fetching the advisory database");
    let log = project.work().join("advisories.log");
    let fetched = process::logged(&mut deny(&["fetch", "db"]), &log);
    summary.push(match fetched {
        Ok(()) => {
            process::run(&mut deny(&["check", "advisories"]))?;
            "advisories: none".to_owned()
        }
        // Many a machine reaches the registry alone.
        Err(_) => format!(
            "advisories: NOT CHECKED, for the database cannot be fetched here ({})",
            log.display()
        ),
    });
    Ok(summary)
}

/// Copies what the repository has to `place`.
fn copy(project: &Project, place: &Path) -> Result {
    let root = place.join("source");
    let tracked = process::output(
        Command::new("git")
            .args(["ls-files", "-z", "--cached"])
            .current_dir(&project.root),
    )?;
    for file in tracked.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (project.root.join(file), root.join(file));
        to.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::copy(&from, &to))
            .map_err(|error| format!("{}: {error}", from.display()))?;
    }
    Ok(())
}

/// Builds and packs the copy in `place`, from nothing.
fn build(place: &Path) -> Result<Artefacts> {
    announce(&format!("building in {}", place.display()));
    let source = Project {
        root: place.join("source"),
        target: place.join("target"),
    };
    build::package(&source)?;
    process::output(
        Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(place)
            .current_dir(source.pkg()),
    )?;
    process::run(source.cargo().args([
        "package",
        "--package=evertoken",
        "--no-verify",
        "--allow-dirty",
    ]))?;
    Ok(Artefacts {
        tarball: only(place, "tgz")?,
        krate: only(&source.target.join("package"), "crate")?,
        source,
    })
}

/// The one file of a folder with this extension.
fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        _ => Err(format!(
            "{}: expected one file *.{extension}",
            folder.display()
        )),
    }
}

/// Whether two builds have the same bytes; names the files that differ.
fn same(first: &Artefacts, second: &Artefacts) -> Result<String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut different = Vec::new();
    let (one, other) = (first.source.pkg(), second.source.pkg());
    for file in bundle::files(&one)? {
        if read(&one.join(&file))? != fs::read(other.join(&file)).unwrap_or_default() {
            different.push(format!("pkg/{}", file.display()));
        }
    }
    let archives = [
        (&first.tarball, &second.tarball),
        (&first.krate, &second.krate),
    ];
    for (one, other) in archives {
        if read(one)? != read(other)? {
            different.push(one.display().to_string());
        }
    }
    match different.is_empty() {
        true => Ok("reproducible: two builds in two places have the same bytes".to_owned()),
        false => Err(format!("two builds differ in {}", different.join(", "))),
    }
}

/// Whether the crate compiles from what is in its archive, for browsers.
fn verified(artefacts: &Artefacts) -> Result<String> {
    announce("building the crate from its archive");
    process::run(artefacts.source.cargo().args([
        "package",
        "--package=evertoken",
        "--features=http,testing",
        "--allow-dirty",
        "--target",
        WASM_TARGET,
    ]))?;
    Ok("crate: what is in the archive compiles for browsers".to_owned())
}

/// Whether the module says nothing of the machine that built it.
fn without_paths(project: &Project, artefacts: &Artefacts) -> Result<String> {
    let module = artefacts.source.work().join("bindings/engine.wasm");
    let bytes = fs::read(&module).map_err(|error| format!("{}: {error}", module.display()))?;
    let homes = [
        std::env::var_os("CARGO_HOME").map(PathBuf::from),
        std::env::home_dir(),
        Some(project.root.clone()),
    ];
    // "/" is the home of some, and in every module.
    let homes = homes
        .into_iter()
        .flatten()
        .filter(|home| home.components().count() > 1);
    for home in homes {
        let home = home.to_string_lossy().into_owned();
        if bytes
            .windows(home.len())
            .any(|part| part == home.as_bytes())
        {
            return Err(format!("the module holds the path {home} of this machine"));
        }
    }
    Ok("module: holds no path of this machine".to_owned())
}

/// Compares what the crate's archive will have with the committed list.
pub fn packaged(project: &Project, place: &Path) -> Result<String> {
    let packaged = process::output(project.cargo().args([
        "package",
        "--package=evertoken",
        "--list",
        "--allow-dirty",
    ]))?;
    // Made from the commit, where there is one.
    let packaged = packaged
        .lines()
        .filter(|line| *line != ".cargo_vcs_info.json");
    listed(project, place, "crate", packaged.collect())
}

/// Compares what is in an archive with the committed list.
fn listed(project: &Project, place: &Path, name: &str, mut found: Vec<&str>) -> Result<String> {
    found.sort_unstable();
    let expected_file = project.root.join(format!("xtask/release/{name}.txt"));
    let expected = bundle::read(&expected_file)?;
    let expected: Vec<_> = expected.lines().collect();
    let found_file = place.join(format!("{name}.txt"));
    fs::write(&found_file, format!("{}\n", found.join("\n")))
        .map_err(|error| format!("{}: {error}", found_file.display()))?;
    let differences = differences(&expected, &found);
    match differences.is_empty() {
        true => Ok(format!("{name}: the {} files of {name}.txt", found.len())),
        false => Err(format!(
            "{name}: not what {} says:\n{}\nwhat was found is in {}, to be copied there if it is meant",
            expected_file.display(),
            differences.join("\n"),
            found_file.display()
        )),
    }
}

fn differences(expected: &[&str], found: &[&str]) -> Vec<String> {
    let missing = expected.iter().filter(|name| !found.contains(name));
    let added = found.iter().filter(|name| !expected.contains(name));
    missing
        .map(|name| format!("- {name}"))
        .chain(added.map(|name| format!("+ {name}")))
        .collect()
}

/// Writes the bill of materials into a folder, if the licence of everything in
/// it is one of those that are accepted.
pub fn bill(project: &Project, place: &Path) -> Result<String> {
    let cargo_toml = bundle::read(&project.root.join("Cargo.toml"))?;
    let version = manifest::package_version(&cargo_toml)?;
    let metadata = process::output(project.cargo().args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--no-default-features",
        "--features=npm",
        "--filter-platform",
        WASM_TARGET,
    ]))?;
    let metadata_file = place.join("metadata.json");
    fs::write(&metadata_file, metadata)
        .map_err(|error| format!("{}: {error}", metadata_file.display()))?;
    let bill = place.join(format!("evertoken-{version}.cdx.json"));
    let said = process::output(
        Command::new("node")
            .arg(project.build_scripts().join("sbom.mjs"))
            .args([
                &metadata_file,
                &project.build_scripts().join("package-lock.json"),
                &project.root.join(POLICY),
                &bill,
            ]),
    )?;
    fs::remove_file(&metadata_file)
        .map_err(|error| format!("{}: {error}", metadata_file.display()))?;
    Ok(format!("bill of materials: {}", said.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changelog_has_the_version_or_announces_it() {
        let head = "# Changelog\n\n";
        let released = format!("{head}## [1.2.0] - 2026-12-01\n\n- A\n\n## [1.1.0]\n");
        assert_eq!(newest(&released, "1.2.0"), Ok(true));
        assert!(newest(&released, "1.1.0").is_err());
        let announced = format!("{head}## [Unreleased]\n\nWhat will be 1.2.0.\n");
        assert_eq!(newest(&announced, "1.2.0"), Ok(false));
        let other = format!("{head}## [Unreleased]\n\n- B\n\n## [1.1.0]\n\nWhat will be 1.2.0\n");
        let error = newest(&other, "1.2.0").unwrap_err();
        assert!(error.ends_with("found [Unreleased]"), "{error}");
        assert!(newest("# Changelog\n", "1.2.0").is_err());
    }

    #[test]
    fn a_file_too_many_and_one_too_few_are_named() {
        assert_eq!(
            differences(&["a", "b"], &["b", "c"]),
            ["- a".to_owned(), "+ c".to_owned()]
        );
        assert!(differences(&["a"], &["a"]).is_empty());
    }
}

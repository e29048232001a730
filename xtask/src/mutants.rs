//! `cargo xtask mutants`: whether tests notice when the core is changed.
//!
//! Each mutant is one change of `src/core`. It is caught if a test fails, or
//! does not end. What was found is kept beside the copy of the repository in
//! which the changes are made, so that a run that was interrupted goes on where
//! it stopped, and so that shards add up.

mod equivalent;
mod verdicts;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fingerprint::Fingerprint;
use crate::project::Project;
use crate::tools::{self, Tools};
use crate::{Result, announce, bundle, process, show};
use equivalent::Equivalent;
use verdicts::{Verdict, Verdicts};

/// How many of the mutants that change something have to be caught, in a
/// hundred.
const GOAL: usize = 97;

/// Schedules that a mutant is simulated with. A tenth of a second.
const SCHEDULES: &str = "1000";

/// A test that puts faults into the world around the core. A mutant breaks
/// more laws, not fewer, so that this test would only take its time.
const SKIPPED: &str = "every_fault_put_in_on_purpose_is_found";

/// Mutants that are known to change nothing, with the reason for each.
const LIST: &str = "tests/mutants.txt";

/// One change of the core, as cargo-mutants names it:
/// `src/core/pace.rs:71:9: replace Pace::wait -> Millis with Default::default()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    pub name: String,
    pub file: String,
    /// What is changed, without where.
    pub change: String,
    /// The line of the file, as it is without the change.
    pub line: String,
}

#[derive(Debug, Default, PartialEq)]
struct Wish {
    /// The number of a shard, and of how many.
    shard: Option<(usize, usize)>,
    /// Files of src/core; none are all of them.
    files: Vec<String>,
    list: bool,
}

pub fn run(project: &Project, arguments: &[String]) -> Result {
    let wish = read(arguments)?;
    let tools = Tools::new(project)?;
    let path = process::path_with(&[tools.cargo_mutants()?])?;
    let work = project.work().join("mutants");
    let _lock = tools::exclusive(&work.join("lock"), "looks for mutants")?;

    let all = listed(project, &path, &wish.files)?;
    let list = bundle::read(&project.root.join(LIST))?;
    let (equivalent, stale) = equivalent::apply(&Equivalent::read_all(&list)?, &all, &wish.files);
    let chosen: Vec<_> = all
        .iter()
        .filter(|mutant| !equivalent.contains(&mutant.name))
        .enumerate()
        .filter(|(at, _)| wish.shard.is_none_or(|(k, n)| at % n == k))
        .map(|(_, mutant)| mutant)
        .collect();
    if wish.list {
        chosen.iter().for_each(|mutant| show(&mutant.name));
        return Ok(());
    }

    let mut verdicts = Verdicts::open(&work, &core(project)?, &tests(project)?)?;
    let left = |mutant: &Mutant| verdicts.of(&mutant.name).is_none() && chosen.contains(&mutant);
    let (now, skipped): (Vec<_>, Vec<_>) = all.iter().partition(|mutant| left(mutant));
    if !now.is_empty() {
        announce(&format!(
            "{} mutants, {} of them to be tried now",
            chosen.len(),
            now.len()
        ));
        let skipped: Vec<_> = skipped.iter().map(|mutant| mutant.name.as_str()).collect();
        try_all(project, &path, &work, &wish.files, &skipped)?;
        verdicts.take_in()?;
        if now.iter().all(|mutant| verdicts.of(&mutant.name).is_none()) {
            return Err(format!(
                "no mutant was tried: the tests have to compile and pass before anything is changed, see {}",
                work.join("mutants.out/log/baseline.log").display()
            ));
        }
    }
    report(&chosen, equivalent.len(), &stale, &verdicts)
}

/// The mutants of some files of the core, or of all of it, in their order.
fn listed(project: &Project, path: &OsStr, files: &[String]) -> Result<Vec<Mutant>> {
    let names = process::output(
        selecting(&mut project.cargo(), files)
            .args(["--list", "--line-col=true", "--colors=never"])
            .env("PATH", path),
    )?;
    let mutants: Vec<_> = names
        .lines()
        .map(|name| mutant(project, name))
        .collect::<Result<_>>()?;
    match mutants.is_empty() {
        true => Err("there is no mutant in these files".to_owned()),
        false => Ok(mutants),
    }
}

fn mutant(project: &Project, name: &str) -> Result<Mutant> {
    let unknown =
        || format!("cargo-mutants named a mutant `{name}`, expected FILE:LINE:COLUMN: WHAT");
    let (place, change) = name.split_once(": ").ok_or_else(unknown)?;
    let mut parts = place.split(':');
    let file = parts.next().ok_or_else(unknown)?;
    let number = parts.next().and_then(|number| number.parse::<usize>().ok());
    let number = number.filter(|number| *number > 0).ok_or_else(unknown)?;
    let source = bundle::read(&project.root.join(file))?;
    Ok(Mutant {
        name: name.to_owned(),
        file: file.to_owned(),
        change: change.to_owned(),
        line: source
            .lines()
            .nth(number - 1)
            .unwrap_or_default()
            .trim()
            .to_owned(),
    })
}

/// Tries the mutants of `files` that are not among `skipped`, one after the
/// other, in a copy of the repository.
fn try_all(
    project: &Project,
    path: &OsStr,
    work: &Path,
    files: &[String],
    skipped: &[&str],
) -> Result {
    let tree = work.join("tree");
    copy(project, &tree)?;
    // Filters by name miss some kinds of mutants in this version; what was
    // caught in an earlier round is left out whatever it is.
    let list = work.join("mutants.out/previously_caught.txt");
    fs::write(&list, skipped.join("\n")).map_err(|error| format!("{}: {error}", list.display()))?;
    let outcome = process::run(
        selecting(&mut project.cargo(), files)
            .args(["--in-place", "--iterate", "--colors=never", "--no-times"])
            .args(["--timeout-multiplier=5", "--minimum-test-timeout=60"])
            .arg("--output")
            .arg(work)
            .args(["--", "--tests", "--", "--skip", SKIPPED])
            .current_dir(&tree)
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", work.join("target"))
            // Nobody looks at a mutant in a debugger.
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("EVERTOKEN_SCHEDULES", SCHEDULES)
            .env("RUST_BACKTRACE", "0"),
    );
    // It fails where mutants are left over as well; whether all of them were
    // tried is seen in what it wrote.
    match outcome {
        Err(error) if !work.join("mutants.out/outcomes.json").is_file() => Err(error),
        _ => Ok(()),
    }
}

/// Adds the arguments that say which mutants there are.
fn selecting<'a>(command: &'a mut Command, files: &[String]) -> &'a mut Command {
    command.args(["mutants", "--no-config", "--package=evertoken"]);
    match files {
        [] => command.arg("--file=src/core/**"),
        files => command.args(files.iter().map(|file| format!("--file={file}"))),
    }
}

/// Makes `tree` what is in the repository, apart from what git ignores. Files
/// that are the same stay as they are, so that cargo compiles little.
fn copy(project: &Project, tree: &Path) -> Result {
    let kept = process::output(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&project.root),
    )?;
    let kept: Vec<_> = kept
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|file| project.root.join(file).is_file())
        .collect();
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(tree).map_err(|error| failed(tree, error))?;
    for old in bundle::files(tree)?
        .iter()
        .filter(|old| !kept.contains(old))
    {
        let old = tree.join(old);
        fs::remove_file(&old).map_err(|error| failed(&old, error))?;
    }
    for file in kept {
        let (from, to) = (project.root.join(&file), tree.join(&file));
        let content = fs::read(&from).map_err(|error| failed(&from, error))?;
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        to.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&to, content))
            .map_err(|error| failed(&to, error))?;
    }
    Ok(())
}

/// A fingerprint of what is changed.
fn core(project: &Project) -> Result<String> {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add_path(&project.root.join("src/core"))?;
    fingerprint.add_path(&project.root.join("Cargo.lock"))?;
    Ok(fingerprint.hex())
}

/// A fingerprint of what has to notice.
fn tests(project: &Project) -> Result<String> {
    let mut fingerprint = Fingerprint::new();
    let folder = project.root.join("tests");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut rust = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let is_test = path.extension().is_some_and(|extension| extension == "rs");
        if is_test || path.join("main.rs").is_file() || path.join("mod.rs").is_file() {
            rust.push(path);
        }
    }
    rust.sort();
    rust.iter().try_for_each(|path| {
        fingerprint.add(path.as_os_str().as_encoded_bytes());
        fingerprint.add_path(path)
    })?;
    Ok(fingerprint.hex())
}

fn report(chosen: &[&Mutant], equivalent: usize, stale: &[String], verdicts: &Verdicts) -> Result {
    let of = |verdict: Option<Verdict>| -> Vec<_> {
        let with = |mutant: &&&Mutant| verdicts.of(&mutant.name) == verdict;
        chosen
            .iter()
            .filter(with)
            .map(|mutant| mutant.name.as_str())
            .collect()
    };
    let (untried, missed) = (of(None), of(Some(Verdict::Missed)));
    let unviable = of(Some(Verdict::Unviable)).len();
    let (caught, slow) = (
        of(Some(Verdict::Caught)).len(),
        of(Some(Verdict::Timeout)).len(),
    );
    let mut text = format!(
        "{} mutants: {} caught, of which {slow} by a test that did not end; {} missed\n\
         beside them {unviable} that do not compile, and {equivalent} that are known to change nothing ({LIST})",
        caught + slow + missed.len(),
        caught + slow,
        missed.len(),
    );
    for (heading, names) in [("missed", &missed), ("not tried", &untried)] {
        names
            .iter()
            .for_each(|name| text.push_str(&format!("\n{heading}: {name}")));
    }
    show(&text);
    if !untried.is_empty() {
        return Err(format!(
            "{} mutants were not tried, see above; the next run tries them",
            untried.len()
        ));
    }
    if !stale.is_empty() {
        return Err(format!("{LIST}: no mutant is\n{}", stale.join("\n")));
    }
    judged(caught + slow, missed.len())
}

fn judged(caught: usize, missed: usize) -> Result {
    let all = caught + missed;
    let score = caught as f64 * 100.0 / all.max(1) as f64;
    match caught * 100 >= all * GOAL {
        true => {
            announce(&format!("{score:.1} % caught, the goal is {GOAL} %"));
            Ok(())
        }
        false => Err(format!(
            "{score:.1} % of the mutants are caught, the goal is {GOAL} %"
        )),
    }
}

fn read(arguments: &[String]) -> Result<Wish> {
    let mut wish = Wish::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--list" {
            wish.list = true;
            continue;
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), rest.next().map(String::as_str)),
        };
        let value = value.unwrap_or_default();
        match name {
            "--shard" => wish.shard = Some(shard(value)?),
            "--file" if value.starts_with("src/core/") => wish.files.push(value.to_owned()),
            "--file" => {
                return Err(format!(
                    "--file: found `{value}`, expected a file of src/core/"
                ));
            }
            _ => {
                return Err(format!(
                    "found `{argument}`, expected --shard K/N, --file FILE or --list"
                ));
            }
        }
    }
    Ok(wish)
}

fn shard(text: &str) -> Result<(usize, usize)> {
    text.split_once('/')
        .and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)))
        .filter(|(k, n)| k < n)
        .ok_or_else(|| format!("--shard: found `{text}`, expected K/N, from 0/N to N-1/N"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Result<Wish> {
        let arguments: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        read(&arguments)
    }

    #[test]
    fn a_shard_is_counted_from_nought() {
        assert_eq!(wish("--shard 0/4").unwrap().shard, Some((0, 4)));
        assert_eq!(wish("--shard=3/4").unwrap().shard, Some((3, 4)));
        for wrong in ["4/4", "1", "a/2", "0/0", ""] {
            let error = wish(&format!("--shard={wrong}")).unwrap_err();
            assert!(error.contains(&format!("found `{wrong}`")), "{error}");
        }
    }

    #[test]
    fn only_the_core_is_changed() {
        assert_eq!(
            wish("--file src/core/pace.rs").unwrap().files,
            ["src/core/pace.rs"]
        );
        assert!(wish("--file src/web/engine.rs").is_err());
    }

    #[test]
    fn the_goal_is_reached_at_97_in_a_hundred() {
        assert_eq!(judged(97, 3), Ok(()));
        assert!(judged(96, 3).is_err());
        assert_eq!(judged(0, 0), Ok(()));
    }
}

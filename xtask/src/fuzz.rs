//! `cargo xtask fuzz`: what decodes, on any text at all, with libFuzzer.

use std::fs;
use std::process::Command;

use crate::project::Project;
use crate::tools::Tools;
use crate::tools::rustup::NIGHTLY;
use crate::{Result, announce, process};

const TARGETS: [&str; 6] = [
    "token",
    "record",
    "message",
    "answer",
    "retry_after",
    "origin",
];
const RUNS: u64 = 1_000_000;

/// Longer texts say nothing that these do not.
const LONGEST: &str = "-max_len=512";

#[derive(Debug, PartialEq)]
struct Wish {
    targets: Vec<&'static str>,
    runs: u64,
}

pub fn run(project: &Project, arguments: &[String]) -> Result {
    let wish = read(arguments)?;
    let tools = Tools::new(project)?;
    tools.nightly()?;
    let path = process::path_with(&[tools.cargo_fuzz()?])?;
    for target in wish.targets {
        announce(&format!("{} runs of {target}", wish.runs));
        // What was found interesting stays for the next time; what fails is
        // named at the end, and belongs into the target's corpus.
        let work = project.work().join("fuzz").join(target);
        let (found, failed) = (work.join("found"), work.join("failed"));
        for folder in [&found, &failed] {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let folder = project.root.join("tests/fuzz");
        process::run(
            // By its name: rustup then looks at which toolchain is wanted.
            Command::new("cargo")
                .args(["fuzz", "run", "--fuzz-dir", ".", target])
                .arg(found)
                .arg(folder.join("corpus").join(target))
                .args(["--", LONGEST, "-print_final_stats=1"])
                .arg(format!("-runs={}", wish.runs))
                .arg(format!("-artifact_prefix={}/", failed.display()))
                .current_dir(&folder)
                .env("PATH", &path)
                .env("RUSTUP_TOOLCHAIN", NIGHTLY)
                .env("CARGO_TARGET_DIR", project.target.join("fuzz"))
                .env_remove("CARGO")
                .env_remove("RUSTC"),
        )
        .map_err(|error| {
            format!(
                "{error}\nput the text that is named above into tests/fuzz/corpus/{target}: the tests then show it"
            )
        })?;
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<Wish> {
    let (mut targets, mut runs) = (Vec::new(), RUNS);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = match argument.strip_prefix("--runs") {
            Some("") => rest.next().map_or("", String::as_str),
            Some(value) if value.starts_with('=') => &value[1..],
            _ => {
                let known = TARGETS.into_iter().find(|target| target == argument);
                targets.push(known.ok_or_else(|| {
                    let known = TARGETS.join(", ");
                    format!("no target is called `{argument}`, expected {known} or --runs N")
                })?);
                continue;
            }
        };
        runs = value
            .replace(['_', ','], "")
            .parse()
            .map_err(|_| format!("--runs: found `{value}`, expected a number"))?;
    }
    if targets.is_empty() {
        targets = TARGETS.to_vec();
    }
    Ok(Wish { targets, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Result<Wish> {
        let arguments: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        read(&arguments)
    }

    #[test]
    fn without_a_name_all_are_fuzzed() {
        let of = |targets: &[&'static str], runs| {
            let targets = targets.to_vec();
            Ok(Wish { targets, runs })
        };
        assert_eq!(wish(""), of(&TARGETS, RUNS));
        assert_eq!(wish("origin --runs 5_000"), of(&["origin"], 5_000));
        assert_eq!(wish("--runs=7 token record"), of(&["token", "record"], 7));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = wish("tokens").unwrap_err();
        assert!(error.contains("`tokens`") && error.contains("retry_after"));
        assert_eq!(
            wish("--runs all").unwrap_err(),
            "--runs: found `all`, expected a number"
        );
    }
}

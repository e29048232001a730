//! `cargo xtask simulate`: random schedules over the simulated world, as many
//! as are asked for.

use std::process::Stdio;

use crate::project::Project;
use crate::{Result, announce, process};

const SCHEDULES: u64 = 1_000_000;

/// What is to be run: so many schedules, from this one on.
#[derive(Debug, PartialEq)]
struct Wish {
    schedules: u64,
    seed: u64,
}

pub fn run(project: &Project, arguments: &[String]) -> Result {
    let wish = read(arguments)?;
    announce("building the simulation");
    // The test's own report goes to standard error; what libtest prints
    // around it is of no use here.
    process::run(
        project
            .cargo()
            .args(["test", "--quiet", "--release", "--package=evertoken"])
            .args(["--test=simulation", "--", "--exact", "--nocapture"])
            .arg("no_schedule_breaks_a_law")
            .env("EVERTOKEN_SCHEDULES", wish.schedules.to_string())
            .env("EVERTOKEN_SEED", wish.seed.to_string())
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null()),
    )
    .map_err(|_| "a schedule broke a law, see above".to_owned())?;
    announce("no schedule broke a law");
    Ok(())
}

fn read(arguments: &[String]) -> Result<Wish> {
    let (mut schedules, mut seed) = (None, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), rest.next().map(String::as_str)),
        };
        let place = match name {
            "--schedules" => &mut schedules,
            "--seed" => &mut seed,
            _ => {
                return Err(format!(
                    "found `{argument}`, expected --schedules N or --seed S"
                ));
            }
        };
        let value = value.unwrap_or_default();
        let number = value.replace(['_', ','], "").parse();
        *place = Some(number.map_err(|_| format!("{name}: found `{value}`, expected a number"))?);
    }
    // A seed by itself is one schedule that is to be seen again.
    let default = if seed.is_some() { 1 } else { SCHEDULES };
    Ok(Wish {
        schedules: schedules.unwrap_or(default),
        seed: seed.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Result<Wish> {
        let arguments: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        read(&arguments)
    }

    #[test]
    fn a_seed_alone_is_one_schedule() {
        let of = |schedules, seed| Ok(Wish { schedules, seed });
        assert_eq!(wish(""), of(SCHEDULES, 0));
        assert_eq!(wish("--seed 4711"), of(1, 4711));
        assert_eq!(wish("--schedules=5_000 --seed=7"), of(5_000, 7));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let error = wish("--schedules many").unwrap_err();
        assert_eq!(error, "--schedules: found `many`, expected a number");
        let error = wish("--quick").unwrap_err();
        assert!(error.contains("`--quick`"), "{error}");
    }
}

//! `cargo xtask`: builds, shows, tests and measures Evertoken.
//!
//! Each subcommand is a module. What they share is where things are
//! ([`project`]), how programs are run ([`process`]) and what has to be
//! installed first ([`tools`]).

mod backend;
mod bench;
mod boundary;
mod build;
mod bundle;
mod check;
mod constants;
mod demo;
mod example;
mod fingerprint;
mod fleet;
mod frontend;
mod fuzz;
mod guide;
mod javascript;
mod manifest;
mod mutants;
mod process;
mod project;
mod release;
mod report;
mod simulate;
mod size;
mod test;
mod tools;

use std::process::ExitCode;

use project::Project;

/// What went wrong, in words for whoever typed the command.
pub type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  build                     the WebAssembly module and the npm package in pkg/
  demo [--port 8787] [...]  builds, then serves the page; further options go to the server
  example NAME [--port 8787]  builds a small application and serves it with its API
  backend NAME [--port N] [--access-ttl 3s] [--origin URL] [...]
                            a real system to test against; further options go to it
  guide                     renders the guide in www/guide/
  test [core|web|e2e|fallback|host|adapters|package|examples|frontends|backends ...]
                            all tests, or the named parts
  bench [ROUNDS] [peers|loopback|decoding|growth|profile|firefox ...]
                            Evertoken beside its peers: sizes, times and ratios, in one run
  simulate [--schedules 1000000] [--seed 0]
                            random schedules of tabs, faults and clocks, under the laws of the
                            tests; a seed alone repeats one
  fleet                     a million clients and an auth server that was down, in numbers and
                            in www/fleet.svg
  fuzz [TARGET ...] [--runs 1000000]
                            what decodes, on any text at all: token, record, answer,
                            retry_after, origin
  mutants [--shard K/N] [--file src/core/pace.rs] [--list]
                            whether the tests notice when the core is changed; what was found
                            is kept, so that an interrupted run goes on and shards add up
  check [rust|boundaries|javascript|licences ...]
                            formatting, lints, types, documentation, licences, and that clocks
                            and the platform's names are where they belong
  release --dry-run         what would be published: built twice, its contents, licences and bill of
                            materials
  size                      what the package is made of, and what changed since the last commit
  tools                     installs everything that the other commands would install";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result {
    let Some((command, rest)) = arguments.split_first() else {
        show(USAGE);
        return Ok(());
    };
    let project = Project::locate()?;
    match command.as_str() {
        "build" => none(command, rest).and_then(|()| build::run(&project)),
        "demo" => demo::run(&project, rest),
        "example" => example::run(&project, rest),
        "backend" => backend::run(&project, rest),
        "test" => test::run(&project, rest),
        "bench" => bench::run(&project, rest),
        "check" => check::run(&project, rest),
        "fleet" => none(command, rest).and_then(|()| fleet::run(&project)),
        "fuzz" => fuzz::run(&project, rest),
        "guide" => none(command, rest).and_then(|()| guide::build(&project)),
        "mutants" => mutants::run(&project, rest),
        "release" => release::run(&project, rest),
        "simulate" => simulate::run(&project, rest),
        "size" => none(command, rest).and_then(|()| size::run(&project)),
        "tools" => none(command, rest).and_then(|()| tools::run(&project)),
        "help" | "--help" | "-h" => {
            show(USAGE);
            Ok(())
        }
        _ => Err(format!("no command is called `{command}`\n\n{USAGE}")),
    }
}

fn none(command: &str, rest: &[String]) -> Result {
    match rest {
        [] => Ok(()),
        [first, ..] => Err(format!("`{command}` takes no argument, found `{first}`")),
    }
}

/// Says in one line what is being done now.
pub fn announce(line: &str) {
    eprintln!("xtask: {line}");
}

/// Prints a result. A reader that has gone away, as `head` does, is no error.
pub fn show(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

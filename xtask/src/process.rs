//! Running other programs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// How many lines of a log are shown when the program that wrote it fails.
const TAIL: usize = 30;

/// Runs a program whose output is the user's to see.
pub fn run(command: &mut Command) -> Result {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| not_started(command, &error))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{} failed ({status})", title(command))),
    }
}

/// Runs a program whose output nobody wants to see unless it fails.
pub fn logged(command: &mut Command, log: &Path) -> Result {
    let (out, err) = log
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(log))
        .and_then(|file| Ok((file.try_clone()?, file)))
        .map_err(|error| format!("{}: {error}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    Err(format!(
        "{} failed ({status}):\n{tail}\nall of it: {}",
        title(command),
        log.display()
    ))
}

/// Runs a program and gives what it printed to standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(format!("{} failed ({})", title(command), output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("{} printed something that is no UTF-8", title(command)))
}

/// Runs a program, passes on each line of its standard output as it comes and
/// gives all of it back, together with whether the program succeeded.
pub fn teed(command: &mut Command) -> Result<(bool, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            let mut terminal = std::io::stdout().lock();
            // A reader that has gone away is no reason to stop the tests.
            let _ = writeln!(terminal, "{line}").and_then(|()| terminal.flush());
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("{}: {error}", title(command)))?;
    Ok((status.success(), text))
}

/// Puts a program in this one's place: it gets every signal itself, and its
/// exit code is the command's.
#[cfg(unix)]
pub fn replace(command: &mut Command) -> Result {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(not_started(command, &error))
}

#[cfg(not(unix))]
pub fn replace(command: &mut Command) -> Result {
    run(command)
}

/// Finds a program as a shell would.
pub fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// The value of `PATH` with some folders put in front.
pub fn path_with(folders: &[PathBuf]) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(folders.iter().cloned().chain(std::env::split_paths(&path)))
        .map_err(|error| format!("PATH: {error}"))
}

fn title(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut title = program.file_stem().map_or_else(
        || program.display().to_string(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    for argument in command.get_args().take(3) {
        title.push(' ');
        title.push_str(&argument.to_string_lossy());
    }
    format!("`{title}`")
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("{} cannot be started: {error}", title(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.starts_with("`no-such-program-here` cannot be started: "));
    }

    #[test]
    fn folders_go_in_front_of_path() {
        let path = path_with(&[PathBuf::from("/first"), PathBuf::from("/second")]).unwrap();
        let folders: Vec<_> = std::env::split_paths(&path).take(2).collect();
        assert_eq!(folders, [Path::new("/first"), Path::new("/second")]);
    }
}

//! `cargo xtask demo`: the page and its backend.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project::Project;
use crate::{Result, announce, build, guide, process};

const PORT: &str = "8787";

pub fn run(project: &Project, options: &[String]) -> Result {
    build::package(project)?;
    guide::build(project)?;
    serve(project, &project.root.join("www"), options)
}

/// Serves a folder, together with the API.
pub fn serve(project: &Project, root: &Path, options: &[String]) -> Result {
    let program = server(project)?;
    let mut command = Command::new(program);
    let mut default = |option: &str, value: PathBuf| {
        if given(options, option).is_none() {
            command.arg(option).arg(value);
        }
    };
    default("--port", PORT.into());
    default("--root", root.to_path_buf());
    default("--pkg", project.pkg());
    command.args(options).stdin(Stdio::null());
    match given(options, "--port").unwrap_or(PORT) {
        "0" => announce("serving the page; Ctrl-C ends it"),
        port => announce(&format!(
            "serving http://127.0.0.1:{port}/ - Ctrl-C ends it"
        )),
    }
    process::replace(&mut command)
}

/// Builds the embedded backend and gives its path.
pub fn server(project: &Project) -> Result<PathBuf> {
    const PACKAGE: &str = "evertoken-demo-server";
    announce("building the embedded backend");
    process::run(
        project
            .cargo()
            .args(["build", "--release", "--package", PACKAGE]),
    )?;
    let file = format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX);
    Ok(project.target.join("release").join(file))
}

/// The value of an option, given as `--name value` or `--name=value`.
fn given<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    options.iter().enumerate().find_map(|(at, option)| {
        let rest = option.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => Some(options.get(at + 1).map_or("", String::as_str)),
            None => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_both_spellings() {
        let options = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(given(&options(&["--port", "1"]), "--port"), Some("1"));
        assert_eq!(given(&options(&["-v", "--port=2"]), "--port"), Some("2"));
        assert_eq!(given(&options(&["--portal", "3"]), "--port"), None);
        assert_eq!(given(&options(&["--port"]), "--port"), Some(""));
    }
}

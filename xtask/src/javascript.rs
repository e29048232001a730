//! The JavaScript of the project, checked as its Rust is: types and lints.

use std::process::Command;

use crate::project::Project;
use crate::tools::Tools;
use crate::{Result, process};

/// The folders that are checked.
const FOLDERS: [&str; 4] = ["src/web", "pkg-template", "www", "xtask/tools"];

/// Types, as comments and the declarations beside the files say them.
pub fn types(project: &Project, tools: &Tools) -> Result {
    let scripts = project.build_scripts();
    tools.node_modules(&scripts)?;
    // What the adapters import is installed for their tests.
    tools.node_modules(&project.root.join("tests/adapters"))?;
    process::run(
        Command::new("node")
            .arg(scripts.join("types.mjs"))
            .current_dir(&project.root),
    )
}

/// What a linter finds; a warning is an error.
pub fn lints(project: &Project, tools: &Tools) -> Result {
    let scripts = project.build_scripts();
    tools.node_modules(&scripts)?;
    process::run(
        Command::new("node")
            .arg(scripts.join("node_modules/oxlint/bin/oxlint"))
            .args(["--deny-warnings", "--report-unused-disable-directives"])
            .arg("--config")
            .arg(scripts.join(".oxlintrc.json"))
            // Applications of their own.
            .arg("--ignore-pattern=www/examples/**")
            .args(FOLDERS)
            .current_dir(&project.root),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::bundle;
    use crate::project::Project;

    /// The enums of a source and the names of their members, in order. Those of
    /// Rust count if wasm-bindgen makes them.
    fn enums(source: &str, marked: bool) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        let mut is_marked = !marked;
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            match line.split_once(" enum ") {
                Some((_, rest)) if is_marked => {
                    let members = lines
                        .by_ref()
                        .take_while(|line| *line != "}")
                        .filter_map(|line| line.trim().split([',', ' ']).next())
                        .filter(|name| name.starts_with(char::is_uppercase))
                        .map(str::to_owned);
                    found.insert(rest.trim_end_matches(" {").to_owned(), members.collect());
                }
                _ if line.starts_with("#[derive") => {}
                _ => is_marked = !marked || line == "#[wasm_bindgen]",
            }
        }
        found
    }

    #[test]
    fn the_types_know_the_enums_of_the_engine() {
        let project = Project::locate().unwrap();
        let read = |file: &str| bundle::read(&project.root.join(file)).unwrap();
        let mut of_rust = enums(&read("src/web/input.rs"), true);
        of_rust.extend(enums(&read("src/web/host.rs"), true));
        assert!(of_rust["Input"].len() > 30 && of_rust.contains_key("Act"));
        assert_eq!(
            enums(&read("xtask/tools/types/engine.d.ts"), false),
            of_rust
        );
    }
}

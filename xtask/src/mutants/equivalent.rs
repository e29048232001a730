//! The list of mutants that change nothing.
//!
//! An entry is a file with what is changed in it, where that is not enough a
//! part of the line that is changed, and the reason why nobody can notice:
//!
//! ```text
//! src/core/pace.rs: replace < with <= in Pace::wait
//! at: elapsed < HINT_GAP
//! why: at HINT_GAP itself both ways give a wait of nought.
//! ```

use std::collections::HashSet;

use super::{LIST, Mutant};
use crate::Result;

#[derive(Debug, PartialEq, Eq)]
pub struct Equivalent {
    /// `FILE: CHANGE`.
    what: String,
    /// A part of the line that is changed.
    at: String,
}

impl Equivalent {
    /// Reads the list: entries with empty lines between them, and comments
    /// that begin with `#`.
    pub fn read_all(text: &str) -> Result<Vec<Self>> {
        let mut entries = Vec::new();
        for paragraph in text.replace("\r\n", "\n").split("\n\n") {
            let mut lines = paragraph
                .lines()
                .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
            let Some(what) = lines.next() else { continue };
            let (mut at, mut why) = ("", "");
            for line in lines {
                match line.split_once(':') {
                    Some(("at", text)) => at = text.trim(),
                    Some(("why", text)) => why = text.trim(),
                    // The reason goes on.
                    _ if line.starts_with(' ') && !why.is_empty() => {}
                    _ => {
                        return Err(format!(
                            "{LIST}: found `{line}` in `{what}`, expected `at:` or `why:`"
                        ));
                    }
                }
            }
            if why.is_empty() {
                return Err(format!(
                    "{LIST}: `{what}` has no `why:`, the reason why it changes nothing"
                ));
            }
            entries.push(Self {
                what: what.trim().to_owned(),
                at: at.to_owned(),
            });
        }
        Ok(entries)
    }

    fn is(&self, mutant: &Mutant) -> bool {
        let file = self.what.strip_prefix(mutant.file.as_str());
        let change = file.and_then(|rest| rest.strip_prefix(": "));
        change == Some(mutant.change.as_str()) && mutant.line.contains(&self.at)
    }

    fn is_in(&self, files: &[String]) -> bool {
        let file = self.what.split_once(": ").map(|(file, _)| file);
        files.is_empty() || file.is_some_and(|file| files.iter().any(|name| name == file))
    }
}

/// The names of the mutants that are on the list, and the entries that no
/// mutant is, if all mutants of `files` are known.
pub fn apply(
    entries: &[Equivalent],
    all: &[Mutant],
    files: &[String],
) -> (HashSet<String>, Vec<String>) {
    let (mut names, mut stale) = (HashSet::new(), Vec::new());
    for entry in entries.iter().filter(|entry| entry.is_in(files)) {
        let mut found = all.iter().filter(|mutant| entry.is(mutant)).peekable();
        if found.peek().is_none() {
            let at = match entry.at.as_str() {
                "" => String::new(),
                at => format!(" at `{at}`"),
            };
            stale.push(format!("  {}{at}", entry.what));
        }
        names.extend(found.map(|mutant| mutant.name.clone()));
    }
    (names, stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(number: u32, line: &str) -> Mutant {
        Mutant {
            name: format!("src/core/a.rs:{number}:9: replace < with <= in f"),
            file: "src/core/a.rs".to_owned(),
            change: "replace < with <= in f".to_owned(),
            line: line.to_owned(),
        }
    }

    fn list(at: &str) -> Vec<Equivalent> {
        let text = format!(
            "# What this is.\n\nsrc/core/a.rs: replace < with <= in f\n{at}why: nobody sees it,\n  as is known\n"
        );
        Equivalent::read_all(&text).unwrap()
    }

    #[test]
    fn an_entry_is_found_by_what_is_changed_and_on_which_line() {
        let all = [mutant(1, "if a < b {"), mutant(2, "if c < d {")];
        assert_eq!(apply(&list(""), &all, &[]).0.len(), 2);
        let (names, stale) = apply(&list("at: c < d\n"), &all, &[]);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [all[1].name.clone()]);
        assert!(stale.is_empty());
    }

    #[test]
    fn an_entry_that_no_mutant_is_is_told() {
        let (names, stale) = apply(&list("at: e < f\n"), &[mutant(1, "if a < b {")], &[]);
        assert!(names.is_empty());
        assert_eq!(
            stale,
            ["  src/core/a.rs: replace < with <= in f at `e < f`"]
        );
        let elsewhere = ["src/core/b.rs".to_owned()];
        assert!(apply(&list("at: e < f\n"), &[], &elsewhere).1.is_empty());
    }

    #[test]
    fn a_reason_has_to_be_given() {
        let error = Equivalent::read_all("src/core/a.rs: replace f with ()\n").unwrap_err();
        assert!(error.contains("has no `why:`"), "{error}");
        let error = Equivalent::read_all("src/core/a.rs: x\nbecause: y\n").unwrap_err();
        assert!(error.contains("found `because: y`"), "{error}");
    }
}

//! What became of each mutant that was tried.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Result, bundle};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A test failed.
    Caught,
    /// A test did not end.
    Timeout,
    /// All tests passed.
    Missed,
    /// It does not compile.
    Unviable,
}

impl Verdict {
    const ALL: [Self; 4] = [Self::Caught, Self::Timeout, Self::Missed, Self::Unviable];

    /// The name of cargo-mutants' list.
    const fn name(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Timeout => "timeout",
            Self::Missed => "missed",
            Self::Unviable => "unviable",
        }
    }
}

pub struct Verdicts {
    folder: PathBuf,
    /// Fingerprints of what is changed and of what has to notice.
    core: String,
    tests: String,
    found: HashMap<String, Verdict>,
}

impl Verdicts {
    /// What is known of this core. If the tests are others now, what they
    /// missed is tried again; what they caught is taken as caught.
    pub fn open(folder: &Path, core: &str, tests: &str) -> Result<Self> {
        let mut verdicts = Self {
            folder: folder.to_owned(),
            core: core.to_owned(),
            tests: tests.to_owned(),
            found: HashMap::new(),
        };
        let lists = folder.join("mutants.out");
        let text = fs::read_to_string(verdicts.file()).unwrap_or_default();
        let mut lines = text.lines();
        let (old_core, old_tests) = (lines.next(), lines.next());
        if old_core != Some(core) {
            bundle::clear(&lists)?;
            verdicts.write()?;
            return Ok(verdicts);
        }
        for line in lines {
            verdicts.add(line.split_once('\t').unwrap_or_default());
        }
        // What a run that was interrupted has left.
        verdicts.collect()?;
        if old_tests != Some(tests) {
            verdicts
                .found
                .retain(|_, verdict| *verdict != Verdict::Missed);
        }
        bundle::clear(&lists)?;
        verdicts.write()?;
        Ok(verdicts)
    }

    pub fn of(&self, name: &str) -> Option<Verdict> {
        self.found.get(name).copied()
    }

    /// Takes in what cargo-mutants found now.
    pub fn take_in(&mut self) -> Result {
        self.collect()?;
        self.write()
    }

    fn add(&mut self, (verdict, name): (&str, &str)) {
        let verdict = Verdict::ALL.into_iter().find(|v| v.name() == verdict);
        if let Some(verdict) = verdict {
            self.found.insert(name.to_owned(), verdict);
        }
    }

    fn collect(&mut self) -> Result {
        for verdict in Verdict::ALL {
            let list = self
                .folder
                .join(format!("mutants.out/{}.txt", verdict.name()));
            if list.is_file() {
                for name in bundle::read(&list)?.lines() {
                    self.found.insert(name.to_owned(), verdict);
                }
            }
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.join("verdicts.txt")
    }

    fn write(&self) -> Result {
        let mut lines: Vec<_> = self
            .found
            .iter()
            .map(|(name, verdict)| format!("{}\t{name}\n", verdict.name()))
            .collect();
        lines.sort();
        let text = format!("{}\n{}\n{}", self.core, self.tests, lines.concat());
        fs::write(self.file(), text).map_err(|error| format!("{}: {error}", self.file().display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_outlives_an_interruption_but_not_a_change() {
        let folder = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
        bundle::clear(&folder).unwrap();
        let open = |core, tests| Verdicts::open(&folder, core, tests).unwrap();
        assert_eq!(open("core", "tests").of("a"), None);
        // Interrupted: the lists are there, and nobody took them in.
        fs::write(folder.join("mutants.out/caught.txt"), "a\n").unwrap();
        fs::write(folder.join("mutants.out/missed.txt"), "b\n").unwrap();
        let again = open("core", "tests");
        assert_eq!(again.of("a"), Some(Verdict::Caught));
        assert_eq!(again.of("b"), Some(Verdict::Missed));
        let with_other_tests = open("core", "other");
        assert_eq!(with_other_tests.of("a"), Some(Verdict::Caught));
        assert_eq!(with_other_tests.of("b"), None);
        assert_eq!(open("changed", "other").of("a"), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}

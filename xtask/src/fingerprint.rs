//! Fingerprints of files: has anything changed since last time?

use std::fs;
use std::path::Path;

use crate::Result;

/// FNV-1a with 128 bits: the same on every platform and with every release of
/// Rust, which the standard library's hasher does not promise. Nobody gains by
/// a collision here, so nothing stronger is needed.
pub struct Fingerprint(u128);

const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;

impl Fingerprint {
    pub fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Adds one field. Its length goes first, so that moving a byte from one
    /// field to the next gives another fingerprint.
    pub fn add(&mut self, bytes: &[u8]) {
        self.mix(&(bytes.len() as u64).to_le_bytes());
        self.mix(bytes);
    }

    /// Adds a file, or all files of a folder, with their names. What does not
    /// exist is a fact like any other. `node_modules` is left out: lock files
    /// speak for it.
    pub fn add_path(&mut self, path: &Path) -> Result {
        let failed = |error| format!("{}: {error}", path.display());
        if path.is_dir() {
            let mut entries = fs::read_dir(path)
                .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
                .map_err(failed)?;
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                if entry.file_name() != "node_modules" {
                    self.add(entry.file_name().as_encoded_bytes());
                    self.add_path(&entry.path())?;
                }
            }
            self.add(b"end of folder");
        } else if path.exists() {
            self.add(&fs::read(path).map_err(failed)?);
        } else {
            self.add(b"absent");
        }
        Ok(())
    }

    pub fn hex(&self) -> String {
        format!("{:032x}", self.0)
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> String {
        let mut fingerprint = Fingerprint::new();
        for field in fields {
            fingerprint.add(field.as_bytes());
        }
        fingerprint.hex()
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut fingerprint = Fingerprint::new();
        fingerprint.mix(b"hello");
        assert_eq!(fingerprint.hex(), "e3e1efd54283d94f7081314b599d31b3");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["abc"]), of(&["abc", ""]));
    }

    #[test]
    fn a_folder_changes_with_names_and_contents_but_not_with_node_modules() {
        let folder = std::env::temp_dir().join(format!("xtask-{}", std::process::id()));
        let file = folder.join("inner").join("a");
        let now = || {
            let mut fingerprint = Fingerprint::new();
            fingerprint.add_path(&folder).unwrap();
            fingerprint.hex()
        };
        let absent = now();
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(&file, "1").unwrap();
        let first = now();
        assert_ne!(absent, first);
        fs::create_dir(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules").join("b"), "1").unwrap();
        assert_eq!(first, now());
        fs::rename(&file, folder.join("inner").join("b")).unwrap();
        assert_ne!(first, now());
        fs::rename(folder.join("inner").join("b"), &file).unwrap();
        fs::write(&file, "2").unwrap();
        assert_ne!(first, now());
        fs::remove_dir_all(&folder).unwrap();
    }
}

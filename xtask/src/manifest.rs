//! Versions as Cargo.toml, Cargo.lock and package.json state them.
//!
//! Cargo writes its lock file, so its shape is known and a full TOML parser
//! would only make the first compile of this program slower.

use crate::Result;

/// The version of the `[package]` that a Cargo.toml describes.
pub fn package_version(cargo_toml: &str) -> Result<&str> {
    let mut in_package = false;
    for line in cargo_toml.lines().map(str::trim) {
        if line.starts_with('[') {
            in_package = line == "[package]";
        } else if in_package && let Some(version) = string_value(line, "version") {
            return Ok(version);
        }
    }
    Err("Cargo.toml: `[package]` has no `version = \"...\"`".to_owned())
}

/// The one version of a package that a Cargo.lock holds.
pub fn locked_version<'a>(cargo_lock: &'a str, package: &str) -> Result<&'a str> {
    let mut found = Vec::new();
    let mut current = None;
    for line in cargo_lock.lines().map(str::trim) {
        if line.starts_with('[') {
            current = None;
        } else if let Some(name) = string_value(line, "name") {
            current = Some(name);
        } else if current == Some(package)
            && let Some(version) = string_value(line, "version")
        {
            found.push(version);
        }
    }
    match found[..] {
        [version] => Ok(version),
        [] => Err(format!("Cargo.lock: no package `{package}`")),
        _ => Err(format!(
            "Cargo.lock: one version of `{package}` is expected, found {}",
            found.join(", ")
        )),
    }
}

/// A package.json with its top-level version replaced.
///
/// The text is kept as it stands otherwise: the order of members is part of
/// what a reader of the package sees.
pub fn with_version(package_json: &str, version: &str) -> Result<String> {
    const MEMBER: &str = "\n  \"version\": \"";
    let start = package_json
        .find(MEMBER)
        .map(|at| at + MEMBER.len())
        .ok_or("pkg-template/package.json: no `\"version\": \"...\"` of two spaces' indentation")?;
    let end = package_json[start..]
        .find('"')
        .map(|length| start + length)
        .ok_or("pkg-template/package.json: the version has no closing quote")?;
    Ok(format!(
        "{}{version}{}",
        &package_json[..start],
        &package_json[end..]
    ))
}

fn string_value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    let value = value.trim_start().strip_prefix('"')?;
    value.find('"').map(|end| &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "syn"
version = "1.0.1"

[[package]]
name = "syn"
version = "2.0.2"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.9"
"#;

    #[test]
    fn a_locked_version_belongs_to_the_exact_name() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Ok("0.2.130"));
    }

    #[test]
    fn a_package_that_is_not_locked_is_named() {
        let error = locked_version(LOCK, "bindgen").unwrap_err();
        assert_eq!(error, "Cargo.lock: no package `bindgen`");
    }

    #[test]
    fn two_locked_versions_are_no_answer() {
        let error = locked_version(LOCK, "syn").unwrap_err();
        assert!(error.ends_with("found 1.0.1, 2.0.2"), "{error}");
    }

    #[test]
    fn the_package_version_is_not_that_of_a_dependency() {
        let manifest = "[workspace.package]\nversion = \"9.0.0\"\n\n[package]\nname = \"a\"\nrust-version = \"1.90\"\nversion  =\"0.1.0\"\n";
        assert_eq!(package_version(manifest), Ok("0.1.0"));
        assert!(package_version("[dependencies]\nversion = \"1\"\n").is_err());
    }

    #[test]
    fn only_the_top_level_version_of_package_json_changes() {
        let template = "{\n  \"name\": \"a\",\n  \"version\": \"0.0.0\",\n  \"x\": { \"version\": \"0.0.0\" }\n}\n";
        let expected = "{\n  \"name\": \"a\",\n  \"version\": \"1.2.3\",\n  \"x\": { \"version\": \"0.0.0\" }\n}\n";
        assert_eq!(with_version(template, "1.2.3").as_deref(), Ok(expected));
        assert!(with_version("{}", "1.2.3").is_err());
    }
}

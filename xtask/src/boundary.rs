//! Who may know what: the core no platform and no clock, a host one file with
//! clocks and timers.
//!
//! The check reads names in the sources, with comments and texts taken out. It
//! prevents what was found more than once: a decision in a host that a clock
//! that is set back turns round.

use std::path::Path;

use crate::project::Project;
use crate::{Result, bundle};

/// A part of the sources and the names that may not be in it.
struct Boundary {
    folder: &'static str,
    extension: &'static str,
    names: &'static [&'static str],
    /// The one file that may.
    except: Option<&'static str>,
}

const BOUNDARIES: [Boundary; 3] = [
    Boundary {
        folder: "src/core",
        extension: "rs",
        names: &[
            "wasm_bindgen",
            "wasm_bindgen_futures",
            "web_sys",
            "js_sys",
            "gloo",
            "gloo_net",
            "gloo_timers",
            "gloo_storage",
            "SystemTime",
            "std::time::Instant",
            "getrandom",
            "thread_local!",
            "static mut",
        ],
        except: None,
    },
    Boundary {
        folder: "src/web",
        extension: "js",
        names: &[
            "setTimeout",
            "setInterval",
            "requestAnimationFrame",
            "requestIdleCallback",
            "Date.now",
            "performance.now",
            "performance.timeOrigin",
            "new Date",
            "AbortSignal.timeout",
        ],
        except: Some("src/web/clock.js"),
    },
    Boundary {
        folder: "src/client",
        extension: "rs",
        names: &[
            "Date::now",
            "Date::new",
            "Date::new_0",
            "set_timeout",
            "setTimeout",
            "set_interval",
            "setInterval",
            "Performance",
            "performance",
            "gloo_timers",
            "AbortSignal::timeout",
            "SystemTime::now",
        ],
        except: Some("src/client/clock.rs"),
    },
];

/// Names that are still where they may not be, with the file: a list that only
/// gets shorter. An entry that nothing needs is an error.
const ALLOWED: [(&str, &str); 1] = [
    // The names of the methods that a clock of the application's has.
    ("src/web/config.js", "setTimeout"),
];

pub fn check(project: &Project) -> Result {
    let mut found = Vec::new();
    let mut used = Vec::new();
    for boundary in &BOUNDARIES {
        for file in bundle::files(&project.root.join(boundary.folder))? {
            let path = Path::new(boundary.folder).join(file);
            let shown = path.to_string_lossy().replace('\\', "/");
            let is_source = path.extension().is_some_and(|e| e == boundary.extension);
            if !is_source || boundary.except == Some(&shown) {
                continue;
            }
            let text = bare(&bundle::read(&project.root.join(&path))?);
            for (line, name) in names(&text, boundary.names) {
                match ALLOWED.iter().find(|entry| **entry == (&*shown, name)) {
                    Some(entry) => used.push(entry),
                    None => found.push(format!("  {shown}:{line}: {name}")),
                }
            }
        }
    }
    let unused = ALLOWED.iter().filter(|entry| !used.contains(entry));
    found.extend(unused.map(|(file, name)| {
        format!("  {file}: {name} is allowed in xtask/src/boundary.rs, and is not there")
    }));
    match found.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "clocks and names of the platform where they may not be:\n{}",
            found.join("\n")
        )),
    }
}

/// Where some names are in a text, by line. A name is not found as a part of a
/// longer one.
fn names(text: &str, names: &[&'static str]) -> Vec<(usize, &'static str)> {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for name in names {
            let whole = line.match_indices(name).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + name.len()..].chars().next();
                !before.is_some_and(is_part) && !after.is_some_and(is_part)
            });
            if whole {
                found.push((number + 1, *name));
            }
        }
    }
    found
}

/// A source without its comments, line by line. Texts stay as they are, since
/// what begins a comment may be in one.
fn bare(source: &str) -> String {
    let mut bare = String::with_capacity(source.len());
    let mut rest = source;
    let mut quote = None;
    while let Some(character) = rest.chars().next() {
        let length = match (quote, character) {
            (None, '/') if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            (None, '/') if rest.starts_with("/*") => {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            }
            (Some(_), '\\') => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                bare.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            }
            _ => {
                // A quote that is a character by itself opens no text.
                let alone = ["'\"'", "'`'"].iter().any(|text| rest.starts_with(text));
                if quote.is_none() && alone {
                    bare.push_str(&rest[..3]);
                    rest = &rest[3..];
                    continue;
                }
                match quote {
                    Some(open) if open == character => quote = None,
                    // A text in a regular expression has no end.
                    Some('"') if character == '\n' => quote = None,
                    None if matches!(character, '"' | '`') => quote = Some(character),
                    _ => {}
                }
                bare.push(character);
                rest = &rest[character.len_utf8()..];
                continue;
            }
        };
        bare.extend(rest[..length].matches('\n'));
        rest = &rest[length..];
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCKS: [&str; 2] = ["setTimeout", "Date.now"];

    fn found(text: &str) -> Vec<(usize, &'static str)> {
        names(&bare(text), &CLOCKS)
    }

    #[test]
    fn a_name_is_found_where_it_is_used() {
        assert_eq!(
            found("a;\nsetTimeout(f, Date.now());"),
            [(2, "setTimeout"), (2, "Date.now")]
        );
        assert_eq!(found("globalThis.setTimeout?.(f)"), [(1, "setTimeout")]);
        assert_eq!(found("const x = `//${Date.now()}`;"), [(1, "Date.now")]);
    }

    #[test]
    fn neither_a_comment_nor_a_longer_name_is_one() {
        assert_eq!(found("// setTimeout\n/* Date.now\n */ mysetTimeout(1)"), []);
        assert_eq!(found("/*\n\n*/ Date.now()"), [(3, "Date.now")]);
        assert_eq!(
            found("const url = \"http://a\"; Date.now()"),
            [(1, "Date.now")]
        );
    }
}

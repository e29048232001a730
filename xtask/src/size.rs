//! `cargo xtask size`: what the package is made of, what has changed since the
//! last commit, and the budget.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::build::{self, Library, Names};
use crate::project::Project;
use crate::report::{self, Sizes, kilobytes};
use crate::tools::Tools;
use crate::{Result, announce, bundle, process, show};

/// What a page may have to download for the default entry, in bytes of brotli.
const BUDGET: u64 = 44_400;
/// The same where the standard library is the toolchain's own.
const BUDGET_PREBUILT: u64 = 46_350;

/// How many functions are listed.
const TOP: usize = 40;

/// Fails, with what grew, if the default entry is larger than it may be.
pub fn check_budget(project: &Project, sizes: &[Sizes]) -> Result {
    let budget = match Library::had(&Tools::new(project)?) {
        Library::Smallest => BUDGET,
        Library::Prebuilt => BUDGET_PREBUILT,
    };
    above(sizes, budget).map_or(Ok(()), |above| {
        let grown = match changes(project, &Measured::of(project)?) {
            Ok(changes) => changes.text(|change| change > 0),
            Err(error) => format!("what grew is not known: {error}"),
        };
        Err(format!("{above}\n{grown}"))
    })
}

/// Says by how much a build is too large, if it is.
fn above(sizes: &[Sizes], budget: u64) -> Option<String> {
    let total = report::total(sizes);
    (total.brotli > budget).then(|| {
        format!(
            "{} has {} bytes of brotli, the budget is {budget}",
            total.file, total.brotli
        )
    })
}

pub fn run(project: &Project) -> Result {
    let now = Measured::of(project)?;
    show(&table("section", &now.module.sections, usize::MAX));
    show(&table("code by crate", &now.module.crates(), usize::MAX));
    show(&table("code by function", &now.module.functions, TOP));
    show(&report::table(&now.files));
    let tools = Tools::new(project)?;
    if Library::had(&tools) == Library::Smallest {
        announce("building the package with the standard library that the toolchain brings");
        let stable = report::total(&build::sizes_with(project, &tools, Library::Prebuilt)?);
        show(&format!(
            "with a stable toolchain alone, {} has {} bytes of brotli",
            stable.file, stable.brotli
        ));
    }
    match changes(project, &now) {
        Ok(changes) => show(&format!("\n{}", changes.text(|_| true))),
        Err(error) => show(&format!("\nwhat has changed is not known: {error}")),
    }
    Ok(())
}

/// What a checkout comes to.
struct Measured {
    module: Module,
    files: Vec<Sizes>,
}

impl Measured {
    fn of(project: &Project) -> Result<Self> {
        let tools = Tools::new(project)?;
        tools.node_modules(&project.build_scripts())?;
        let bindings = project.work().join("named");
        let compiled = build::compile(project, &tools, Library::had(&tools))?;
        build::bind(&tools, &compiled, &bindings, Names::Kept)?;
        build::optimise(project, &bindings, Names::Kept)?;
        Ok(Self {
            module: Module::read(&bindings.join("engine.wasm"))?,
            files: build::package(project)?,
        })
    }
}

/// What is larger or smaller than in a commit.
struct Changes {
    /// The commit, as git names it in a line.
    since: String,
    files: Vec<(String, i64)>,
    functions: Vec<(String, i64)>,
}

impl Changes {
    fn text(&self, wanted: impl Fn(i64) -> bool) -> String {
        let list = |title: &str, rows: &[(String, i64)]| {
            let rows = rows.iter().filter(|(_, change)| wanted(*change));
            rows.fold(title.to_owned(), |text, (name, change)| {
                text + &format!("\n{change:>+10} B  {name}")
            })
        };
        format!(
            "since {}\n{}\n{}",
            self.since,
            list("files, in brotli:", &self.files),
            list("functions of the module:", &self.functions)
        )
    }
}

/// Compares with the last commit: the one that the working tree is based on,
/// or, where nothing has been changed since, the one before. Both are compiled
/// with the flags that are these here.
fn changes(project: &Project, now: &Measured) -> Result<Changes> {
    let git = |arguments: &[&str]| {
        process::output(
            Command::new("git")
                .current_dir(&project.root)
                .args(arguments),
        )
        .map(|text| text.trim().to_owned())
    };
    let revision = match git(&["status", "--porcelain"])?.is_empty() {
        true => "HEAD~1",
        false => "HEAD",
    };
    let since = git(&["log", "-1", "--format=%h %s", revision])?;
    announce(&format!("building what was committed as {since}"));
    let there = Project {
        root: project.work().join("before"),
        // A target directory of its own: nobody else is to wait for this one.
        target: project.work().join("before-target"),
    };
    bundle::clear(&there.root)?;
    let archive = project.work().join("before.tar");
    process::run(
        Command::new("git")
            .current_dir(&project.root)
            .args(["archive", "--format=tar", "--output"])
            .args([archive.as_os_str(), revision.as_ref()]),
    )?;
    process::run(
        Command::new("tar")
            .current_dir(&there.root)
            .arg("-xf")
            .arg(&archive),
    )?;
    let before = Measured::of(&there)?;
    let brotli = |files: &[Sizes]| {
        let sized = |size: &Sizes| (size.file.clone(), size.brotli);
        files.iter().map(sized).collect::<Vec<_>>()
    };
    Ok(Changes {
        since,
        files: differences(&brotli(&before.files), &brotli(&now.files)),
        functions: differences(&before.module.functions, &now.module.functions),
    })
}

/// By how much each size differs, the largest difference first. Of equal names
/// the sizes are added.
fn differences(before: &[(String, u64)], now: &[(String, u64)]) -> Vec<(String, i64)> {
    let mut changes: BTreeMap<&str, i64> = BTreeMap::new();
    for (name, size) in now {
        *changes.entry(name).or_default() += *size as i64;
    }
    for (name, size) in before {
        *changes.entry(name).or_default() -= *size as i64;
    }
    let mut changes: Vec<_> = changes
        .into_iter()
        .filter(|(_, change)| *change != 0)
        .map(|(name, change)| (name.to_owned(), change))
        .collect();
    changes.sort_by_key(|(_, change)| -change.abs());
    changes
}

/// The parts of a module that have a size.
struct Module {
    sections: Vec<(String, u64)>,
    functions: Vec<(String, u64)>,
}

impl Module {
    fn crates(&self) -> Vec<(String, u64)> {
        let mut crates = BTreeMap::new();
        for (name, size) in &self.functions {
            *crates.entry(crate_of(name).to_owned()).or_default() += size;
        }
        crates.into_iter().collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut sections = Vec::new();
        let mut bodies = Vec::new();
        let mut imported = 0;
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                let name = match &payload {
                    Payload::CustomSection(section) => format!("custom: {}", section.name()),
                    _ => section_name(id).to_owned(),
                };
                sections.push((name, length(&range)));
            }
            match payload {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(
                            import?.ty,
                            wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                        ));
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(length(&body.range())),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(subsections) = section.as_known() {
                        for subsection in subsections {
                            if let Name::Function(functions) = subsection? {
                                for naming in functions {
                                    let naming = naming?;
                                    names.insert(naming.index, readable(naming.name));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let functions = (imported..)
            .zip(bodies)
            .map(|(index, size)| {
                let name = names.remove(&index);
                (name.unwrap_or_else(|| format!("function {index}")), size)
            })
            .collect();
        Ok(Self {
            sections,
            functions,
        })
    }
}

fn length(range: &std::ops::Range<u64>) -> u64 {
    range.end - range.start
}

fn section_name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

/// A demangled name without the hashes that tell equal names apart.
fn readable(name: &str) -> String {
    let is_hash = |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut readable = String::new();
    for (at, part) in name.split('[').enumerate() {
        match part.split_once(']') {
            Some((hash, rest)) if at > 0 && is_hash(hash) => readable.push_str(rest),
            _ if at > 0 => {
                readable.push('[');
                readable.push_str(part);
            }
            _ => readable.push_str(part),
        }
    }
    match readable.rsplit_once("::h") {
        Some((path, hash)) if is_hash(hash) => path.to_owned(),
        _ => readable,
    }
}

/// The crate that a function belongs to: that of the first path in its name,
/// or that of the trait where the type is built in.
fn crate_of(name: &str) -> &str {
    let of_trait = name.split_once(" as ").map(|(_, rest)| rest);
    first_segment(name)
        .or_else(|| of_trait.and_then(first_segment))
        .unwrap_or("(no crate)")
}

fn first_segment(path: &str) -> Option<&str> {
    let mut path = path.trim_start_matches(['<', '&', '*', '(', '[']);
    for word in ["mut ", "const ", "dyn "] {
        path = path.strip_prefix(word).unwrap_or(path);
    }
    let (segment, _) = path.split_once("::")?;
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    segment.chars().all(is_name).then_some(segment)
}

fn table(title: &str, rows: &[(String, u64)], limit: usize) -> String {
    let total: u64 = rows.iter().map(|row| row.1).sum();
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut table = format!("{title}: {}\n", kilobytes(total));
    for (name, size) in rows.iter().take(limit) {
        let share = *size as f64 * 100.0 / total.max(1) as f64;
        table += &format!("{:>10} {share:>5.1} %  {name}\n", kilobytes(*size));
    }
    if rows.len() > limit {
        table += &format!("{:>21}{} more\n", "", rows.len() - limit);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_of_its_type() {
        let crates = [
            "evertoken::internals::refresh::decide",
            "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
            "<&mut dyn core::fmt::Write as core::fmt::Write>::write_str",
            "<&str as core::fmt::Display>::fmt",
            "__wbindgen_malloc",
            "",
        ]
        .map(crate_of);
        let expected = [
            "evertoken",
            "alloc",
            "core",
            "core",
            "(no crate)",
            "(no crate)",
        ];
        assert_eq!(crates, expected);
    }

    #[test]
    fn hashes_are_no_part_of_a_name() {
        let names = [
            "<alloc[3ca501edff3f0c7c]::vec::Vec<[u8; 4]>>::push[1]",
            "alloc::vec::Vec<T,A>::into_boxed_slice::hcf48f394dd21bc18",
            "core::hash::hasher",
        ];
        let expected = [
            "<alloc::vec::Vec<[u8; 4]>>::push[1]",
            "alloc::vec::Vec<T,A>::into_boxed_slice",
            "core::hash::hasher",
        ];
        assert_eq!(names.map(readable), expected);
    }

    #[test]
    fn functions_are_measured_and_named_after_the_imported_ones() {
        // (module (import "a" "b" (func)) (func $f nop)), with a name section.
        let module = [
            &b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0\x03\x02\x01\0"[..],
            b"\x0a\x05\x01\x03\0\x01\x0b",
            b"\0\x0b\x04name\x01\x04\x01\x01\x01f",
        ]
        .concat();
        let module = Module::parse(&module).unwrap();
        assert_eq!(module.functions, [("f".to_owned(), 3)]);
        assert!(module.sections.contains(&("code".to_owned(), 5)));
        assert!(
            module
                .sections
                .iter()
                .any(|section| section.0 == "custom: name")
        );
    }

    #[test]
    fn a_build_above_the_budget_is_said_with_both_numbers() {
        let sized = |brotli| {
            [Sizes {
                file: "index.js".to_owned(),
                raw: 0,
                gzip: 0,
                brotli,
            }]
        };
        assert_eq!(above(&sized(1000), 1000), None);
        let said = above(&sized(1001), 1000).unwrap();
        assert!(said.contains("1001") && said.contains("1000"), "{said}");
    }

    #[test]
    fn what_grew_is_listed_by_how_much() {
        let sized = |rows: &[(&str, u64)]| -> Vec<(String, u64)> {
            rows.iter()
                .map(|(name, size)| ((*name).to_owned(), *size))
                .collect()
        };
        let before = sized(&[("same", 5), ("less", 9), ("gone", 1), ("twice", 3)]);
        let now = sized(&[
            ("same", 5),
            ("less", 7),
            ("new", 4),
            ("twice", 3),
            ("twice", 3),
        ]);
        let changes = Changes {
            since: "abc1234 area: what it does".to_owned(),
            files: differences(&before, &now),
            functions: Vec::new(),
        };
        let rows = [("new", 4), ("twice", 3), ("less", -2), ("gone", -1)];
        assert_eq!(changes.files, rows.map(|(name, by)| (name.to_owned(), by)));
        let text = changes.text(|change| change > 0);
        assert!(
            text.contains("+4 B  new") && !text.contains("less"),
            "{text}"
        );
    }
}

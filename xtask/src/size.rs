//! `cargo xtask size`: what the module is made of. Also the budget.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::build::{self, Names};
use crate::project::Project;
use crate::report::{self, Sizes, kilobytes};
use crate::tools::Tools;
use crate::{Result, show};

/// What a page may have to download for the default entry, in bytes of brotli.
const BUDGET: u64 = 26_500;

/// How many functions are listed.
const TOP: usize = 40;

/// Fails if the default entry is larger than it may be.
pub fn check_budget(sizes: &[Sizes]) -> Result {
    let total = report::total(sizes);
    match total.brotli <= BUDGET {
        true => Ok(()),
        false => Err(format!(
            "{} has {} bytes of brotli, the budget is {BUDGET}: `cargo xtask size` shows what they are",
            total.file, total.brotli
        )),
    }
}

pub fn run(project: &Project) -> Result {
    let tools = Tools::new(project)?;
    tools.node_modules(&project.build_scripts())?;
    let bindings = project.work().join("named");
    build::bind(
        &tools,
        &build::compile(project, &tools)?,
        &bindings,
        Names::Kept,
    )?;
    build::optimise(project, &bindings, Names::Kept)?;
    let module = Module::read(&bindings.join("engine.wasm"))?;

    show(&table("section", &module.sections, usize::MAX));
    let mut crates = BTreeMap::new();
    for (name, size) in &module.functions {
        *crates.entry(crate_of(name).to_owned()).or_default() += size;
    }
    show(&table(
        "code by crate",
        &crates.into_iter().collect::<Vec<_>>(),
        usize::MAX,
    ));
    show(&table("code by function", &module.functions, TOP));
    let sizes = build::package(project)?;
    show(&report::table(&sizes));
    Ok(())
}

/// The parts of a module that have a size.
struct Module {
    sections: Vec<(String, u64)>,
    functions: Vec<(String, u64)>,
}

impl Module {
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
            "evertoken::core::refresh::decide",
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
    fn a_build_above_the_budget_fails_with_both_numbers() {
        let sized = |brotli| {
            [Sizes {
                file: "index.js".to_owned(),
                raw: 0,
                gzip: 0,
                brotli,
            }]
        };
        assert_eq!(check_budget(&sized(BUDGET)), Ok(()));
        let error = check_budget(&sized(BUDGET + 1)).unwrap_err();
        assert!(
            error.contains(&(BUDGET + 1).to_string()) && error.contains(&BUDGET.to_string()),
            "{error}"
        );
    }
}

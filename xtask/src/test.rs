//! `cargo xtask test`: all tests, or parts of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::tools::{BROWSERS, CHROMIUM, Screen, Tools};
use crate::{
    Result, announce, backend, build, bundle, demo, example, frontend, guide, process, show, size,
};

/// A part of the tests with a runner of its own.
#[derive(Clone, Copy)]
struct Part {
    name: &'static str,
    run: fn(&Project, &Tools) -> Result<Closing>,
}

const PARTS: [Part; 11] = [
    Part {
        name: "core",
        run: core,
    },
    Part {
        name: "web",
        run: web,
    },
    Part {
        name: "e2e",
        run: e2e,
    },
    Part {
        name: "fallback",
        run: fallback,
    },
    Part {
        name: "host",
        run: host,
    },
    Part {
        name: "adapters",
        run: adapters,
    },
    Part {
        name: "oauth",
        run: oauth,
    },
    Part {
        name: "package",
        run: package,
    },
    Part {
        name: "examples",
        run: examples,
    },
    Part {
        name: "frontends",
        run: frontends,
    },
    Part {
        name: "backends",
        run: backends,
    },
];

/// The tests of the examples, which are a part of their own.
const EXAMPLES: &str = "examples.test.mjs";

/// How a runner ended: whether all was well and its last words.
struct Closing {
    success: bool,
    lines: Vec<String>,
    passed: u64,
}

pub fn run(project: &Project, names: &[String]) -> Result {
    let parts = chosen(names)?;
    let tools = Tools::new(project)?;
    let mut summary = Vec::new();
    let mut failed = Vec::new();
    for part in parts {
        announce(&format!("testing {}", part.name));
        let closing = match (part.run)(project, &tools) {
            Ok(closing) => closing,
            Err(message) => {
                eprintln!("error: {message}");
                summary.push(format!("{}: {message}", part.name));
                failed.push(part.name);
                continue;
            }
        };
        summary.push(format!("{}:", part.name));
        summary.extend(closing.lines);
        if closing.passed == 0 {
            summary.push("no test ran, which counts as a failure".to_owned());
        }
        if !closing.success || closing.passed == 0 {
            failed.push(part.name);
        }
    }
    show(&format!("\n{}", summary.join("\n")));
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

fn chosen(names: &[String]) -> Result<Vec<Part>> {
    if names.is_empty() {
        return Ok(PARTS.to_vec());
    }
    names
        .iter()
        .map(|name| {
            PARTS
                .into_iter()
                .find(|part| part.name == name)
                .ok_or_else(|| {
                    let known = PARTS.map(|part| part.name).join(", ");
                    format!("no part of the tests is called `{name}`, there are {known}")
                })
        })
        .collect()
}

/// All that runs without a browser.
fn core(project: &Project, _: &Tools) -> Result<Closing> {
    let (success, text) =
        process::teed(
            project
                .cargo()
                .args(["test", "--workspace", "--no-fail-fast"]),
        )?;
    Ok(libtest(success, &text))
}

/// The shell in real browsers, by the command that anybody would type.
fn web(project: &Project, tools: &Tools) -> Result<Closing> {
    tools.wasm_target()?;
    let path = process::path_with(&[tools.wasm_pack()?, tools.wasm_bindgen()?])?;
    let mut success = true;
    let mut text = String::new();
    for browser in BROWSERS {
        let installed = tools.browser(browser)?;
        announce(&format!("testing web in {}", browser.name));
        let mut command = Command::new("wasm-pack");
        command
            .args(["test", "--headless", browser.wasm_pack.browser])
            .arg(browser.wasm_pack.driver)
            .arg(&installed.driver)
            // The npm package's engine beside the client, which is the default.
            .args(["--", "--features=http,npm,testing"])
            .current_dir(&project.root)
            .env("PATH", &path)
            .env("CARGO_TARGET_DIR", &project.target);
        // The test runner takes the first driver that is named.
        for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER"] {
            command.env_remove(other);
        }
        let screen = installed.screen.as_deref().map(Screen::start).transpose()?;
        if let Some(screen) = &screen {
            command.env("DISPLAY", screen.name());
        }
        let (passed, said) = process::teed(&mut command)?;
        success &= passed;
        text.push_str(&said);
    }
    Ok(libtest(success, &text))
}

/// The package, the page and the backend in real browsers.
fn e2e(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/e2e");
    let mut tests = test_files(&folder)?;
    tests.retain(|path| !path.ends_with(EXAMPLES));
    browser_suite(project, tools, "e2e", &tests, "wasm")
}

/// The rules once more, with the engine that runs where WebAssembly cannot.
fn fallback(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/e2e");
    let mut tests = test_files(&folder)?;
    tests.retain(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("rule-")
    });
    browser_suite(project, tools, "fallback", &tests, "js")
}

fn browser_suite(
    project: &Project,
    tools: &Tools,
    name: &str,
    tests: &[PathBuf],
    engine: &str,
) -> Result<Closing> {
    size::check_budget(project, &build::package(project)?)?;
    guide::build(project)?;
    let places = vec![("EVERTOKEN_SERVER", demo::server(project)?)];
    in_browsers(project, tools, name, tests, engine, places)
}

/// The rules, tabs and circumstances over the Rust host, in the place of the
/// package, and its size.
fn host(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/e2e");
    let mut tests = test_files(&folder)?;
    tests.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let others = ["circumstances", "smoke", "tabs"];
        name.starts_with("rule-") || others.iter().any(|other| name.starts_with(other))
    });
    frontend::check_budget(project, tools)?;
    let places = vec![("EVERTOKEN_PKG", frontend::face(project, tools)?)];
    in_browsers(project, tools, "host", &tests, "crate", places)
}

fn in_browsers(
    project: &Project,
    tools: &Tools,
    name: &str,
    tests: &[PathBuf],
    engine: &str,
    mut places: Vec<(&'static str, PathBuf)>,
) -> Result<Closing> {
    let folder = project.root.join("tests/e2e");
    if tests.is_empty() {
        return Err(format!("{}: no *.test.mjs there", folder.display()));
    }
    places.push(("EVERTOKEN_ENGINE", PathBuf::from(engine)));
    for browser in BROWSERS {
        places.extend(tools.browser(browser)?.named(browser));
    }
    tools.node_modules(&folder)?;
    // Timers that stand still.
    tools.node_modules(&project.root.join("tests/testing"))?;
    // Many wait for timers; two browsers do not get in each other's way.
    node_tests(project, name, tests, Some(2), &places)
}

/// The subpaths of the packed package with the libraries that they adapt, in
/// a real browser, and the types of all of it.
fn adapters(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/adapters");
    let tests = test_files(&folder)?;
    build::package(project)?;
    let browser = tools.browser(&CHROMIUM)?;
    tools.node_modules(&folder)?;
    tools.node_modules(&project.root.join("tests/testing"))?;
    let places = [("CHROMIUM", browser.executable)];
    node_tests(project, "adapters", &tests, Some(2), &places)
}

/// The sign-in by redirect, at a real authorization server and at one that
/// deviates, in real browsers.
fn oauth(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/oauth");
    let tests = test_files(&folder)?;
    build::package(project)?;
    let mut places = Vec::new();
    for browser in BROWSERS {
        places.extend(tools.browser(browser)?.named(browser));
    }
    tools.node_modules(&folder)?;
    node_tests(project, "oauth", &tests, Some(2), &places)
}

/// The examples, as they are built and served, in a real browser.
fn examples(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = project.root.join("tests/e2e");
    build::package(project)?;
    for name in example::names(project)? {
        example::build_one(project, tools, &name)?;
    }
    let places = [
        ("EVERTOKEN_SERVER", demo::server(project)?),
        ("EVERTOKEN_EXAMPLES", example::built(project)),
        ("CHROMIUM", tools.browser(&CHROMIUM)?.executable),
    ];
    tools.node_modules(&folder)?;
    node_tests(project, "examples", &[folder.join(EXAMPLES)], None, &places)
}

/// The packed package in the tools with which people build and run
/// applications, and with the libraries that take its fetch.
fn package(project: &Project, tools: &Tools) -> Result<Closing> {
    let tests = test_files(&project.root.join("tests/package"))?;
    build::package(project)?;
    let browser = tools.browser(&CHROMIUM)?;
    for folder in project.package_fixtures()? {
        tools.node_modules(&folder)?;
    }
    let places = [("CHROMIUM", browser.executable)];
    node_tests(project, "package", &tests, Some(2), &places)
}

/// The crate in the frontends that are written in Rust: components, on a
/// server and in a page, then whole applications, in a real browser.
fn frontends(project: &Project, tools: &Tools) -> Result<Closing> {
    let tests = test_files(&project.root.join("tests/frontends"))?;
    // Whose tabs share a session with theirs.
    build::package(project)?;
    let pages = frontend::build(project, tools)?;
    let mut success = true;
    let mut text = String::new();
    for mut command in frontend::components(project, tools)? {
        let (passed, said) = process::teed(&mut command)?;
        success &= passed;
        text.push_str(&said);
    }
    let components = libtest(success, &text);
    let server = demo::server(project)?;
    let browser = tools.browser(&CHROMIUM)?;
    tools.node_modules(&project.root.join("tests/e2e"))?;
    let places = [
        ("CHROMIUM", browser.executable),
        ("EVERTOKEN_SERVER", server),
        ("EVERTOKEN_FRONTENDS", pages),
    ];
    let examples = node_tests(project, "frontends", &tests, Some(1), &places)?;
    Ok(both(components, examples))
}

/// The package against the real systems, in a real browser.
fn backends(project: &Project, tools: &Tools) -> Result<Closing> {
    let folder = backend::folder(project);
    let tests = test_files(&folder)?;
    build::package(project)?;
    let browser = tools.browser(&CHROMIUM)?;
    tools.node_modules(&folder)?;
    for name in backend::names(project)? {
        backend::install(project, tools, &name)?;
    }
    let places = [("CHROMIUM", browser.executable)];
    // For the most part they wait until tokens have ended.
    node_tests(project, "backends", &tests, Some(3), &places)
}

/// Two runners' ends of one part. One that ran no test makes the part fail.
fn both(mut one: Closing, other: Closing) -> Closing {
    one.success &= other.success;
    one.lines.extend(other.lines);
    one.passed = match (one.passed, other.passed) {
        (0, _) | (_, 0) => 0,
        (one, other) => one + other,
    };
    one
}

/// Runs files of node's test runner, as many at once as are given or as it
/// thinks fit.
fn node_tests(
    project: &Project,
    name: &str,
    tests: &[PathBuf],
    at_once: Option<usize>,
    places: &[(&str, PathBuf)],
) -> Result<Closing> {
    // One report to be read as it comes, one to be quoted at the end.
    let tap = project.work().join(format!("{name}.tap"));
    std::fs::create_dir_all(project.work())
        .map_err(|error| format!("{}: {error}", tap.display()))?;
    let _ = std::fs::remove_file(&tap);
    let outcome = process::run(
        Command::new("node")
            .args([
                "--test",
                "--test-reporter=spec",
                "--test-reporter-destination=stdout",
            ])
            .arg("--test-reporter=tap")
            .arg(format!("--test-reporter-destination={}", tap.display()))
            .args(at_once.map(|count| format!("--test-concurrency={count}")))
            .args(tests)
            .current_dir(&project.root)
            .env("EVERTOKEN_PKG", project.pkg())
            .envs(places.iter().map(|(variable, place)| (variable, place))),
    );
    Ok(node(outcome.is_ok(), &bundle::read(&tap)?))
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let own = |path: &PathBuf| {
        let installed = path
            .components()
            .any(|part| part.as_os_str() == "node_modules");
        !installed && path.to_string_lossy().ends_with(".test.mjs")
    };
    let files = bundle::files(folder)?.into_iter().filter(own);
    Ok(files.map(|file| folder.join(file)).collect())
}

/// Reads the closing lines of cargo's and wasm-bindgen's test binaries, and
/// adds them up. Binaries without a test are left out.
fn libtest(success: bool, text: &str) -> Closing {
    let mut totals = [0; 3];
    let mut lines = Vec::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with("test result: "))
    {
        let counts = ["passed", "failed", "ignored"].map(|word| count(line, word));
        if counts != [0; 3] {
            lines.push(line.to_owned());
        }
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    let [passed, failed, skipped] = totals;
    lines.push(format!(
        "{passed} passed, {failed} failed, {skipped} skipped"
    ));
    Closing {
        success,
        lines,
        passed,
    }
}

/// The number before a word, as in `3 passed;`.
fn count(line: &str, word: &str) -> u64 {
    let mut previous = "";
    for token in line.split([' ', ';', ',']) {
        if token == word {
            return previous.parse().unwrap_or(0);
        }
        previous = token;
    }
    0
}

/// Reads the closing comments of node's TAP report, from `# tests` on.
fn node(success: bool, tap: &str) -> Closing {
    let mut lines: Vec<_> = tap
        .lines()
        .rev()
        .take_while(|line| line.starts_with("# "))
        .map(str::to_owned)
        .collect();
    lines.reverse();
    let passed = lines
        .iter()
        .find_map(|line| line.strip_prefix("# pass ")?.parse().ok())
        .unwrap_or(0);
    Closing {
        success,
        lines,
        passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_test_binaries_are_added_up() {
        let text = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 40 passed; 3 failed; 0 ignored; 0 filtered out\n";
        let closing = libtest(false, text);
        assert_eq!(closing.passed, 42);
        assert_eq!(closing.lines.len(), 3);
        assert_eq!(closing.lines[2], "42 passed, 3 failed, 1 skipped");
    }

    #[test]
    fn the_last_words_of_node_are_the_last_comments() {
        let tap = "TAP version 13\n# Subtest: a\nok 1 - a\n1..1\n# tests 3\n# pass 2\n# fail 1\n";
        let closing = node(false, tap);
        assert_eq!(closing.lines, ["# tests 3", "# pass 2", "# fail 1"]);
        assert_eq!(closing.passed, 2);
    }

    #[test]
    fn a_part_that_does_not_exist_is_named() {
        let error = chosen(&["core".into(), "wbe".into()]).err().unwrap();
        assert!(
            error.contains("`wbe`")
                && error.contains(
                    "core, web, e2e, fallback, host, adapters, oauth, package, examples, frontends, backends"
                ),
            "{error}"
        );
        assert_eq!(chosen(&[]).unwrap().len(), PARTS.len());
    }
}

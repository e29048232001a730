#![cfg(not(target_arch = "wasm32"))]
//! What fuzzing starts from, and what it has found, in `fuzz/corpus`: each
//! text goes through the check of its target.

#[path = "fuzz/checks.rs"]
mod checks;
#[path = "support/config.rs"]
#[allow(dead_code)]
mod config;
#[path = "support/document.rs"]
mod document;

use std::path::Path;

fn each(target: &str, check: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let mut count = 0;
    for file in std::fs::read_dir(&folder).expect("a corpus") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a file");
        println!("{}", path.display());
        // Fuzzing passes over what is no UTF-8, as a browser does.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check(text);
            count += 1;
        }
    }
    assert!(count > 0, "{}: nothing there", folder.display());
}

#[test]
fn tokens_are_read_as_others_read_them() {
    each("token", checks::token);
}

#[test]
fn records_are_read_or_are_as_none() {
    each("record", checks::record);
}

#[test]
fn messages_of_other_pages_do_no_harm() {
    each("message", checks::message);
}

#[test]
fn answers_renew_end_or_leave_a_session() {
    each("answer", checks::answer);
}

#[test]
fn retry_after_is_read_as_others_read_it() {
    each("retry_after", checks::retry_after);
}

#[test]
fn tokens_go_where_they_may_and_nowhere_else() {
    each("origin", checks::origin);
}

//! What the fuzz targets share with `tests/corpus.rs`.

pub mod checks;
#[path = "../support/config.rs"]
pub mod config;
#[path = "../support/document.rs"]
pub mod document;

#![cfg(not(target_arch = "wasm32"))]
//! What the core's parts do with anything at all, against other people's
//! implementations where there are some.

mod any;
mod dates;
mod json;
mod lifetimes;
mod origins;
mod pace;
mod records;
#[path = "../support/mod.rs"]
mod support;
mod tokens;

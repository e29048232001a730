#![cfg(not(target_arch = "wasm32"))]
//! The core's part of each rule, one test a rule, on one machine driven by
//! hand. Rules 10 (abort), 14 (listeners) and 15 (import) are not here: they
//! are the shell's, and only a browser shows them.

mod calls;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod tab;
mod tokens;

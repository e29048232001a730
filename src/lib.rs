//! A token manager for browsers.

pub mod core;

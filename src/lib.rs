//! A token manager for browsers.

pub mod core;
#[cfg(target_arch = "wasm32")]
pub mod web;

/// The standard allocator is 1.9 kB larger (brotli) in every build.
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

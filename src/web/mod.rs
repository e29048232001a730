//! The browser shell: does what the core asks for, reports what happened, and
//! decides nothing.
//!
//! Its Rust half ([`Engine`]) turns JavaScript values into the core's and
//! back, and never waits. Its JavaScript half (the `.js` files beside this
//! one) holds what only lives there: promises, timers, fetch, storage, locks,
//! channels, and the path of a request, which looks at the pass that the core
//! issued and comes here only when there is a question. A promise that an
//! `async fn` of a trapped module would leave pending is so rejected like any
//! other.

#[cfg(feature = "npm")]
pub(crate) mod allocator;
mod document;
mod engine;
mod host;
mod input;
mod policy;
mod tell;

pub use engine::Engine;
pub use host::{Act, Host};
pub use input::{Ask, Input, Query, Reply};

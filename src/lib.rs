//! A token manager for browsers. It signs in, sends the access token to the
//! API, renews it before it ends, and signs out only when the server has ended
//! the session. Applications in JavaScript use the npm package of the same
//! name, whose README says how; those in Rust use this crate.
//!
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    feature = "client",
    doc = include_str!("client/guide.md")
)]
//! # The house
//!
//! This is the map of what is inside.
//!
//! | where | what | what it may know |
//! |---|---|---|
//! | [`core`] | the protocol as a state machine: every decision | nothing but what it is told |
//! | `src/web/*.rs` | the npm host, Rust half: JavaScript values into the core's and back | wasm-bindgen |
//! | `src/web/*.js` | the npm host, JavaScript half: the configuration, promises, fetch, storage, locks, channels, the path of a request | the browser |
//! | `src/client/` | the other host, for frontends that are Rust themselves | the browser |
//! | `pkg-template/` | the npm package: how the module is loaded, the types | the npm host |
//! | `www/` | the demonstration page, and its backend in `www/server` | the package, as any application does |
//! | `xtask/` | `cargo xtask`: build, demo, test, check, size | everything |
//! | `tests/web`, `tests/client`, `tests/e2e`, `tests/backends`, `tests/frontends` | the hosts, the package and real servers, each in a real browser | what an application knows |
//!
//! In the core, [`core::machine`] holds the state; [`core::ask`] answers what
//! a caller has to do; a refresh, a sign-in, a sign-out, a commit, a look
//! around and the lock have a file each. Around them is a file a noun:
//! [`core::record`] is what tabs share, [`core::lifetime`] when a token ends,
//! [`core::pace`] how often a server may be asked, [`core::origins`] where a
//! token may go, [`core::answer`] what a server's answer means. The table of
//! which rule is decided where is in [`core`]'s own documentation.
//!
//! # How the pieces talk
//!
//! Feed an input, drain the outputs, sleep until the deadline:
//!
//! 1. Something happens: a request wants to go, an answer came, the timer
//!    fired, another tab spoke. The host feeds the [`core::Input`] to the
//!    [`core::Machine`], or asks it, with a reading of both clocks.
//! 2. [`core::Machine::poll`] gives what is to be done, one
//!    [`core::Output`] after the other, until there is nothing left. The
//!    host does it, or fails; what comes of it is an input again.
//! 3. [`core::Machine::deadline`] says when to feed [`core::Input::Wake`] at
//!    the latest. There is one timer.
//!
//! Feeding too early, too late or twice is a no-op. Everything under way has a
//! number, and an answer to what is no longer under way is dropped in one
//! place. Most requests do not get that far: the core issues a *pass*, a token
//! and the time until which nobody need be asked, and while it is good a
//! request goes out from JavaScript without entering the module.
//!
//! The core goes by numbers. What an application configured comes in as a
//! [`core::policy::Policy`]; URLs, the names of headers and the texts of errors
//! stay with the host, which knows an endpoint by its [`core::call::Target`]
//! and an error by its [`core::Fault`]. What the platform can take apart
//! itself, it is asked to: JSON, tokens and dates ([`core::Platform`]).
//!
//! ```
//! use evertoken::internals::answer::Answer;
//! use evertoken::internals::policy::Policy;
//! use evertoken::internals::{Ask, Document, Input, Machine, Now, Output, Platform, Reply};
//!
//! // JSON is the platform's to take apart. This one has documents of names
//! // and values.
//! struct Given(&'static [(&'static str, &'static str)]);
//! impl Document for Given {
//!     fn text(&self, path: &str) -> Option<String> {
//!         self.0.iter().find(|(name, _)| *name == path).map(|(_, value)| value.to_string())
//!     }
//!     fn number(&self, path: &str) -> Option<f64> {
//!         self.text(path)?.parse().ok()
//!     }
//! }
//! let platform = Platform {
//!     json: |_| Some(Box::new(Given(&[("token", "abc"), ("expiresIn", "60")]))),
//!     claims: |_| None, // an opaque token
//!     date: |_| None,
//! };
//!
//! // One tab, which keeps its session in memory: there is nothing to read, no
//! // channel to open and no lock to take.
//! let now = Now::from_ms(1_700_000_000_000.0, 0.0);
//! let mut machine = Machine::new(Policy::default(), platform, 1, now);
//! machine.feed(now, Input::Start);
//!
//! // A request, and a cookie may be there: it waits for a silent refresh.
//! let party = machine.current_party();
//! let Reply::Wait(wait) = machine.ask(now, Ask::Request) else { panic!() };
//! let mut ended = false;
//! while let Some(output) = machine.poll() {
//!     match output {
//!         Output::Call(call) => {
//!             let answer = Answer { status: 200, ..Answer::default() };
//!             machine.feed(now, Input::Answered { call: call.id, answer });
//!         }
//!         Output::WaitEnded(over) => ended |= over == wait,
//!         _ => {}
//!     }
//! }
//! assert!(ended);
//! assert_eq!(machine.resume(now, wait, Ask::Request, party), Reply::Go);
//! // A fifth of the lifetime ahead of the end the timer has something to do.
//! assert_eq!(machine.deadline().as_ms(), 48_000.0);
//! ```
//!
//! # Errors and secrets
//!
//! There is one error, [`core::Error`], with a [`core::ErrorKind`] that
//! JavaScript sees as a `code`. A token is a [`core::secret::Secret`], which
//! `Debug` does not show; no message quotes a token, a body or a query.

#[cfg(feature = "client")]
mod client;
// The core, for this project's own tests: no promise. By its own name it would
// come with `use evertoken::*`, in the place of the language's.
#[doc(hidden)]
#[path = "core/mod.rs"]
pub mod internals;
use internals as core;
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
pub mod web;

#[cfg(feature = "client")]
pub use client::*;

/// The README's example.
#[cfg(all(doctest, target_arch = "wasm32", feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// With the standard allocator the module is 2.3 kB larger (brotli).
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
#[global_allocator]
static ALLOCATOR: web::allocator::FreeLists = web::allocator::FreeLists::new();

//! A simulated world: tabs that run the real machine, the servers, the
//! network, and everything in a browser that tabs share. Time jumps to the
//! next thing that happens.
#![allow(dead_code, unused_imports)] // each test file uses a part of it

pub mod auth;
pub mod config;
pub mod document;
mod drive;
pub mod fault;
pub mod laws;
mod lease;
mod look;
pub mod network;
mod people;
pub mod plan;
pub mod random;
mod request;
pub mod schedule;
pub mod search;
mod share;
pub mod shrink;
pub mod store;
pub mod tab;
pub mod tally;
pub mod token;
pub mod world;

pub use auth::Manner;
pub use evertoken::core::view::Status;
pub use evertoken::core::{Ask, Event, Outcome, SignedOutBy};
pub use evertoken::core::{ErrorKind, Instant, Millis};
pub use fault::Fault;
pub use store::Kind;
pub use tab::Done;
pub use world::World;

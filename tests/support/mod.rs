//! A simulated world: tabs that run the real machine, the servers, the
//! network, and everything in a browser that tabs share. The hosts in it do
//! what the machine asks for and decide nothing, and whatever they do can
//! fail, hang or come late. Time jumps to the next thing that happens.
#![allow(dead_code, unused_imports)] // each test file uses a part of it

pub mod auth;
pub mod config;
pub mod document;
mod drive;
pub mod fault;
pub mod laws;
mod life;
mod look;
pub mod network;
mod people;
pub mod plan;
pub mod random;
mod request;
mod rest;
pub mod schedule;
pub mod search;
mod share;
pub mod shrink;
pub mod store;
pub mod tab;
pub mod tally;
pub mod token;
mod wire;
pub mod world;

pub use auth::Manner;
pub use evertoken::internals::view::Status;
pub use evertoken::internals::{Ask, Event, Outcome, SignedOutBy};
pub use evertoken::internals::{ErrorKind, Instant, Millis, Moment};
pub use fault::Fault;
pub use store::{Health, Kind};
pub use tab::Done;
pub use world::World;

//! The session in components: `use_session` for each framework, behind a
//! feature of its name.
//!
//! Each gives the present [`Snapshot`](crate::Snapshot), and its components
//! follow when there is another: who is signed in
//! ([`status`](crate::Snapshot::status),
//! [`claims`](crate::Snapshot::claims)), whether a refresh is under way
//! ([`refreshing`](crate::Snapshot::refreshing)).
//!
//! On a server, and while a page takes over what a server rendered, the status
//! is [`Unknown`](crate::Status::Unknown): both render the same, and no form
//! to sign in is shown to somebody who is signed in.

#[cfg(feature = "dioxus")]
#[cfg_attr(docsrs, doc(cfg(feature = "dioxus")))]
pub mod dioxus;
#[cfg(feature = "leptos")]
#[cfg_attr(docsrs, doc(cfg(feature = "leptos")))]
pub mod leptos;
#[cfg(feature = "yew")]
#[cfg_attr(docsrs, doc(cfg(feature = "yew")))]
pub mod yew;

use super::view::{Snapshot, Status};

/// What a server renders, and a page that takes over what a server rendered.
fn unknown() -> Snapshot {
    Snapshot::new(Status::Unknown)
}

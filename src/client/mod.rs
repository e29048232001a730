//! The client: the host for frontends that are Rust themselves, over the same
//! core as the npm package and without any JavaScript.
//!
//! [`TokenManager`] is what applications see. Behind it, one `Shell` feeds the
//! core's machine and does what comes out of it. It decides nothing: it does
//! not wait, does not try again, does not compare records.
//!
//! | output | where it is done |
//! |---|---|
//! | `Read`, `Swap` | `places`, by what `storage` and `database` open |
//! | `Channel`, `Post`, `Echo` | `channel`: a BroadcastChannel of the key's name |
//! | `Lock`, `Unlock` | `locks`: a Web Lock of the key's name |
//! | `Call`, `Abort` | `calls`: a request with an `AbortController`; `refresh`: the application's function |
//! | `WatchLeaving`, `WatchActivity` | `page` |
//! | `WaitEnded` | `shell`: sets the signal that everybody waits for |
//! | `SignInEnded`, `LogoutEnded` | `sign`: sets the caller's own signal |
//! | `Snapshot`, `Event` | `report`, which tells the `listeners` in a task of their own |
//! | `Pass` | nothing: asking costs no boundary here, so each request asks (`request`) |
//! | `Closed` | `shell` lets go of timer, places, channel, locks |
//!
//! `page` brings what happens to the page, `platform` what else is global.
//! `clock` has the clocks and the one timer, which the machine's deadline
//! sets. `document` is how the core reads JavaScript's values, `config`,
//! `endpoint` and `outgoing` are what an application writes down and `settings`
//! what is read in it, `error`, `reason` and `view` what it gets, `hooks` how
//! components follow it, `http` how clients of other crates send.
//!
//! Everything compiles on every target, because a component that names a
//! manager is compiled for the server as well; there, no shell is ever made.
//! What applications hold is a number by which the shell is found on the
//! thread that made it, so that it is `Send` without being wrong.
//!
//! A panic is a trap: nothing is unwound, every borrow stays. So nothing is
//! unwrapped that JavaScript or a server can cause, no borrow is held across
//! an await or a call that may come back, and a function of the application's
//! is called by way of JavaScript, which alone can catch a trap
//! (`platform::guarded`).
//!
//! Event listeners, channel and timer hold the shell weakly; a call that is
//! under way holds it, so that a refresh is stored even after the last manager
//! is gone.

mod calls;
mod channel;
mod clock;
mod config;
#[cfg(feature = "indexed-db")]
mod database;
mod document;
mod endpoint;
mod error;
#[cfg(any(feature = "dioxus", feature = "leptos", feature = "yew"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "dioxus", feature = "leptos", feature = "yew")))
)]
pub mod hooks;
#[cfg(feature = "http")]
mod http;
mod listeners;
mod locks;
mod manager;
mod outgoing;
mod page;
mod places;
mod platform;
mod reason;
mod refresh;
mod report;
mod request;
mod settings;
mod shell;
mod sign;
mod signal;
mod storage;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod tokens;
mod view;

pub use crate::core::secret::Secret;
pub use clock::Clock;
pub use config::{
    AccessToken, Activity, AnswerPaths, Config, Preset, Proactive, RefreshToken, SessionLimits,
    Unit,
};
pub use endpoint::{Body, Credentials, Csrf, Endpoint, Field};
pub use error::{Error, ErrorKind};
pub use gloo_net;
pub use gloo_net::http::{Method, Response};
pub use listeners::Subscription;
pub use manager::TokenManager;
pub use outgoing::{IntoRequest, Request, RequestBuilder};
pub use refresh::{RefreshContext, RefreshFailure};
pub use storage::{Storage, StorageArea};
pub use tokens::{Refresh, SignIn, TokenSet, TokenWish};
pub use view::{Ending, Event, Inspection, LockKind, LoginAnswer, SignedOutBy, Snapshot, Status};

//! The client: the shell for frontends that are Rust themselves, over the
//! same core as the npm package and without any JavaScript.
//!
//! [`TokenManager`] is what applications see. Behind it, one `Shell` feeds the
//! core's machine and does what comes out of it:
//!
//! | output | where it is done |
//! |---|---|
//! | `Lock`, `Unlock` | `tabs`: a Web Lock of the key's name; granted at once where there are none |
//! | `Read` | `record`: `tabs` asks the others, then `store` reads |
//! | `Call`, `Abort` | `calls`: a gloo-net request with an `AbortController`; `refresh`: the application's function |
//! | `Commit` | `record`: swaps it into the `store`, which asks the machine whether it outranks what is there; then `tabs` tells it |
//! | `Tell` | `tabs` |
//! | `TurnEnded` | `shell`: sets the signal that everybody waits for |
//! | `SignInEnded`, `LogoutEnded` | `sign`: sets the caller's own signal |
//! | `Snapshot`, `Event` | `report`, which tells the `listeners` in a task of their own |
//! | `Pass` | nothing: asking costs no boundary here, so each request asks (`request`) |
//! | `Closed` | `shell` lets go of timer, store, tabs |
//!
//! `page` brings what happens to the page, `platform` what else is global, and
//! the machine's deadline sets the one timer. `document` is how the core reads
//! JavaScript's values, `config` and `endpoint` are what an application writes
//! down and `settings` what is read in it, `error` and `view` what it gets.
//!
//! There is one thread and no panicking path: a trap would leave every promise
//! of the application pending. So nothing is unwrapped that JavaScript or a
//! server can cause, and no borrow is held across an await or a call that may
//! come back.
//!
//! Event listeners, channel and timer hold the shell weakly; a call that is
//! under way holds it, so that a refresh is stored even after the last manager
//! is gone.

mod calls;
mod config;
mod database;
mod document;
mod endpoint;
mod error;
mod listeners;
mod manager;
mod page;
mod platform;
mod record;
mod refresh;
mod report;
mod request;
mod settings;
mod shell;
mod sign;
mod signal;
mod storage;
mod store;
mod tabs;
mod view;

pub use config::{AccessToken, AnswerPaths, Config, Proactive, RefreshToken, Unit};
pub use endpoint::{Body, Credentials, Csrf, Endpoint, Field};
pub use error::{Error, ErrorKind};
pub use listeners::Subscription;
pub use manager::{Refresh, TokenManager, TokenSet, TokenWish};
pub use refresh::{RefreshContext, RefreshFailure};
pub use storage::{CustomStorage, Storage, StorageArea};
pub use view::{Event, Inspection, LockKind, LoginAnswer, SignedOutBy, Snapshot, Status};

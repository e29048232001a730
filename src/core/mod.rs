//! The protocol, as a state machine that does no input or output.
//!
//! Nothing in here knows JavaScript, a clock, a random source or a network.
//! The shell (`crate::web` in a browser, a simulated world in the tests)
//! calls a method of [`Machine`] for everything that happened, with the time
//! at which it happened, and then drains [`Machine::poll`] until it is empty:
//! each [`Output`] is something to be done in the world. [`Machine::deadline`]
//! says when to call [`Machine::wake`] at the latest. Calling anything early,
//! late or twice is harmless; an answer to something that is no longer asked
//! is dropped in one place (`Machine::land`).
//!
//! # States
//!
//! What is shared by all tabs is a [`Record`]: nothing yet, a session, or the
//! end of one. Records are totally ordered, and the greatest one seen is held
//! ([`record`]). The `status` that applications see is derived from it:
//!
//! | held | `status` |
//! |---|---|
//! | a session | `signed-in` |
//! | an end by sign-out; or nothing, and a cookie was refused or cannot be | `signed-out` |
//! | nothing, or an end by the server seen at start, and a cookie may be there | `unknown` |
//!
//! Beside it, at most one *turn* is under way: one refresh, from the wish to
//! the end. Whoever needs a new token waits for the turn, and all of them
//! share its outcome.
//!
//! ```text
//!          want                granted           not newer
//!  (none) ──────▶ Locking ─────────────▶ Reading ─────────▶ Calling
//!    ▲              │ another tab's       │ a newer          │ answer, failure
//!    │              │ newer record        │ record           │ or time-out
//!    │              ▼                     ▼        renewed   ▼
//!    └───────── turn ends ◀── Committing ◀──────────── Checking (not renewed:
//!                   ▲                                    │   read once more)
//!                   └────────────────────────────────────┘
//! ```
//!
//! * **Locking**: waits for the other tabs' turn, `timeoutMs` and a little more
//!   from when one of them last got it or sent its call, then takes the lock away from a
//!   tab that hangs.
//! * **Reading**: reads the record again; another tab may have refreshed
//!   while this one waited. Only if not, and if the back-off that the tabs
//!   share allows it, is the endpoint called. A tab that is told here that its
//!   lock was taken away goes back to Locking, and one that slept while it was
//!   granted asks for it once more.
//! * **Calling**: one call is in flight, for at most `timeoutMs`.
//! * **Checking**: before a refusal or a failure counts, the record is read
//!   again: a tab that slept through its own time-out, or lost a race without
//!   locks, adopts the winner's result instead of ending the session.
//! * **Committing**: the new record is written if it outranks the stored one.
//!
//! A sign-in (`login`, `setTokens`) and a sign-out need no lock: their
//! records outrank whatever a refresh can produce.
//!
//! # Inputs, and who may call what when
//!
//! | input | when |
//! |---|---|
//! | [`Machine::load`] | once, first: the stored record |
//! | [`Machine::ask`], [`Machine::resume`] | at any time: may this request go, what has a waiting one to do |
//! | [`Machine::login`], [`Machine::set_tokens`], [`Machine::logout`], [`Machine::dispose`] | at any time; after `dispose` they answer `disposed` |
//! | [`Machine::granted`], [`Machine::read`] | in answer to [`Output::Lock`], [`Output::Read`] |
//! | [`Machine::robbed`] | another tab took away the lock that was granted |
//! | [`Machine::answered`], [`Machine::provided`], [`Machine::failed`] | in answer to [`Output::Call`] |
//! | [`Machine::committed`] | in answer to [`Output::Commit`] |
//! | [`Machine::heard`], [`Machine::begun`] | a record came from another tab; it has got the lock, or sent its call |
//! | [`Machine::visible`], [`Machine::online`], [`Machine::wake`] | at any time |
//!
//! # What the core does not know
//!
//! Texts that decide nothing: the shell keeps URLs, names of headers and
//! fields, and what is said of an error. A [`Policy`](policy::Policy) has what
//! of a configuration decides anything, a [`Call`] says what goes where, an
//! [`Error`] is numbers. [`Fault::message`] and [`presets`] are here all the
//! same, in the one place for them; the npm package's build writes them into
//! its JavaScript, so that no visitor pays for them twice.
//!
//! # Where each rule of the contract is decided
//!
//! | rule | place |
//! |---|---|
//! | 1 one refresh | `Machine::want`: the only place where a turn begins |
//! | 2 ahead of time | [`Machine::ask`] with [`lifetime::Lifetime::refresh_due`] |
//! | 3 reactive | [`Machine::ask`] for [`Ask::Refused`], [`Machine::resume`] |
//! | 4 signed out | [`Machine::ask`] over [`Machine::status`] |
//! | 5 definitive or passing | [`answer::Answer::of_refresh`] |
//! | 6 back off | [`pace::Pace`] |
//! | 7 logout wins | [`record::Stamp`]'s order, and `fence` for a login under way |
//! | 8 the newest wins | `Machine::adopt` |
//! | 9 time | [`lifetime::Lifetime::decide`], `Machine::tick` |
//! | 10 abort | the shell races a caller's signal against the turn; the core has nothing to abort |
//! | 11 origins | [`origins::Origins`], [`secret::Secret`] |
//! | 12 calls, finding tokens | [`call::Call`], [`answer::Paths::find`] |
//! | 13 storage | [`record::Record::read`]; [`Machine::committed`] with `Kept` |
//! | 14 listeners | events are outputs: nothing waits for one |
//! | 15 import | nothing here runs before [`Machine::new`] |
//! | 16 dispose | [`Machine::dispose`] |
//! | 17 getToken | [`Machine::ask`] for [`Ask::Token`] |

mod adopt;
pub mod answer;
pub mod ask;
pub mod call;
pub mod challenge;
pub mod date;
pub mod document;
pub mod error;
pub mod flight;
pub mod json;
pub mod jwt;
pub mod lifetime;
pub mod machine;
pub mod origins;
pub mod output;
pub mod pace;
pub mod policy;
pub mod presets;
pub mod record;
pub mod secret;
mod sign;
pub mod text;
pub mod time;
pub mod turn;
pub mod view;

pub use ask::{Ask, Reply};
pub use call::Call;
pub use document::{Document, Members, Platform};
pub use error::{Error, ErrorKind, Fault};
pub use machine::Machine;
pub use output::{Committed, Event, Outcome, Output, SignedOutBy};
pub use record::Record;
pub use time::{Instant, Millis};

//! The protocol, as a state machine that does no input or output.
//!
//! Nothing in here knows JavaScript, a clock, a random source or a network. A
//! host (`src/web` for the npm package, `src/client` for Rust frontends, a
//! simulated world in the tests) feeds [`Machine`] an [`Input`] for everything
//! that happened, with a reading of both clocks, and then drains
//! [`Machine::poll`] until it is empty: each [`Output`] is one platform call,
//! which may succeed, fail, hang or come late. [`Machine::deadline`] says when
//! to feed [`Input::Wake`] at the latest.
//!
//! **What decides is here.** A host has no timer but the one for the deadline,
//! no clock but the two that it passes in, no list of tabs, no second try, no
//! fallback. It does or fails, and the core says how long it is waited for.
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
//! | nothing, or an end by the server seen at the start, and a cookie may be there | `unknown` |
//!
//! Beside it, things are under way. Each is a struct in the file of its name,
//! with the moment by which it ends:
//!
//! | under way | states | ends by |
//! |---|---|---|
//! | a *turn*: one refresh (`turn`, `queue`) | Locking, Reading, Missing, Yielding, Calling, Checking, Committing | twice `timeoutMs` and two seconds |
//! | a *sign-in* (`sign`) | Waiting for a refresh that may bring a cookie, Calling, Storing | `timeoutMs` for each |
//! | a *farewell*: what a sign-out still tells the server, one session after the other (`farewell`) | the last refresh, the logout call | `timeoutMs` for each |
//! | a *flight*: one call to an endpoint ([`flight`]) | in the air, held back while the page is left | `timeoutMs` |
//! | a *commit*: a record on its way to the places (`commit`) | awaits each place | the places' patience |
//! | an *operation* on a place (`places`) | first try, second try, late | 1.5 s, then nobody waits |
//! | a *look* around (`look`) | asks the tabs, reads the places | 150 ms, then the places' patience |
//! | a *question* to the tabs (`peers`) | waits for known peers, or for two echoes | 150 ms |
//! | a *lock* (`lock`) | asked for, held; as a lease: reading, claiming, waiting, held | the turn's or the sign-in's time |
//! | a *hold*: requests wait until a thawed page has looked (`page`) | | the look's time |
//! | the *term* of the session (`term`) | goes on, warned of | its end |
//! | a *restore*: the application wants to know who is signed in (`restore`) | | when it is known |
//!
//! ```text
//!          want                granted           not newer
//!  (none) ──────▶ Locking ─────────────▶ Reading ─────────▶ Calling
//!    ▲              │ another tab's       │ a newer          │ answer, failure
//!    │              │ newer record        │ record           │ or time-out
//!    │              ▼                     ▼        renewed   ▼
//!    └───────── turn ends ◀── Committing ◀──────────── Checking (not renewed:
//!                   ▲                                    │   look once more)
//!                   └────────────────────────────────────┘
//! ```
//!
//! * **Locking** waits for the other tabs' turn, `timeoutMs` and a little more
//!   from when one of them last got the lock or sent its call, then takes the
//!   lock away from a tab that hangs.
//! * **Reading** looks around: another tab may have refreshed while this one
//!   waited. Only if not, and if the back-off that the tabs share allows it,
//!   is the endpoint called. A tab whose lock is taken away here goes back to
//!   Locking, and so does one that slept.
//! * **Missing** reads again after a moment: without Web Locks the lease says
//!   that another tab has stored a newer record, and no place shows it yet.
//! * **Yielding** waits for this tab's own sign-in, whose cookie must come last.
//! * **Calling** has one call in flight. What it brings belongs to the record
//!   that was held when it was sent, and is outranked by anything since.
//! * **Checking** looks around before a refusal or a failure counts: a tab that
//!   slept through its own time-out, or lost a race without locks, takes over
//!   the winner's result instead of ending the session.
//! * **Committing** stores the new record if it outranks the stored one.
//!
//! A sign-in (`login`, `setTokens`) and a sign-out need no turn: their records
//! outrank whatever a refresh can produce.
//!
//! # Glossary
//!
//! * **ask**: a caller's question, answered by a [`Reply`]. **question**: what
//!   a tab wants to know of the others.
//! * **carrier**: how the refresh token travels.
//! * **farewell**, **flight**, **hold**, **look**, **turn**: see the table above.
//! * **hear**: take a record that came from elsewhere. **adopt**: let it take
//!   the place of the one held.
//! * **host**: what performs the outputs.
//! * **mark**: that the user signed out, kept without any token where the
//!   session itself is in memory.
//! * **pass**: the licence under which requests go out without a question.
//! * **party**: the user, as a number. **serial**: the access token, as a
//!   number.
//! * **peer**: another tab of the same key.
//! * **place**: where a text is kept. **shelf**: what is known of a place.
//!   **down**: not waited for.
//! * **stamp**: where a record comes in the order of all records.
//! * **wait**: what callers wait for: a turn, a hold or a restore.
//!
//! # What the core does not know
//!
//! Texts that decide nothing: a host keeps URLs, names of headers and
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
//! | 1 one refresh | `Machine::want`: the only place where a turn begins; the times of its stages in `turn`, of its lock in `queue` |
//! | 2 ahead of time | [`Machine::ask`] with [`lifetime::Lifetime::due_age`] |
//! | 3 reactive | [`Machine::ask`] for [`Ask::Refused`], [`Machine::resume`] |
//! | 4 signed out | [`Machine::ask`] over [`Machine::status`]; `restore` |
//! | 5 definitive or passing | [`answer::Answer::of_refresh`] |
//! | 6 back off | [`pace::Pace`] |
//! | 7 logout wins | [`record::Stamp`]'s order, `fence` for a login under way, `Machine::mark` |
//! | 8 the newest wins | `Machine::adopt`; `Machine::verdict` for what a turn brings; `Machine::login` for cookies |
//! | 9 time | [`lifetime::Lifetime`], `Machine::tick` |
//! | 10 abort | the host races a caller's signal against what it waits for; the core has nothing to abort |
//! | 11 origins | [`origins::Origins`], [`secret::Secret`] |
//! | 12 calls, finding tokens | [`call::Call`], [`answer::Paths::find`] |
//! | 13 storage | `places` |
//! | 14 listeners | events are outputs: nothing waits for one |
//! | 15 import | nothing here runs before [`Machine::new`]; [`policy::Policy::inert`] |
//! | 16 dispose | `Machine::dispose` |
//! | 17 getToken | [`Machine::ask`] for [`Ask::Token`] |
//! | 18 the session's end | `term`; [`Machine::status`] for `hint`, `Machine::commit` for `remember` |

mod adopt;
pub mod answer;
pub mod ask;
pub mod call;
pub mod challenge;
mod commit;
pub mod date;
pub mod document;
pub mod error;
mod farewell;
pub mod flight;
pub mod ids;
pub mod input;
pub mod json;
pub mod jwt;
pub mod lifetime;
mod lock;
mod look;
pub mod machine;
mod mark;
pub mod origins;
pub mod output;
pub mod pace;
mod page;
mod peers;
mod places;
pub mod policy;
pub mod presets;
mod queue;
pub mod record;
mod restore;
pub mod secret;
mod shelf;
mod sign;
mod start;
pub mod term;
pub mod text;
pub mod time;
mod turn;
mod verdict;
pub mod view;

pub use ask::{Ask, Reply};
pub use call::Call;
pub use document::{Document, Members, Platform};
pub use error::{Error, ErrorKind, Fault};
pub use ids::{CallId, LockId, OpId, Party, RequestId, Serial, WaitId};
pub use input::{Input, Page, Swapped, Unavailable};
pub use machine::Machine;
pub use output::{Ending, Event, Outcome, Output, Place, SignedOutBy};
pub use record::Record;
pub use time::{Instant, Millis, Moment, Now};

//! The engine: the core's machine, driven from JavaScript.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::document::{PLATFORM, Value};
use super::host::{Act, Host};
use super::numbers;
use crate::core::answer::{self, Answer, Tokens};
use crate::core::challenge;
use crate::core::flight::Failure;
use crate::core::lifetime::Stated;
use crate::core::origins::{Misfit, Origins};
use crate::core::policy::Policy;
use crate::core::secret::Secret;
use crate::core::view::Status;
use crate::core::{
    Ask, Committed, Document, Error, ErrorKind, Event, Instant, Machine, Members, Millis, Outcome,
    Output, Record, Reply, SignedOutBy,
};

/// Replies over the boundary; a turn to wait for is [`WAIT`] + its number.
const GO: u32 = 0;
const BARE: u32 = 1;
const DELIVER: u32 = 2;
const FAIL: u32 = 3;
const WAIT: u32 = 4;

/// Outcomes that a waiting caller may still ask for. They ask in the
/// microtask after the turn ended, so a few are plenty.
const REMEMBERED: usize = 8;

/// One manager's engine. All methods take `now` in milliseconds, as
/// `clock.now()` gives it.
#[wasm_bindgen]
pub struct Engine {
    machine: RefCell<Machine>,
    origins: RefCell<Origins>,
    host: Host,
    draining: Cell<bool>,
    outcomes: RefCell<Vec<(u32, Outcome)>>,
    failed_with: Cell<Option<Error>>,
}

#[wasm_bindgen]
impl Engine {
    /// Makes the engine of a configuration that the JavaScript half has read
    /// (`src/web/config.js`, which packs the numbers): `policy` is where
    /// tokens travel and when to refresh by timer, then the three endpoints,
    /// then spans in milliseconds, NaN where none is given. `response` is the
    /// configuration's member of that name.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        host: Host,
        policy: u32,
        login: u32,
        refresh: u32,
        logout: u32,
        ahead: f64,
        timeout: f64,
        lifetime: f64,
        response: JsValue,
        now: f64,
        seed: f64,
    ) -> Engine {
        let policy = numbers::policy(
            policy,
            [login, refresh, logout],
            [ahead, timeout, lifetime],
            &Value(response),
        );
        Self {
            machine: RefCell::new(Machine::new(policy, PLATFORM, seed.to_bits(), instant(now))),
            origins: RefCell::default(),
            host,
            draining: Cell::new(false),
            outcomes: RefCell::default(),
            failed_with: Cell::new(None),
        }
    }

    /// Feeds an input; see [`Input`] for what the arguments are. One export
    /// for all of them, because each costs every visitor a wrapper.
    pub fn feed(&self, input: Input, now: f64, number: u32, a: f64, b: u32, value: JsValue) -> u32 {
        let now = instant(now);
        let value = Value(value);
        // Most inputs bring none.
        let text = match value.0.is_undefined() {
            true => None,
            false => value.text(""),
        };
        let text = text.as_deref();
        let flag = b != 0;
        let mut machine = self.machine.borrow_mut();
        let mut reply = Reply::Go;
        match input {
            Input::Ask => reply = machine.ask(now, asked(number, a, b, text.is_some())),
            Input::Resume => {
                let ask = asked(a as u32, 0.0, 0, false);
                reply = match self.outcome(number) {
                    Some(outcome) => machine.resume(now, ask, b, &outcome),
                    None => machine.ask(now, ask),
                };
            }
            Input::Load => machine.load(now, text),
            Input::Granted => machine.granted(now, number),
            Input::Read => machine.read(now, number, text),
            Input::Heard => machine.heard(now, text.unwrap_or_default()),
            Input::Committed => machine.committed(
                now,
                number,
                match text {
                    Some(text) => Committed::Outranked(text),
                    None if flag => Committed::Kept,
                    None => Committed::Written,
                },
            ),
            Input::Answered => {
                let text = |name| value.text(name).unwrap_or_default();
                machine.answered(
                    now,
                    number,
                    Answer {
                        status: a as u16,
                        media_type: &text("type"),
                        retry_after: value.text("after").as_deref(),
                        body: &text("body"),
                    },
                );
            }
            Input::Provided => match tokens(&value, machine.policy()) {
                Ok(tokens) => machine.provided(now, number, tokens),
                Err(_) => machine.failed(now, number, Failure::NoTokens),
            },
            Input::Failed if flag => machine.failed(now, number, rejection(&value)),
            Input::Failed => machine.failed(now, number, Failure::Network),
            Input::Login => machine.login(now, number),
            Input::Abandon => machine.abandon(now, number),
            Input::SetTokens => {
                let tokens = tokens(&value, machine.policy());
                machine.set_tokens(now, number, tokens);
            }
            Input::Logout => machine.logout(now, number, flag),
            Input::Visible => machine.visible(now, flag),
            Input::Online => machine.online(now),
            Input::Wake => machine.wake(now),
            Input::Dispose => machine.dispose(now),
            Input::Begun => machine.begun(now),
            Input::Robbed => machine.robbed(now, number),
        }
        drop(machine);
        self.drain();
        match reply {
            Reply::Go => GO,
            Reply::Bare => BARE,
            Reply::Deliver => DELIVER,
            Reply::Wait(turn) => WAIT.saturating_add(turn),
            Reply::Fail(error) => {
                self.failed_with.set(Some(error));
                FAIL
            }
        }
    }

    /// Asks for something that changes no session; see [`Query`].
    pub fn query(&self, query: Query, number: u32, value: JsValue) -> u32 {
        let machine = self.machine.borrow();
        let value = Value(value);
        let yes = match query {
            Query::Allow => {
                return match self.origins.borrow_mut().add(&value) {
                    Ok(()) => 0,
                    Err(Misfit::Scheme) => 1,
                    Err(Misfit::Excess) => 2,
                };
            }
            Query::Admits => self.origins.borrow().admits(&value),
            Query::Outranks => {
                machine.outranks(number, value.text("").as_deref().unwrap_or_default())
            }
            Query::Inspection => {
                let figures = machine.inspection();
                self.fail(figures.last_error);
                self.host.figures(
                    figures.refreshes,
                    figures.refresh_failures,
                    figures.next_refresh.as_ms(),
                    figures.clock_skew_ms,
                );
                true
            }
            Query::Record => self.record(&machine, machine.record()),
            Query::Error => {
                self.fail(self.failed_with.take());
                true
            }
            Query::Party => return machine.current_party(),
            Query::StepUp => {
                let header = value.text("").unwrap_or_default();
                let found = challenge::step_up(&header);
                if let Some(wanted) = found {
                    self.host
                        .text("acrValues", wanted.acr_values.unwrap_or_default());
                    self.host
                        .number("maxAge", wanted.max_age.map_or(f64::NAN, f64::from));
                    if let Some(scope) = wanted.scope {
                        self.host.text("scope", scope);
                    }
                }
                found.is_some()
            }
        };
        yes.into()
    }
}

/// What [`Engine::feed`] takes: in brackets its arguments beside `now`. A
/// text is a value that is a string.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Input {
    /// A question: number is its kind (0 request, 1 refused, 2 getToken, 3
    /// 'never', 4 'force', 5 refresh), a and b what it asks with, text there
    /// if the refused token had worked. Gives a reply.
    Ask = 0,
    /// The question again, after the turn (number) ended; a is its kind, b
    /// the user that it was asked for. Gives a reply.
    Resume = 1,
    /// The stored record (text) at the start.
    Load = 2,
    /// The lock for a turn (number).
    Granted = 3,
    /// The record (text) read for a turn (number).
    Read = 4,
    /// Another tab's record (text).
    Heard = 5,
    /// A commit (number) was carried out; text is what outranked it, b says
    /// that the store failed.
    Committed = 6,
    /// A call (number) was answered: a status, value { type, after, body },
    /// which are the media type, Retry-After and the text of the body.
    Answered = 7,
    /// The refresh function gave tokens (value) for a call (number).
    Provided = 8,
    /// A call (number) failed; b says that it was the refresh function, which
    /// rejected with value.
    Failed = 9,
    /// login() (number).
    Login = 10,
    /// The caller of a sign-in (number) has gone.
    Abandon = 11,
    /// setTokens() (number, value: the tokens).
    SetTokens = 12,
    /// logout() (number; b: local).
    Logout = 13,
    /// The page became visible (b) or hidden.
    Visible = 14,
    Online = 15,
    Wake = 16,
    Dispose = 17,
    /// Another tab has got the lock, or sent its call.
    Begun = 18,
    /// Another tab took away the lock of a turn (number).
    Robbed = 19,
}

/// What [`Engine::query`] takes.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Query {
    /// Lets a URL (value), and what is below it, have the token; 1 is another
    /// scheme than http and https, 2 a user name, query or fragment.
    Allow = 0,
    /// Whether a URL (value) is allowed to get the token.
    Admits = 1,
    /// Whether a commit (number) outranks a stored record (text).
    Outranks = 2,
    /// Tells the figures.
    Inspection = 3,
    /// Tells the error of the reply that was FAIL, once.
    Error = 4,
    /// Tells the record that is held, if there is one.
    Record = 5,
    /// The number of the present user.
    Party = 6,
    /// Whether a challenge (text) asks for a stronger sign-in; tells what of,
    /// as members of a record.
    StepUp = 7,
}

impl Members for &Host {
    fn text(&mut self, name: &str, value: &str) {
        Host::text(self, name, value);
    }

    fn number(&mut self, name: &str, value: f64) {
        Host::number(self, name, value);
    }
}

impl Engine {
    /// Does what the machine asks for. What the host does may feed it again:
    /// the outermost call drains.
    #[inline(never)]
    fn drain(&self) {
        if !self.draining.replace(true) {
            loop {
                let output = self.machine.borrow_mut().poll();
                let Some(output) = output else { break };
                self.perform(output);
            }
            self.draining.set(false);
            let deadline = self.machine.borrow().deadline();
            self.host.wake(deadline.as_ms());
        }
    }

    fn perform(&self, output: Output) {
        let machine = self.machine.borrow();
        let mut flag = false;
        let (act, number) = match output {
            Output::Lock { turn, steal } => {
                flag = steal;
                (Act::Lock, turn)
            }
            Output::Unlock { turn } => (Act::Unlock, turn),
            Output::Read { turn } => (Act::Read, turn),
            Output::Call(call) => {
                let session = call.session.as_deref();
                let access = session.and_then(|session| session.access.as_ref());
                let refresh = session.and_then(|session| session.refresh.as_ref());
                drop(machine);
                return self.host.call(
                    call.number,
                    numbers::how(&call),
                    access.map(Secret::expose),
                    refresh.map(Secret::expose),
                );
            }
            Output::Abort { call } => (Act::Abort, call),
            Output::Commit { number } => {
                if !self.record(&machine, machine.pending(number)) {
                    return;
                }
                (Act::Commit, number)
            }
            Output::Tell => {
                self.record(&machine, machine.record());
                (Act::Tell, 0)
            }
            Output::TurnEnded { turn, outcome } => {
                self.fail(match outcome {
                    Outcome::Passing(error) | Outcome::Over(error) => Some(error),
                    Outcome::Renewed | Outcome::Anonymous => None,
                });
                let mut outcomes = self.outcomes.borrow_mut();
                if outcomes.len() >= REMEMBERED {
                    outcomes.remove(0);
                }
                outcomes.push((turn, outcome));
                (Act::TurnEnded, turn)
            }
            Output::SignInEnded { request, result } => {
                self.fail(result.err());
                (Act::SignInEnded, request)
            }
            Output::LogoutEnded { request } => (Act::LogoutEnded, request),
            Output::Snapshot => {
                let snapshot = machine.snapshot();
                self.fail(snapshot.error);
                return self.host.show(
                    match snapshot.status {
                        Status::Unknown => 0,
                        Status::SignedOut => 1,
                        Status::SignedIn => 2,
                    },
                    snapshot.refreshing,
                    snapshot.stale,
                    snapshot.expires.as_ms(),
                    snapshot.serial,
                    machine.access_token().map(Secret::expose),
                );
            }
            Output::Pass => return self.issue(&machine),
            Output::Event(event) => {
                let (number, error) = match event {
                    Event::SignedIn => (0, None),
                    Event::Refreshed => (1, None),
                    Event::RefreshFailed(error) => (2, Some(error)),
                    Event::UserChanged => (3, None),
                    Event::Warning(error) => (4, Some(error)),
                    Event::SignedOut(SignedOutBy::Logout) => (5, None),
                    Event::SignedOut(SignedOutBy::RefreshRejected) => (6, None),
                    Event::SignedOut(SignedOutBy::OtherTab) => (7, None),
                };
                self.fail(error);
                (Act::Event, number)
            }
            Output::Closed => (Act::Closed, 0),
        };
        drop(machine);
        self.host.act(act, number, flag);
    }

    /// Tells an error, if there is one.
    fn fail(&self, error: Option<Error>) {
        if let Some(error) = error {
            self.host.fail(
                error.fault as u32,
                error.cause.map_or(u32::MAX, |cause| cause as u32),
                error.status.into(),
                error.call,
                error.retry_after.whole().as_ms(),
            );
        }
    }

    /// Tells the members of a record as it is stored and told, if there is
    /// one.
    fn record(&self, machine: &Machine, record: Option<&Record>) -> bool {
        if let Some(record) = record {
            record.write(machine.pace(), &mut &self.host);
        }
        record.is_some()
    }

    fn issue(&self, machine: &Machine) {
        match machine.current_pass() {
            Some(pass) => self.host.issue(
                machine.access_token().map(Secret::expose),
                pass.serial,
                pass.party,
                pass.since.as_ms(),
                pass.until.as_ms(),
            ),
            None => self.host.issue(None, 0, 0, 0.0, 0.0),
        }
    }

    fn outcome(&self, turn: u32) -> Option<Outcome> {
        let outcomes = self.outcomes.borrow();
        outcomes
            .iter()
            .find(|(number, _)| *number == turn)
            .map(|(_, outcome)| *outcome)
    }
}

/// What a refresh function rejected with.
fn rejection(reason: &Value) -> Failure {
    let code = reason.text("code");
    Failure::Function {
        definitive: code.as_deref() == Some(ErrorKind::RefreshRejected.code()),
        status: reason.number("status").unwrap_or_default() as u16,
        retry_after: Millis::from_ms(reason.number("retryAfterMs").unwrap_or_default())
            .unwrap_or_default(),
    }
}

/// Tokens that the application brought.
fn tokens(set: &Value, policy: &Policy) -> Result<Tokens, Error> {
    let stated = Stated {
        expires_in: set
            .number("expiresIn")
            .and_then(|seconds| Millis::from_ms(seconds * 1000.0)),
        expires_at: set.number("expiresAt").and_then(Instant::from_ms),
    };
    answer::from_application(
        set.text("accessToken"),
        set.text("refreshToken"),
        stated,
        policy.cookie_access(),
    )
}

fn asked(kind: u32, a: f64, b: u32, worked: bool) -> Ask {
    match kind {
        0 => Ask::Request,
        1 => Ask::Refused {
            serial: a as u32,
            party: b,
            worked,
        },
        2 => Ask::Token {
            least: Millis::from_ms(a).unwrap_or_default(),
        },
        3 => Ask::TokenNow,
        4 => Ask::TokenForced,
        _ => Ask::Refresh,
    }
}

#[inline(never)]
fn instant(now: f64) -> Instant {
    Instant::from_ms(now).unwrap_or(Instant::EPOCH)
}

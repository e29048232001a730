//! The engine: the core's machine, driven from JavaScript.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::document::{self, Value};
use super::host::{Act, Host};
use super::outward;
use crate::core::answer::{self, Answer, Tokens};
use crate::core::config::{self, Config};
use crate::core::flight::Failure;
use crate::core::jwt;
use crate::core::lifetime::Stated;
use crate::core::origins::Origins;
use crate::core::policy::Policy;
use crate::core::{Ask, Committed, Document, Machine, Outcome, Output, Record, Reply};
use crate::core::{Error, ErrorKind, Instant, Millis};

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
    origins: Origins,
    base: Option<String>,
    host: Host,
    draining: Cell<bool>,
    outcomes: RefCell<Vec<(u32, Outcome)>>,
    failed_with: Cell<Option<Error>>,
}

#[wasm_bindgen]
impl Engine {
    /// Reads the application's configuration; throws what is wrong with it as
    /// a string. `page` is the URL of the page, or empty.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: JsValue,
        host: Host,
        page: &str,
        now: f64,
        seed: f64,
    ) -> Result<Engine, String> {
        let page = (!page.is_empty()).then_some(page);
        let Config {
            policy,
            origins,
            base,
        } = config::read(&Value(config), page, &document::url)?;
        let machine = Machine::new(policy, document::parse, seed.to_bits(), instant(now));
        Ok(Self {
            machine: RefCell::new(machine),
            origins,
            base,
            host,
            draining: Cell::new(false),
            outcomes: RefCell::default(),
            failed_with: Cell::new(None),
        })
    }

    /// Feeds an input; see [`Input`] for what the arguments are. One export
    /// for all of them, because each costs every visitor a wrapper.
    pub fn feed(&self, input: Input, now: f64, number: u32, a: f64, b: u32, value: JsValue) -> u32 {
        let now = instant(now);
        let value = Value(value);
        let text = value.text("");
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

    /// Asks for something that changes nothing; see [`Query`]. Gives JSON, or
    /// nothing, which is also "no".
    pub fn query(&self, query: Query, number: u32, value: JsValue) -> Option<String> {
        let machine = self.machine.borrow();
        let policy = machine.policy();
        let value = Value(value);
        match query {
            Query::RequestPath => Some(outward::request_path(
                policy,
                self.base.as_deref(),
                &self.origins,
            )),
            Query::Admits => self.origins.admits(&value).then(String::new),
            Query::Outranks => {
                let stored = value.text("").unwrap_or_default();
                machine.outranks(number, &stored).then(String::new)
            }
            Query::Inspection => Some(outward::inspection(&machine.inspection(), policy)),
            Query::Record => record(&machine, machine.record()),
            Query::Error => self
                .failed_with
                .take()
                .map(|error| outward::error(error, policy)),
        }
    }

    /// The number of the present user.
    pub fn party(&self) -> u32 {
        self.machine.borrow().current_party()
    }
}

/// Decodes a token without checking its signature: header and claims, or
/// nothing where one of them is no object.
#[wasm_bindgen]
pub fn decode(token: &str) -> Option<Box<[JsValue]>> {
    let (header, claims) = jwt::decode(token)?;
    let parts = [document::object(&header)?, document::object(&claims)?];
    Some(Box::new(parts))
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
    /// What the path of a request needs to know.
    RequestPath = 0,
    /// Whether a URL (value) is allowed to get the token.
    Admits = 1,
    /// Whether a commit (number) outranks a stored record (text).
    Outranks = 2,
    Inspection = 3,
    /// The error of the reply that was FAIL, once.
    Error = 4,
    /// The record that is held.
    Record = 5,
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
        let act =
            |act, number, json: Option<String>| self.host.act(act, number, false, json.as_deref());
        match output {
            Output::Lock { turn, steal } => self.host.act(Act::Lock, turn, steal, None),
            Output::Unlock { turn } => act(Act::Unlock, turn, None),
            Output::Read { turn } => act(Act::Read, turn, None),
            Output::Call(call) => {
                let json = outward::call(&call, self.machine.borrow().policy());
                act(Act::Call, call.number, Some(json));
            }
            Output::Abort { call } => act(Act::Abort, call, None),
            Output::Commit { number } => {
                let json = {
                    let machine = self.machine.borrow();
                    record(&machine, machine.pending(number))
                };
                if json.is_some() {
                    act(Act::Commit, number, json);
                }
            }
            Output::Tell => {
                let json = {
                    let machine = self.machine.borrow();
                    record(&machine, machine.record())
                };
                act(Act::Tell, 0, json);
            }
            Output::TurnEnded { turn, outcome } => {
                let error = match outcome {
                    Outcome::Passing(error) | Outcome::Over(error) => Some(error),
                    Outcome::Renewed | Outcome::Anonymous => None,
                };
                {
                    let mut outcomes = self.outcomes.borrow_mut();
                    if outcomes.len() >= REMEMBERED {
                        outcomes.remove(0);
                    }
                    outcomes.push((turn, outcome));
                }
                act(Act::TurnEnded, turn, self.told(error));
            }
            Output::SignInEnded { request, result } => {
                act(Act::SignInEnded, request, self.told(result.err()));
            }
            Output::LogoutEnded { request } => act(Act::LogoutEnded, request, None),
            Output::Snapshot => {
                let (serial, json) = {
                    let machine = self.machine.borrow();
                    let snapshot = machine.snapshot();
                    let claims = machine
                        .access_token()
                        .and_then(|token| jwt::payload(token.expose(), document::parse));
                    (
                        snapshot.serial,
                        outward::snapshot(&snapshot, claims.as_deref(), machine.policy()),
                    )
                };
                act(Act::Snapshot, serial, Some(json));
            }
            Output::Pass => self.issue(),
            Output::Event(event) => {
                let json = outward::event(event, self.machine.borrow().policy());
                act(Act::Event, 0, Some(json));
            }
            Output::Closed => act(Act::Closed, 0, None),
        }
    }

    fn told(&self, error: Option<Error>) -> Option<String> {
        error.map(|error| outward::error(error, self.machine.borrow().policy()))
    }

    fn issue(&self) {
        let machine = self.machine.borrow();
        match machine.current_pass() {
            Some(pass) => self.host.issue(
                machine.access_token().map(|token| token.expose()),
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

/// A record as it is stored and told.
fn record(machine: &Machine, record: Option<&Record>) -> Option<String> {
    record.map(|record| record.stored(machine.pace()))
}

/// What a refresh function rejected with.
fn rejection(reason: &Value) -> Failure {
    let code = reason.text("code");
    Failure::Function {
        definitive: code.as_deref() == Some(ErrorKind::RefreshRejected.code()),
        status: reason.number("status").map(|status| status as u16),
        retry_after: reason.number("retryAfterMs").and_then(Millis::from_ms),
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

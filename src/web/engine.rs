//! The engine: the core's machine, driven from JavaScript.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::host::{Act, Host};
use super::outward;
use crate::core::answer::{self, Answer, Tokens};
use crate::core::config::{self, Config, Url};
use crate::core::json::{Json, Writer};
use crate::core::jwt;
use crate::core::lifetime::Stated;
use crate::core::origins::{Origins, Parts};
use crate::core::policy::Policy;
use crate::core::text::{cut, pieces};
use crate::core::turn::Failure;
use crate::core::{Ask, Committed, Event, Machine, Outcome, Output, Reply, SignedOutBy};
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
    failed_with: RefCell<Option<Error>>,
}

#[wasm_bindgen]
impl Engine {
    /// Reads the configuration, given as [`config`] wants it; throws
    /// the error as JSON. `page` is the URL of the page, or empty.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: &str,
        host: Host,
        page: &str,
        now: f64,
        seed: f64,
    ) -> Result<Engine, String> {
        let page = (!page.is_empty()).then_some(page);
        let config = config::read(config, page, &|text, base| parsed(&host, text, base))
            .map_err(|error| outward::error(&error))?;
        let Config {
            policy,
            origins,
            base,
        } = config;
        let machine = Machine::new(policy, seed.to_bits(), instant(now));
        Ok(Self {
            machine: RefCell::new(machine),
            origins,
            base,
            host,
            draining: Cell::new(false),
            outcomes: RefCell::default(),
            failed_with: RefCell::default(),
        })
    }

    /// Feeds an input; see [`Input`] for what the arguments are. One export
    /// for all of them, because each costs every visitor a wrapper.
    #[allow(
        clippy::too_many_arguments,
        reason = "an export with a structure costs more"
    )]
    pub fn feed(
        &self,
        input: Input,
        now: f64,
        number: u32,
        a: f64,
        b: u32,
        text: Option<String>,
        more: Option<String>,
    ) -> u32 {
        let now = instant(now);
        let text = text.as_deref();
        let flag = b != 0;
        let outcome = match input {
            Input::Resume => self.outcome(number),
            _ => None,
        };
        let mut machine = self.machine.borrow_mut();
        let body = text.unwrap_or_default();
        let mut reply = Reply::Go;
        match input {
            Input::Ask => reply = machine.ask(now, asked(number, a, b, text.is_some())),
            Input::Resume => {
                let ask = asked(a as u32, 0.0, 0, false);
                reply = match outcome {
                    Some(outcome) => machine.resume(now, ask, b, &outcome),
                    None => machine.ask(now, ask),
                };
            }
            Input::Load => machine.load(now, text),
            Input::Granted => machine.granted(now, number),
            Input::Read => machine.read(now, number, text),
            Input::Heard => machine.heard(now, body),
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
                let (media_type, after) = more
                    .as_deref()
                    .and_then(|more| cut(more, b'\n'))
                    .unwrap_or_default();
                let retry_after = Some(after).filter(|after| !after.is_empty());
                machine.answered(
                    now,
                    number,
                    Answer {
                        status: a as u16,
                        media_type,
                        retry_after,
                        body,
                    },
                );
            }
            Input::Provided => match tokens(body, machine.policy()) {
                Ok(tokens) => machine.provided(now, number, tokens),
                Err(_) => machine.failed(now, number, Failure::NoTokens),
            },
            Input::Failed => machine.failed(now, number, failure(text)),
            Input::Login => machine.login(now, number),
            Input::Abandon => machine.abandon(now, number),
            Input::SetTokens => {
                let tokens = tokens(body, machine.policy());
                machine.set_tokens(now, number, tokens);
            }
            Input::Logout => machine.logout(now, number, flag),
            Input::Visible => machine.visible(now, flag),
            Input::Online => machine.online(now),
            Input::Wake => machine.wake(now),
            Input::Dispose => machine.dispose(now),
            Input::Begun => machine.begun(now),
        }
        drop(machine);
        self.drain();
        match reply {
            Reply::Go => GO,
            Reply::Bare => BARE,
            Reply::Deliver => DELIVER,
            Reply::Wait(turn) => WAIT.saturating_add(turn),
            Reply::Fail(error) => {
                self.failed_with.replace(Some(error));
                FAIL
            }
        }
    }

    /// Asks for something that changes nothing; see [`Query`]. Gives JSON, or
    /// nothing, which is also "no".
    pub fn query(&self, query: Query, number: u32, text: Option<String>) -> Option<String> {
        let machine = self.machine.borrow();
        let text = text.unwrap_or_default();
        let yes = |holds: bool| holds.then(String::new);
        match query {
            Query::RequestPath => Some(outward::request_path(
                machine.policy(),
                self.base.as_deref(),
                &mut self.origins.whole(),
            )),
            Query::Admits => {
                let mut lines = pieces(&text, b'\n');
                let mut line = || lines.next().unwrap_or_default();
                yes(self.origins.admits(Parts {
                    protocol: line(),
                    origin: line(),
                    path: line(),
                    more: false,
                }))
            }
            Query::Outranks => yes(machine.outranks(number, &text)),
            Query::Inspection => Some(outward::inspection(&machine.inspection())),
            Query::Record => machine.record().map(|record| record.stored(machine.pace())),
            Query::Error => self.failed_with.take().map(|error| outward::error(&error)),
        }
    }

    /// The number of the present user.
    pub fn party(&self) -> u32 {
        self.machine.borrow().current_party()
    }
}

/// Decodes a token without checking its signature: header and claims as JSON,
/// nothing for any other string.
#[wasm_bindgen]
pub fn decode(token: &str) -> Option<String> {
    let (header, claims) = answer::decoded(token)?;
    let mut out = Writer::object();
    out.source("header", Some(&header));
    out.source("claims", Some(&claims));
    Some(out.end())
}

/// What [`Engine::feed`] takes: in brackets its arguments beside `now`.
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
    /// A call (number) was answered: a status, text body, more the media type
    /// and in a second line Retry-After.
    Answered = 7,
    /// The refresh function gave tokens (text: JSON) for a call (number).
    Provided = 8,
    /// A call (number) failed; text, if it was the refresh function that
    /// rejected, is JSON of what it said.
    Failed = 9,
    /// login() (number).
    Login = 10,
    /// The caller of a sign-in (number) has gone.
    Abandon = 11,
    /// setTokens() (number, text: JSON).
    SetTokens = 12,
    /// logout() (number; b: local).
    Logout = 13,
    /// The page became visible (b) or hidden.
    Visible = 14,
    Online = 15,
    Wake = 16,
    Dispose = 17,
    /// Another tab has sent its call.
    Begun = 18,
}

/// What [`Engine::query`] takes.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Query {
    /// What the path of a request needs to know.
    RequestPath = 0,
    /// Whether a URL (text: protocol, origin and path, a line each) is
    /// allowed to get the token.
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
        let act = |act, number, json: Option<String>| {
            self.host.act(act, number, false, json.as_deref(), None)
        };
        match output {
            Output::Lock { turn, steal } => self.host.act(Act::Lock, turn, steal, None, None),
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
                    machine
                        .pending(number)
                        .map(|record| record.stored(machine.pace()))
                };
                if json.is_some() {
                    act(Act::Commit, number, json);
                }
            }
            Output::Tell => {
                let json = {
                    let machine = self.machine.borrow();
                    machine.record().map(|record| record.stored(machine.pace()))
                };
                act(Act::Tell, 0, json);
            }
            Output::TurnEnded { turn, outcome } => {
                let error = match &outcome {
                    Outcome::Passing(error) | Outcome::Over(error) => Some(outward::error(error)),
                    Outcome::Renewed | Outcome::Anonymous => None,
                };
                {
                    let mut outcomes = self.outcomes.borrow_mut();
                    if outcomes.len() >= REMEMBERED {
                        outcomes.remove(0);
                    }
                    outcomes.push((turn, outcome));
                }
                act(Act::TurnEnded, turn, error);
            }
            Output::SignInEnded { request, result } => {
                act(
                    Act::SignInEnded,
                    request,
                    result.err().map(|error| outward::error(&error)),
                );
            }
            Output::LogoutEnded { request } => act(Act::LogoutEnded, request, None),
            Output::Snapshot => {
                let (serial, json) = {
                    let machine = self.machine.borrow();
                    let snapshot = machine.snapshot();
                    let claims = machine
                        .access_token()
                        .and_then(|token| jwt::payload(token.expose()));
                    (
                        snapshot.serial,
                        outward::snapshot(&snapshot, claims.as_deref()),
                    )
                };
                act(Act::Snapshot, serial, Some(json));
            }
            Output::Pass => self.issue(),
            Output::Event(event) => self.tell(&event),
            Output::Closed => act(Act::Closed, 0, None),
        }
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

    fn tell(&self, event: &Event) {
        let (kind, error) = match event {
            Event::SignedIn => ("signed-in", None),
            Event::Refreshed => ("refreshed", None),
            Event::RefreshFailed(error) => ("refresh-failed", Some(error)),
            Event::SignedOut(SignedOutBy::Logout) => ("signed-out logout", None),
            Event::SignedOut(SignedOutBy::RefreshRejected) => ("signed-out refresh-rejected", None),
            Event::SignedOut(SignedOutBy::OtherTab) => ("signed-out other-tab", None),
            Event::UserChanged => ("user-changed", None),
            Event::Warning(error) => ("warning", Some(error)),
        };
        self.host.act(
            Act::Event,
            0,
            false,
            error.map(outward::error).as_deref(),
            Some(kind),
        );
    }

    fn outcome(&self, turn: u32) -> Option<Outcome> {
        let outcomes = self.outcomes.borrow();
        outcomes
            .iter()
            .find(|(number, _)| *number == turn)
            .map(|(_, outcome)| outcome.clone())
    }
}

/// What the refresh function said when it rejected; without it, it was the
/// network.
fn failure(said: Option<&str>) -> Failure {
    let Some(said) = said.and_then(Json::parse) else {
        return Failure::Network;
    };
    let number = |name| said.get(name).and_then(Json::number);
    let code = said.get("code").and_then(Json::text);
    Failure::Function {
        definitive: code.is_some_and(|code| code == ErrorKind::RefreshRejected.code()),
        status: number("status").map(|status| status as u16),
        retry_after: number("retryAfterMs").and_then(Millis::from_ms),
    }
}

/// Tokens that the application brought.
fn tokens(json: &str, policy: &Policy) -> Result<Tokens, Error> {
    let json = Json::parse(json);
    let text = |name| json.and_then(|json| json.get(name)).and_then(Json::text);
    let number = |name| json.and_then(|json| json.get(name)).and_then(Json::number);
    let stated = Stated {
        expires_in: number("expiresIn").and_then(|seconds| Millis::from_ms(seconds * 1000.0)),
        expires_at: number("expiresAt").and_then(Instant::from_ms),
    };
    let (access, refresh) = (text("accessToken"), text("refreshToken"));
    answer::from_application(
        access.as_deref(),
        refresh.as_deref(),
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

/// A URL that the platform took apart.
fn parsed(host: &Host, text: &str, base: Option<&str>) -> Option<Url> {
    let parts = host.parse(text, base)?;
    let mut lines = pieces(&parts, b'\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (href, protocol, origin, path) = (line(), line(), line(), line());
    Some(Url {
        href,
        protocol,
        origin,
        path,
        user: line() == "true",
        query: line() == "true",
    })
}

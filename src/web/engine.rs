//! The engine: the core's machine, driven from JavaScript.

use std::cell::{Cell, RefCell};

use js_sys::{JSON, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::Url;

use super::config::{self, Config};
use super::host::Host;
use super::outward;
use crate::core::answer::{self, Answer, Tokens};
use crate::core::jwt;
use crate::core::lifetime::Stated;
use crate::core::machine::{Ask, Committed, Event, Machine, Outcome, Output, Reply, SignedOutBy};
use crate::core::origins::Parts;
use crate::core::turn::Failure;
use crate::core::{Error, Instant, Millis};

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
    config: Config,
    host: Host,
    draining: Cell<bool>,
    outcomes: RefCell<Vec<(u32, Outcome)>>,
    /// What the platform threw at the last call that failed.
    thrown: RefCell<(u32, JsValue)>,
    /// The claims of the token with this number, parsed once.
    claims: RefCell<(u32, JsValue)>,
    /// The error object of the snapshot, made once for equal errors.
    shown_error: RefCell<(Option<Error>, JsValue)>,
    failed_with: RefCell<Option<Error>>,
}

#[wasm_bindgen]
impl Engine {
    /// Reads the configuration; throws 'invalid-config'. `page` is the URL
    /// of the page, or empty.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &JsValue, host: Host, page: &str, now: f64, seed: f64) -> Result<Engine, JsValue> {
        let (policy, config) =
            config::read(config, &host, page).map_err(|error| thrown(&host, &error, &JsValue::UNDEFINED))?;
        let machine = Machine::new(policy, seed.to_bits(), instant(now));
        Ok(Self {
            machine: RefCell::new(machine),
            config,
            host,
            draining: Cell::new(false),
            outcomes: RefCell::default(),
            thrown: RefCell::default(),
            claims: RefCell::default(),
            shown_error: RefCell::default(),
            failed_with: RefCell::default(),
        })
    }

    pub fn load(&self, now: f64, stored: Option<String>) {
        self.drive(|machine| machine.load(instant(now), stored.as_deref()));
    }

    /// Asks what a caller has to do. `kind` is 0 request, 1 refused, 2
    /// getToken, 3 getToken 'never', 4 getToken 'force', 5 refresh.
    pub fn ask(&self, now: f64, kind: u32, a: f64, b: f64, worked: bool) -> u32 {
        let ask = asked(kind, a, b, worked);
        let reply = self.drive(|machine| machine.ask(instant(now), ask));
        self.reply(reply)
    }

    /// Asks again after the turn has ended.
    pub fn resume(&self, now: f64, kind: u32, a: f64, party: u32, turn: u32) -> u32 {
        let ask = asked(kind, a, f64::from(party), false);
        let outcomes = self.outcomes.borrow();
        let outcome = outcomes.iter().find(|(number, _)| *number == turn).map(|(_, outcome)| outcome.clone());
        drop(outcomes);
        let reply = self.drive(|machine| match outcome {
            Some(outcome) => machine.resume(instant(now), ask, party, &outcome),
            None => machine.ask(instant(now), ask),
        });
        self.reply(reply)
    }

    /// The error of the reply that was 3, once.
    #[wasm_bindgen(js_name = takeError)]
    pub fn take_error(&self) -> JsValue {
        match self.failed_with.take() {
            Some(error) => self.error(&error),
            None => JsValue::UNDEFINED,
        }
    }

    /// The number of the present user.
    pub fn party(&self) -> u32 {
        self.machine.borrow().current_party()
    }

    /// Whether a URL is allowed to get the token.
    pub fn admits(&self, url: &Url) -> bool {
        self.config.admits(url)
    }

    /// The origins that are allowed as a whole, and the header, for the path
    /// of a request: `[name, prefix, baseUrl, ...origins]`; no name where
    /// the token travels in a cookie.
    #[wasm_bindgen(js_name = requestPath)]
    pub fn request_path(&self) -> Vec<JsValue> {
        self.config.request_path()
    }

    pub fn granted(&self, now: f64, turn: u32) {
        self.drive(|machine| machine.granted(instant(now), turn));
    }

    pub fn read(&self, now: f64, turn: u32, stored: Option<String>) {
        self.drive(|machine| machine.read(instant(now), turn, stored.as_deref()));
    }

    pub fn heard(&self, now: f64, record: &str) {
        self.drive(|machine| machine.heard(instant(now), record));
    }

    pub fn outranks(&self, number: u32, stored: &str) -> bool {
        self.machine.borrow().outranks(number, stored)
    }

    /// `stored`: the record that was not outranked; `kept`: the store failed.
    pub fn committed(&self, now: f64, number: u32, stored: Option<String>, kept: bool) {
        let result = match &stored {
            Some(text) => Committed::Outranked(text),
            None if kept => Committed::Kept,
            None => Committed::Written,
        };
        self.drive(|machine| machine.committed(instant(now), number, result));
    }

    pub fn answered(
        &self,
        now: f64,
        call: u32,
        status: u16,
        media_type: &str,
        retry_after: Option<String>,
        body: &str,
    ) {
        let answer = Answer { status, media_type, retry_after: retry_after.as_deref(), body };
        self.drive(|machine| machine.answered(instant(now), call, answer));
    }

    /// The refresh function resolved.
    pub fn provided(&self, now: f64, call: u32, tokens: &JsValue) {
        match self.tokens(tokens) {
            Ok(tokens) => self.drive(|machine| machine.provided(instant(now), call, tokens)),
            Err(_) => self.drive(|machine| machine.failed(instant(now), call, Failure::NoTokens)),
        }
    }

    /// A call failed; `from_function` says that it was the refresh function.
    pub fn failed(&self, now: f64, call: u32, reason: JsValue, from_function: bool) {
        let failure = if from_function {
            let number = |name| config::property(&reason, name).as_f64();
            Failure::Function {
                definitive: config::property(&reason, "code").as_string().is_some_and(|code| code == "refresh-rejected"),
                status: number("status").map(|status| status as u16),
                retry_after: number("retryAfterMs").and_then(Millis::from_ms),
            }
        } else {
            Failure::Network
        };
        self.thrown.replace((call, reason));
        self.drive(|machine| machine.failed(instant(now), call, failure));
    }

    pub fn login(&self, now: f64, request: u32) {
        self.drive(|machine| machine.login(instant(now), request));
    }

    pub fn abandon(&self, now: f64, request: u32) {
        self.drive(|machine| machine.abandon(instant(now), request));
    }

    #[wasm_bindgen(js_name = setTokens)]
    pub fn set_tokens(&self, now: f64, request: u32, tokens: &JsValue) {
        let tokens = self.tokens(tokens);
        self.drive(|machine| machine.set_tokens(instant(now), request, tokens));
    }

    pub fn logout(&self, now: f64, request: u32, local: bool) {
        self.drive(|machine| machine.logout(instant(now), request, local));
    }

    pub fn visible(&self, now: f64, visible: bool) {
        self.drive(|machine| machine.visible(instant(now), visible));
    }

    pub fn online(&self, now: f64) {
        self.drive(|machine| machine.online(instant(now)));
    }

    pub fn wake(&self, now: f64) {
        self.drive(|machine| machine.wake(instant(now)));
    }

    pub fn dispose(&self, now: f64) {
        self.drive(|machine| machine.dispose(instant(now)));
    }

    pub fn inspect(&self) -> JsValue {
        let inspection = self.machine.borrow().inspection();
        let out = outward::inspection(&inspection);
        let error = inspection.last_error.map_or(JsValue::NULL, |error| self.error(&error));
        set(&out, "lastError", &error);
        out
    }

    /// A warning of the shell's own.
    pub fn warning(&self, message: &str) -> JsValue {
        self.error(&Error::new(crate::core::ErrorKind::NotSupported, message))
    }
}

impl Engine {
    /// Feeds the machine, then does what it asks for. What the host does may
    /// feed it again: the outermost call drains.
    fn drive<T>(&self, input: impl FnOnce(&mut Machine) -> T) -> T {
        let result = input(&mut self.machine.borrow_mut());
        if !self.draining.replace(true) {
            loop {
                let output = self.machine.borrow_mut().poll();
                let Some(output) = output else { break };
                self.perform(output);
            }
            self.draining.set(false);
            let deadline = self.machine.borrow().deadline();
            self.host.wake(deadline.map_or(f64::INFINITY, Instant::as_ms));
        }
        result
    }

    fn perform(&self, output: Output) {
        match output {
            Output::Lock { turn, steal } => self.host.lock(turn, steal),
            Output::Unlock { turn } => self.host.unlock(turn),
            Output::Read { turn } => self.host.read(turn),
            Output::Call(call) => self.host.call(&outward::call(&call)),
            Output::Abort { call } => self.host.abort(call),
            Output::Commit { number } => {
                let record = outward::record(&self.machine.borrow(), Some(number));
                if let Some(record) = record {
                    self.host.commit(number, &record);
                }
            }
            Output::Tell => {
                let record = outward::record(&self.machine.borrow(), None);
                if let Some(record) = record {
                    self.host.tell(&record);
                }
            }
            Output::TurnEnded { turn, outcome } => {
                let error = match &outcome {
                    Outcome::Passing(error) | Outcome::Over(error) => self.error(error),
                    Outcome::Renewed | Outcome::Anonymous => JsValue::UNDEFINED,
                };
                let mut outcomes = self.outcomes.borrow_mut();
                if outcomes.len() >= REMEMBERED {
                    outcomes.remove(0);
                }
                outcomes.push((turn, outcome));
                drop(outcomes);
                self.host.turn_ended(turn, &error);
            }
            Output::SignInEnded { request, result } => {
                let error = result.err().map_or(JsValue::UNDEFINED, |error| self.error(&error));
                self.host.sign_in_ended(request, &error);
            }
            Output::LogoutEnded { request } => self.host.logout_ended(request),
            Output::Snapshot => self.show(),
            Output::Pass => self.issue_pass(),
            Output::Event(event) => self.tell(&event),
            Output::Closed => self.host.closed(),
        }
    }

    fn show(&self) {
        let machine = self.machine.borrow();
        let snapshot = machine.snapshot();
        let out = outward::snapshot(&snapshot);
        let mut claims = self.claims.borrow_mut();
        if claims.0 != snapshot.serial {
            let payload = machine.access_token().and_then(|token| jwt::payload(token.expose()));
            let value = payload.and_then(|text| JSON::parse(&text).ok());
            *claims = (snapshot.serial, value.unwrap_or(JsValue::NULL));
        }
        let null = JsValue::NULL;
        set(&out, "claims", if claims.1.is_undefined() { &null } else { &claims.1 });
        if let Some(error) = &snapshot.error {
            let mut shown = self.shown_error.borrow_mut();
            if shown.0.as_ref() != Some(error) {
                *shown = (Some(error.clone()), self.error(error));
            }
            set(&out, "error", &shown.1);
        }
        drop(machine);
        self.host.snapshot(&out);
    }

    fn issue_pass(&self) {
        let machine = self.machine.borrow();
        let pass = machine.current_pass();
        match pass {
            Some(pass) => self.host.issue(
                machine.access_token().map(|token| token.expose()),
                pass.serial,
                pass.party,
                pass.since.as_ms(),
                pass.until.map_or(f64::INFINITY, Instant::as_ms),
            ),
            None => self.host.issue(None, 0, 0, 0.0, 0.0),
        }
    }

    fn tell(&self, event: &Event) {
        let none = JsValue::UNDEFINED;
        match event {
            Event::SignedIn => self.host.event("signed-in", None, &none),
            Event::Refreshed => self.host.event("refreshed", None, &none),
            Event::RefreshFailed(error) => self.host.event("refresh-failed", None, &self.error(error)),
            Event::SignedOut(by) => {
                let reason = match by {
                    SignedOutBy::Logout => "logout",
                    SignedOutBy::RefreshRejected => "refresh-rejected",
                    SignedOutBy::OtherTab => "other-tab",
                };
                self.host.event("signed-out", Some(reason), &none);
            }
            Event::UserChanged => self.host.event("user-changed", None, &none),
            Event::Warning(error) => self.host.event("warning", None, &self.error(error)),
        }
    }

    fn error(&self, error: &Error) -> JsValue {
        thrown(&self.host, error, &self.origin(error))
    }

    /// What the platform threw, if it is this error's own cause.
    fn origin(&self, error: &Error) -> JsValue {
        let last = self.thrown.borrow();
        if error.origin == Some(last.0) { last.1.clone() } else { JsValue::UNDEFINED }
    }

    fn reply(&self, reply: Reply) -> u32 {
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

    fn tokens(&self, tokens: &JsValue) -> Result<Tokens, Error> {
        let text = |name| config::property(tokens, name).as_string();
        let number = |name| config::property(tokens, name).as_f64();
        let stated = Stated {
            expires_in: number("expiresIn").and_then(|seconds| Millis::from_ms(seconds * 1000.0)),
            expires_at: number("expiresAt").and_then(Instant::from_ms),
        };
        let (access, refresh) = (text("accessToken"), text("refreshToken"));
        answer::from_application(access.as_deref(), refresh.as_deref(), stated, self.config.cookie)
    }
}

/// Decodes a token without checking its signature: `{ header, claims }`, or
/// null for any other string.
#[wasm_bindgen(js_name = decodeJwt)]
pub fn decode_jwt(token: &str) -> JsValue {
    let parsed = answer::decoded(token)
        .and_then(|(header, claims)| Some((JSON::parse(&header).ok()?, JSON::parse(&claims).ok()?)));
    let Some((header, claims)) = parsed else { return JsValue::NULL };
    let out = js_sys::Object::new().into();
    set(&out, "header", &header);
    set(&out, "claims", &claims);
    out
}

fn thrown(host: &Host, error: &Error, origin: &JsValue) -> JsValue {
    let cause = match &error.cause {
        Some(cause) => thrown(host, cause, &JsValue::UNDEFINED),
        None => origin.clone(),
    };
    host.error(
        error.kind.code(),
        &error.message,
        error.status,
        error.retryable,
        error.retry_after.map(Millis::as_ms),
        &cause,
    )
}

fn asked(kind: u32, a: f64, b: f64, worked: bool) -> Ask {
    match kind {
        0 => Ask::Request,
        1 => Ask::Refused { serial: a as u32, party: b as u32, worked },
        2 => Ask::Token { least: Millis::from_ms(a).unwrap_or_default() },
        3 => Ask::TokenNow,
        4 => Ask::TokenForced,
        _ => Ask::Refresh,
    }
}

fn instant(now: f64) -> Instant {
    Instant::from_ms(now).unwrap_or_default()
}

/// Sets a property of an object that this shell made itself.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// The parts of a URL that the platform parsed.
pub(super) fn with_parts<T>(url: &Url, then: impl FnOnce(Parts<'_>) -> T) -> T {
    let (protocol, origin, path) = (url.protocol(), url.origin(), url.pathname());
    let more = !url.username().is_empty()
        || !url.password().is_empty()
        || !url.search().is_empty()
        || !url.hash().is_empty();
    then(Parts { protocol: &protocol, origin: &origin, path: &path, more })
}

//! The engine: the core's machine, driven from JavaScript.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::document::{PLATFORM, Value};
use super::host::{Act, Host};
use super::input::{Ask, Input, Query, Reply};
use super::policy;
use super::tell::Told;
use crate::core::answer::{self, Answer, Tokens};
use crate::core::challenge;
use crate::core::flight::Failure;
use crate::core::lifetime::Stated;
use crate::core::origins::{Misfit, Origins};
use crate::core::policy::{Locks, Policy};
use crate::core::{
    self, CallId, Document, Error, ErrorKind, Instant, LockId, Machine, Millis, Now, OpId, Page,
    Party, Place, RequestId, Serial, Swapped, Unavailable, WaitId,
};

/// One manager's engine.
#[wasm_bindgen]
pub struct Engine {
    pub(super) machine: RefCell<Machine>,
    origins: RefCell<Origins>,
    pub(super) host: Host,
    draining: Cell<bool>,
}

#[wasm_bindgen]
impl Engine {
    /// Makes the engine of a policy (`src/web/policy.rs`). The two clocks are
    /// read in milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, policy: JsValue, wall: f64, mono: f64, seed: f64) -> Engine {
        let policy = policy::read(&Value(policy));
        let now = Now::from_ms(wall, mono);
        Self {
            machine: RefCell::new(Machine::new(policy, PLATFORM, seed.to_bits(), now)),
            origins: RefCell::default(),
            host,
            draining: Cell::new(false),
        }
    }

    /// Feeds an input; see [`Input`] for what the arguments are. One export
    /// for all of them, because each costs every visitor a wrapper.
    pub fn feed(
        &self,
        input: Input,
        wall: f64,
        mono: f64,
        number: u32,
        figure: f64,
        value: JsValue,
    ) -> Reply {
        let now = Now::from_ms(wall, mono);
        let value = Value(value);
        let mut machine = self.machine.borrow_mut();
        let asker = machine.current_party();
        let reply = match input {
            Input::Ask => machine.ask(now, asked(figure, &value)),
            Input::Resume => {
                let party = Party::new(whole(&value, "asker"));
                machine.resume(now, WaitId::new(number), asked(figure, &value), party)
            }
            _ => {
                feed(&mut machine, now, input, number, figure, &value);
                core::Reply::Go
            }
        };
        drop(machine);
        self.drain();
        match reply {
            core::Reply::Go => Reply::Go,
            core::Reply::Bare => Reply::Bare,
            core::Reply::Deliver => Reply::Deliver,
            core::Reply::Wait(wait) => {
                let mut told = Told::new();
                told.number("wait", wait.number().into());
                told.number("asker", asker.number().into());
                self.tell(told);
                Reply::Wait
            }
            core::Reply::Fail(error) => {
                let mut told = Told::new();
                told.fail(Some(error));
                self.tell(told);
                Reply::Fail
            }
        }
    }

    /// Asks for something that changes no session; see [`Query`].
    pub fn query(&self, query: Query, value: JsValue) -> u32 {
        let value = Value(value);
        match query {
            Query::Allow => match self.origins.borrow_mut().add(&value) {
                Ok(()) => 0,
                Err(Misfit::Scheme) => 1,
                Err(Misfit::Excess) => 2,
            },
            Query::Admits => self.origins.borrow().admits(&value).into(),
            Query::Inspection => {
                self.inspection();
                0
            }
            Query::StepUp => self.step_up(&value.string().unwrap_or_default()).into(),
        }
    }
}

impl Engine {
    /// Does what the machine asks for, then says when to wake it. What the
    /// host does may feed it again: the outermost call drains.
    #[inline(never)]
    fn drain(&self) {
        if !self.draining.replace(true) {
            loop {
                let output = self.machine.borrow_mut().poll();
                let Some(output) = output else { break };
                let (act, number) = self.told(output);
                self.host.act(act, number);
            }
            self.draining.set(false);
            let deadline = self.machine.borrow().deadline();
            self.host.act(Act::Wake, deadline.as_ms());
        }
    }

    #[inline(never)]
    fn inspection(&self) {
        let figures = self.machine.borrow().inspection();
        let lock = match figures.locks {
            Locks::Web => "web-locks",
            Locks::Lease => "fallback",
            Locks::None => "none",
        };
        let mut told = Told::new();
        told.number("refreshes", figures.refreshes.into());
        told.number("failures", figures.refresh_failures.into());
        told.number("next", figures.next_refresh.as_ms());
        told.number("skew", figures.clock_skew_ms);
        told.flag("down", figures.storage_down);
        told.flag("degraded", figures.storage_degraded);
        told.text("lock", Some(lock));
        told.fail(figures.last_error);
        self.tell(told);
    }

    /// Whether a challenge asks for a stronger sign-in, which is told.
    #[inline(never)]
    fn step_up(&self, header: &str) -> bool {
        let found = challenge::step_up(header);
        if let Some(wanted) = found {
            let mut told = Told::new();
            told.text("acrValues", wanted.acr_values);
            told.text("scope", wanted.scope);
            told.number("maxAge", wanted.max_age.map_or(f64::NAN, f64::from));
            self.tell(told);
        }
        found.is_some()
    }
}

/// Feeds all that gives no reply.
fn feed(machine: &mut Machine, now: Now, input: Input, number: u32, figure: f64, value: &Value) {
    let flag = figure != 0.0;
    let (op, call) = (OpId::new(number), CallId::new(number));
    let (lock, request) = (LockId::new(number), RequestId::new(number));
    let text = match input {
        Input::Read | Input::Found | Input::Changed => value.string(),
        _ => None,
    };
    let text = text.as_deref();
    let body;
    let after;
    let failed = |failure| core::Input::Failed { call, failure };
    let input = match input {
        Input::Ask | Input::Resume | Input::Wake => core::Input::Wake,
        Input::Start => core::Input::Start,
        Input::Read => core::Input::Read {
            op,
            found: Ok(text),
        },
        Input::Unreadable => core::Input::Read {
            op,
            found: Err(Unavailable),
        },
        Input::Swapped => core::Input::Swapped {
            op,
            swapped: Swapped::Done,
        },
        Input::Found => core::Input::Swapped {
            op,
            swapped: Swapped::Found(text),
        },
        Input::Unwritable => core::Input::Swapped {
            op,
            swapped: Swapped::Failed,
        },
        Input::Changed => core::Input::Changed {
            place: match number {
                0 => Place::Session,
                1 => Place::Remembered,
                2 => Place::Mark,
                _ => Place::Lease,
            },
            text,
        },
        Input::Granted => core::Input::Granted { lock },
        Input::Robbed => core::Input::Robbed { lock },
        Input::LockUnavailable => core::Input::LockUnavailable { lock },
        Input::Message => core::Input::Message(value),
        Input::ChannelUnavailable => core::Input::ChannelUnavailable,
        Input::Answered => {
            body = value.text("body");
            after = value.text("after");
            core::Input::Answered {
                call,
                answer: Answer {
                    status: figure as u16,
                    retry_after: after.as_deref(),
                    body: body.as_deref().unwrap_or_default(),
                },
            }
        }
        Input::Provided => match tokens(value, machine.policy()) {
            Ok(tokens) => core::Input::Provided { call, tokens },
            Err(_) => failed(Failure::NoTokens),
        },
        Input::Unreachable => failed(Failure::Network),
        Input::Redirected => failed(Failure::Redirected),
        Input::Unsendable => failed(Failure::Unsendable),
        Input::Rejected => failed(rejection(value)),
        Input::Login => core::Input::Login {
            request,
            remember: flag,
        },
        Input::SetTokens => core::Input::SetTokens {
            request,
            tokens: tokens(value, machine.policy()),
            remember: flag,
        },
        Input::Logout => core::Input::Logout {
            request,
            local: flag,
        },
        Input::Abandon => core::Input::Abandon { request },
        Input::Touch => core::Input::Touch,
        Input::Activity => core::Input::Activity,
        Input::Visible => core::Input::Page(Page::Visible),
        Input::Hidden => core::Input::Page(Page::Hidden),
        Input::PutAway => core::Input::Page(Page::PutAway),
        Input::Shown => core::Input::Page(Page::Shown { cached: flag }),
        Input::Resumed => core::Input::Page(Page::Resumed),
        Input::Leaving => core::Input::Page(Page::Leaving),
        Input::Online => core::Input::Page(Page::Online),
        Input::Hint => core::Input::Hint(flag),
        Input::Dispose => core::Input::Dispose,
    };
    machine.feed(now, input);
}

/// What a refresh function rejected with.
fn rejection(reason: &Value) -> Failure {
    let code = reason.text("code");
    Failure::Function {
        definitive: code.as_deref() == Some(ErrorKind::RefreshRejected.code()),
        status: reason.number("status").unwrap_or_default() as u16,
        retry_after: span(reason, "retryAfterMs", 1.0).unwrap_or_default(),
    }
}

/// Tokens that the application brought.
fn tokens(set: &Value, policy: &Policy) -> Result<Tokens, Error> {
    let date = |name| set.number(name).and_then(Instant::from_ms);
    let stated = Stated {
        expires_in: span(set, "expiresIn", 1000.0),
        expires_at: date("expiresAt"),
        session_in: span(set, "sessionExpiresIn", 1000.0),
        session_at: date("sessionExpiresAt"),
    };
    answer::from_application(
        set.text("accessToken"),
        set.text("refreshToken"),
        stated,
        policy,
    )
}

fn span(value: &Value, name: &str, unit: f64) -> Option<Millis> {
    Millis::from_ms(value.number(name)? * unit)
}

fn asked(ask: f64, about: &Value) -> core::Ask {
    const REFUSED: u32 = Ask::Refused as u32;
    const TOKEN: u32 = Ask::Token as u32;
    const TOKEN_NOW: u32 = Ask::TokenNow as u32;
    const TOKEN_FORCED: u32 = Ask::TokenForced as u32;
    const REFRESH: u32 = Ask::Refresh as u32;
    const RESTORE: u32 = Ask::Restore as u32;
    const AGAIN: u32 = Ask::RestoreAfterSignOut as u32;
    match ask as u32 {
        REFUSED => core::Ask::Refused {
            serial: Serial::new(whole(about, "serial")),
            party: Party::new(whole(about, "party")),
            worked: whole(about, "worked") != 0,
        },
        TOKEN => core::Ask::Token {
            least: span(about, "least", 1.0).unwrap_or_default(),
        },
        TOKEN_NOW => core::Ask::TokenNow,
        TOKEN_FORCED => core::Ask::TokenForced,
        REFRESH => core::Ask::Refresh,
        again @ (RESTORE | AGAIN) => core::Ask::Restore {
            after_sign_out: again == AGAIN,
        },
        _ => core::Ask::Request,
    }
}

fn whole(value: &Value, name: &str) -> u32 {
    value.number(name).unwrap_or_default() as u32
}

//! One tab, driven by hand.

use crate::support::config::policy_of;
use crate::support::document::PLATFORM;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::internals::answer::{self, Answer};
use evertoken::internals::call::Target;
use evertoken::internals::flight::Failure;
use evertoken::internals::lifetime::Stated;
use evertoken::internals::policy::{Keep, Locks, Policy};
use evertoken::internals::{
    Ask, Call, ErrorKind, Event, Input, Machine, Millis, Moment, Now, Output, Party, Place, Reply,
    RequestId, Swapped, Unavailable, WaitId,
};

/// The inside of an object of JSON.
fn members(object: &str) -> &str {
    object.get(1..object.len() - 1).unwrap_or_default()
}

/// One tab: a machine, its clocks and its store, which does at once what is
/// asked of it. Calls are answered by the test.
pub struct Tab {
    pub machine: Machine,
    /// Both clocks show this, the monotonic one less what it began with.
    pub now: f64,
    pub stored: Option<String>,
    /// Whether the lock is granted, and whether the store works.
    pub grants: bool,
    pub writes: bool,
    pub log: Vec<Output>,
}

/// When each tab begins.
const START: f64 = 1e12;

impl Tab {
    pub fn new(more: serde_json::Value, stored: Option<String>) -> Self {
        let policy = Policy {
            storage: Keep::Shared,
            mark: true,
            locks: Locks::Web,
            ..policy_of(members(&more.to_string()))
        };
        let start = Now::from_ms(START, 0.0);
        let mut tab = Self {
            machine: Machine::new(policy, PLATFORM, 7, start),
            now: START,
            stored,
            grants: true,
            writes: true,
            log: Vec::new(),
        };
        tab.feed(Input::Start);
        tab
    }

    /// A tab with a session of 100 s, due at 80 s.
    pub fn signed_in(more: serde_json::Value) -> Self {
        let mut tab = Self::new(more, None);
        tab.set_tokens("first", Some(100));
        tab.log.clear();
        tab
    }

    pub fn set_tokens(&mut self, access: &str, seconds: Option<u32>) {
        let stated = Stated {
            expires_in: seconds.map(|seconds| Millis::new(seconds * 1000)),
            ..Stated::default()
        };
        let tokens = answer::from_application(
            Some(access.into()),
            Some("refresh-1".into()),
            stated,
            self.machine.policy(),
        );
        self.feed(Input::SetTokens {
            request: RequestId::new(1),
            tokens,
            remember: false,
        });
    }

    pub fn feed(&mut self, input: Input<'_>) {
        let now = self.at();
        self.machine.feed(now, input);
        self.drain();
    }

    pub fn at(&self) -> Now {
        Now::from_ms(self.now, self.now - START)
    }

    pub fn mono(&self) -> Moment {
        self.at().mono
    }

    /// Lets time pass, without a timer.
    pub fn pass(&mut self, seconds: f64) {
        self.now += seconds * 1000.0;
    }

    pub fn wake(&mut self) {
        self.feed(Input::Wake);
    }

    pub fn drain(&mut self) {
        let now = self.at();
        while let Some(output) = self.machine.poll() {
            match &output {
                Output::Lock { lock, .. } if self.grants => {
                    self.machine.feed(now, Input::Granted { lock: *lock });
                }
                Output::Read { op, place } => {
                    let stored = self.stored.clone().filter(|_| *place == Place::Session);
                    let found = match self.writes {
                        true => Ok(stored.as_deref()),
                        false => Err(Unavailable),
                    };
                    self.machine.feed(now, Input::Read { op: *op, found });
                }
                Output::Swap {
                    op,
                    place: Place::Session,
                    expected,
                    text,
                } => {
                    let stored = self.stored.clone();
                    let swapped = match (self.writes, stored.as_deref() == expected.as_deref()) {
                        (false, _) => Swapped::Failed,
                        (true, false) => Swapped::Found(stored.as_deref()),
                        (true, true) => {
                            self.stored = text.as_deref().map(String::from);
                            Swapped::Done
                        }
                    };
                    let op = *op;
                    self.machine.feed(now, Input::Swapped { op, swapped });
                }
                Output::Swap { op, .. } => {
                    let swapped = Swapped::Done;
                    self.machine.feed(now, Input::Swapped { op: *op, swapped });
                }
                _ => {}
            }
            self.log.push(output);
        }
    }

    pub fn ask(&mut self, ask: Ask) -> Reply {
        let now = self.at();
        let reply = self.machine.ask(now, ask);
        self.drain();
        reply
    }

    /// What a caller does whose wait has ended.
    pub fn resume(&mut self, ask: Ask, party: Party) -> Reply {
        let wait = self.ended();
        let now = self.at();
        let reply = self.machine.resume(now, wait, ask, party);
        self.drain();
        reply
    }

    /// The last wait that ended.
    pub fn ended(&self) -> WaitId {
        let ended = self.log.iter().rev().find_map(|output| match output {
            Output::WaitEnded(wait) => Some(*wait),
            _ => None,
        });
        ended.expect("a wait that has ended")
    }

    pub fn calls(&self, target: Target) -> Vec<&Call> {
        let calls = self.log.iter().filter_map(|output| match output {
            Output::Call(call) if call.target == target => Some(call),
            _ => None,
        });
        calls.collect()
    }

    pub fn refreshes(&self) -> usize {
        self.calls(Target::Refresh).len()
    }

    /// Answers the last call to `target`.
    pub fn answer(&mut self, target: Target, status: u16, body: &str) {
        self.answer_with(
            target,
            Answer {
                status,
                body,
                ..Answer::default()
            },
        );
    }

    pub fn answer_with(&mut self, target: Target, answer: Answer<'_>) {
        let call = self.calls(target).last().expect("a call").id;
        self.feed(Input::Answered { call, answer });
    }

    /// The last call to `target` brings no answer.
    pub fn fail(&mut self, target: Target) {
        let call = self.calls(target).last().expect("a call").id;
        self.feed(Input::Failed {
            call,
            failure: Failure::Network,
        });
    }

    pub fn events(&self) -> Vec<Event> {
        let events = self.log.iter().filter_map(|output| match output {
            Output::Event(event) => Some(*event),
            _ => None,
        });
        events.collect()
    }

    pub fn token(&self) -> Option<&str> {
        self.machine.access_token().map(|token| token.expose())
    }

    pub fn refused(&self, worked: bool) -> Ask {
        let serial = self.machine.snapshot().serial;
        let party = self.machine.current_party();
        Ask::Refused {
            serial,
            party,
            worked,
        }
    }
}

/// A good answer of the refresh endpoint.
pub const RENEWED: &str = r#"{"accessToken":"second","expiresIn":100}"#;

pub fn kind(reply: &Reply) -> Option<ErrorKind> {
    match reply {
        Reply::Fail(error) => Some(error.kind()),
        _ => None,
    }
}

pub fn jwt(claims: serde_json::Value) -> String {
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

pub fn logout(tab: &mut Tab, request: u32) {
    tab.feed(Input::Logout {
        request: RequestId::new(request),
        local: false,
    });
}

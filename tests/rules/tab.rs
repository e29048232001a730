//! One tab, driven by hand.

use crate::support::config::policy_of;
use crate::support::document::PLATFORM;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::core::answer::{self, Answer};
use evertoken::core::call::Target;
use evertoken::core::lifetime::Stated;
use evertoken::core::{
    Ask, Call, Committed, ErrorKind, Event, Instant, Machine, Millis, Outcome, Output, Reply,
};

/// The inside of an object of JSON.
fn members(object: &str) -> &str {
    object.get(1..object.len() - 1).unwrap_or_default()
}

/// One tab: a machine, its clock and its store, which does at once what is
/// asked of it. Calls are answered by the test.
pub struct Tab {
    pub machine: Machine,
    pub now: f64,
    pub stored: Option<String>,
    /// Whether the lock is granted, and whether the store can write.
    pub grants: bool,
    pub writes: bool,
    pub log: Vec<Output>,
}

impl Tab {
    pub fn new(more: serde_json::Value, stored: Option<String>) -> Self {
        let now = 1e12;
        let start = Instant::from_ms(now).expect("an instant");
        let mut tab = Self {
            machine: Machine::new(policy_of(members(&more.to_string())), PLATFORM, 7, start),
            now,
            stored,
            grants: true,
            writes: true,
            log: Vec::new(),
        };
        let stored = tab.stored.clone();
        tab.machine.load(start, stored.as_deref());
        tab.drain();
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
            expires_at: None,
        };
        let tokens =
            answer::from_application(Some(access.into()), Some("refresh-1".into()), stated, false);
        let now = self.at();
        self.machine.set_tokens(now, 1, tokens);
        self.drain();
    }

    pub fn at(&self) -> Instant {
        Instant::from_ms(self.now).expect("an instant")
    }

    /// Lets time pass, without a timer.
    pub fn pass(&mut self, seconds: f64) {
        self.now += seconds * 1000.0;
    }

    pub fn wake(&mut self) {
        let now = self.at();
        self.machine.wake(now);
        self.drain();
    }

    pub fn drain(&mut self) {
        let now = self.at();
        while let Some(output) = self.machine.poll() {
            match &output {
                Output::Lock { turn, .. } if self.grants => self.machine.granted(now, *turn),
                Output::Read { turn } => self.machine.read(now, *turn, self.stored.as_deref()),
                Output::Commit { number } => self.commit(*number),
                _ => {}
            }
            self.log.push(output);
        }
    }

    pub fn commit(&mut self, number: u32) {
        let now = self.at();
        let stored = self.stored.clone().unwrap_or_default();
        let Some(record) = self.machine.pending(number) else {
            return;
        };
        let text = record.stored(self.machine.pace());
        if !self.machine.outranks(number, &stored) {
            self.machine
                .committed(now, number, Committed::Outranked(&stored));
        } else if self.writes {
            self.stored = Some(text);
            self.machine.committed(now, number, Committed::Written);
        } else {
            self.machine.committed(now, number, Committed::Kept);
        }
    }

    pub fn ask(&mut self, ask: Ask) -> Reply {
        let now = self.at();
        let reply = self.machine.ask(now, ask);
        self.drain();
        reply
    }

    /// What a caller does whose wait has ended.
    pub fn resume(&mut self, ask: Ask, party: u32) -> Reply {
        let outcome = self.outcome();
        let now = self.at();
        let reply = self.machine.resume(now, ask, party, &outcome);
        self.drain();
        reply
    }

    /// How the last turn ended.
    pub fn outcome(&self) -> Outcome {
        let ended = self.log.iter().rev().find_map(|output| match output {
            Output::TurnEnded { outcome, .. } => Some(*outcome),
            _ => None,
        });
        ended.expect("a turn that has ended")
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
        let number = self.calls(target).last().expect("a call").number;
        let now = self.at();
        self.machine.answered(now, number, answer);
        self.drain();
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
    let now = tab.at();
    tab.machine.logout(now, request, false);
    tab.drain();
}

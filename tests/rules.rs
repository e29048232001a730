#![cfg(not(target_arch = "wasm32"))]
//! The core's part of each rule, one test a rule, on one machine driven by
//! hand. Rules 10 (abort), 14 (listeners) and 15 (import) are not here: they
//! are the shell's, and only a browser shows them.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken::core::answer::{self, Answer, Tokens};
use evertoken::core::call::Target;
use evertoken::core::config::Config;
use evertoken::core::flight::Failure;
use evertoken::core::lifetime::Stated;
use evertoken::core::view::Status;
use evertoken::core::{
    Ask, Call, Committed, ErrorKind, Event, Instant, Machine, Millis, Outcome, Output, Reply,
    SignedOutBy,
};
use serde_json::json;
use support::config::read_at;
use support::document::{parse, parse_url};

/// The three endpoints, and `more` options beside them.
fn config(more: serde_json::Value) -> Config {
    let mut options = json!({ "login": "/login", "refresh": "/refresh", "logout": "/logout" });
    for (name, value) in more.as_object().expect("an object") {
        options[name] = value.clone();
    }
    let page = Some("https://api.example/");
    read_at(&options.to_string(), page).expect("a configuration")
}

/// One tab: a machine, its clock and its store, which does at once what is
/// asked of it. Calls are answered by the test.
struct Tab {
    machine: Machine,
    now: f64,
    stored: Option<String>,
    /// Whether the lock is granted, and whether the store can write.
    grants: bool,
    writes: bool,
    log: Vec<Output>,
}

impl Tab {
    fn new(more: serde_json::Value, stored: Option<String>) -> Self {
        let now = 1e12;
        let start = Instant::from_ms(now).expect("an instant");
        let mut tab = Self {
            machine: Machine::new(config(more).policy, parse, 7, start),
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
    fn signed_in(more: serde_json::Value) -> Self {
        let mut tab = Self::new(more, None);
        tab.set_tokens("first", Some(100));
        tab.log.clear();
        tab
    }

    fn set_tokens(&mut self, access: &str, seconds: Option<u32>) {
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

    fn at(&self) -> Instant {
        Instant::from_ms(self.now).expect("an instant")
    }

    /// Lets time pass, without a timer.
    fn pass(&mut self, seconds: f64) {
        self.now += seconds * 1000.0;
    }

    fn wake(&mut self) {
        let now = self.at();
        self.machine.wake(now);
        self.drain();
    }

    fn drain(&mut self) {
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

    fn commit(&mut self, number: u32) {
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

    fn ask(&mut self, ask: Ask) -> Reply {
        let now = self.at();
        let reply = self.machine.ask(now, ask);
        self.drain();
        reply
    }

    /// What a caller does whose wait has ended.
    fn resume(&mut self, ask: Ask, party: u32) -> Reply {
        let outcome = self.outcome();
        let now = self.at();
        let reply = self.machine.resume(now, ask, party, &outcome);
        self.drain();
        reply
    }

    /// How the last turn ended.
    fn outcome(&self) -> Outcome {
        let ended = self.log.iter().rev().find_map(|output| match output {
            Output::TurnEnded { outcome, .. } => Some(outcome.clone()),
            _ => None,
        });
        ended.expect("a turn that has ended")
    }

    fn calls(&self, target: Target) -> Vec<&Call> {
        let calls = self.log.iter().filter_map(|output| match output {
            Output::Call(call) if call.target == target => Some(&**call),
            _ => None,
        });
        calls.collect()
    }

    fn refreshes(&self) -> usize {
        self.calls(Target::Refresh).len()
    }

    /// Answers the last call to `target`.
    fn answer(&mut self, target: Target, status: u16, body: &str) {
        self.answer_with(
            target,
            Answer {
                status,
                body,
                ..Answer::default()
            },
        );
    }

    fn answer_with(&mut self, target: Target, answer: Answer<'_>) {
        let number = self.calls(target).last().expect("a call").number;
        let now = self.at();
        self.machine.answered(now, number, answer);
        self.drain();
    }

    fn events(&self) -> Vec<Event> {
        let events = self.log.iter().filter_map(|output| match output {
            Output::Event(event) => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    fn token(&self) -> Option<&str> {
        self.machine.access_token().map(|token| token.expose())
    }

    fn refused(&self, worked: bool) -> Ask {
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
const RENEWED: &str = r#"{"accessToken":"second","expiresIn":100}"#;

fn kind(reply: &Reply) -> Option<ErrorKind> {
    match reply {
        Reply::Fail(error) => Some(error.kind()),
        _ => None,
    }
}

fn jwt(claims: serde_json::Value) -> String {
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn logout(tab: &mut Tab, request: u32) {
    let now = tab.at();
    tab.machine.logout(now, request, false);
    tab.drain();
}

#[test]
fn rule_1_one_refresh() {
    let mut tab = Tab::signed_in(json!({}));
    tab.pass(100.0);
    let replies: Vec<_> = [
        Ask::Request,
        Ask::Refresh,
        Ask::TokenForced,
        Ask::Token {
            least: Millis::ZERO,
        },
    ]
    .map(|ask| tab.ask(ask))
    .to_vec();
    tab.wake();
    assert!(matches!(replies[0], Reply::Wait(_)));
    assert!(
        replies.iter().all(|reply| *reply == replies[0]),
        "{replies:?}"
    );
    assert_eq!(tab.refreshes(), 1);
    tab.answer(Target::Refresh, 200, RENEWED);
    assert_eq!(tab.outcome(), Outcome::Renewed);

    // Another tab holds the lock: it is taken after `timeoutMs`, not before.
    tab.grants = false;
    tab.ask(Ask::Refresh);
    let from = tab.now;
    let deadline = tab.machine.deadline().as_ms();
    assert!(deadline >= from + 10_000.0);
    let steals = |tab: &Tab| {
        tab.log
            .iter()
            .filter(|output| matches!(output, Output::Lock { steal: true, .. }))
            .count()
    };
    tab.now = deadline - 1.0;
    tab.wake();
    assert_eq!(steals(&tab), 0);
    tab.now = deadline;
    tab.wake();
    assert_eq!(steals(&tab), 1);
    assert_eq!(tab.refreshes(), 1);
}

#[test]
fn rule_2_ahead_of_time() {
    let mut tab = Tab::signed_in(json!({ "proactive": false }));
    tab.pass(79.9);
    assert_eq!(tab.ask(Ask::Request), Reply::Go);
    assert_eq!(tab.refreshes(), 0);
    tab.pass(0.1);
    assert_eq!(tab.ask(Ask::Request), Reply::Go);
    assert_eq!(tab.refreshes(), 1);
    tab.pass(5.0);
    assert_eq!(tab.ask(Ask::Request), Reply::Go);
    tab.answer(Target::Refresh, 200, RENEWED);
    tab.pass(100.0);
    assert!(matches!(tab.ask(Ask::Request), Reply::Wait(_)));
    assert_eq!(tab.refreshes(), 2);
}

#[test]
fn rule_3_reactive() {
    let mut tab = Tab::signed_in(json!({}));
    let (first, party) = (tab.refused(true), tab.machine.current_party());
    assert!(matches!(tab.ask(first), Reply::Wait(_)));
    tab.answer(Target::Refresh, 200, RENEWED);
    assert_eq!(tab.resume(first, party), Reply::Go);
    // A request that carried the old one: the newer is here.
    assert_eq!(tab.ask(first), Reply::Go);
    assert_eq!(tab.refreshes(), 1);
    // Passing: no 401 that reads as "sign in again".
    let second = tab.refused(true);
    assert!(matches!(tab.ask(second), Reply::Wait(_)));
    tab.answer(Target::Refresh, 503, "");
    assert_eq!(
        kind(&tab.resume(second, party)),
        Some(ErrorKind::RefreshUnavailable)
    );
}

#[test]
fn rule_4_signed_out() {
    let mut tab = Tab::new(json!({}), None);
    assert_eq!(tab.machine.status(), Status::Unknown);
    let party = tab.machine.current_party();
    assert!(matches!(tab.ask(Ask::Request), Reply::Wait(_)));
    tab.answer(Target::Refresh, 401, "");
    assert_eq!(tab.outcome(), Outcome::Anonymous);
    assert_eq!(tab.resume(Ask::Request, party), Reply::Bare);
    assert_eq!(tab.machine.status(), Status::SignedOut);
    assert_eq!(tab.events(), []);
    for ask in [Ask::Request, Ask::TokenNow, Ask::TokenForced] {
        assert_eq!(tab.ask(ask), Reply::Bare);
    }
    let refused = tab.refused(false);
    assert_eq!(tab.ask(refused), Reply::Deliver);
    assert_eq!(tab.refreshes(), 1);
}

#[test]
fn rule_5_definitive_or_passing() {
    let refresh = |answer: Answer<'_>| {
        let mut tab = Tab::signed_in(json!({}));
        tab.pass(100.0);
        tab.ask(Ask::Request);
        tab.answer_with(Target::Refresh, answer);
        tab
    };
    let grant = (500, r#"{"error":"invalid_grant"}"#);
    for (status, body) in [(400, ""), (401, ""), (403, ""), (410, ""), (422, ""), grant] {
        let mut tab = refresh(Answer {
            status,
            body,
            ..Answer::default()
        });
        assert_eq!(tab.machine.status(), Status::SignedOut, "{status}");
        assert_eq!(
            tab.events(),
            [Event::SignedOut(SignedOutBy::RefreshRejected)]
        );
        assert!(!tab.stored.as_ref().expect("a record").contains("first"));
        let reply = tab.resume(Ask::Request, 0);
        assert_eq!(kind(&reply), Some(ErrorKind::RefreshRejected), "{status}");
        assert_eq!(tab.ask(Ask::Request), Reply::Bare);
    }
    let passing = [
        (408, "", true),
        (425, "", true),
        (429, "", true),
        (500, "", true),
        (503, "", true),
        (401, "<html>", true),
        (200, "<html>", true),
        (200, "fine", true),
        (404, "", false),
        (405, "", false),
        (200, "{}", false),
        (200, r#"{"token":""}"#, false),
    ];
    for (status, body, retryable) in passing {
        let mut tab = refresh(Answer {
            status,
            body,
            ..Answer::default()
        });
        assert_eq!(tab.machine.status(), Status::SignedIn, "{status} {body}");
        let party = tab.machine.current_party();
        let Reply::Fail(error) = tab.resume(Ask::Request, party) else {
            panic!("{status} {body}: expected a failure")
        };
        assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
        assert_eq!(error.retryable(), retryable, "{status} {body}");
        if !retryable {
            let cause = error.cause.map(|cause| cause.kind());
            assert_eq!(cause, Some(ErrorKind::InvalidResponse));
        }
    }
}

#[test]
fn rule_6_back_off() {
    let mut tab = Tab::signed_in(json!({}));
    tab.ask(Ask::Refresh);
    tab.answer(Target::Refresh, 503, "");
    let Reply::Fail(error) = tab.ask(Ask::Refresh) else {
        panic!("expected a failure")
    };
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    let wait = error.retry_after.expect("a time").as_ms();
    assert!((250.0..=1001.0).contains(&wait), "{wait}");
    tab.now += wait;
    assert!(matches!(tab.ask(Ask::Refresh), Reply::Wait(_)));
    let retry_after = Some("60");
    tab.answer_with(
        Target::Refresh,
        Answer {
            status: 429,
            retry_after,
            ..Answer::default()
        },
    );
    // No hint goes before Retry-After.
    tab.pass(59.0);
    let now = tab.at();
    tab.machine.online(now);
    assert_eq!(
        kind(&tab.ask(Ask::Refresh)),
        Some(ErrorKind::RefreshUnavailable)
    );
    tab.pass(1.0);
    // What failed is in the record for the other tabs.
    let mut other = Tab::new(json!({}), tab.stored.clone());
    assert_eq!(
        kind(&other.ask(Ask::Refresh)),
        Some(ErrorKind::RefreshUnavailable)
    );
    assert!(matches!(tab.ask(Ask::Refresh), Reply::Wait(_)));

    // A hint allows one attempt at once, and the next not within five seconds.
    let mut tab = Tab::signed_in(json!({}));
    tab.ask(Ask::Refresh);
    for calls in [2, 2] {
        tab.answer(Target::Refresh, 503, "");
        let now = tab.at();
        tab.machine.online(now);
        tab.drain();
        tab.ask(Ask::Refresh);
        assert_eq!(tab.refreshes(), calls);
    }
}

#[test]
fn rule_7_logout_wins() {
    let mut tab = Tab::signed_in(json!({}));
    let party = tab.machine.current_party();
    tab.pass(100.0);
    tab.ask(Ask::Request);
    let now = tab.at();
    tab.machine.login(now, 2);
    tab.drain();
    logout(&mut tab, 3);
    assert_eq!(tab.machine.status(), Status::SignedOut);
    assert_eq!(
        kind(&tab.resume(Ask::Request, party)),
        Some(ErrorKind::SignedOut)
    );
    let ended = tab.log.iter().any(|output| {
        matches!(output, Output::SignInEnded { request: 2, result: Err(error) } if error.kind() == ErrorKind::SignedOut)
    });
    assert!(ended);
    // Both answers come late; the tokens only serve to sign out.
    tab.answer(Target::Login, 200, RENEWED);
    tab.answer(
        Target::Refresh,
        200,
        r#"{"accessToken":"second","refreshToken":"refresh-2"}"#,
    );
    assert_eq!(tab.machine.status(), Status::SignedOut);
    let calls = tab.calls(Target::Logout);
    assert_eq!(calls.len(), 1);
    let (_, token) = calls[0].field.as_ref().expect("the refresh token");
    assert_eq!(token.expose(), "refresh-2");
    assert!(
        calls[0]
            .headers
            .contains(&("Authorization".into(), "Bearer second".into()))
    );
    tab.answer(Target::Logout, 500, "");
    assert!(tab.log.contains(&Output::LogoutEnded { request: 3 }));
    assert!(matches!(tab.events().last(), Some(Event::Warning(_))));
    // A reload, and the cookie may still be there.
    let mut again = Tab::new(json!({}), tab.stored.clone());
    assert_eq!(again.machine.status(), Status::SignedOut);
    assert_eq!(again.ask(Ask::Request), Reply::Bare);
    assert_eq!(again.refreshes(), 0);
}

#[test]
fn rule_8_the_newest_wins() {
    let mut tab = Tab::new(json!({}), None);
    tab.set_tokens(&jwt(json!({ "sub": "ada" })), Some(100));
    let old = tab.stored.clone().expect("a record");
    tab.ask(Ask::Refresh);
    let party = tab.machine.current_party();
    // Another user signs in while the first one's refresh is under way.
    let bob = jwt(json!({ "sub": "bob" }));
    tab.set_tokens(&bob, Some(100));
    assert!(tab.events().contains(&Event::UserChanged));
    assert_eq!(
        kind(&tab.resume(Ask::Request, party)),
        Some(ErrorKind::SignedOut)
    );
    tab.answer(Target::Refresh, 200, RENEWED);
    assert_eq!(tab.token(), Some(bob.as_str()));
    let now = tab.at();
    tab.machine.heard(now, &old);
    tab.drain();
    assert_eq!(tab.token(), Some(bob.as_str()));
    assert!(tab.log.contains(&Output::Tell));
    assert!(tab.stored.as_ref().expect("a record").contains(&bob));
}

#[test]
fn rule_9_time() {
    // `expiresIn` comes before `exp`, which this clock takes for the past.
    let mut tab = Tab::new(json!({}), None);
    tab.set_tokens(&jwt(json!({ "exp": 10, "iat": 4 })), Some(100));
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now + 100_000.0);
    tab.set_tokens(&jwt(json!({ "exp": 10, "iat": 4 })), None);
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now + 6000.0);
    // A clock that is set back takes the end along.
    tab.now -= 1e9;
    tab.wake();
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now + 6000.0);
    // Asleep beyond the end: no request goes with what is over.
    tab.pass(1e6);
    assert!(matches!(tab.ask(Ask::Request), Reply::Wait(_)));
    assert_eq!(tab.refreshes(), 1);
    // No known lifetime: used until it is refused.
    tab.set_tokens("opaque", None);
    tab.pass(1e9);
    tab.wake();
    assert_eq!(tab.ask(Ask::Request), Reply::Go);
    assert_eq!(tab.refreshes(), 1);
    assert_eq!(tab.machine.deadline(), Instant::NEVER);
    let refused = tab.refused(true);
    assert!(matches!(tab.ask(refused), Reply::Wait(_)));
}

#[test]
fn rule_11_origins() {
    let config = config(json!({ "attachTo": ["https://api.example/v1"] }));
    let admits = |text: &str| {
        let url = parse_url(text, None).expect("a URL");
        config.origins.admits(&*url)
    };
    assert!(admits("https://api.example/v1") && admits("https://API.example:443/v1/x?y"));
    for foreign in [
        "http://api.example/v1",
        "https://api.example:8443/v1",
        "https://api.example/v10",
        "https://api.example@evil/v1",
        "https://api.example.evil/v1",
        "https://api.example/v1/../x",
        "blob:https://api.example/v1",
    ] {
        assert!(!admits(foreign), "{foreign}");
    }
    for wrong in [
        "*",
        "https://*.example",
        "ftp://api.example",
        "/v1",
        "https://u:p@api.example",
    ] {
        let text = json!({ "refresh": "/refresh", "attachTo": [wrong] }).to_string();
        let message = read_at(&text, Some("https://api.example/")).expect_err(wrong);
        assert!(message.starts_with("attachTo"), "{message}");
    }
    let mut tab = Tab::signed_in(json!({}));
    tab.ask(Ask::Refresh);
    let shown = format!("{:?} {:?}", tab.machine, tab.log);
    assert!(
        !shown.contains("first") && !shown.contains("refresh-1"),
        "{shown}"
    );
}

#[test]
fn rule_12_endpoint_calls() {
    let mut tab = Tab::signed_in(json!({}));
    tab.ask(Ask::Refresh);
    let call = tab.calls(Target::Refresh)[0];
    assert_eq!(call.headers, []);
    let (name, token) = call.field.as_ref().expect("the refresh token");
    assert_eq!(
        (name.as_str(), token.expose()),
        ("refreshToken", "refresh-1")
    );
    // An answer without a refresh token keeps the one held.
    tab.answer(
        Target::Refresh,
        200,
        r#"{"access_token":"","data":{"jwt":"second"}}"#,
    );
    assert_eq!(tab.token(), Some("second"));
    let held = tab
        .machine
        .record()
        .and_then(|record| record.session())
        .expect("a session");
    assert_eq!(
        held.refresh.as_ref().map(|token| token.expose()),
        Some("refresh-1")
    );

    let endpoint = json!({ "url": "/refresh", "authenticate": true });
    let mut tab = Tab::signed_in(json!({ "refresh": endpoint }));
    tab.ask(Ask::Refresh);
    let bearer = ("Authorization".into(), "Bearer first".into());
    assert_eq!(tab.calls(Target::Refresh)[0].headers, [bearer]);

    // Nothing to refresh with: no call, and at its end the session is over.
    let mut tab = Tab::new(json!({ "refreshToken": { "in": "body" } }), None);
    let now = tab.at();
    let tokens = answer::from_application(
        Some("only".into()),
        None,
        Stated {
            expires_in: Some(Millis::new(5000)),
            expires_at: None,
        },
        false,
    );
    tab.machine.set_tokens(now, 1, tokens);
    tab.drain();
    tab.pass(5.0);
    tab.wake();
    assert_eq!(tab.refreshes(), 0);
    let by = Event::SignedOut(SignedOutBy::RefreshRejected);
    assert_eq!(tab.events().last(), Some(&by));
}

#[test]
fn rule_13_storage_is_never_required() {
    for corrupt in [
        "",
        "null",
        "{",
        "[1]",
        r#"{"v":1}"#,
        r#"{"v":2,"access":"x"}"#,
        "\u{0}",
    ] {
        let mut tab = Tab::new(json!({}), Some(corrupt.to_owned()));
        assert_eq!(tab.machine.status(), Status::Unknown, "{corrupt}");
        tab.set_tokens("first", Some(100));
        assert_eq!(tab.token(), Some("first"));
    }
    // A store that takes nothing: the session is kept in memory.
    let mut tab = Tab::new(json!({}), None);
    tab.writes = false;
    tab.set_tokens("first", Some(100));
    tab.ask(Ask::Refresh);
    tab.answer(Target::Refresh, 200, RENEWED);
    assert_eq!(tab.token(), Some("second"));
    assert_eq!(tab.stored, None);
    logout(&mut tab, 2);
    assert_eq!(tab.machine.status(), Status::SignedOut);
}

#[test]
fn rule_16_dispose() {
    let mut tab = Tab::signed_in(json!({}));
    tab.pass(100.0);
    tab.ask(Ask::Request);
    let now = tab.at();
    tab.machine.dispose(now);
    tab.drain();
    let Outcome::Over(error) = tab.outcome() else {
        panic!("{:?}", tab.outcome())
    };
    assert_eq!(error.kind(), ErrorKind::Disposed);
    for ask in [Ask::Request, Ask::TokenNow, Ask::Refresh] {
        assert_eq!(kind(&tab.ask(ask)), Some(ErrorKind::Disposed));
    }
    assert!(!tab.log.contains(&Output::Closed));
    // What was sent is finished and stored, then the lock is freed.
    let answered = tab.log.len();
    tab.answer(
        Target::Refresh,
        200,
        r#"{"accessToken":"second","refreshToken":"refresh-2"}"#,
    );
    assert!(tab.stored.as_ref().expect("a record").contains("refresh-2"));
    let place = |wanted: fn(&Output) -> bool| tab.log[answered..].iter().position(wanted);
    let commit = place(|output| matches!(output, Output::Commit { .. })).expect("a commit");
    let unlock = place(|output| matches!(output, Output::Unlock { .. })).expect("an unlock");
    let closed = place(|output| matches!(output, Output::Closed)).expect("the end");
    assert!(commit < unlock && unlock < closed);
    assert_eq!(tab.machine.deadline(), Instant::NEVER);
    assert_eq!(tab.events(), []);
}

#[test]
fn rule_17_get_token() {
    let mut cookie = Tab::new(json!({ "accessToken": { "in": "cookie" } }), None);
    assert_eq!(cookie.ask(Ask::TokenForced), Reply::Bare);
    assert_eq!(cookie.refreshes(), 0);

    let mut tab = Tab::signed_in(json!({ "proactive": false }));
    assert_eq!(tab.ask(Ask::TokenNow), Reply::Go);
    let party = tab.machine.current_party();
    // A wish beyond the lifetime: one refresh, then what there is.
    let long = Ask::Token {
        least: Millis::new(1_000_000),
    };
    assert!(matches!(tab.ask(long), Reply::Wait(_)));
    tab.answer(Target::Refresh, 200, RENEWED);
    assert_eq!(tab.resume(long, party), Reply::Go);
    assert_eq!(tab.refreshes(), 1);
    tab.pass(100.0);
    assert_eq!(tab.ask(Ask::TokenNow), Reply::Bare);
    assert_eq!(tab.refreshes(), 1);
    let forced = Ask::TokenForced;
    assert!(matches!(tab.ask(forced), Reply::Wait(_)));
    let number = tab.calls(Target::Refresh)[1].number;
    let now = tab.at();
    tab.machine.failed(now, number, Failure::Network);
    tab.drain();
    assert_eq!(
        kind(&tab.resume(forced, party)),
        Some(ErrorKind::RefreshUnavailable)
    );
    for wrong in [None, Some(""), Some("a b"), Some("é")] {
        let tokens: Result<Tokens, _> =
            answer::from_application(wrong.map(String::from), None, Stated::default(), false);
        assert_eq!(
            tokens.expect_err("no token").kind(),
            ErrorKind::InvalidResponse
        );
    }
}

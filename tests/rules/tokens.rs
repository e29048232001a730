//! When a token is refreshed, and who waits for it.

use evertoken::internals::answer::{self, Answer, Tokens};
use evertoken::internals::call::Target;
use evertoken::internals::lifetime::Stated;
use evertoken::internals::{Ask, ErrorKind, Input, Millis, Moment, Output, Page, Reply};
use serde_json::json;

use crate::tab::*;

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
    let party = tab.machine.current_party();
    assert_eq!(tab.resume(Ask::Refresh, party), Reply::Go);

    // Another tab holds the lock: it is taken after `timeoutMs`, not before.
    tab.grants = false;
    tab.ask(Ask::Refresh);
    let deadline = tab.now + tab.machine.deadline().since(tab.mono()).as_ms();
    assert!(deadline >= tab.now + 10_000.0);
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
fn rule_6_back_off() {
    let mut tab = Tab::signed_in(json!({}));
    tab.ask(Ask::Refresh);
    tab.answer(Target::Refresh, 503, "");
    let Reply::Fail(error) = tab.ask(Ask::Refresh) else {
        panic!("expected a failure")
    };
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    let wait = error.retry_after.as_ms();
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
    tab.feed(Input::Page(Page::Online));
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
        tab.feed(Input::Page(Page::Online));
        tab.ask(Ask::Refresh);
        assert_eq!(tab.refreshes(), calls);
    }
}

#[test]
fn rule_9_time() {
    // `expiresIn` comes before `exp`, which this clock takes for the past: what
    // the application kept may have ended.
    let mut tab = Tab::new(json!({}), None);
    tab.set_tokens(&jwt(json!({ "exp": 10, "iat": 4 })), Some(100));
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now + 100_000.0);
    tab.set_tokens(&jwt(json!({ "exp": 10, "iat": 4 })), None);
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now);
    assert_eq!(tab.refreshes(), 1);
    tab.set_tokens("opaque", Some(6));
    assert_eq!(tab.machine.snapshot().expires.as_ms(), tab.now + 6000.0);
    // Asleep beyond the end: no request goes with what is over.
    tab.pass(1e6);
    assert!(matches!(tab.ask(Ask::Request), Reply::Wait(_)));
    assert_eq!(tab.refreshes(), 2);
    // No known lifetime: used until it is refused.
    tab.set_tokens("opaque", None);
    tab.pass(1e9);
    tab.wake();
    // The calls that were left to themselves have the rest of their time.
    for _ in 0..3 {
        tab.pass(5.0);
        tab.wake();
    }
    assert_eq!(tab.ask(Ask::Request), Reply::Go);
    assert_eq!(tab.refreshes(), 2);
    assert_eq!(tab.machine.deadline(), Moment::NEVER);
    let refused = tab.refused(true);
    assert!(matches!(tab.ask(refused), Reply::Wait(_)));
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
    tab.fail(Target::Refresh);
    assert_eq!(
        kind(&tab.resume(forced, party)),
        Some(ErrorKind::RefreshUnavailable)
    );
    for wrong in [None, Some(""), Some("a b"), Some("é")] {
        let tokens: Result<Tokens, _> = answer::from_application(
            wrong.map(String::from),
            None,
            Stated::default(),
            tab.machine.policy(),
        );
        assert_eq!(
            tokens.expect_err("no token").kind(),
            ErrorKind::InvalidResponse
        );
    }
}

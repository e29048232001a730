//! How a session begins, ends and is kept.

use evertoken::internals::answer::Answer;
use evertoken::internals::call::Target;
use evertoken::internals::secret::Secret;
use evertoken::internals::view::Status;
use evertoken::internals::{
    Ask, ErrorKind, Event, Input, Moment, Output, Page, Party, Place, Reply, RequestId, SignedOutBy,
};
use serde_json::{Value, json};

use crate::tab::*;

#[test]
fn rule_4_signed_out() {
    let mut tab = Tab::new(json!({}), None);
    assert_eq!(tab.machine.status(), Status::Unknown);
    let party = tab.machine.current_party();
    assert!(matches!(tab.ask(Ask::Request), Reply::Wait(_)));
    tab.answer(Target::Refresh, 401, "");
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
        let reply = tab.resume(Ask::Request, Party::new(0));
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
fn rule_7_logout_wins() {
    let body = json!({ "refreshToken": { "in": "body" } });
    let mut tab = Tab::signed_in(body.clone());
    let party = tab.machine.current_party();
    tab.pass(100.0);
    tab.ask(Ask::Request);
    tab.feed(Input::Login {
        request: RequestId::new(2),
        remember: false,
    });
    logout(&mut tab, 3);
    assert_eq!(tab.machine.status(), Status::SignedOut);
    assert_eq!(
        kind(&tab.resume(Ask::Request, party)),
        Some(ErrorKind::SignedOut)
    );
    let ended = tab.log.iter().any(|output| {
        matches!(output, Output::SignInEnded { request, result: Err(error) } if request.number() == 2 && error.kind() == ErrorKind::SignedOut)
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
    assert!(calls[0].access && calls[0].refresh.is_some(), "{calls:?}");
    let session = calls[0].session.as_ref().expect("whose tokens they are");
    let texts = [&session.access, &session.refresh].map(|token| token.as_ref().map(Secret::expose));
    assert_eq!(texts, [Some("second"), Some("refresh-2")]);
    tab.answer(Target::Logout, 500, "");
    assert!(tab.log.contains(&Output::LogoutEnded {
        request: RequestId::new(3)
    }));
    assert!(matches!(tab.events().last(), Some(Event::Warning(_))));
    // A reload, and the cookie may still be there.
    let mut again = Tab::new(body, tab.stored.clone());
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
    tab.stored = Some(old);
    tab.feed(Input::Page(Page::Hidden));
    tab.feed(Input::Page(Page::Visible));
    assert_eq!(tab.token(), Some(bob.as_str()));
    assert!(tab.stored.as_ref().expect("a record").contains(&bob));
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

/// The tab that saw the end first may freeze before it is its turn to call.
#[test]
fn rule_18_a_tab_that_hears_of_an_end_calls_the_logout_endpoint_if_no_other_does() {
    let ends = |reason: &str| {
        let mut tab = Tab::signed_in(json!({ "logout": "/logout" }));
        let stored = tab.stored.clone().expect("a record");
        let mut end: Value = serde_json::from_str(&stored).expect("JSON");
        end["ended"] = json!(reason);
        let text = Some(end.to_string());
        let place = Place::Session;
        let text = text.as_deref();
        tab.feed(Input::Changed { place, text });
        assert_eq!(tab.machine.status(), Status::SignedOut);
        tab.pass(1.9);
        tab.wake();
        assert!(tab.calls(Target::Logout).is_empty(), "the other one's turn");
        tab.pass(0.2);
        tab.wake();
        tab.calls(Target::Logout).len()
    };
    assert_eq!(ends("idle"), 1);
    assert_eq!(ends("lifetime"), 1);
    // Who signs out calls the server itself.
    assert_eq!(ends("logout"), 0);
}

#[test]
fn rule_16_dispose() {
    let mut tab = Tab::signed_in(json!({}));
    tab.pass(100.0);
    tab.ask(Ask::Request);
    let party = tab.machine.current_party();
    tab.feed(Input::Dispose);
    let reply = tab.resume(Ask::Request, party);
    assert_eq!(kind(&reply), Some(ErrorKind::Disposed));
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
    let commit = place(|output| matches!(output, Output::Swap { .. })).expect("a commit");
    let unlock = place(|output| matches!(output, Output::Unlock { .. })).expect("an unlock");
    let closed = place(|output| matches!(output, Output::Closed)).expect("the end");
    assert!(commit < unlock && unlock < closed);
    assert_eq!(tab.machine.deadline(), Moment::NEVER);
    assert_eq!(tab.events(), []);
}

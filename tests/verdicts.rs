#![cfg(not(target_arch = "wasm32"))]
//! What ends a session and what is only passing (rule 5).

mod support;

use support::{Done, ErrorKind, Event, Manner, SignedOutBy, Status, World};

const LAZY: &str = r#""proactive":false"#;

/// I2: statuses of the refresh endpoint.
#[test]
fn rule_5_i2_only_five_statuses_and_invalid_grant_end_a_session() {
    for status in (300..600).filter(|status| ![304].contains(status)) {
        let mut world = World::expired(1);
        world.script([Manner::status(status)]);
        let caller = world.fetch(0);
        world.settle();
        let error = *world.result(caller).error().expect("an error");
        if [400, 401, 403, 410, 422].contains(&status) {
            assert_eq!(
                (error.kind(), world.status(0)),
                (ErrorKind::RefreshRejected, Status::SignedOut),
                "{status}"
            );
            assert_eq!(
                world.signed_out(0),
                [SignedOutBy::RefreshRejected],
                "{status}"
            );
        } else {
            assert_eq!(
                (error.kind(), world.status(0)),
                (ErrorKind::RefreshUnavailable, Status::SignedIn),
                "{status}"
            );
            // What redirects or is not there will not be there the next time.
            let redirects = (300..400).contains(&status);
            let retryable = !redirects && ![404, 405].contains(&status);
            assert_eq!(error.retryable(), retryable, "{status}");
            assert_eq!(error.status, status);
        }
    }
}

#[test]
fn rule_5_invalid_grant_ends_a_session_with_any_status() {
    for status in [200, 404, 429, 500, 503] {
        let mut world = World::expired(1);
        world.script([Manner::body(status, r#"{"error":"invalid_grant"}"#)]);
        world.fetch(0);
        world.settle();
        assert_eq!(world.status(0), Status::SignedOut, "{status}");
    }
    let mut world = World::expired(1);
    world.script([Manner::body(500, r#"{"error":"server_error"}"#)]);
    world.fetch(0);
    world.settle();
    assert_eq!(world.status(0), Status::SignedIn);
}

/// G6: captive portals, proxies, cut and empty bodies.
#[test]
fn rule_5_g6_html_and_broken_bodies_are_passing_and_say_what_was_looked_for() {
    for status in [200, 400, 401, 403, 502] {
        let mut world = World::expired(1);
        world.script([Manner::html(status)]);
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(
            world.result(caller).code(),
            Some(ErrorKind::RefreshUnavailable),
            "{status}"
        );
        assert_eq!(world.status(0), Status::SignedIn, "{status}");
    }
    for (body, retryable) in [
        ("", true),
        ("{\"accessToken\":", true),
        ("{}", false),
        ("null", false),
        (r#"{"token":""}"#, false),
    ] {
        let mut world = World::expired(1);
        world.script([Manner::body(200, body)]);
        let caller = world.fetch(0);
        world.settle();
        let error = *world.result(caller).error().expect("an error");
        assert_eq!(
            (error.kind(), error.retryable()),
            (ErrorKind::RefreshUnavailable, retryable),
            "{body}"
        );
        if !retryable {
            assert_eq!(error.cause, Some(evertoken::internals::Fault::NothingFound));
            let searched = world.policy.paths.searched();
            let usual = "accessToken, access_token, access, jwt, token";
            assert!(searched.contains(usual), "{searched}");
        }
    }
}

/// I1, A6, I8: the network fails and the session is kept; the server refuses
/// and nothing is sent with the dead token, ever.
#[test]
fn rule_5_i1_a_network_error_keeps_the_session() {
    for manner in [Manner::DropBefore, Manner::Hang] {
        let mut world = World::expired(1);
        world.script([manner]);
        let caller = world.fetch(0);
        world.settle();
        assert_eq!(
            world.result(caller).code(),
            Some(ErrorKind::RefreshUnavailable)
        );
        let snapshot = world.tabs[0].shown.expect("a snapshot");
        assert!(snapshot.stale && snapshot.status == Status::SignedIn && snapshot.error.is_some());
        world.pass(60_000);
        let next = world.fetch(0);
        world.settle();
        assert_eq!(*world.result(next), Done::Answer(200));
        let snapshot = world.tabs[0].shown.expect("a snapshot");
        assert!(!snapshot.stale && snapshot.error.is_none());
    }
}

#[test]
fn rule_5_a6_i8_a_definitive_refusal_ends_everything_once() {
    let mut world = World::expired(3);
    world.script([Manner::body(400, r#"{"error":"invalid_grant"}"#)]);
    let callers: Vec<_> = (0..30).map(|n| world.fetch(n % 3)).collect();
    world.settle();
    world.pass(3_600_000);
    assert_eq!(world.api_calls, 0);
    assert_eq!(world.refreshes(), 1);
    for tab in 0..3 {
        assert_eq!(world.signed_out(tab).len(), 1);
        assert_eq!(world.status(tab), Status::SignedOut);
        assert!(world.tabs[tab].pass.is_none());
    }
    let own: Vec<_> = callers.iter().step_by(3).collect();
    assert!(
        own.iter()
            .all(|caller| world.result(**caller).code() == Some(ErrorKind::RefreshRejected))
    );
    let stored = world.store.text.as_deref().unwrap_or_default().to_owned();
    assert!(
        !stored.contains("access") && !stored.contains("refresh-"),
        "{stored}"
    );
}

/// B14: a revoked refresh token and many tabs.
#[test]
fn rule_5_b14_a_revoked_session_ends_in_all_tabs_and_they_stop() {
    let mut world = World::expired(5);
    world.auth.families[0].revoked = true;
    for tab in 0..5 {
        world.fetch(tab);
    }
    world.settle();
    world.pass(600_000);
    assert!(world.refreshes() <= 5);
    assert!((0..5).all(|tab| world.status(tab) == Status::SignedOut));
}

/// G5: the least that an answer can hold.
#[test]
fn rule_5_g5_an_answer_with_an_access_token_alone_is_enough() {
    let mut world = World::expired(1);
    world.script([Manner::body(200, r#"{"access_token":"abc"}"#)]);
    let token = world.get_token(0);
    world.settle();
    assert_eq!(*world.result(token), Done::Token(Some("abc".to_owned())));
    let session = world.tabs[0]
        .held()
        .and_then(|record| record.session().cloned())
        .expect("a session");
    assert!(session.refresh.is_some(), "the refresh token held is kept");
}

/// I6: each failure says what it was.
#[test]
fn rule_5_i6_an_error_has_kind_status_and_cause() {
    let mut world = World::signed_in(LAZY);
    world.pass(25_000);
    world.script([Manner::status(404)]);
    let caller = world.fetch(0);
    world.settle();
    let error = *world.result(caller).error().expect("an error");
    assert_eq!(
        (error.kind(), error.status, error.retryable()),
        (ErrorKind::RefreshUnavailable, 404, false)
    );
    assert_eq!(
        error.cause.map(|cause| cause.kind()),
        Some(ErrorKind::InvalidResponse)
    );
    assert_eq!(
        world.tabs[0]
            .machine
            .inspection()
            .last_error
            .as_ref()
            .map(|last| last.kind()),
        Some(error.kind())
    );
    assert_eq!(
        world.tabs[0].count(|event| matches!(event, Event::RefreshFailed(_))),
        1
    );
}

/// A login that the server refuses, and one that it cannot answer.
#[test]
fn rule_5_a_failed_login_says_whose_fault_it_was() {
    let of = |manner: Manner| {
        let mut world = World::new(LAZY);
        world.open();
        world.auth.login_script.push_back(manner);
        let caller = world.log_in(0, "ann");
        world.settle();
        world
            .result(caller)
            .error()
            .map(|error| (error.kind(), error.retryable()))
    };
    for status in [400, 401, 403, 422] {
        assert_eq!(
            of(Manner::status(status)),
            Some((ErrorKind::LoginRejected, false)),
            "{status}"
        );
    }
    for status in [408, 425, 429, 500, 503] {
        assert_eq!(
            of(Manner::status(status)),
            Some((ErrorKind::LoginUnavailable, true)),
            "{status}"
        );
    }
    for status in [302, 307, 404, 405] {
        assert_eq!(
            of(Manner::status(status)),
            Some((ErrorKind::LoginUnavailable, false)),
            "{status}"
        );
    }
    assert_eq!(
        of(Manner::html(200)),
        Some((ErrorKind::LoginUnavailable, true))
    );
    assert_eq!(
        of(Manner::html(403)),
        Some((ErrorKind::LoginUnavailable, true))
    );
    assert_eq!(
        of(Manner::DropBefore),
        Some((ErrorKind::LoginUnavailable, true))
    );
    assert_eq!(of(Manner::Hang), Some((ErrorKind::LoginUnavailable, true)));
    assert_eq!(
        of(Manner::body(200, "{}")).map(|(kind, _)| kind),
        Some(ErrorKind::InvalidResponse)
    );
}

/// I3: the timer's refresh is refused although the token is still good: the
/// server has ended the session, and says so once.
#[test]
fn rule_5_i3_a_refusal_ahead_of_time_ends_the_session_once() {
    let mut world = World::signed_in("");
    world.auth.families[0].revoked = true;
    world.pass(60_000);
    assert_eq!(world.status(0), Status::SignedOut);
    assert_eq!(
        world.tabs[0].count(|event| matches!(event, Event::SignedOut(_))),
        1
    );
    assert_eq!(world.refreshes(), 1);
}

/// JSON that is labelled as HTML is JSON, and a refusal without a body is one,
/// whatever its label says: the label never reaches the core.
#[test]
fn rule_5_what_is_html_is_told_by_its_first_character() {
    let of = |status: u16, body: &'static str| {
        let mut world = World::expired(1);
        world.script([Manner::body(status, body)]);
        let caller = world.fetch(0);
        world.settle();
        (world.result(caller).clone(), world.status(0))
    };
    for (status, body) in [(401, ""), (403, "Forbidden"), (400, "\"no\"")] {
        let (done, status) = of(status, body);
        assert_eq!(done.code(), Some(ErrorKind::RefreshRejected), "{body}");
        assert_eq!(status, Status::SignedOut);
    }
    for body in ["<!doctype html>", " \r\n\t<p>", "<"] {
        let (done, status) = of(401, body);
        assert_eq!(done.code(), Some(ErrorKind::RefreshUnavailable), "{body}");
        assert_eq!(status, Status::SignedIn);
    }
    let mut world = World::expired(1);
    world.auth.mislabels = true;
    let caller = world.fetch(0);
    world.settle();
    assert_eq!(*world.result(caller), Done::Answer(200));
}

/// A request that cannot be built is a mistake of the application, and no
/// outage.
#[test]
fn rule_5_what_cannot_be_sent_is_told_as_a_mistake() {
    let mut world = World::new(LAZY);
    world.open();
    world.network.down = true;
    world.network.unsendable = true;
    let caller = world.log_in(0, "ann");
    world.settle();
    let error = *world.result(caller).error().expect("an error");
    assert_eq!(
        (error.kind(), error.retryable()),
        (ErrorKind::InvalidConfig, false)
    );
    let mut world = World::expired(1);
    world.network.down = true;
    world.network.unsendable = true;
    let caller = world.fetch(0);
    world.settle();
    let error = *world.result(caller).error().expect("an error");
    assert_eq!(
        (error.kind(), error.retryable()),
        (ErrorKind::RefreshUnavailable, false)
    );
    assert_eq!(world.status(0), Status::SignedIn);
}

/// Each error names the call that it came of: what was thrown there is kept
/// under its number, also of two that fail together.
#[test]
fn rule_5_of_two_calls_that_fail_together_each_error_names_its_own() {
    let mut world = World::expired(1);
    world.network.down = true;
    let callers = [world.log_in(0, "bob"), world.fetch(0)];
    world.settle();
    let calls = callers.map(|caller| world.result(caller).error().and_then(|error| error.call));
    assert!(calls[0].is_some() && calls[1].is_some());
    assert_ne!(calls[0], calls[1]);
}

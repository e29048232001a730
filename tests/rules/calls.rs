//! Where tokens go.

use crate::support::document::parse_url;
use evertoken::internals::answer;
use evertoken::internals::call::{Place, Target};
use evertoken::internals::lifetime::Stated;
use evertoken::internals::origins::{Misfit, Origins};
use evertoken::internals::{Ask, Event, Input, Millis, RequestId, SignedOutBy};
use serde_json::json;

use crate::tab::*;

#[test]
fn rule_11_origins() {
    let url = |text: &str| parse_url(text, None).expect("a URL");
    let mut origins = Origins::default();
    assert_eq!(origins.add(&*url("https://api.example/v1")), Ok(()));
    let admits = |text: &str| origins.admits(&*url(text));
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
    for (wrong, misfit) in [
        ("ftp://api.example", Misfit::Scheme),
        ("https://u:p@api.example", Misfit::Excess),
    ] {
        assert_eq!(Origins::default().add(&*url(wrong)), Err(misfit), "{wrong}");
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
    assert_eq!((call.access, call.refresh), (false, Some(Place::Field)));
    let session = call.session.as_ref().expect("whose token it is");
    assert_eq!(
        session.refresh.as_ref().map(|token| token.expose()),
        Some("refresh-1")
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
    assert!(tab.calls(Target::Refresh)[0].access);

    // Nothing to refresh with: no call, and at its end the session is over.
    let mut tab = Tab::new(json!({ "refreshToken": { "in": "body" } }), None);
    let tokens = answer::from_application(
        Some("only".into()),
        None,
        Stated {
            expires_in: Some(Millis::new(5000)),
            ..Stated::default()
        },
        tab.machine.policy(),
    );
    tab.feed(Input::SetTokens {
        request: RequestId::new(1),
        tokens,
        remember: false,
    });
    tab.pass(5.0);
    tab.wake();
    assert_eq!(tab.refreshes(), 0);
    let by = Event::SignedOut(SignedOutBy::RefreshRejected);
    assert_eq!(tab.events().last(), Some(&by));
}

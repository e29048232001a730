//! Where tokens go.

use crate::support::config::read_at;
use crate::support::document::parse_url;
use evertoken::core::answer;
use evertoken::core::call::Target;
use evertoken::core::lifetime::Stated;
use evertoken::core::{Ask, Event, Millis, SignedOutBy};
use serde_json::json;

use crate::tab::*;

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

//! Policies, told as an application would: the browser's reader of
//! configurations is JavaScript (`src/web/config.js`, tested in browsers),
//! and this one knows what of them the core goes by.

use std::cell::RefCell;
use std::collections::HashMap;

use evertoken::internals::Millis;
use evertoken::internals::answer::Paths;
use evertoken::internals::policy::{
    Access, BodyKind, Carrier, Credentials, Endpoint, Policy, Proactive, TIMEOUT,
};
use serde_json::Value;

/// The page that the tabs show.
pub const PAGE: &str = "https://app.example/";

fn endpoint(value: &Value) -> Option<Endpoint> {
    if value.is_null() {
        return None;
    }
    let text = |name: &str| value[name].as_str();
    let method = text("method").unwrap_or("POST").to_ascii_uppercase();
    Some(Endpoint {
        bodyless: matches!(method.as_str(), "GET" | "HEAD"),
        body: text("body").map(|body| match body {
            "json" => BodyKind::Json,
            "form" => BodyKind::Form,
            "none" => BodyKind::None,
            other => panic!("body {other}"),
        }),
        authenticate: value["authenticate"].as_bool(),
        credentials: text("credentials").map(|mode| match mode {
            "include" => Credentials::Include,
            "same-origin" => Credentials::SameOrigin,
            "omit" => Credentials::Omit,
            other => panic!("credentials {other}"),
        }),
        has_fields: value["fields"].is_object(),
    })
}

fn read(options: &Value) -> Policy {
    for name in options.as_object().expect("an object").keys() {
        let known = "login refresh logout accessToken refreshToken response proactive \
                     refreshAheadSeconds timeoutMs";
        assert!(known.split(' ').any(|known| known == name), "{name}");
    }
    let access = &options["accessToken"];
    let seconds = |value: &Value| value.as_f64().and_then(|n| Millis::from_ms(n * 1000.0));
    let response = |name: &str| options["response"][name].as_str().map(String::from);
    Policy {
        access: match access["in"].as_str() {
            Some("cookie") => Access::Cookie {
                lifetime: seconds(&access["lifetimeSeconds"]),
            },
            _ => Access::Header {
                own: access["name"].is_string(),
            },
        },
        carrier: match options["refreshToken"]["in"].as_str() {
            None => Carrier::Auto,
            Some("cookie") => Carrier::Cookie,
            Some("body") => Carrier::Body,
            Some("header") => Carrier::Header,
            Some(other) => panic!("refreshToken.in {other}"),
        },
        login: endpoint(&options["login"]),
        refresh: endpoint(&options["refresh"]),
        logout: endpoint(&options["logout"]),
        paths: Paths {
            access: response("accessToken"),
            refresh: response("refreshToken"),
            expires_in: response("expiresIn"),
            expires_in_is_ms: options["response"]["expiresInUnit"] == "ms",
            expires_at: response("expiresAt"),
            session_in: response("sessionExpiresIn"),
            session_at: response("sessionExpiresAt"),
            prefix: "Bearer ".to_owned(),
        },
        ahead: seconds(&options["refreshAheadSeconds"]),
        proactive: match &options["proactive"] {
            Value::Bool(true) => Proactive::Always,
            Value::Bool(false) => Proactive::Never,
            _ => Proactive::WhileVisible,
        },
        timeout: options["timeoutMs"]
            .as_f64()
            .and_then(Millis::from_ms)
            .unwrap_or(TIMEOUT),
        ..Policy::default()
    }
}

/// A policy with the three endpoints, unless `options` says otherwise; of two
/// equal names the last is taken.
pub fn policy_of(options: &str) -> Policy {
    thread_local!(static READ: RefCell<HashMap<String, Policy>> = RefCell::default());
    let text = format!(
        r#"{{"login":"/login","refresh":"/refresh","logout":"/logout"{}{options}}}"#,
        if options.is_empty() { "" } else { "," }
    );
    READ.with_borrow_mut(|read_before| {
        let policy = read_before.entry(text);
        let policy =
            policy.or_insert_with_key(|text| read(&serde_json::from_str(text).expect("JSON")));
        policy.clone()
    })
}

/// The same, with the refresh token in the body.
pub fn policy(options: &str) -> Policy {
    let more = if options.is_empty() { "" } else { "," };
    policy_of(&format!(r#""refreshToken":{{"in":"body"}}{more}{options}"#))
}

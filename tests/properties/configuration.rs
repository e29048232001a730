//! What a configuration may be, and what is said of any other.

use crate::support::config::read_at;
use crate::support::document::{parse, parse_url};
use evertoken::core::config;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::any::{any_json, any_url, json_like};

const OPTIONS: [&str; 18] = [
    "preset",
    "baseUrl",
    "login",
    "logout",
    "refresh",
    "accessToken",
    "refreshToken",
    "response",
    "attachTo",
    "refreshAheadSeconds",
    "proactive",
    "timeoutMs",
    "key",
    "crossTab",
    "storage",
    "clock",
    "fetch",
    "csrf",
];

fn any_option() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => any_json(),
        1 => any_url().prop_map(Value::from),
        1 => select(vec!["strapi", "header", "cookie", "body", "visible", "local", "GET"]).prop_map(Value::from),
        1 => vec(any_url().prop_map(Value::from), 0..3).prop_map(Value::from),
        2 => vec((
            select(vec![
                "url", "method", "body", "in", "name", "prefix", "field", "cookie", "header",
                "credentials", "fields", "csrf", "lifetimeSeconds", "function", "accessToken",
            ]),
            prop_oneof![any_json(), Just(json!("header")), Just(json!("/x")), Just(json!(true))],
        ), 0..4).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_configuration_is_too_strange(
        members in vec((select(OPTIONS.to_vec()), any_option()), 0..8),
        text in json_like(),
        page in select(vec![None, Some("https://page.example/")]),
    ) {
        let members: serde_json::Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for text in [text, Value::Object(members).to_string()] {
            let Some(given) = parse(&text) else { continue };
            if let Err(message) = config::read(&*given, page, &parse_url) {
                let name = message.split(':').next().unwrap_or_default();
                let top = name.split('.').next().unwrap_or_default();
                let known = OPTIONS.contains(&top) || ["config", "unauthorized"].contains(&top);
                prop_assert!(known, "{}", message);
            }
        }
    }
}

/// Options and values that they cannot have.
#[test]
fn an_option_of_the_wrong_type_is_refused_by_name() {
    let text = json!("x");
    let number = json!(-1);
    let list = json!([]);
    let truth = json!(true);
    let null = json!(null);
    let function = json!({ "function": true });
    let object = json!({ "a": 1 });
    let all = [&text, &number, &list, &truth, &null, &function, &object];
    // With each option, the places in `all` of what it does take.
    let options: [(&str, &[usize]); 39] = [
        ("preset", &[]),
        ("baseUrl", &[0]),
        ("login", &[0, 4]),
        ("logout", &[0, 4]),
        ("refresh", &[0, 5]),
        ("login.url", &[0]),
        ("login.method", &[0]),
        ("login.body", &[]),
        ("login.credentials", &[]),
        ("login.fields", &[6]),
        ("login.csrf", &[4]),
        ("login.authenticate", &[3]),
        ("login.tokenField", &[0]),
        ("refresh.url", &[0]),
        ("accessToken", &[]),
        ("accessToken.in", &[]),
        ("refreshToken", &[]),
        ("refreshToken.in", &[]),
        ("response", &[6]),
        ("response.accessToken", &[0]),
        ("response.refreshToken", &[0]),
        ("response.expiresIn", &[0]),
        ("response.expiresInUnit", &[]),
        ("response.expiresAt", &[0]),
        ("attachTo", &[2]),
        ("refreshAheadSeconds", &[]),
        ("proactive", &[3]),
        ("timeoutMs", &[]),
        ("key", &[0]),
        ("crossTab", &[3]),
        ("storage", &[]),
        ("storage.get", &[]),
        ("clock", &[]),
        ("clock.now", &[]),
        ("fetch", &[5]),
        ("unauthorized", &[2, 5]),
        ("csrf", &[]),
        ("csrf.cookie", &[]),
        ("csrf.header", &[]),
    ];
    for (option, takes) in options {
        for (place, value) in all.iter().enumerate() {
            let mut config = json!({ "refresh": "https://api.example/refresh" });
            let (top, member) = option
                .split_once('.')
                .map_or((option, None), |(top, member)| (top, Some(member)));
            config[top] = match (top, member) {
                (_, None) => (*value).clone(),
                ("login" | "refresh", Some(member)) => {
                    let mut endpoint = json!({ "url": "https://api.example/x" });
                    endpoint[member] = (*value).clone();
                    endpoint
                }
                (_, Some(member)) => json!({ member: value }),
            };
            let read = read_at(&config.to_string(), Some("https://page.example/"));
            match read {
                Ok(_) => assert!(takes.contains(&place), "{option} = {value} was accepted"),
                Err(message) => {
                    assert!(!takes.contains(&place), "{option} = {value}: {message}");
                    assert!(message.starts_with(top), "{option} = {value}: {message}");
                }
            }
        }
    }
}

/// A preset fills in what is missing, not what is wrong.
#[test]
fn a_preset_does_not_hide_a_wrong_option() {
    for (option, value) in [
        ("url", json!(7)),
        ("url", json!(null)),
        ("method", json!(7)),
    ] {
        let config = json!({ "preset": "strapi4", "login": { option: value } });
        let message = read_at(&config.to_string(), Some("https://page.example/"))
            .expect_err("a wrong option");
        assert!(
            message.starts_with(&format!("login.{option}: expected")),
            "{message}"
        );
    }
}

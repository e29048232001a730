//! The browser shell in a real browser: `wasm-pack test --headless --chrome -- --features npm`.
//!
//! The engine is driven as `src/web/host.js` drives it, by a host that only
//! writes down what it is asked to do.
#![cfg(target_arch = "wasm32")]

mod host;

use evertoken::web::{Act, Engine, Input, Query, decode};
use host::{Recorder, json};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const NOW: f64 = 1_800_000_000_000.0;
const WAIT: u32 = 4;

fn engine(config: &str) -> (Engine, Recorder) {
    let recorder = Recorder::new();
    let made = Engine::new(
        json(config),
        recorder.host(),
        "https://app.example/",
        NOW,
        0.5,
    );
    (made.expect("a good configuration"), recorder)
}

fn feed(engine: &Engine, input: Input, number: u32, text: Option<&str>) -> u32 {
    engine.feed(input, NOW, number, 0.0, 0, text.into())
}

#[wasm_bindgen_test]
fn a_wrong_configuration_is_refused() {
    let recorder = Recorder::new();
    let refused = Engine::new(json(r#"{"refresh":7}"#), recorder.host(), "", NOW, 0.5);
    let message = refused.err().unwrap_or_default();
    assert!(message.contains("refresh: expected a URL"), "{message}");
}

#[wasm_bindgen_test]
fn urls_are_parsed_by_the_platform() {
    let (engine, _) = engine(r#"{"refresh":"/r","baseUrl":"https://api.example:443/v1"}"#);
    let path = engine
        .query(Query::RequestPath, 0, JsValue::UNDEFINED)
        .unwrap_or_default();
    assert!(
        path.contains(r#""base":"https://api.example/v1""#),
        "{path}"
    );
    assert!(
        path.contains(r#""origins":["https://api.example"]"#),
        "{path}"
    );
    let admits = |url: &str| engine.query(Query::Admits, 0, host::url(url)).is_some();
    assert!(admits("https://api.example/v1/posts"));
    assert!(!admits("https://api.example.evil/v1/posts"));
    assert!(!admits("blob:https://api.example/uuid"));
}

/// A configuration is JavaScript's to make as strange as it likes.
#[wasm_bindgen_test]
fn values_that_throw_when_they_are_looked_at_are_as_if_not_there() {
    let recorder = Recorder::new();
    let config = host::value(
        "({ get refresh() { throw 1; }, baseUrl: new URL('https://a.example'), login: new Proxy({}, { get() { throw 2; } }) })",
    );
    let refused = Engine::new(config, recorder.host(), "", NOW, 0.5);
    let message = refused.err().unwrap_or_default();
    assert!(message.contains("found nothing"), "{message}");
}

#[wasm_bindgen_test]
fn a_request_waits_for_one_turn_and_goes_with_its_token() {
    let (engine, recorder) = engine(r#"{"refresh":"/r"}"#);
    feed(&engine, Input::Load, 0, None);
    let turn = feed(&engine, Input::Ask, 0, None)
        .checked_sub(WAIT)
        .expect("a turn to wait for");
    assert_eq!(
        feed(&engine, Input::Ask, 0, None),
        WAIT + turn,
        "the second joins it"
    );
    assert_eq!(recorder.count(Act::Lock), 1);
    feed(&engine, Input::Granted, turn, None);
    feed(&engine, Input::Read, turn, None);
    assert_eq!(recorder.count(Act::Call), 1);
    let call = recorder.last(Act::Call).expect("a call");
    assert!(
        call.json.contains(r#""url":"https://app.example/r""#),
        "{}",
        call.json
    );
    let answer = host::value(
        r#"({ type: 'application/json', after: null, body: '{"accessToken":"opaque","expiresIn":60}' })"#,
    );
    engine.feed(Input::Answered, NOW, call.number, 200.0, 0, answer);
    let commit = recorder.last(Act::Commit).expect("a commit");
    feed(&engine, Input::Committed, commit.number, None);
    assert_eq!(recorder.count(Act::TurnEnded), 1);
    assert_eq!(
        engine.feed(
            Input::Resume,
            NOW,
            turn,
            0.0,
            engine.party(),
            JsValue::UNDEFINED
        ),
        0
    );
    let (token, until) = recorder.pass().expect("a pass");
    assert_eq!(token, "opaque");
    assert_eq!(
        until,
        NOW + 48_000.0,
        "a fifth before the end the core wants to be asked"
    );
}

#[wasm_bindgen_test]
fn an_input_from_within_an_output_is_taken_in_turn() {
    let (engine, recorder) = engine(r#"{"refresh":"/r"}"#);
    feed(&engine, Input::Load, 0, None);
    // A host without locks grants at once, in the middle of being asked.
    recorder.grant_at_once(&engine);
    assert!(feed(&engine, Input::Ask, 0, None) >= WAIT);
    recorder.forget(&engine);
    assert_eq!(recorder.count(Act::Read), 1);
}

#[wasm_bindgen_test]
fn tokens_are_decoded_or_not_and_nothing_traps() {
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiLDqSJ9.";
    let parts = decode(token).expect("a token");
    let member = |at: usize, name: &str| {
        js_sys::Reflect::get(&parts[at], &name.into())
            .ok()?
            .as_string()
    };
    assert_eq!(member(0, "alg").as_deref(), Some("none"));
    assert_eq!(member(1, "sub").as_deref(), Some("é"));
    for broken in [
        "",
        ".",
        "..",
        "a.b.c",
        "\u{0}.\u{1F600}.x",
        "e30.e30",
        "e30.W10.x",
    ] {
        assert!(decode(broken).is_none(), "{broken:?}");
    }
}

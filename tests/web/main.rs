//! The browser shell in a real browser: `wasm-pack test --headless --chrome -- --features npm`.
//!
//! The engine is driven as `src/web/host.js` drives it, by a host that only
//! writes down what it is asked to do.
#![cfg(target_arch = "wasm32")]

mod host;

use evertoken::web::{Act, Engine, Input, Query};
use host::{CALL, Recorder};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const NOW: f64 = 1_800_000_000_000.0;
const WAIT: u32 = 4;

/// An engine with a refresh endpoint, and everything else as it is by
/// default.
fn engine() -> (Engine, Recorder) {
    let recorder = Recorder::new();
    let none = f64::NAN;
    let engine = Engine::new(
        recorder.host(),
        0,
        0,
        1,
        0,
        none,
        none,
        none,
        JsValue::UNDEFINED,
        NOW,
        0.5,
    );
    (engine, recorder)
}

fn feed(engine: &Engine, input: Input, number: u32, text: Option<&str>) -> u32 {
    engine.feed(input, NOW, number, 0.0, 0, text.into())
}

#[wasm_bindgen_test]
fn urls_are_parsed_by_the_platform() {
    let (engine, _) = engine();
    let query = |query, url: &str| engine.query(query, 0, host::url(url));
    assert_eq!(query(Query::Allow, "https://api.example:443/v1"), 0);
    assert_eq!(query(Query::Allow, "ftp://api.example/"), 1);
    assert_eq!(query(Query::Allow, "https://user@api.example/"), 2);
    assert_eq!(query(Query::Admits, "https://api.example/v1/posts"), 1);
    assert_eq!(query(Query::Admits, "https://api.example/v10/posts"), 0);
    assert_eq!(query(Query::Admits, "https://api.example.evil/v1/posts"), 0);
    assert_eq!(query(Query::Admits, "blob:https://api.example/uuid"), 0);
}

/// What is fed is JavaScript's to make as strange as it likes.
#[wasm_bindgen_test]
fn values_that_throw_when_they_are_looked_at_are_as_if_not_there() {
    let (engine, recorder) = engine();
    feed(&engine, Input::Load, 0, None);
    for value in [
        "({ get accessToken() { throw 1; } })",
        "new Proxy({}, { get() { throw 2; } })",
        "Object.create(null)",
        "Symbol('x')",
        "7n",
    ] {
        engine.feed(Input::SetTokens, NOW, 1, 0.0, 0, host::value(value));
    }
    assert_eq!(recorder.count(Act::SignInEnded as u32), 5);
    assert!(recorder.pass().is_none());
}

#[wasm_bindgen_test]
fn a_request_waits_for_one_turn_and_goes_with_its_token() {
    let (engine, recorder) = engine();
    feed(&engine, Input::Load, 0, None);
    let turn = feed(&engine, Input::Ask, 0, None)
        .checked_sub(WAIT)
        .expect("a turn to wait for");
    assert_eq!(
        feed(&engine, Input::Ask, 0, None),
        WAIT + turn,
        "the second joins it"
    );
    assert_eq!(recorder.count(Act::Lock as u32), 1);
    feed(&engine, Input::Granted, turn, None);
    feed(&engine, Input::Read, turn, None);
    assert_eq!(recorder.count(CALL), 1);
    let call = recorder.last(CALL).expect("a call");
    // The refresh endpoint, credentials 'include', redirects followed.
    assert_eq!(call.more.as_f64(), Some(f64::from(1 | 1 << 10)));
    let answer = host::value(
        r#"({ type: 'application/json', after: null, body: '{"accessToken":"opaque","expiresIn":60}' })"#,
    );
    engine.feed(Input::Answered, NOW, call.number, 200.0, 0, answer);
    let commit = recorder.last(Act::Commit as u32).expect("a commit");
    let record = commit.more.as_string().unwrap_or_default();
    assert!(record.contains(r#""access":"opaque""#), "{record}");
    feed(&engine, Input::Committed, commit.number, None);
    assert_eq!(recorder.count(Act::TurnEnded as u32), 1);
    assert_eq!(
        engine.feed(
            Input::Resume,
            NOW,
            turn,
            0.0,
            engine.query(Query::Party, 0, JsValue::UNDEFINED),
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
    let (engine, recorder) = engine();
    feed(&engine, Input::Load, 0, None);
    // A host without locks grants at once, in the middle of being asked.
    recorder.grant_at_once(&engine);
    assert!(feed(&engine, Input::Ask, 0, None) >= WAIT);
    recorder.forget(&engine);
    assert_eq!(recorder.count(Act::Read as u32), 1);
}

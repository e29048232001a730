//! The browser shell in a real browser: `wasm-pack test --headless --chrome -- --features npm`.
//!
//! The engine is driven as `src/web/host.js` drives it, by a host that only
//! writes down what it is asked to do.
#![cfg(target_arch = "wasm32")]

mod host;

use evertoken::web::{Act, Ask, Engine, Input, Query, Reply};
use host::{Recorder, value};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const WALL: f64 = 1_800_000_000_000.0;
const MONO: f64 = 1_000.0;
const NOTHING: JsValue = JsValue::UNDEFINED;

/// An engine of a policy, which has not started.
fn made(policy: &str) -> (Engine, Recorder) {
    let recorder = Recorder::new();
    let engine = Engine::new(recorder.host(), value(policy), WALL, MONO, 0.5);
    (engine, recorder)
}

/// One with a refresh endpoint and everything else as it is by default, which
/// has started.
fn started() -> (Engine, Recorder) {
    let (engine, recorder) = made("({ refresh: { there: 1 } })");
    feed(&engine, Input::Start, 0, 0.0, NOTHING);
    assert_eq!(recorder.count(Act::Started), 1);
    (engine, recorder)
}

fn feed(engine: &Engine, input: Input, number: u32, figure: f64, value: JsValue) -> u32 {
    engine.feed(input, WALL, MONO, number, figure, value) as u32
}

fn ask(engine: &Engine) -> u32 {
    feed(
        engine,
        Input::Ask,
        0,
        f64::from(Ask::Request as u32),
        NOTHING,
    )
}

#[wasm_bindgen_test]
fn urls_are_parsed_by_the_platform() {
    let (engine, _) = started();
    let query = |query, url: &str| engine.query(query, host::url(url));
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
    let (engine, recorder) = started();
    for strange in [
        "({ get accessToken() { throw 1; } })",
        "new Proxy({}, { get() { throw 2; } })",
        "Object.create(null)",
        "Symbol('x')",
        "7n",
    ] {
        feed(&engine, Input::SetTokens, 1, 0.0, value(strange));
    }
    assert_eq!(recorder.count(Act::SignInEnded), 5);
    let ended = recorder.last(Act::SignInEnded).expect("an end");
    assert!(ended.number("fault").is_some(), "{}", ended.json());
    let pass = recorder.last(Act::Pass);
    assert_eq!(pass.and_then(|pass| pass.number("until")), None);
}

#[wasm_bindgen_test]
fn a_policy_that_says_nothing_is_the_default() {
    let (engine, recorder) = made("undefined");
    feed(&engine, Input::Start, 0, 0.0, NOTHING);
    assert_eq!(recorder.count(Act::Started), 1);
    assert_eq!(recorder.count(Act::OpenChannel), 0);
}

#[wasm_bindgen_test]
fn a_request_waits_for_one_call_and_goes_with_its_token() {
    let (engine, recorder) = started();
    assert_eq!(ask(&engine), Reply::Wait as u32);
    let told = recorder.told();
    let wait = told.number("wait").expect("what to wait for");
    let asker = told.number("asker").expect("who asked");
    assert_eq!(ask(&engine), Reply::Wait as u32);
    assert_eq!(
        recorder.told().number("wait"),
        Some(wait),
        "the second joins it"
    );
    assert_eq!(recorder.count(Act::Call), 1);
    let call = recorder.last(Act::Call).expect("a call");
    assert_eq!(
        call.json(),
        r#"{"target":"refresh","body":"none","credentials":"include","keepalive":1}"#
    );
    let answer = value(r#"({ after: null, body: '{"accessToken":"opaque","expiresIn":60}' })"#);
    feed(&engine, Input::Answered, call.number, 200.0, answer);
    let ended = recorder.last(Act::WaitEnded).expect("an end");
    assert_eq!(f64::from(ended.number), wait);
    let about = value(&format!("({{ asker: {asker} }})"));
    let request = f64::from(Ask::Request as u32);
    let reply = feed(&engine, Input::Resume, ended.number, request, about);
    assert_eq!(reply, Reply::Go as u32);
    let snapshot = recorder.last(Act::Snapshot).expect("a snapshot");
    assert_eq!(snapshot.text("token").as_deref(), Some("opaque"));
    assert_eq!(snapshot.text("state").as_deref(), Some("signed-in"));
    let pass = recorder.last(Act::Pass).expect("a pass");
    assert_eq!(
        (pass.number("until"), f64::from(pass.number)),
        (Some(WALL + 48_000.0), MONO + 48_000.0),
        "a fifth before the end the core wants to be asked"
    );
}

#[wasm_bindgen_test]
fn a_failure_is_told_by_the_call_that_brought_it() {
    let (engine, recorder) = started();
    assert_eq!(ask(&engine), Reply::Wait as u32);
    let call = recorder.last(Act::Call).expect("a call").number;
    feed(&engine, Input::Unreachable, call, 0.0, NOTHING);
    let event = recorder.last(Act::Event).expect("an event");
    assert_eq!(event.text("type").as_deref(), Some("refresh-failed"));
    assert_eq!(event.number("call"), Some(f64::from(call)));
}

#[wasm_bindgen_test]
fn an_input_from_within_an_output_is_taken_in_turn() {
    let (engine, recorder) = made("({ refresh: { there: 1 }, storage: 'tab' })");
    // A place that answers in the middle of being asked.
    recorder.read_at_once(&engine);
    feed(&engine, Input::Start, 0, 0.0, NOTHING);
    assert_eq!(ask(&engine), Reply::Wait as u32);
    recorder.forget(&engine);
    assert_eq!(recorder.count(Act::Started), 1);
    assert_eq!(recorder.count(Act::Call), 1);
}

//! Anything at all, of what the core's parts are given.

use evertoken::internals::{Instant, Millis, Moment, Now};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// The last instant of a JavaScript `Date`, in milliseconds.
pub const LAST: f64 = 8.64e15;

pub fn at(ms: f64) -> Instant {
    Instant::from_ms(ms).expect("an instant")
}

pub fn moment(ms: f64) -> Moment {
    Moment::from_ms(ms)
}

pub fn clocks(wall: f64, mono: f64) -> Now {
    Now {
        wall: at(wall),
        mono: moment(mono),
    }
}

pub fn span(ms: f64) -> Millis {
    Millis::from_ms(ms).expect("a length of time")
}

pub fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

pub fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((".{0,4}", inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// What breaks a JSON text, or just does not.
pub fn any_piece() -> impl Strategy<Value = String> {
    let pieces = [
        "", " ", "\t", "\u{b}", ",", ":", "{", "}", "[", "]", "\"", "\\", "\\u", "\\u0041", "\\x",
        "0", "01", "-", "+", "1.", ".5", "1e", "1e+2", "E-3", "null", "nul", "true", "NaN",
        "\u{0}", "\u{1f}", "\u{7f}", "\u{feff}", "é", "💥", "//", "'",
    ];
    prop_oneof![
        8 => select(pieces.to_vec()).prop_map(String::from),
        1 => any::<String>(),
    ]
}

/// A text with some of its characters taken out and others put in.
pub fn mutated(text: String, edits: Vec<(Index, bool, String)>) -> String {
    edits.into_iter().fold(text, |text, (place, takes, piece)| {
        let mut chars: Vec<char> = text.chars().collect();
        let place = place.index(chars.len() + 1);
        if takes && place < chars.len() {
            chars.remove(place);
        }
        let (before, after) = chars.split_at(place);
        before
            .iter()
            .chain(&piece.chars().collect::<Vec<_>>())
            .chain(after)
            .collect()
    })
}

pub fn json_like() -> impl Strategy<Value = String> {
    let edits = vec((any::<Index>(), any::<bool>(), any_piece()), 0..4);
    prop_oneof![
        1 => any::<String>(),
        4 => vec(any_piece(), 0..10).prop_map(|pieces| pieces.concat()),
        8 => (any_json(), any::<bool>(), edits).prop_map(|(value, pretty, edits)| {
            let text = if pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            mutated(text.expect("JSON"), edits)
        }),
    ]
}

pub fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0i64..10_000_000_000).prop_map(Value::from),
        (-1e10..1e10f64).prop_map(|number| json!(number)),
        (-1e300..1e300f64).prop_map(|number| json!(number)),
        (-8_640_000_000_010i64..-8_639_999_999_990).prop_map(Value::from),
        (8_639_999_999_990i64..8_640_000_000_010).prop_map(Value::from),
    ]
}

pub fn any_url() -> impl Strategy<Value = String> {
    let schemes = [
        "https://",
        "http://",
        "https:",
        "//",
        "",
        "blob:https://",
        "ws://",
        "HTTPS:\\\\",
    ];
    let hosts = [
        "api.example",
        "API.example",
        "api.example:443",
        "api.example:80",
        "api.example:8443",
        "api.example.",
        "api.example.evil",
        "evil",
        "api.example@evil",
        "api.example:443@evil",
        "evil#@api.example",
        "evil?api.example",
        "evil\\@api.example",
        "api.example%2eevil",
        "api.example\u{3002}evil",
        "xapi.example",
        "[::1]",
        "api.example\tevil",
        "u:p@api.example",
    ];
    let paths = [
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1/x",
        "/v10",
        "/v1.x",
        "/v1%2fx",
        "/v1/../x",
        "/v1/%2e%2e/x",
        "/x/../v1/y",
        "/V1/x",
        "//v1",
        "\\v1\\x",
        "/v1?x",
        "/v1#x",
        "/v1;x",
        "/v1/./x",
    ];
    let edits = vec(
        (any::<Index>(), any::<bool>(), "[@:/\\\\?#.%a-z]{0,2}"),
        0..2,
    );
    prop_oneof![
        1 => any::<String>(),
        9 => (select(schemes.to_vec()), select(hosts.to_vec()), select(paths.to_vec()), edits)
            .prop_map(|(scheme, host, path, edits)| {
                mutated(format!("{scheme}{host}{path}"), edits)
            }),
    ]
}

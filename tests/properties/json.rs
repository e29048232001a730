//! What the core writes, against serde_json.

use evertoken::internals::Members;
use evertoken::internals::json::Writer;
use proptest::prelude::*;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read_by_others(
        name in any::<String>().prop_filter("another name", |name| name != "infinite"),
        text in any::<String>(),
        number in -1e15..1e15,
    ) {
        let mut out = Writer::object();
        out.text("text", &text);
        out.number("number", number);
        out.number("infinite", f64::INFINITY);
        out.text(&name, "named");
        let written: Value = serde_json::from_str(&out.end()).expect("JSON");
        let named = written.get(&name).cloned();
        prop_assert_eq!(named, Some(json!("named")));
        if name != "text" {
            prop_assert_eq!(&written["text"], &json!(text));
        }
        if name != "number" {
            prop_assert_eq!(written["number"].as_f64(), Some(number.trunc()));
        }
        prop_assert!(written.get("infinite").is_none());
    }
}

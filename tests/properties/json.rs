//! What the core writes, against serde_json.

use evertoken::core::json::Writer;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::any::any_json;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read_by_others(
        text in any::<String>(),
        texts in vec(any::<String>(), 0..4),
        number in -1e15..1e15,
        flag: bool,
        value in any_json(),
    ) {
        let mut out = Writer::object();
        out.text("text", Some(&text));
        out.text("none", None);
        let list: Vec<&str> = texts.iter().map(String::as_str).collect();
        out.list("list", &list);
        out.number("number", number);
        out.number("infinite", f64::INFINITY);
        out.flag("flag", flag);
        out.source("value", Some(&value.to_string()));
        let written: Value = serde_json::from_str(&out.end()).expect("JSON");
        let read: Value = serde_json::from_str(&value.to_string()).expect("JSON");
        prop_assert_eq!(&written["text"], &json!(text));
        prop_assert_eq!(&written["list"], &json!(texts));
        prop_assert_eq!(written["number"].as_f64(), Some(number.trunc()));
        prop_assert_eq!(&written["flag"], &json!(flag));
        prop_assert_eq!(&written["value"], &read);
        prop_assert!(written.get("none").is_none() && written.get("infinite").is_none());
    }
}

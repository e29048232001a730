//! What a browser does for the core: JSON and URLs taken apart, here by the
//! crates serde_json and url.

use evertoken::core::{Document, Kind};
use serde_json::{Value, json};

struct Given(Value);

impl Given {
    fn at(&self, path: &str) -> Option<Value> {
        let mut value = &self.0;
        for name in path.split('.').filter(|_| !path.is_empty()) {
            value = match value {
                Value::Array(values) if name == "length" => return Some(json!(values.len())),
                Value::Array(values) => values.get(name.parse::<usize>().ok()?)?,
                value => value.get(name)?,
            };
        }
        Some(value.clone())
    }
}

impl Document for Given {
    fn kind(&self, path: &str) -> Kind {
        match self.at(path) {
            None => Kind::Nothing,
            Some(Value::Null) => Kind::Null,
            Some(Value::Bool(false)) => Kind::False,
            Some(Value::Bool(true)) => Kind::True,
            Some(Value::Number(_)) => Kind::Number,
            Some(Value::String(text)) if text.is_empty() => Kind::EmptyText,
            Some(Value::String(_)) => Kind::Text,
            Some(Value::Array(_)) => Kind::Array,
            // JSON has no functions, configurations do.
            Some(value) if value == json!({ "function": true }) => Kind::Function,
            Some(Value::Object(_)) => Kind::Object,
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        self.at(path)?.as_str().map(String::from)
    }

    fn number(&self, path: &str) -> Option<f64> {
        self.at(path)?.as_f64()
    }
}

/// What `JSON.parse` gives.
pub fn parse(text: &str) -> Option<Box<dyn Document>> {
    let value = serde_json::from_str(text).ok()?;
    Some(Box::new(Given(value)))
}

/// What `new URL(text, base)` gives.
pub fn parse_url(text: &str, base: Option<&str>) -> Option<Box<dyn Document>> {
    let url = match base {
        Some(base) => url::Url::parse(base).ok()?.join(text),
        None => url::Url::parse(text),
    };
    let url = url.ok()?;
    let after = |mark: &str, rest: Option<&str>| match rest {
        Some(rest) if !rest.is_empty() => format!("{mark}{rest}"),
        _ => String::new(),
    };
    Some(Box::new(Given(json!({
        "href": url.as_str(),
        "protocol": format!("{}:", url.scheme()),
        "origin": url.origin().ascii_serialization(),
        "pathname": url.path(),
        "username": url.username(),
        "password": url.password().unwrap_or_default(),
        "search": after("?", url.query()),
        "hash": after("#", url.fragment()),
    }))))
}

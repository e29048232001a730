//! JavaScript's values as the core reads them: what is at a dotted path. None
//! of it throws, whatever the value is.

use js_sys::{JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::core::{Document, Platform, date, jwt};

/// Any value of JavaScript's.
pub(super) struct Value(pub JsValue);

impl Value {
    fn at(&self, path: &str) -> JsValue {
        let mut found = self.0.clone();
        for name in path.split('.').filter(|_| !path.is_empty()) {
            found = member(&found, name).unwrap_or_default();
        }
        found
    }
}

impl Document for Value {
    fn text(&self, path: &str) -> Option<String> {
        self.at(path).as_string()
    }

    fn number(&self, path: &str) -> Option<f64> {
        self.at(path).as_f64().filter(|number| !number.is_nan())
    }
}

/// A member of an object; nothing where there is none, or where looking at it
/// throws.
pub(super) fn member(value: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(value, &name.into())
        .ok()
        .filter(|found| !found.is_undefined())
}

fn given(value: JsValue) -> Box<dyn Document> {
    Box::new(Value(value))
}

/// What the core has taken apart.
pub(super) const PLATFORM: Platform = Platform {
    json: parse,
    claims: |token| jwt::claims(token, parse),
    date: date::read,
};

/// Reads JSON with the platform's parser.
pub(super) fn parse(text: &str) -> Option<Box<dyn Document>> {
    JSON::parse(text).ok().map(given)
}

/// Reads a URL with the platform's parser.
pub(super) fn url(text: &str, base: Option<&str>) -> Option<Box<dyn Document>> {
    let url = match base {
        Some(base) => web_sys::Url::new_with_base(text, base),
        None => web_sys::Url::new(text),
    };
    url.ok().map(|url| given(url.unchecked_into()))
}

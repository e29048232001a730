//! JavaScript's values as the core reads them; see `src/web/document.js`.

use wasm_bindgen::prelude::*;

use crate::core::{Document, Kind};

#[wasm_bindgen(module = "/src/web/document.js")]
extern "C" {
    fn kind(value: &JsValue, path: &str) -> u8;
    fn text(value: &JsValue, path: &str) -> Option<String>;
    fn number(value: &JsValue, path: &str) -> f64;
    #[wasm_bindgen(js_name = parse)]
    fn parse_json(text: &str) -> JsValue;
    #[wasm_bindgen(js_name = parseUrl)]
    fn parse_url(text: &str, base: Option<&str>) -> JsValue;
}

/// Any value of JavaScript's.
pub struct Value(pub JsValue);

impl Document for Value {
    fn kind(&self, path: &str) -> Kind {
        const KINDS: [Kind; 10] = [
            Kind::Nothing,
            Kind::Null,
            Kind::Object,
            Kind::Array,
            Kind::Function,
            Kind::EmptyText,
            Kind::Text,
            Kind::False,
            Kind::True,
            Kind::Number,
        ];
        let kind = kind(&self.0, path);
        KINDS
            .get(usize::from(kind))
            .copied()
            .unwrap_or(Kind::Nothing)
    }

    fn text(&self, path: &str) -> Option<String> {
        text(&self.0, path)
    }

    fn number(&self, path: &str) -> Option<f64> {
        Some(number(&self.0, path)).filter(|number| !number.is_nan())
    }
}

fn given(value: JsValue) -> Option<Box<dyn Document>> {
    (!value.is_undefined()).then(|| Box::new(Value(value)) as Box<dyn Document>)
}

/// Reads JSON that is an object.
pub fn object(text: &str) -> Option<JsValue> {
    let value = Value(parse_json(text));
    (value.kind("") == Kind::Object).then_some(value.0)
}

/// Reads JSON with the platform's parser.
pub fn parse(text: &str) -> Option<Box<dyn Document>> {
    given(parse_json(text))
}

/// Reads a URL with the platform's parser.
pub fn url(text: &str, base: Option<&str>) -> Option<Box<dyn Document>> {
    given(parse_url(text, base))
}

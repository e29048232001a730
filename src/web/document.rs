//! JavaScript's values as the core reads them; see `src/web/document.js`.

use wasm_bindgen::prelude::*;

use crate::core::{Document, Instant, Platform};

#[wasm_bindgen(module = "/src/web/document.js")]
extern "C" {
    fn text(value: &JsValue, path: &str) -> Option<String>;
    fn number(value: &JsValue, path: &str) -> f64;
    #[wasm_bindgen(js_name = parse)]
    fn parse_json(text: &str) -> JsValue;
    #[wasm_bindgen(js_name = claimsOf)]
    fn claims_of(token: &str) -> JsValue;
    fn date(text: &str) -> f64;
}

/// Any value of JavaScript's.
pub struct Value(pub JsValue);

impl Value {
    /// The text, where the value is one. Most inputs bring none.
    pub fn string(&self) -> Option<String> {
        match self.0.is_undefined() {
            true => None,
            false => self.text(""),
        }
    }
}

impl Document for Value {
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

/// The browser's own parsers.
pub const PLATFORM: Platform = Platform {
    json: |text| given(parse_json(text)),
    claims: |token| given(claims_of(token)),
    date: |text| Instant::from_ms(date(text)),
};

//! The JavaScript half, as the engine sees it. None of these throws.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `src/web/host.js`.
    pub type Host;

    /// Makes a `TokenError`.
    #[wasm_bindgen(method)]
    pub fn error(
        this: &Host,
        code: &str,
        message: &str,
        status: Option<u16>,
        retryable: bool,
        retry_after_ms: Option<f64>,
        cause: &JsValue,
    ) -> JsValue;

    /// The constant part of an endpoint: URL, method, headers, fields, CSRF.
    #[wasm_bindgen(method)]
    pub fn endpoint(this: &Host, target: &str, endpoint: &JsValue);

    #[wasm_bindgen(method)]
    pub fn lock(this: &Host, turn: u32, steal: bool);
    #[wasm_bindgen(method)]
    pub fn unlock(this: &Host, turn: u32);
    #[wasm_bindgen(method)]
    pub fn read(this: &Host, turn: u32);
    #[wasm_bindgen(method)]
    pub fn call(this: &Host, call: &JsValue);
    #[wasm_bindgen(method)]
    pub fn abort(this: &Host, call: u32);
    #[wasm_bindgen(method)]
    pub fn commit(this: &Host, number: u32, record: &str);
    #[wasm_bindgen(method)]
    pub fn tell(this: &Host, record: &str);

    #[wasm_bindgen(method, js_name = turnEnded)]
    pub fn turn_ended(this: &Host, turn: u32, error: &JsValue);
    #[wasm_bindgen(method, js_name = signInEnded)]
    pub fn sign_in_ended(this: &Host, request: u32, error: &JsValue);
    #[wasm_bindgen(method, js_name = logoutEnded)]
    pub fn logout_ended(this: &Host, request: u32);

    #[wasm_bindgen(method)]
    pub fn snapshot(this: &Host, snapshot: &JsValue);
    /// `token` is null where it travels in a cookie; `serial` is 0 where
    /// there is no pass.
    #[wasm_bindgen(method, js_name = issue)]
    pub fn issue(this: &Host, token: Option<&str>, serial: u32, party: u32, since: f64, until: f64);
    #[wasm_bindgen(method)]
    pub fn event(this: &Host, kind: &str, reason: Option<&str>, error: &JsValue);
    #[wasm_bindgen(method)]
    pub fn wake(this: &Host, at: f64);
    #[wasm_bindgen(method)]
    pub fn closed(this: &Host);
}

//! A host that writes down what the engine asks for.

use evertoken::web::{Act, Engine, Host};
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// What one call of [`Host`]'s `act` or `call` said.
pub struct Acted {
    pub number: u32,
    /// How a call is made, or the record as JSON.
    pub more: JsValue,
}

pub struct Recorder(JsValue);

/// A call is an act with a number of its own here.
pub const CALL: u32 = 100;

const SOURCE: &str = "
  const host = {
    acts: [], passes: [], record: {}, onAct: undefined,
    act(act, number) { host.acts.push([act, number, JSON.stringify(host.record)]); host.record = {}; host.onAct?.(act, number); },
    call(number, how, access, refresh) { host.acts.push([100, number, how]); },
    text(name, value) { host.record[name] = value; },
    number(name, value) { host.record[name] = value; },
    fail() {}, show() {}, figures() {},
    issue(token, serial, party, since, until) { host.passes.push(serial ? [token, until] : null); },
    wake() {},
  };
  return host;";

impl Recorder {
    pub fn new() -> Self {
        Self(
            Function::new_no_args(SOURCE)
                .call0(&JsValue::NULL)
                .expect("a host"),
        )
    }

    pub fn host(&self) -> Host {
        self.0.clone().unchecked_into()
    }

    fn list(&self, name: &str) -> Vec<JsValue> {
        let list = Reflect::get(&self.0, &name.into()).expect("a list");
        Array::from(&list).to_vec()
    }

    fn acts(&self) -> impl Iterator<Item = (u32, Acted)> {
        self.list("acts").into_iter().map(|entry| {
            let entry = Array::from(&entry);
            let number = |at| entry.get(at).as_f64().unwrap_or_default() as u32;
            let (number, more) = (number(1), entry.get(2));
            (
                entry.get(0).as_f64().unwrap_or_default() as u32,
                Acted { number, more },
            )
        })
    }

    pub fn count(&self, act: u32) -> usize {
        self.acts().filter(|(found, _)| *found == act).count()
    }

    pub fn last(&self, act: u32) -> Option<Acted> {
        self.acts()
            .filter(|(found, _)| *found == act)
            .last()
            .map(|(_, acted)| acted)
    }

    /// The token and the end of the pass that is held.
    pub fn pass(&self) -> Option<(String, f64)> {
        let pass = self.list("passes").pop().filter(|pass| !pass.is_null())?;
        let pass = Array::from(&pass);
        Some((pass.get(0).as_string()?, pass.get(1).as_f64()?))
    }

    /// Answers `Lock` with `Granted` before the engine's call has returned.
    pub fn grant_at_once(&self, engine: &Engine) {
        let pointer = std::ptr::from_ref(engine);
        let grant = wasm_bindgen::closure::Closure::<dyn Fn(u32, u32)>::new(move |act, turn| {
            if act == Act::Lock as u32 {
                // SAFETY: the test holds the engine until `forget`.
                let engine = unsafe { &*pointer };
                engine.feed(
                    evertoken::web::Input::Granted,
                    1_800_000_000_000.0,
                    turn,
                    0.0,
                    0,
                    JsValue::UNDEFINED,
                );
            }
        });
        let _ = Reflect::set(&self.0, &"onAct".into(), &grant.into_js_value());
    }

    pub fn forget(&self, _engine: &Engine) {
        let _ = Reflect::set(&self.0, &"onAct".into(), &JsValue::UNDEFINED);
    }
}

/// What an expression of JavaScript's gives.
pub fn value(expression: &str) -> JsValue {
    Function::new_no_args(&format!("return {expression}"))
        .call0(&JsValue::NULL)
        .expect("a value")
}

pub fn url(text: &str) -> JsValue {
    value(&format!("new URL({text:?})"))
}

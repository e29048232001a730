//! A host that writes down what the engine asks for.

use evertoken::web::{Act, Engine, Host};
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// What one call of [`Host`]'s `act` said.
pub struct Acted {
    pub number: u32,
    pub json: String,
}

pub struct Recorder(JsValue);

const SOURCE: &str = "
  const host = {
    acts: [], passes: [], onAct: undefined,
    act(act, number, flag, json) { host.acts.push([act, number, json ?? '']); host.onAct?.(act, number); },
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
            let json = entry.get(2).as_string().unwrap_or_default();
            (
                number(0),
                Acted {
                    number: number(1),
                    json,
                },
            )
        })
    }

    pub fn count(&self, act: Act) -> usize {
        self.acts()
            .filter(|(found, _)| *found == act as u32)
            .count()
    }

    pub fn last(&self, act: Act) -> Option<Acted> {
        self.acts()
            .filter(|(found, _)| *found == act as u32)
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

pub fn json(text: &str) -> JsValue {
    value(&format!("({text})"))
}

pub fn url(text: &str) -> JsValue {
    value(&format!("new URL({text:?})"))
}

//! A host that writes down what the engine asks for.

use evertoken::web::{Act, Engine, Host, Input};
use js_sys::{Array, Function, JSON, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// One call of [`Host`]'s `act`.
pub struct Acted {
    pub number: u32,
    /// The members that were told before it.
    told: JsValue,
}

impl Acted {
    pub fn text(&self, name: &str) -> Option<String> {
        Reflect::get(&self.told, &name.into()).ok()?.as_string()
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        Reflect::get(&self.told, &name.into()).ok()?.as_f64()
    }

    /// All members, as JSON.
    pub fn json(&self) -> String {
        let text = JSON::stringify(&self.told).expect("members");
        text.into()
    }
}

pub struct Recorder(JsValue);

const SOURCE: &str = "
  const host = {
    acts: [], told: {}, onAct: undefined,
    act(act, number) {
      const { told } = host;
      host.told = {};
      host.acts.push([act, number, told]);
      host.onAct?.(act, number);
    },
    tell(members) { host.told = JSON.parse(members); },
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

    fn acts(&self) -> impl Iterator<Item = (u32, Acted)> {
        let list = Reflect::get(&self.0, &"acts".into()).expect("a list");
        Array::from(&list).to_vec().into_iter().map(|entry| {
            let entry = Array::from(&entry);
            let number = |at| entry.get(at).as_f64().unwrap_or_default() as u32;
            let (number, told, act) = (number(1), entry.get(2), number(0));
            (act, Acted { number, told })
        })
    }

    pub fn count(&self, act: Act) -> usize {
        self.acts()
            .filter(|(found, _)| *found == act as u32)
            .count()
    }

    pub fn last(&self, act: Act) -> Option<Acted> {
        let acts = self.acts().filter(|(found, _)| *found == act as u32);
        acts.last().map(|(_, acted)| acted)
    }

    /// What has been told since the last act: of a reply, or a query.
    pub fn told(&self) -> Acted {
        let told = Reflect::get(&self.0, &"told".into()).expect("members");
        Acted { number: 0, told }
    }

    /// Answers each `Read` with nothing before the engine's call has returned.
    pub fn read_at_once(&self, engine: &Engine) {
        let pointer = std::ptr::from_ref(engine);
        let answer = Closure::<dyn Fn(u32, u32)>::new(move |act, op| {
            if act == Act::Read as u32 {
                // SAFETY: the test holds the engine until `forget`.
                let engine = unsafe { &*pointer };
                super::feed(engine, Input::Read, op, 0.0, JsValue::NULL);
            }
        });
        let _ = Reflect::set(&self.0, &"onAct".into(), &answer.into_js_value());
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

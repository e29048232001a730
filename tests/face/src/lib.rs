//! The JavaScript face of the npm package over the Rust host, for the tests of
//! `tests/e2e`: it converts values and calls, and nothing else. `index.js` has
//! what JavaScript writes shorter.

mod config;
mod eager;
mod error;
mod shown;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use evertoken::{Refresh, SignIn, Snapshot, Subscription, TokenManager, TokenWish};
use js_sys::{Function, JSON, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use config::{seconds, tokens};
use eager::promise;
use error::thrown;

/// Takes the functions that make errors.
#[wasm_bindgen]
pub fn install(told: Function, reason: Function) {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    error::install(told, reason);
}

#[wasm_bindgen]
pub struct Manager {
    auth: TokenManager,
    /// The snapshot that was shown last, which stays the same object until
    /// something in it changes.
    shown: Rc<RefCell<(Snapshot, JsValue)>>,
}

/// Keeps a listener until it is taken off: JavaScript that listens need not hold
/// what takes it off.
fn kept(subscription: Subscription) -> Function {
    let kept = Rc::new(Cell::new(Some(subscription)));
    let own = kept.clone();
    let off = Closure::<dyn Fn()>::new(move || drop(own.take()));
    std::mem::forget(kept);
    off.into_js_value().unchecked_into()
}

fn snapshot_of(shown: &RefCell<(Snapshot, JsValue)>, snapshot: Snapshot) -> JsValue {
    let mut shown = shown.borrow_mut();
    if shown.0 != snapshot || shown.1.is_undefined() {
        let object = shown::snapshot(&snapshot);
        *shown = (snapshot, object);
    }
    shown.1.clone()
}

#[wasm_bindgen]
impl Manager {
    pub fn create(config: &JsValue) -> Result<Promise, JsValue> {
        let config = config::read(config)?;
        Ok(promise(None, async move {
            let auth = TokenManager::new(config)
                .await
                .map_err(|error| thrown(&error))?;
            let shown = Default::default();
            Ok(Manager { auth, shown }.into())
        }))
    }

    pub fn url(&self, url: &str) -> Result<String, JsValue> {
        self.auth.url(url).map_err(|error| thrown(&error))
    }

    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let auth = self.auth.clone();
        promise(None, async move {
            let answer = auth.fetch(request).await.map_err(|error| thrown(&error))?;
            Ok(web_sys::Response::from(answer).into())
        })
    }

    pub fn token(&self, least: f64, refresh: &str, signal: Option<AbortSignal>) -> Promise {
        let auth = self.auth.clone();
        let wish = TokenWish {
            min_validity: seconds(least),
            refresh: match refresh {
                "force" => Refresh::Force,
                "never" => Refresh::Never,
                _ => Refresh::Auto,
            },
        };
        promise(signal, async move {
            let token = auth
                .token_with(wish)
                .await
                .map_err(|error| thrown(&error))?;
            Ok(token.map_or(JsValue::NULL, |token| token.expose().into()))
        })
    }

    pub fn refresh(&self, signal: Option<AbortSignal>) -> Promise {
        let (auth, shown) = (self.auth.clone(), self.shown.clone());
        promise(signal, async move {
            let snapshot = auth.refresh().await.map_err(|error| thrown(&error))?;
            Ok(snapshot_of(&shown, snapshot))
        })
    }

    pub fn restore(&self, after_sign_out: bool, signal: Option<AbortSignal>) -> Promise {
        let (auth, shown) = (self.auth.clone(), self.shown.clone());
        promise(signal, async move {
            let restored = match after_sign_out {
                true => auth.restore_after_sign_out().await,
                false => auth.restore().await,
            };
            let snapshot = restored.map_err(|error| thrown(&error))?;
            Ok(snapshot_of(&shown, snapshot))
        })
    }

    pub fn login(&self, body: &str, remember: bool, signal: Option<AbortSignal>) -> Promise {
        let auth = self.auth.clone();
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        promise(signal, async move {
            let answer = auth.login_with(&body, SignIn { remember }).await;
            let answer = answer.map_err(|error| thrown(&error))?;
            JSON::parse(answer.text()).or_else(|_| Ok(answer.text().into()))
        })
    }

    #[wasm_bindgen(js_name = setTokens)]
    pub fn set_tokens(&self, given: &JsValue, remember: bool) -> Promise {
        let (auth, shown) = (self.auth.clone(), self.shown.clone());
        let given = tokens(given);
        promise(None, async move {
            let snapshot = auth.set_tokens_with(given, SignIn { remember }).await;
            let snapshot = snapshot.map_err(|error| thrown(&error))?;
            Ok(snapshot_of(&shown, snapshot))
        })
    }

    pub fn logout(&self, local: bool, signal: Option<AbortSignal>) -> Promise {
        let auth = self.auth.clone();
        promise(signal, async move {
            let out = match local {
                true => auth.logout_locally().await,
                false => auth.logout().await,
            };
            out.map(|()| JsValue::UNDEFINED)
                .map_err(|error| thrown(&error))
        })
    }

    pub fn touch(&self) {
        self.auth.touch();
    }

    pub fn snapshot(&self) -> JsValue {
        snapshot_of(&self.shown, self.auth.snapshot())
    }

    pub fn subscribe(&self, listener: Function) -> Function {
        let shown = self.shown.clone();
        kept(self.auth.subscribe(move |snapshot| {
            let snapshot = snapshot_of(&shown, snapshot.clone());
            let _ = listener.call1(&JsValue::UNDEFINED, &snapshot);
        }))
    }

    pub fn on(&self, listener: Function) -> Function {
        kept(self.auth.on(move |event| {
            let _ = listener.call1(&JsValue::UNDEFINED, &shown::event(event));
        }))
    }

    pub fn inspect(&self) -> Object {
        shown::inspection(&self.auth.inspect())
    }

    pub fn dispose(&self) {
        self.auth.dispose();
    }
}

/// Milliseconds of JavaScript's, which need not be a number.
fn from_ms(ms: f64) -> Duration {
    let seconds = (ms / 1000.0).floor();
    let rest = Duration::try_from_secs_f64((ms - seconds * 1000.0) / 1000.0);
    match (Duration::try_from_secs_f64(seconds), rest) {
        (Ok(whole), Ok(rest)) => whole.saturating_add(rest),
        _ if ms > 0.0 => Duration::MAX,
        _ => Duration::ZERO,
    }
}

fn to_ms(span: Duration) -> f64 {
    span.as_secs() as f64 * 1000.0 + f64::from(span.subsec_nanos()) / 1e6
}

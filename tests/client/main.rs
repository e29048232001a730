//! The client in a real browser: `TokenManager` over a server that stands
//! behind the page's own `fetch`.
#![cfg(target_arch = "wasm32")]

mod areas;
mod ends;
#[cfg(feature = "http")]
mod exchanges;
mod faults;
mod functions;
mod kit;
mod requests;
mod server;
mod sessions;
mod sharing;

use evertoken::{Snapshot, TokenManager};
use gloo_net::http::{Request, Response};
use serde::Serialize;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

#[derive(Serialize)]
struct Credentials {
    name: &'static str,
}

const ALICE: Credentials = Credentials { name: "alice" };

async fn signed_in(server: &server::Server) -> TokenManager {
    let auth = TokenManager::new(server.config()).await.expect("a manager");
    auth.login(&ALICE).await.expect("a sign-in");
    auth
}

fn get(server: &server::Server, path: &str) -> Request {
    Request::get(&server.url(path)).build().expect("a request")
}

async fn fetch(auth: &TokenManager, server: &server::Server) -> Result<Response, evertoken::Error> {
    auth.fetch(get(server, "/api")).await
}

/// Waits for a snapshot.
async fn until(auth: &TokenManager, wanted: impl Fn(&Snapshot) -> bool + 'static) {
    let gate = Gate::new();
    let reached = {
        let gate = gate.clone();
        move |snapshot: &Snapshot| {
            if wanted(snapshot) {
                gate.open();
            }
        }
    };
    reached(&auth.snapshot());
    let _subscription = auth.subscribe(reached);
    gate.opened().await;
}

/// Lets whatever can go on do so.
async fn turns() {
    let turns = server::evaluate(
        "return (async () => { for (let i = 0; i < 3; i++) await new Promise((next) => setTimeout(next)); })()",
    );
    let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::from(turns)).await;
}

/// Something that is waited for until it is opened.
#[derive(Clone)]
struct Gate {
    promise: js_sys::Promise,
    open: js_sys::Function,
}

impl Gate {
    fn new() -> Self {
        let mut open = None;
        let promise = js_sys::Promise::new(&mut |resolve, _| open = Some(resolve));
        let open = open.expect("a promise");
        Self { promise, open }
    }

    fn open(&self) {
        let _ = self.open.call0(&wasm_bindgen::JsValue::NULL);
    }

    async fn opened(&self) {
        let _ = wasm_bindgen_futures::JsFuture::from(self.promise.clone()).await;
    }
}

/// Runs many futures at once.
async fn all<T: 'static>(work: Vec<impl Future<Output = T> + 'static>) -> Vec<T> {
    let results: std::rc::Rc<std::cell::RefCell<Vec<T>>> = std::rc::Rc::default();
    let promises = js_sys::Array::new();
    for one in work {
        let results = results.clone();
        promises.push(&wasm_bindgen_futures::future_to_promise(async move {
            let result = one.await;
            results.borrow_mut().push(result);
            Ok(wasm_bindgen::JsValue::UNDEFINED)
        }));
    }
    let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::all(&promises)).await;
    results.take()
}

//! What goes wrong in the application's own code, or is left in the middle,
//! harms nobody else: rules 1, 3, 10, 13 and 14.

use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use evertoken::{ErrorKind, Event, Request, Secret, Status, Storage, TokenManager, TokenSet};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, evaluate, get, pass};
use crate::{ALICE, Gate, fetch, signed_in, turns};

/// Waits for a promise of JavaScript's.
async fn awaited(promise: wasm_bindgen::JsValue) -> wasm_bindgen::JsValue {
    let promise = js_sys::Promise::from(promise);
    wasm_bindgen_futures::JsFuture::from(promise)
        .await
        .expect("no rejection")
}

struct Sleeper;

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {}
}

#[wasm_bindgen_test]
async fn a_refresh_function_that_panics_is_passing_and_wedges_nothing() {
    let server = Server::start("function-panics");
    let panics: Rc<Cell<bool>> = Rc::new(Cell::new(true));
    let inner = panics.clone();
    let config = server.config().refresh_with(async move |_| {
        assert!(
            !inner.get(),
            "the refresh function panics, as it is meant to"
        );
        Ok(TokenSet::new("second"))
    });
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    pass(601.0);
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    assert!(error.is_retryable());
    assert!(error.source().is_some(), "what was thrown is its source");
    assert_eq!(auth.snapshot().status, Status::SignedIn);
    panics.set(false);
    pass(61.0);
    let token = auth.token().await.unwrap();
    assert_eq!(token, Secret::bearer("second".to_owned()));
    auth.logout().await.unwrap();
    auth.login(&ALICE).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_refresh_function_that_throws_is_passing_and_wedges_nothing() {
    let server = Server::start("function-throws");
    let config = server.config().refresh_with(async |_| {
        // The import does not catch.
        js_sys::JsString::from("a").repeat(-1);
        Ok(TokenSet::new("second"))
    });
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    pass(601.0);
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    let source = error.source().expect("a source").to_string();
    assert!(source.starts_with("RangeError"), "{source}");
    auth.logout().await.unwrap();
}

#[wasm_bindgen_test]
async fn a_listener_that_panics_loses_nobody_elses_event() {
    let server = Server::start("listener-panics");
    evaluate(
        "globalThis.reported = []; globalThis.realReport = reportError; reportError = (error) => reported.push(String(error))",
    );
    let auth = signed_in(&server).await;
    turns().await;
    let heard: Rc<RefCell<Vec<Event>>> = Rc::default();
    auth.on(|_| panic!("the listener panics, as it is meant to"))
        .forget();
    let _snapshots = auth.subscribe(|_| panic!("so does this one"));
    auth.on({
        let heard = heard.clone();
        move |event| heard.borrow_mut().push(event.clone())
    })
    .forget();
    auth.refresh().await.unwrap();
    turns().await;
    auth.refresh().await.unwrap();
    turns().await;
    assert_eq!(*heard.borrow(), [Event::Refreshed, Event::Refreshed]);
    let reported = evaluate("reportError = realReport; return reported.length");
    assert_eq!(
        reported.as_f64(),
        Some(2.0),
        "the developer is told of both"
    );
}

#[wasm_bindgen_test]
async fn a_function_that_judges_answers_and_panics_means_no_with_a_warning() {
    let server = Server::start("judge-panics");
    let config = server
        .config()
        .unauthorized_if(|_| panic!("as it is meant to"));
    let auth = TokenManager::new(config).await.unwrap();
    let warned: Rc<Cell<bool>> = Rc::default();
    auth.on({
        let warned = warned.clone();
        move |event| warned.set(warned.get() || matches!(event, Event::Warning(_)))
    })
    .forget();
    auth.login(&ALICE).await.unwrap();
    server.expire();
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 401);
    turns().await;
    assert!(warned.get());
    assert_eq!(server.count("/refresh"), 0);
}

#[wasm_bindgen_test]
async fn a_caller_that_gives_up_waiting_leaves_nothing_behind() {
    let server = Server::start("gives-up");
    let auth = signed_in(&server).await;
    pass(601.0);
    server.hold("/refresh");
    let sleeper = Arc::new(Sleeper);
    let waker = Waker::from(sleeper.clone());
    {
        let mut asked = pin!(auth.token());
        let mut signing_in = pin!(auth.login(&ALICE));
        for _ in 0..3 {
            let context = &mut Context::from_waker(&waker);
            assert!(asked.as_mut().poll(context).is_pending());
            assert!(signing_in.as_mut().poll(context).is_pending());
        }
        assert!(Arc::strong_count(&sleeper) > 2);
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&sleeper), 1, "no waker is kept");
    server.release();
    assert_eq!(auth.inspect().waiting, 0);
    assert!(auth.token().await.unwrap().is_some());
}

#[wasm_bindgen_test]
async fn a_request_that_is_dropped_is_broken_off_and_one_that_came_is_not() {
    let server = Server::start("dropped-request");
    let auth = signed_in(&server).await;
    server.hold("/api");
    {
        let mut sent = pin!(auth.get("/api").send());
        let context = &mut Context::from_waker(Waker::noop());
        while server.count("/api") == 0 {
            assert!(matches!(sent.as_mut().poll(context), Poll::Pending));
            turns().await;
        }
    }
    turns().await;
    assert!(
        server.calls("/api")[0]
            .text("aborted")
            .contains("AbortError")
    );
    server.release();
    let response = auth.get("/api").send().await.unwrap();
    drop(auth);
    assert_eq!(server.calls("/api")[1].text("aborted"), "");
    assert!(response.text().await.unwrap().contains("GET"));
}

#[wasm_bindgen_test]
async fn a_request_is_resolved_against_the_base_url() {
    let server = Server::start("resolved");
    let auth = signed_in(&server).await;
    let sent = auth.put("/api?a=1").query("b", "c d").header("x-own", "7");
    let response = sent.json(&["text"]).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(server.count("/api"), 1);
    let call = &server.calls("/api")[0];
    assert_eq!(call.text("method"), "PUT");
    assert_eq!(call.text("body"), r#"["text"]"#);
    assert_eq!(call.text("search"), "?a=1&b=c+d");
    assert_eq!(call.header("x-own").as_deref(), Some("7"));
    assert_eq!(
        call.header("content-type").as_deref(),
        Some("application/json")
    );
    let response = auth.fetch(Request::get("/api")).await.unwrap();
    assert_eq!(response.status(), 200);
    // gloo-net's own, without a build().
    let own = evertoken::gloo_net::http::Request::get(&server.url("/api"));
    assert_eq!(auth.fetch(own).await.unwrap().status(), 200);
    let error = auth
        .get("/api")
        .header("a b", "c")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(!error.is_retryable() && error.source().is_some());
}

#[wasm_bindgen_test]
async fn a_manager_may_be_used_before_its_start_is_over() {
    let server = Server::start("early");
    let auth = TokenManager::start(server.config().storage(Storage::local())).unwrap();
    auth.login(&ALICE).await.unwrap();
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    drop(auth);
    let auth = TokenManager::start(server.config().storage(Storage::local())).unwrap();
    assert_eq!(auth.restore().await.unwrap().status, Status::SignedIn);
}

#[wasm_bindgen_test]
async fn a_database_whose_opening_was_given_up_is_closed() {
    let server = Server::start("given-up");
    evaluate(
        "globalThis.connections = 0;
         const open = IDBFactory.prototype.open;
         IDBFactory.prototype.open = function (...rest) {
           const request = open.apply(this, rest);
           globalThis.opened = new Promise((done) => request.addEventListener('success', done));
           opened.then(() => connections++);
           return request;
         };
         const close = IDBDatabase.prototype.close;
         IDBDatabase.prototype.close = function () { connections--; close.call(this); };",
    );
    let auth = TokenManager::start(server.config().storage(Storage::indexed_db())).unwrap();
    awaited(evaluate("return Promise.resolve()")).await;
    drop(auth);
    awaited(evaluate("return opened")).await;
    turns().await;
    assert_eq!(get(&js_sys::global(), "connections").as_f64(), Some(0.0));
}

#[wasm_bindgen_test]
async fn a_write_that_never_ends_blocks_no_later_one() {
    let server = Server::start("never-ends");
    let shelf = crate::areas::Shelf::default();
    let config = server.config().storage(Storage::custom(shelf.clone()));
    let auth = TokenManager::new(config).await.unwrap();
    let (begun, end) = (Gate::new(), Gate::new());
    shelf.set_fault(crate::areas::Fault::WritesLate {
        begun: begun.clone(),
        end,
    });
    auth.login(&ALICE).await.unwrap();
    shelf.set_fault(crate::areas::Fault::None);
    auth.logout().await.unwrap();
    turns().await;
    let kept = shelf.kept("never-ends");
    assert!(kept.contains("logout"), "{kept}");
}

#[wasm_bindgen_test]
async fn no_error_shows_a_token_that_an_answer_brought() {
    let server = Server::start("shows-none");
    let auth = TokenManager::new(server.config()).await.unwrap();
    let answer = auth.login(&ALICE).await.unwrap();
    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wrong {
        #[expect(dead_code, reason = "it is never read")]
        access_token: u32,
    }
    let error = answer.json::<Wrong>().unwrap_err();
    let source = error.source().expect("serde's reason").to_string();
    assert!(source.contains("expected u32"), "{source}");
    let (token, shown) = (
        auth.token().await.unwrap().unwrap(),
        format!("{error:?}{source}"),
    );
    assert!(!shown.contains(token.expose()), "{shown}");
}

//! How sessions and managers end: rules 4 to 7 and 16.

use evertoken::{ErrorKind, Event, SignedOutBy, Status, Storage, TokenManager};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, evaluate, pass};
use crate::{ALICE, fetch, signed_in, until};

fn events(auth: &TokenManager) -> Rc<RefCell<Vec<Event>>> {
    let events: Rc<RefCell<Vec<Event>>> = Rc::default();
    let heard = events.clone();
    auth.on(move |event| heard.borrow_mut().push(event.clone()))
        .forget();
    events
}

#[wasm_bindgen_test]
async fn a_passing_failure_keeps_the_session_and_says_when_to_try_again() {
    let server = Server::start("passing");
    let auth = signed_in(&server).await;
    let events = events(&auth);
    pass(601.0);
    server.plan("/refresh", 503, None, 1);
    let error = fetch(&auth, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    assert!(error.is_retryable());
    assert_eq!(error.status(), Some(503));
    assert!(error.retry_after().is_some());
    let snapshot = auth.snapshot();
    assert_eq!((snapshot.status, snapshot.stale), (Status::SignedIn, true));
    assert_eq!(snapshot.error, Some(error));
    // Until then nobody is asked.
    let error = auth.refresh().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    assert_eq!(server.count("/refresh"), 1);
    assert!(matches!(&events.borrow()[..], [Event::RefreshFailed(_)]));
    pass(61.0);
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    assert!(!auth.snapshot().stale);
}

#[wasm_bindgen_test]
async fn a_network_that_fails_is_passing_and_what_was_thrown_is_kept() {
    let server = Server::start("network");
    let auth = signed_in(&server).await;
    pass(601.0);
    server.plan("/refresh", -1, None, 1);
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("TypeError: Failed to fetch"));
}

#[wasm_bindgen_test]
async fn a_definitive_refusal_ends_the_session_once() {
    let server = Server::start("definitive");
    let auth = signed_in(&server).await;
    let events = events(&auth);
    pass(601.0);
    server.plan("/refresh", 401, Some("{}"), 1);
    let error = fetch(&auth, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshRejected);
    assert!(!error.is_retryable());
    assert_eq!(auth.snapshot().status, Status::SignedOut);
    // What comes back to a request without a token is the caller's.
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 401);
    let calls = server.calls("/api");
    assert_eq!(calls.len(), 1, "nothing is sent with the dead token");
    assert_eq!(calls[0].header("authorization"), None);
    assert_eq!(
        *events.borrow(),
        [Event::SignedOut(SignedOutBy::RefreshRejected)]
    );
    assert_eq!(auth.token().await, Ok(None));
}

#[wasm_bindgen_test]
async fn an_anonymous_visitor_is_found_out_by_one_silent_refresh() {
    let server = Server::start("anonymous");
    let auth = TokenManager::new(server.config()).await.unwrap();
    assert_eq!(auth.snapshot().status, Status::Unknown);
    for _ in 0..2 {
        assert_eq!(fetch(&auth, &server).await.unwrap().status(), 401);
    }
    assert_eq!(auth.snapshot().status, Status::SignedOut);
    assert_eq!(server.count("/refresh"), 1);
}

#[wasm_bindgen_test]
async fn a_sign_out_wins_over_a_refresh_under_way() {
    let server = Server::start("logout-wins");
    let auth = signed_in(&server).await;
    pass(601.0);
    server.hold("/refresh");
    let waiting = wasm_bindgen_futures::future_to_promise({
        let auth = auth.clone();
        let request = crate::get(&server, "/api");
        async move {
            let error = auth.fetch(request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SignedOut);
            Ok(wasm_bindgen::JsValue::TRUE)
        }
    });
    server.arrived("/refresh", 1).await;
    auth.logout().await.unwrap();
    server.release();
    assert!(wasm_bindgen_futures::JsFuture::from(waiting).await.is_ok());
    assert_eq!(auth.snapshot().status, Status::SignedOut);
    assert_eq!(server.count("/logout"), 1);
    assert_eq!(auth.token().await, Ok(None));
    // It holds at the next start, though nothing else is kept in memory.
    auth.dispose();
    let again = TokenManager::new(server.config()).await.unwrap();
    assert_eq!(again.snapshot().status, Status::SignedOut);
    again.login(&ALICE).await.unwrap();
    assert_eq!(again.snapshot().status, Status::SignedIn);
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_hear_of_a_sign_out_is_a_warning() {
    let server = Server::start("logout-fails");
    let auth = signed_in(&server).await;
    let events = events(&auth);
    server.plan("/logout", 500, None, 1);
    auth.logout().await.unwrap();
    until(&auth, |snapshot| snapshot.status == Status::SignedOut).await;
    assert!(
        events
            .borrow()
            .iter()
            .any(|event| matches!(event, Event::Warning(_))),
        "{:?}",
        events.borrow()
    );
    assert_eq!(
        server.calls("/logout")[0].text("body"),
        r#"{"refreshToken":"rt-1-alice"}"#
    );
}

#[wasm_bindgen_test]
async fn disposing_rejects_whoever_waits_and_stores_what_was_sent() {
    let server = Server::start("disposed");
    let config = server.config().storage(Storage::local());
    let auth = TokenManager::new(config.clone()).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    pass(601.0);
    server.hold("/refresh");
    let waiting = wasm_bindgen_futures::future_to_promise({
        let auth = auth.clone();
        async move {
            let error = auth.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Disposed);
            Ok(wasm_bindgen::JsValue::TRUE)
        }
    });
    server.arrived("/refresh", 1).await;
    auth.dispose();
    assert!(wasm_bindgen_futures::JsFuture::from(waiting).await.is_ok());
    assert_eq!(
        auth.login(&ALICE).await.unwrap_err().kind(),
        ErrorKind::Disposed
    );
    assert_eq!(auth.logout().await.unwrap_err().kind(), ErrorKind::Disposed);
    assert_eq!(
        fetch(&auth, &server).await.unwrap_err().kind(),
        ErrorKind::Disposed
    );
    drop(auth);
    let next = TokenManager::new(config).await.unwrap();
    server.release();
    // It waits for the lock of the other, then finds the rotated token.
    assert!(next.token().await.unwrap().is_some());
    assert_eq!(server.count("/refresh"), 1);
    assert_eq!(fetch(&next, &server).await.unwrap().status(), 200);
}

#[wasm_bindgen_test]
async fn the_last_one_that_is_dropped_disposes() {
    let server = Server::start("dropped");
    let auth = signed_in(&server).await;
    let clone = auth.clone();
    drop(auth);
    assert_eq!(fetch(&clone, &server).await.unwrap().status(), 200);
    let dropped: Rc<()> = Rc::default();
    let held = Rc::downgrade(&dropped);
    clone.subscribe(move |_| drop(dropped.clone())).forget();
    assert!(held.upgrade().is_some());
    drop(clone);
    assert!(held.upgrade().is_none(), "its listeners are gone with it");
    // Neither its channel nor its lock is in the way of the next.
    evaluate("ahead += 601000");
    let next = signed_in(&server).await;
    assert_eq!(fetch(&next, &server).await.unwrap().status(), 200);
}

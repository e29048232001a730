//! The kit for the tests of applications.

use std::time::Duration;

use evertoken::testing::{MockClock, MockServer};
use evertoken::{ErrorKind, Status, TokenManager};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::ALICE;

#[wasm_bindgen_test]
async fn the_mock_server_and_the_clock_play_a_session_without_waiting() {
    let (server, clock) = (MockServer::new(), MockClock::new());
    server.answer("/posts", r#"["first"]"#);
    let config = server.config().key("kit").clock(clock.clone());
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    let end = auth.snapshot().expires_at.expect("an end");
    let shown = end.duration_since(std::time::UNIX_EPOCH).expect("a date");
    assert_eq!(shown, Duration::from_secs(1_577_836_800 + 300));
    let posts: Vec<String> = auth
        .get("/posts?page=1")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(posts, ["first"]);
    assert_eq!(server.count("/refresh"), 0);
    // A fifth of the lifetime ahead of the end its timer goes off.
    clock.advance(Duration::from_secs(239)).await;
    assert_eq!(server.count("/refresh"), 0);
    clock.advance(Duration::from_secs(2)).await;
    assert_eq!(server.count("/refresh"), 1);
    server.expire();
    server.fail("/refresh", 503);
    let error = auth.get("/posts").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    clock.step(-3600);
    clock.advance(error.retry_after().expect("a wait")).await;
    assert_eq!(auth.get("/posts").send().await.unwrap().status(), 200);
    server.revoke();
    let error = auth.get("/posts").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshRejected);
    assert_eq!(auth.snapshot().status, Status::SignedOut);
}

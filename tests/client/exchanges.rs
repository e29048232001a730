//! Requests of the crate http.

use evertoken::ErrorKind;
use http::{Method, Request, StatusCode};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::Server;
use crate::signed_in;

fn sent<T: Send>(future: T) -> T {
    future
}

#[wasm_bindgen_test]
async fn a_request_of_http_goes_as_any_other_and_its_answer_comes_whole() {
    let server = Server::start("http");
    let auth = signed_in(&server).await;
    server.expire();
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("x-own", "1")
        .header("x-own", "2")
        .body("{ posts }")
        .unwrap();
    // As clients want it that are written for servers as well.
    let answer = sent(auth.execute(request)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body = String::from_utf8(answer.into_body()).unwrap();
    assert_eq!(body, r#"{"method":"POST","body":"{ posts }"}"#);
    let calls = server.calls("/graphql");
    assert_eq!(calls.len(), 2, "the token had ended");
    for call in &calls {
        assert_eq!(call.text("body"), "{ posts }");
        assert_eq!(call.header("x-own").as_deref(), Some("1, 2"));
    }
    assert_eq!(server.count("/refresh"), 1);

    let mut request = Request::new(Vec::new());
    *request.method_mut() = Method::DELETE;
    *request.uri_mut() = server.url("/api?x=1").parse().unwrap();
    let answer = auth.execute(request).await.unwrap();
    assert_eq!(answer.into_body(), br#"{"method":"DELETE","body":""}"#);
    assert_eq!(server.calls("/api")[0].text("search"), "?x=1");

    let request = Request::get("/api").body("a GET has none").unwrap();
    let error = auth.execute(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    server.plan("/api", -1, None, 1);
    let error = auth.execute(Request::get("/api").body("").unwrap()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Fetch);
}

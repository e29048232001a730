//! The path of a request: rules 1, 2, 3, 10, 11 and 12.

use evertoken::{Body, Csrf, Endpoint, ErrorKind, RefreshToken, TokenManager};
use gloo_net::http::Request;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, evaluate, pass};
use crate::{ALICE, all, fetch, get, signed_in};

#[wasm_bindgen_test]
async fn a_request_goes_with_the_token_and_only_where_it_may() {
    let server = Server::start("with-token");
    let elsewhere = Server::start("elsewhere");
    let auth = signed_in(&server).await;
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    assert_eq!(
        auth.fetch(get(&elsewhere, "/api")).await.unwrap().status(),
        401
    );
    let foreign = &elsewhere.calls("/api")[0];
    assert_eq!(foreign.header("authorization"), None);
    let login = &server.calls("/login")[0];
    assert_eq!(login.header("authorization"), None);
    assert_eq!(login.text("body"), r#"{"name":"alice"}"#);
    assert_eq!(auth.url("/api").unwrap(), server.url("/api"));
}

#[wasm_bindgen_test]
async fn a_hundred_requests_with_an_ended_token_make_one_refresh() {
    let server = Server::start("hundred");
    let auth = signed_in(&server).await;
    pass(601.0);
    let requests = (0..100).map(|_| {
        let (auth, request) = (auth.clone(), get(&server, "/api"));
        async move { auth.fetch(request).await.map(|response| response.status()) }
    });
    let statuses = all(requests.collect()).await;
    assert_eq!(statuses, vec![Ok(200); 100]);
    assert_eq!(server.count("/refresh"), 1);
    assert_eq!(server.count("/api"), 100);
    let refresh = &server.calls("/refresh")[0];
    assert!(refresh.text("body").contains(r#""client":"rust""#));
    assert_eq!(auth.inspect().refreshes, 1);
    assert_eq!(auth.inspect().waiting, 0);
}

#[wasm_bindgen_test]
async fn a_token_near_its_end_is_sent_while_the_refresh_runs_beside_it() {
    let server = Server::start("ahead");
    let auth = signed_in(&server).await;
    pass(570.0);
    server.hold("/refresh");
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    server.arrived("/refresh", 1).await;
    server.release();
    auth.refresh().await.unwrap();
    assert_eq!(server.count("/refresh"), 1);
}

#[wasm_bindgen_test]
async fn an_unauthorized_answer_is_repaired_once_with_the_same_request() {
    let server = Server::start("repaired");
    let auth = signed_in(&server).await;
    server.expire();
    let request = Request::put(&server.url("/api"))
        .header("x-own", "1")
        .body("text of mine")
        .unwrap();
    let response = auth.fetch(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(server.count("/refresh"), 1);
    assert_eq!(auth.inspect().retries, 1);
    let calls = server.calls("/api");
    assert_eq!(calls.len(), 2);
    for call in &calls {
        assert_eq!(call.text("method"), "PUT");
        assert_eq!(call.text("body"), "text of mine");
        assert_eq!(call.header("x-own").as_deref(), Some("1"));
    }
    assert_ne!(
        calls[0].header("authorization"),
        calls[1].header("authorization")
    );

    server.plan("/api", 401, None, 2);
    assert_eq!(
        fetch(&auth, &server).await.unwrap().status(),
        401,
        "the second is the caller's"
    );
    assert_eq!(server.count("/api"), 4);
}

#[wasm_bindgen_test]
async fn a_stream_is_sent_once_and_its_caller_gets_the_401() {
    let server = Server::start("stream");
    let auth = signed_in(&server).await;
    server.expire();
    let stream = || evaluate("return new Blob(['streamed']).stream()");
    let refused = auth.put("/api").body(stream()).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    server.arrived("/refresh", 1).await;
    auth.refresh().await.unwrap();
    assert_eq!(server.count("/api"), 1);
    // Firefox and WebKit have no streams as bodies, and send what they are.
    let has_streams = evaluate(
        "return !new Request('', { method: 'PUT', body: new ReadableStream(), duplex: 'half' }).headers.has('content-type')",
    );
    let sent = match has_streams.is_truthy() {
        true => "streamed",
        false => "[object ReadableStream]",
    };
    assert_eq!(server.calls("/api")[0].text("body"), sent);
    assert_eq!(auth.inspect().retries, 0);
    let taken = auth.put("/api").body(stream()).send().await.unwrap();
    assert_eq!(taken.status(), 200);

    // A form can be read as often as one likes.
    server.expire();
    let form = evaluate("return new URLSearchParams({ a: 'b' })");
    assert_eq!(
        auth.put("/api").body(form).send().await.unwrap().status(),
        200
    );
    assert_eq!(auth.inspect().retries, 1);
}

#[wasm_bindgen_test]
async fn an_abort_rejects_its_caller_alone_and_any_reason_is_good() {
    let server = Server::start("abort");
    let auth = signed_in(&server).await;
    pass(601.0);
    server.hold("/refresh");
    let controller = evaluate("return globalThis.controller = new AbortController()");
    let signal = crate::server::get(&controller, "signal");
    let request = Request::get(&server.url("/api"))
        .abort_signal(Some(&wasm_bindgen::JsCast::unchecked_into(signal)))
        .build()
        .unwrap();
    let other = wasm_bindgen_futures::future_to_promise({
        let (auth, request) = (auth.clone(), get(&server, "/api"));
        async move { Ok(auth.fetch(request).await.unwrap().status().into()) }
    });
    let aborted = wasm_bindgen_futures::future_to_promise({
        let auth = auth.clone();
        async move {
            let error = auth.fetch(request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Fetch);
            assert!(error.is_aborted() && !error.is_retryable(), "{error:?}");
            let source = std::error::Error::source(&error).map(ToString::to_string);
            Ok(source.unwrap_or_default().into())
        }
    });
    server.arrived("/refresh", 1).await;
    evaluate("controller.abort('why')");
    let reason = wasm_bindgen_futures::JsFuture::from(aborted).await.unwrap();
    assert_eq!(reason.as_string().as_deref(), Some("why"));
    server.release();
    let status = wasm_bindgen_futures::JsFuture::from(other).await.unwrap();
    assert_eq!(status.as_f64(), Some(200.0));
    assert_eq!(server.count("/api"), 1);
}

#[wasm_bindgen_test]
async fn a_fetch_that_rejects_with_no_error_is_an_error_and_no_trap() {
    let server = Server::start("no-error");
    let auth = signed_in(&server).await;
    server.plan("/api", -2, None, 1);
    let error = fetch(&auth, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fetch);
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("no error at all"));
    assert!(error.is_retryable() && !error.is_aborted());
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
}

#[wasm_bindgen_test]
async fn a_form_a_header_and_a_csrf_cookie_travel_as_configured() {
    let server = Server::start("form");
    evaluate("document.cookie = 'csrf-form=a%20b; path=/'");
    let config = server
        .config()
        .refresh(
            Endpoint::new("/refresh")
                .body(Body::Form)
                .header("x-client", "7"),
        )
        .refresh_token(RefreshToken::Body { field: None })
        .csrf(Csrf::new("csrf-form", "x-csrf"));
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    auth.refresh().await.unwrap();
    let refresh = &server.calls("/refresh")[0];
    assert_eq!(
        refresh.text("body"),
        "grant_type=refresh_token&refresh_token=rt-1-alice"
    );
    assert!(
        refresh
            .header("content-type")
            .unwrap()
            .contains("x-www-form-urlencoded")
    );
    assert_eq!(refresh.header("x-client").as_deref(), Some("7"));
    assert_eq!(refresh.header("x-csrf").as_deref(), Some("a b"));
    assert_eq!(refresh.text("credentials"), "same-origin");
    assert_eq!(refresh.text("redirect"), "manual");
    fetch(&auth, &server).await.unwrap();
    let post = Request::post(&server.url("/api")).build().unwrap();
    auth.fetch(post).await.unwrap();
    let calls = server.calls("/api");
    assert_eq!(calls[0].header("x-csrf"), None, "a safe method");
    assert_eq!(calls[1].header("x-csrf").as_deref(), Some("a b"));
}

//! Functions of the application's own: rules 1, 3, 5, 12 and 16.

use std::cell::{Cell, OnceCell, RefCell};
use std::error::Error as _;
use std::rc::Rc;
use std::time::Duration;

use evertoken::{
    Config, Error, ErrorKind, Event, Preset, Refresh, RefreshContext, RefreshFailure, Secret,
    SignedOutBy, Status, Storage, TokenManager, TokenSet, TokenWish,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, pass};
use crate::{ALICE, Gate, all, fetch, get};

const FORCED: TokenWish = TokenWish {
    min_validity: Duration::ZERO,
    refresh: Refresh::Force,
};

fn first() -> TokenSet {
    TokenSet::new("first")
        .refresh_token("r1")
        .expires_in(Duration::from_secs(60))
}

fn next() -> TokenSet {
    TokenSet::new("second").expires_in(Duration::from_secs(60))
}

/// A manager whose token has ended.
async fn ended(config: Config) -> TokenManager {
    let auth = TokenManager::new(config).await.unwrap();
    auth.set_tokens(first()).await.unwrap();
    pass(61.0);
    auth
}

#[wasm_bindgen_test]
async fn a_refresh_function_gets_what_it_needs_and_is_called_once() {
    let server = Server::start("function");
    let contexts: Rc<RefCell<Vec<RefreshContext>>> = Rc::default();
    let seen = contexts.clone();
    let config = server.config().refresh_with(async move |context| {
        assert!(!format!("{context:?}").contains("r1"));
        seen.borrow_mut().push(context);
        let turn = js_sys::Promise::resolve(&JsValue::NULL);
        JsFuture::from(turn).await.unwrap();
        Ok(next())
    });
    let auth = ended(config).await;
    let asked = (0..20).map(|_| {
        let auth = auth.clone();
        async move { auth.token().await }
    });
    let tokens = all(asked.collect()).await;
    assert_eq!(tokens, vec![Ok(Secret::bearer("second".to_owned())); 20]);
    let context = contexts.borrow_mut().pop().expect("a call");
    assert!(contexts.borrow().is_empty());
    assert_eq!(
        context.access_token.as_ref().map(Secret::expose),
        Some("first")
    );
    assert_eq!(
        context.refresh_token.as_ref().map(Secret::expose),
        Some("r1")
    );
    assert!(!context.signal().expect("a signal").aborted());
    // What the function did not bring anew is kept.
    pass(61.0);
    auth.token().await.unwrap();
    let context = contexts.borrow_mut().pop().expect("a call");
    assert_eq!(
        context.refresh_token.as_ref().map(Secret::expose),
        Some("r1")
    );
    assert_eq!(auth.inspect().refreshes, 2);
    assert_eq!(server.count("/refresh"), 0);
}

/// What a function does with its own manager.
type Own = fn(TokenManager, String) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>>;

#[wasm_bindgen_test]
async fn a_refresh_function_that_calls_its_manager_is_refused_at_once() {
    let calls: [(&str, Own); 6] = [
        ("own-fetch", |auth, url| {
            let request = gloo_net::http::Request::get(&url).build().unwrap();
            Box::pin(async move { auth.fetch(request).await.map(drop) })
        }),
        ("own-token", |auth, _| {
            Box::pin(async move { auth.token().await.map(drop) })
        }),
        ("own-forced", |auth, _| {
            Box::pin(async move { auth.token_with(FORCED).await.map(drop) })
        }),
        ("own-refresh", |auth, _| {
            Box::pin(async move { auth.refresh().await.map(drop) })
        }),
        ("own-login", |auth, _| {
            Box::pin(async move { auth.login(&ALICE).await.map(drop) })
        }),
        ("own-tokens", |auth, _| {
            Box::pin(async move { auth.set_tokens(first()).await.map(drop) })
        }),
    ];
    for (name, call) in calls {
        let server = Server::start(name);
        let own: Rc<OnceCell<TokenManager>> = Rc::default();
        let (inner, url) = (own.clone(), server.url("/api"));
        let config = server.config().refresh_with(async move |_| {
            // After an await of its own as well.
            let turn = js_sys::Promise::resolve(&JsValue::NULL);
            JsFuture::from(turn).await.unwrap();
            let auth = inner.get().expect("a manager").clone();
            call(auth, url.clone()).await?;
            Ok(next())
        });
        let auth = ended(config).await;
        own.set(auth.clone()).unwrap();
        let error = fetch(&auth, &server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RefreshUnavailable, "{name}");
        let source = error.source().expect("a source").to_string();
        assert!(source.contains("the context's fetch"), "{source}");
        assert_eq!(server.count("/api"), 0);
        assert_eq!(auth.snapshot().status, Status::SignedIn);
        auth.dispose();
    }
}

#[wasm_bindgen_test]
async fn a_refresh_function_that_hangs_is_dropped_after_the_timeout() {
    struct Flag(Rc<Cell<bool>>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let server = Server::start("function-hangs");
    let dropped: Rc<Cell<bool>> = Rc::default();
    let (flag, url) = (dropped.clone(), server.url("/never"));
    server.plan("/never", 0, None, 1);
    let config = server
        .config()
        .timeout(Duration::from_millis(50))
        .refresh_with(async move |context| {
            let _flag = Flag(flag.clone());
            let request = gloo_net::http::Request::get(&url).build()?;
            context.fetch(request).await?;
            Ok(next())
        });
    let auth = ended(config).await;
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    assert!(error.is_retryable());
    assert_eq!(server.count("/never"), 1);
    // It was aborted before the error was told; its task comes after.
    let turn = js_sys::Promise::resolve(&JsValue::NULL);
    JsFuture::from(turn).await.unwrap();
    assert!(dropped.get());
}

#[wasm_bindgen_test]
async fn what_a_refresh_function_says_of_a_failure_decides() {
    type Fail = fn() -> RefreshFailure;
    let rejected = ErrorKind::RefreshRejected;
    let unavailable = ErrorKind::RefreshUnavailable;
    let cases: [(&str, Fail, ErrorKind, Option<u16>); 6] = [
        ("says-rejected", RefreshFailure::rejected, rejected, None),
        (
            "says-401",
            || RefreshFailure::from_status(401),
            rejected,
            Some(401),
        ),
        (
            "says-503",
            || RefreshFailure::from_status(503),
            unavailable,
            Some(503),
        ),
        (
            "says-unavailable",
            RefreshFailure::unavailable,
            unavailable,
            None,
        ),
        ("says-error", || std::fmt::Error.into(), unavailable, None),
        (
            "says-later",
            || RefreshFailure::unavailable().retry_after(Duration::from_secs(90)),
            unavailable,
            None,
        ),
    ];
    for (name, fail, kind, status) in cases {
        let server = Server::start(name);
        let config = server
            .config()
            .refresh_with(async move |_| Err(fail().caused_by("mine")));
        let auth = ended(config).await;
        let (told, events) = (Gate::new(), Rc::new(RefCell::new(Vec::new())));
        auth.on({
            let (told, events) = (told.clone(), events.clone());
            move |event| {
                if *event != Event::SignedIn {
                    events.borrow_mut().push(event.clone());
                    told.open();
                }
            }
        })
        .forget();
        let error = auth.token().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, status), "{name}");
        let source = error.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("mine"), "{name}");
        let expected = match kind {
            ErrorKind::RefreshRejected => Status::SignedOut,
            _ => Status::SignedIn,
        };
        assert_eq!(auth.snapshot().status, expected, "{name}");
        told.opened().await;
        let expected = match kind {
            ErrorKind::RefreshRejected => Event::SignedOut(SignedOutBy::RefreshRejected),
            _ => Event::RefreshFailed(error.clone()),
        };
        assert_eq!(events.take(), [expected], "{name}");
        if name == "says-later" {
            let wait = error.retry_after().expect("a wait");
            assert!(wait > Duration::from_secs(80), "{wait:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn an_error_that_a_refresh_function_passes_on_keeps_what_it_says() {
    let server = Server::start("function-passes-on");
    // Another manager knows how: its session is over.
    let other = TokenManager::new(Server::start("function-other").config().key("other"));
    let other = other.await.unwrap();
    other.set_tokens(first()).await.unwrap();
    let config = server.config().refresh_with(async move |_| {
        other.token_with(FORCED).await?;
        Ok(next())
    });
    let auth = ended(config).await;
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshRejected);
    assert_eq!(error.status(), Some(401));
    let source = error.source().expect("a source");
    assert!(source.downcast_ref::<Error>().is_some());
    assert_eq!(auth.snapshot().status, Status::SignedOut);
}

#[wasm_bindgen_test]
async fn a_refresh_function_without_a_usable_token_is_passing() {
    let server = Server::start("function-empty");
    let config = server
        .config()
        .refresh_with(async |_| Ok(TokenSet::new("")));
    let auth = ended(config).await;
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshUnavailable);
    let source = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(
        source.map(Error::kind),
        Some(ErrorKind::InvalidResponse),
        "{error:?}"
    );
}

#[wasm_bindgen_test]
async fn the_fetch_of_a_refresh_function_sends_no_token() {
    let server = Server::start("function-fetch");
    let url = server.url("/refresh");
    let config = server.config().refresh_with(async move |context| {
        let held = context.refresh_token.as_ref().map(Secret::expose);
        let held = held.ok_or_else(RefreshFailure::rejected)?;
        let request = gloo_net::http::Request::post(&url).body(held)?;
        let response = context.fetch(request).await?;
        if !response.ok() {
            return Err(RefreshFailure::from_status(response.status()));
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Renewed {
            access_token: String,
            refresh_token: String,
        }
        let text = response.text().await?;
        let value = js_sys::JSON::parse(&text).expect("JSON");
        let renewed: Renewed = serde_wasm_bindgen::from_value(value)?;
        Ok(TokenSet::new(renewed.access_token).refresh_token(renewed.refresh_token))
    });
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    pass(601.0);
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    let call = &server.calls("/refresh")[0];
    assert_eq!(call.text("body"), "rt-1-alice");
    assert_eq!(call.header("authorization"), None);
}

#[wasm_bindgen_test]
async fn the_last_way_to_refresh_that_is_named_counts() {
    let server = Server::start("function-last");
    let preset = Config::from_preset(Preset::Express).base_url(&*server.origin);
    let function = preset
        .key("function-last")
        .refresh_with(async |_| Ok(next()));
    let auth = ended(function.clone()).await;
    assert_eq!(
        auth.token().await.unwrap().as_ref().map(Secret::expose),
        Some("second")
    );
    assert_eq!(server.count("/api/auth/refreshtoken"), 0);
    auth.logout().await.unwrap();
    let auth = ended(function.refresh("/refresh")).await;
    let error = auth.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshRejected);
    assert_eq!(server.count("/refresh"), 1);
}

#[wasm_bindgen_test]
async fn a_refresh_function_that_is_at_work_is_finished_and_stored_by_a_disposed_manager() {
    let server = Server::start("function-disposed");
    let (begun, end) = (Gate::new(), Gate::new());
    let config = {
        let (begun, end) = (begun.clone(), end.clone());
        let config = server.config().storage(Storage::local());
        config.refresh_with(async move |_| {
            begun.open();
            end.opened().await;
            Ok(next())
        })
    };
    let auth = ended(config.clone()).await;
    let waiting = future_to_promise({
        let auth = auth.clone();
        async move {
            let error = auth.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Disposed);
            Ok(JsValue::UNDEFINED)
        }
    });
    begun.opened().await;
    auth.dispose();
    JsFuture::from(waiting).await.unwrap();
    drop(auth);
    let auth = TokenManager::new(config).await.unwrap();
    end.open();
    // It waits for the lock of the other, then finds what that stored.
    assert_eq!(
        auth.token().await.unwrap().as_ref().map(Secret::expose),
        Some("second")
    );
    assert_eq!(auth.inspect().refreshes, 0);
}

#[wasm_bindgen_test]
async fn a_function_judges_which_answers_mean_that_the_token_was_refused() {
    let server = Server::start("judged");
    let config = server.config().unauthorized_if(|response| {
        response.status() == 403 && response.headers().has("content-type")
    });
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    server.plan("/api", 401, None, 1);
    let unauthorized = fetch(&auth, &server).await.unwrap();
    assert_eq!(unauthorized.status(), 401, "it is the caller's");
    assert_eq!(server.count("/refresh"), 0);
    server.plan("/api", 403, None, 1);
    let repaired = auth.fetch(get(&server, "/api")).await.unwrap();
    assert_eq!(repaired.status(), 200);
    assert_eq!(server.count("/refresh"), 1);
    assert_eq!(auth.inspect().retries, 1);
}

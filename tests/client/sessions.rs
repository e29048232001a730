//! Signing in, claims, configuration, listeners: rules 9, 14 and 17.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use evertoken::{
    AccessToken, Config, Csrf, Endpoint, ErrorKind, Preset, Refresh, Secret, Snapshot, Status,
    TokenManager, TokenSet, TokenWish,
};
use serde::Deserialize;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, pass};
use crate::{ALICE, Credentials, fetch};

#[derive(Debug, PartialEq, Deserialize)]
struct Claims {
    sub: String,
    roles: Vec<String>,
}

#[wasm_bindgen_test]
async fn claims_and_answers_are_read_as_types() {
    let server = Server::start("claims");
    let auth = TokenManager::new(server.config()).await.unwrap();
    assert_eq!(auth.claims::<Claims>().unwrap(), None);
    let answer = auth.login(&ALICE).await.unwrap();
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        expires_in: u32,
    }
    assert_eq!(answer.json::<Answer>().unwrap().expires_in, 600);
    let claims = auth.claims::<Claims>().unwrap().expect("claims");
    assert_eq!(claims.sub, "alice");
    assert_eq!(claims.roles, ["reader"]);
    let error = auth.claims::<u32>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(
        auth.snapshot()
            .expires_at
            .and_then(|end| end.duration_since(std::time::UNIX_EPOCH).ok())
            .is_some_and(|end| end.as_secs_f64() * 1000.0 > js_sys::Date::now())
    );
}

#[wasm_bindgen_test]
async fn a_refused_sign_in_gives_the_servers_reason_and_shows_it_to_nobody_else() {
    let server = Server::start("refused");
    let auth = TokenManager::new(server.config()).await.unwrap();
    let error = auth
        .login(&Credentials { name: "mallory" })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRejected);
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.body(), Some(r#"{"reason":"wrong password"}"#));
    assert!(!format!("{error:?} {error}").contains("wrong password"));
    let error = auth.login("alice").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[wasm_bindgen_test]
async fn a_sign_in_whose_future_is_dropped_is_given_up() {
    let server = Server::start("given-up");
    let auth = TokenManager::new(server.config()).await.unwrap();
    server.hold("/login");
    {
        let mut login = Box::pin(auth.login(&ALICE));
        let begun = std::future::poll_fn(|context| {
            assert!(login.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        });
        begun.await;
        server.arrived("/login", 1).await;
    }
    server.release();
    assert_ne!(auth.snapshot().status, Status::SignedIn);
    auth.login(&Credentials { name: "bob" }).await.unwrap();
    let claims = auth.claims::<Claims>().unwrap().expect("claims");
    assert_eq!(claims.sub, "bob");
}

#[wasm_bindgen_test]
async fn tokens_of_the_application_are_taken_or_refused() {
    let server = Server::start("own-tokens");
    let auth = TokenManager::new(server.config()).await.unwrap();
    let (access, refresh) = server.tokens();
    let error = auth.set_tokens(TokenSet::new("")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let tokens = TokenSet::new(&access)
        .refresh_token(refresh)
        .expires_in(Duration::from_secs(300));
    assert!(!format!("{tokens:?}").contains(&access));
    let snapshot = auth.set_tokens(tokens).await.unwrap();
    assert!(snapshot.is_signed_in());
    assert!(!format!("{snapshot:?} {auth:?} {:?}", auth.inspect()).contains(&access));
    let wish = |refresh| TokenWish {
        refresh,
        ..TokenWish::default()
    };
    assert_eq!(auth.token().await.unwrap(), Secret::bearer(access));
    pass(301.0);
    assert_eq!(auth.token_with(wish(Refresh::Never)).await, Ok(None));
    assert_eq!(server.count("/refresh"), 0);
    let first = auth.token().await.unwrap();
    let forced = auth.token_with(wish(Refresh::Force)).await.unwrap();
    assert!(first.is_some() && first != forced);
    let longer = TokenWish {
        min_validity: Duration::from_secs(3600),
        ..TokenWish::default()
    };
    assert!(auth.token_with(longer).await.unwrap().is_some());
    assert_eq!(server.count("/refresh"), 3);
}

#[wasm_bindgen_test]
async fn a_subscription_hears_of_changes_until_it_is_dropped() {
    let server = Server::start("subscribed");
    let auth = TokenManager::new(server.config()).await.unwrap();
    let heard: Rc<RefCell<Vec<Snapshot>>> = Rc::default();
    let own = heard.clone();
    // One that calls back into the manager, and one that drops itself.
    let inner = auth.clone();
    auth.subscribe(move |snapshot| {
        assert_eq!(*snapshot, inner.snapshot());
    })
    .forget();
    let itself: Rc<RefCell<Option<evertoken::Subscription>>> = Rc::default();
    let handle = itself.clone();
    let subscription = auth.subscribe(move |_| drop(handle.borrow_mut().take()));
    itself.replace(Some(subscription));
    let subscription = auth.subscribe(move |snapshot| own.borrow_mut().push(snapshot.clone()));
    auth.login(&ALICE).await.unwrap();
    fetch(&auth, &server).await.unwrap();
    assert!(heard.borrow().last().is_some_and(Snapshot::is_signed_in));
    let count = heard.borrow().len();
    let mut told = heard.borrow().clone();
    told.dedup();
    assert_eq!(told.len(), count, "each is another one");
    drop(subscription);
    auth.logout().await.unwrap();
    fetch(&auth, &server).await.unwrap();
    assert_eq!(heard.borrow().len(), count);
    assert!(itself.borrow().is_none());
}

#[wasm_bindgen_test]
async fn a_wrong_configuration_names_the_option() {
    let refused = async |config| {
        let error = TokenManager::new(config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    };
    let message = refused(Config::new()).await;
    assert!(message.starts_with("refresh: expected a URL"), "{message}");
    let message = refused(Config::new().refresh("/r").attach_to(["*.example.com"])).await;
    assert!(
        message.contains("attachTo") && message.contains("wildcard"),
        "{message}"
    );
    let message = refused(Config::new().refresh(Endpoint::new("/r").header("a b", "c"))).await;
    assert!(message.starts_with("refresh.headers"), "{message}");
    let any = || Config::new().refresh("/r");
    for (config, expected) in [
        (
            any().base_url("ftp://api.example.com"),
            "baseUrl: expected an http: or https: URL, absolute or relative to baseUrl, found another scheme",
        ),
        (
            any().logout(Endpoint::from_preset()),
            "logout.url: expected an http: or https: URL, absolute or relative to baseUrl, found nothing",
        ),
        (
            any().login(Endpoint::new("/l").csrf(Csrf::new("", "x-csrf"))),
            "login.csrf.cookie: expected a non-empty string, found an empty string",
        ),
        (
            any().access_token(AccessToken::Header {
                name: "x token".into(),
                prefix: String::new(),
            }),
            "accessToken.name: expected a header name, found another string",
        ),
        (
            any().timeout(Duration::ZERO),
            "timeoutMs: expected a number of milliseconds above 0, found another number",
        ),
    ] {
        assert_eq!(refused(config).await, expected);
    }
    for preset in [
        Preset::Strapi4,
        Preset::Strapi5,
        Preset::Strapi5Plugin,
        Preset::NestJs,
        Preset::Express,
    ] {
        let auth = TokenManager::new(Config::from_preset(preset).key(preset.name())).await;
        assert!(auth.is_ok(), "{preset:?}");
    }
}

#[wasm_bindgen_test]
async fn a_preset_says_what_the_application_does_not() {
    let server = Server::start("presets");
    let preset = |preset: Preset| {
        let config = Config::from_preset(preset).base_url(&*server.origin);
        config.key(preset.name())
    };

    let auth = TokenManager::new(preset(Preset::Express)).await.unwrap();
    auth.login(&ALICE).await.unwrap_err();
    let (token, _) = server.tokens();
    auth.set_tokens(TokenSet::new(&*token)).await.unwrap();
    auth.fetch(crate::get(&server, "/api")).await.unwrap();
    let call = &server.calls("/api")[0];
    assert_eq!(call.header("x-access-token"), Some(token));
    assert_eq!(call.header("authorization"), None);
    assert_eq!(call.text("redirect"), "manual");

    let auth = TokenManager::new(preset(Preset::Strapi5Plugin))
        .await
        .unwrap();
    auth.login(&ALICE).await.unwrap_err();
    let body = server.calls("/api/auth/local")[0].text("body");
    assert_eq!(body, r#"{"requestRefresh":true,"name":"alice"}"#);

    let auth = TokenManager::new(preset(Preset::NestJs)).await.unwrap();
    auth.refresh().await.unwrap();
    let own = preset(Preset::NestJs).key("own").refresh("/own");
    let auth = TokenManager::new(own).await.unwrap();
    auth.refresh().await.unwrap();
    let method = |path| server.calls(path)[0].text("method");
    assert_eq!(method("/users/refresh-tokens"), "GET");
    assert_eq!(method("/own"), "POST");
}

#[wasm_bindgen_test]
async fn rule_18_the_cookie_of_hint_counts_from_the_start() {
    let server = Server::start("hint");
    let write = |text: &str| {
        let document = js_sys::Reflect::get(&js_sys::global(), &"document".into()).unwrap();
        js_sys::Reflect::set(&document, &"cookie".into(), &text.into()).unwrap();
    };
    let status = async || {
        let config = server.config().hint("signed_in");
        TokenManager::new(config).await.unwrap().snapshot().status
    };
    assert_eq!(status().await, Status::SignedOut);
    write("signed_in=1");
    let shown = status().await;
    write("signed_in=; max-age=0");
    assert_eq!(shown, Status::Unknown);
    assert_eq!(status().await, Status::SignedOut);
}

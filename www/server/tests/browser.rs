//! What a browser's rules see: CORS, the panel's gate, the events, and the
//! files of the page.

mod common;

use std::path::Path;

use common::{Call, Client, client, login_call, soon, start};
use serde_json::json;

const LISTED: &str = "http://127.0.0.1:3000";
const FOREIGN: &str = "http://evil.example";

#[tokio::test]
async fn cors_answers_as_recorded_for_listed_origins_only() {
    let server = start(|options| options.origins = vec![LISTED.parse().expect("an origin")]).await;
    let client = client(&server);
    let preflight = |origin: &str| {
        client.send(
            Call {
                method: hyper::Method::OPTIONS,
                ..Call::get("/api/posts")
            }
            .with("origin", origin)
            .with("access-control-request-method", "GET")
            .with(
                "access-control-request-headers",
                "authorization,x-request-id",
            ),
        )
    };
    let listed = preflight(LISTED).await;
    assert_eq!(listed.status, 204);
    for (name, value) in [
        ("vary", "Origin"),
        ("access-control-allow-origin", LISTED),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "31536000"),
        (
            "access-control-allow-methods",
            "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
        ),
        (
            "access-control-allow-headers",
            "Access-Control-Allow-Headers,withCredentials,Origin,Authorization,Accept,\
             X-Requested-With,Content-Type,Access-Control-Request-Method,\
             Access-Control-Request-Headers",
        ),
    ] {
        assert_eq!(listed.header(name), Some(value), "{name}");
    }
    let refused = client
        .send(Call::get("/api/posts").with("origin", LISTED))
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some(LISTED));
    for origin in [
        FOREIGN,
        "null",
        "http://127.0.0.1:30000",
        "http://127.0.0.1",
    ] {
        let answer = preflight(origin).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn the_panel_is_closed_to_foreign_pages_and_rebound_names() {
    let server = start(|options| options.origins = vec![LISTED.parse().expect("an origin")]).await;
    let client = client(&server);
    let port = server.address().port();
    let own = |name: &str| format!("http://{name}:{port}");
    let host = |name: &str| format!("{name}:{port}");
    let reset = || Call::post("/panel/reset");
    let mut refused = vec![
        reset().with("origin", FOREIGN),
        reset().with("origin", "null"),
        reset().with("origin", "http://127.0.0.1:1"),
        // The page of one name and the panel of the other are two origins.
        reset().with("origin", &own("localhost")),
        reset().with("host", &host("evil.example")),
        reset()
            .with("host", &host("evil.example"))
            .with("origin", &own("evil.example")),
        reset().with("host", "127.0.0.1.evil.example"),
        reset().with("sec-fetch-site", "same-site"),
    ];
    for path in ["state", "events", "nothing"] {
        let call = Call::get(&format!("/panel/{path}"));
        refused.push(call.clone().with("sec-fetch-site", "cross-site"));
        refused.push(call.with("origin", FOREIGN));
    }
    for name in ["fault", "clear", "expire", "ttl", "revoke", "down"] {
        refused.push(Call::post(&format!("/panel/{name}")).with("origin", FOREIGN));
    }
    client.send(login_call("nobody", "x")).await;
    for call in refused {
        let shown = format!("{} {:?}", call.path, call.headers);
        assert_eq!(client.send(call).await.refusal().0, 403, "{shown}");
    }
    assert_eq!(
        client.counters().await["loginFailures"],
        1,
        "none got through"
    );
    for call in [
        reset(),
        reset().with("origin", &own("127.0.0.1")),
        reset()
            .with("host", &host("localhost"))
            .with("origin", &own("localhost")),
        reset().with("origin", LISTED),
        Call::get("/panel/state").with("sec-fetch-site", "same-origin"),
        Call::get("/panel/state").with("sec-fetch-site", "none"),
    ] {
        let shown = format!("{:?}", call.headers);
        assert_eq!(client.send(call).await.status, 200, "{shown}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn events_tell_each_call_and_no_secret() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let mut events = client.events().await;
    let login = client.login().await;
    let refreshed = client.refresh(&login.cookie()).await;
    let replay = client.refresh(&login.cookie()).await;
    client
        .send(Call::get("/api/posts?secret=query").bearer(&refreshed.jwt()))
        .await;
    client.send(Call::get("/api/posts")).await;
    client.send(login_call("alice", "not the password")).await;
    client.send(Call::post("/api/auth/logout")).await;
    client.panel("reset", json!({})).await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let event = soon(events.next()).await.expect("an event");
        assert!(
            event["at"]
                .as_i64()
                .is_some_and(|at| at > 1_700_000_000_000)
        );
        seen.push((
            event["kind"].as_str().expect("a kind").to_owned(),
            event["status"].as_u64(),
            event["outcome"].as_str().map(str::to_owned),
        ));
    }
    let expected = [
        ("login", Some(200), None),
        ("refresh", Some(200), Some("rotated")),
        ("refresh", Some(400), Some("replayed")),
        ("request", Some(200), None),
        ("request", Some(403), Some("anonymous")),
        ("login", Some(400), None),
        ("logout", Some(200), None),
        ("panel", None, Some("reset")),
    ];
    let expected = expected
        .map(|(kind, status, outcome)| (kind.to_owned(), status, outcome.map(str::to_owned)));
    assert_eq!(seen, expected);
    assert_eq!(replay.status, 400);
    for secret in [
        login.jwt(),
        login.cookie(),
        refreshed.jwt(),
        refreshed.cookie(),
        "secret=query".into(),
        "password\"".into(),
    ] {
        assert!(!events.all.contains(&secret));
    }
    let state = client.send(Call::get("/panel/state")).await.json();
    assert_eq!(state["accessTtlMs"], 20_000);
    assert_eq!(state["refreshTtlMs"], 1_209_600_000);
    let counters = state["counters"].as_object().expect("counters");
    assert!(counters.values().all(|count| *count == 0));
    let mut names: Vec<_> = counters.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "anonymous",
            "loginFailures",
            "logins",
            "logouts",
            "refreshes",
            "refreshesOk",
            "refreshesRejected",
            "replays",
            "requests",
            "requestsOk",
            "unauthorized",
        ]
    );
    server.shutdown().await;
}

#[tokio::test]
async fn revoke_ends_every_family() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let cookies = [client.login().await.cookie(), client.login().await.cookie()];
    client.panel("revoke", json!({})).await;
    for cookie in cookies {
        assert_eq!(client.refresh(&cookie).await.status, 400);
    }
    assert_eq!(client.counters().await["replays"], 0);
    server.shutdown().await;
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

async fn get(client: &Client, path: &str) -> common::Answer {
    client.send(Call::get(path)).await
}

#[tokio::test]
async fn the_page_and_the_package_are_served_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &[
            ("www/index.html", "<!doctype html>the page"),
            ("www/page.js", "1"),
            ("www/style.css", "a{}"),
            ("www/guide/index.html", "the guide"),
            ("www/.secret", "SECRET"),
            ("www/server/src/main.rs", "SECRET"),
            ("pkg/index.js", "2"),
            ("pkg/evertoken_bg.wasm", "\0asm"),
            ("Cargo.toml", "SECRET"),
        ],
    );
    #[cfg(unix)]
    {
        let root = folder.path();
        std::os::unix::fs::symlink(root.join("www/server"), root.join("www/inner"))
            .expect("a link");
        std::os::unix::fs::symlink(root.join("Cargo.toml"), root.join("www/out")).expect("a link");
    }
    let server = start(|options| {
        options.root = folder.path().join("www");
        options.pkg = folder.path().join("pkg");
    })
    .await;
    let client = client(&server);
    for (path, content_type, body) in [
        ("/", "text/html; charset=utf-8", "<!doctype html>the page"),
        (
            "/index.html",
            "text/html; charset=utf-8",
            "<!doctype html>the page",
        ),
        ("/page.js?x=1", "text/javascript; charset=utf-8", "1"),
        ("/st%79le.css", "text/css; charset=utf-8", "a{}"),
        ("/guide/", "text/html; charset=utf-8", "the guide"),
        ("/pkg/index.js", "text/javascript; charset=utf-8", "2"),
        ("/pkg/evertoken_bg.wasm", "application/wasm", "\0asm"),
    ] {
        let answer = get(&client, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, body),
            "{path}"
        );
        assert_eq!(answer.header("content-type"), Some(content_type), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe-inline"));
    }
    let redirect = get(&client, "/guide").await;
    assert_eq!(redirect.header("location"), Some("/guide/"));
    for path in [
        "/server/src/main.rs",
        "/server/",
        "/%73erver/src/main.rs",
        "//server/src/main.rs",
        "/./server/src/main.rs",
        "/guide/../server/src/main.rs",
        "/inner/src/main.rs",
        "/out",
        "/.secret",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/pkg/../Cargo.toml",
        "/pkg/%2e%2e/www/.secret",
        "//evil.example/..",
        "/nothing",
    ] {
        let answer = get(&client, path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(!answer.body.contains("SECRET"));
    }
    assert_eq!(client.send(Call::post("/index.html")).await.status, 405);
    assert_eq!(get(&client, "/%00").await.status, 400);
    server.shutdown().await;
}

//! Each of the panel's faults, as a client meets it, and what it leaves behind.

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Call, Client, claims, client, fault, login_call, soon, start};
use evertoken_demo_server::Server;
use serde_json::{Value, json};

async fn signed_in() -> (Server, Client, Answer) {
    let server = start(|_| {}).await;
    let client = client(&server);
    let login = client.login().await;
    (server, client, login)
}

fn with(mut order: Value, members: Value) -> Value {
    for (name, value) in members.as_object().expect("members") {
        order[name] = value.clone();
    }
    order
}

#[tokio::test]
async fn delay_answers_late_and_once() {
    let (server, client, login) = signed_in().await;
    let order = with(fault("api", "delay"), json!({"ms": 300}));
    client.panel("fault", order).await;
    let before = Instant::now();
    assert_eq!(client.posts(&login.jwt()).await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
    let state = client.send(Call::get("/panel/state")).await.json();
    assert_eq!(state["faults"], json!([]), "it struck once");
    server.shutdown().await;
}

#[tokio::test]
async fn hang_answers_nothing_until_it_is_cleared_and_rotates_nothing() {
    let (server, client, login) = signed_in().await;
    let mut events = client.events().await;
    client.panel("fault", fault("refresh", "hang")).await;
    let cookie = login.cookie();
    let hung = client.try_send(Call::post("/api/token/refresh").cookie(&cookie));
    let clear = async {
        let event = events.until("fault").await;
        assert_eq!(event["fault"], "hang");
        client.panel("clear", json!({})).await;
    };
    let (hung, ()) = soon(async { tokio::join!(hung, clear) }).await;
    assert!(hung.is_err(), "closed without an answer");
    assert_eq!(client.refresh(&cookie).await.status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn statuses_come_in_the_servers_own_shape_with_retry_after() {
    let (server, client, login) = signed_in().await;
    let cases = [
        (401, Value::Null, None, "UnauthorizedError"),
        (429, json!(7), Some("7"), "RateLimitError"),
        (
            503,
            json!("Fri, 31 Dec 2100 23:59:59 GMT"),
            Some("Fri, 31 Dec 2100 23:59:59 GMT"),
            "ServiceUnavailableError",
        ),
        (500, json!("soon"), Some("soon"), "InternalServerError"),
        (408, Value::Null, None, "RequestTimeoutError"),
    ];
    for target in ["login", "refresh", "logout", "api"] {
        for (status, retry_after, header, name) in &cases {
            let members = json!({"status": status, "retryAfter": retry_after});
            client
                .panel("fault", with(fault(target, "status"), members))
                .await;
            let answer = match target {
                "login" => client.send(login_call("alice", "Password1!")).await,
                "refresh" => client.refresh(&login.cookie()).await,
                "logout" => {
                    let call = Call::post("/api/auth/logout").cookie(&login.cookie());
                    client.send(call).await
                }
                _ => client.posts(&login.jwt()).await,
            };
            assert_eq!(answer.refusal().0, *status);
            assert_eq!(answer.json()["error"]["name"], *name);
            assert_eq!(answer.header("retry-after"), *header);
            assert!(answer.header("set-cookie").is_none());
        }
    }
    assert_eq!(
        client.refresh(&login.cookie()).await.status,
        200,
        "unharmed"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn pages_and_empty_bodies_come_instead_of_json() {
    let (server, client, login) = signed_in().await;
    client.panel("fault", fault("refresh", "html")).await;
    let html = client.refresh(&login.cookie()).await;
    assert_eq!(html.status, 200);
    assert_eq!(
        html.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(html.body.starts_with("<!doctype html>"));
    let order = with(fault("refresh", "html"), json!({"status": 502}));
    client.panel("fault", order).await;
    assert_eq!(client.refresh(&login.cookie()).await.status, 502);
    client.panel("fault", fault("refresh", "empty")).await;
    let empty = client.refresh(&login.cookie()).await;
    assert_eq!((empty.status.as_u16(), empty.body.as_str()), (200, ""));
    assert_eq!(empty.header("content-type"), None);
    assert_eq!(client.refresh(&login.cookie()).await.status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn truncated_answers_promise_more_than_they_bring() {
    let (server, client, login) = signed_in().await;
    client.panel("fault", fault("refresh", "truncated")).await;
    let mut connection = client.connect().await;
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    let response = soon(connection.head(call)).await.expect("the head");
    assert_eq!(response.status(), 200);
    let length: usize = response.headers()["content-length"]
        .to_str()
        .expect("text")
        .parse()
        .expect("a number");
    let cookie = response.headers()["set-cookie"].to_str().expect("text");
    let cookie = cookie["refreshToken=".len()..].split(';').next();
    let cookie = cookie.expect("a value").to_owned();
    let mut body = response.into_body();
    let mut read = 0;
    let ended = loop {
        use http_body_util::BodyExt;
        match soon(body.frame()).await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, |data| data.len()),
            other => break other,
        }
    };
    assert!(ended.is_some_and(|frame| frame.is_err()), "cut, not ended");
    assert_eq!(read, length / 2);
    assert_eq!(client.refresh(&cookie).await.status, 200, "it had rotated");
    server.shutdown().await;
}

#[tokio::test]
async fn drop_closes_before_the_work() {
    let (server, client, login) = signed_in().await;
    client.panel("fault", fault("refresh", "drop")).await;
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    assert!(client.try_send(call).await.is_err());
    let counters = client.counters().await;
    assert_eq!(
        (&counters["refreshes"], &counters["refreshesOk"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(client.refresh(&login.cookie()).await.status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn drop_after_commit_leaves_the_old_token_good() {
    let (server, client, login) = signed_in().await;
    let order = with(fault("refresh", "drop-after-commit"), json!({"times": 2}));
    client.panel("fault", order).await;
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    assert!(client.try_send(call.clone()).await.is_err());
    assert!(client.try_send(call).await.is_err());
    assert_eq!(client.counters().await["refreshesOk"], 2, "it had rotated");
    let answered = client.refresh(&login.cookie()).await;
    assert_eq!(answered.status, 200);
    assert_eq!(
        client.refresh(&login.cookie()).await.status,
        400,
        "a replay now"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_lost_answer_makes_the_next_try_a_replay_unless_there_is_a_grace() {
    for (grace, status) in [(0, 400), (3600, 200)] {
        let server = start(|options| options.replay_grace = Duration::from_secs(grace)).await;
        let client = client(&server);
        let cookie = client.login().await.cookie();
        client.panel("fault", fault("refresh", "answer-lost")).await;
        let call = Call::post("/api/token/refresh").cookie(&cookie);
        assert!(client.try_send(call).await.is_err());
        assert_eq!(client.refresh(&cookie).await.status, status);
        server.shutdown().await;
    }
}

#[tokio::test]
async fn same_token_gives_the_bytes_of_before() {
    let (server, client, login) = signed_in().await;
    client.panel("fault", fault("refresh", "same-token")).await;
    let same = client.refresh(&login.cookie()).await;
    assert_eq!(same.jwt(), login.jwt());
    assert_ne!(same.cookie(), login.cookie());
    assert_ne!(client.refresh(&same.cookie()).await.jwt(), login.jwt());
    server.shutdown().await;
}

#[tokio::test]
async fn expired_token_gives_one_that_has_ended() {
    let (server, client, login) = signed_in().await;
    client
        .panel("fault", fault("refresh", "expired-token"))
        .await;
    client.panel("fault", fault("login", "expired-token")).await;
    let refreshed = client.refresh(&login.cookie()).await;
    for answer in [refreshed, client.login().await] {
        let claims = claims(&answer.jwt());
        let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        assert_eq!(exp.expect("exp") - iat.expect("iat"), 20);
        assert_eq!(client.posts(&answer.jwt()).await.status, 401);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn faults_queue_count_down_and_are_cleared() {
    let (server, client, login) = signed_in().await;
    let twice = json!({"status": 500, "times": 2});
    let always = json!({"status": 503, "times": 0});
    client
        .panel("fault", with(fault("api", "status"), twice))
        .await;
    client
        .panel("fault", with(fault("api", "status"), always))
        .await;
    for expected in [500, 500, 503, 503, 503] {
        assert_eq!(client.posts(&login.jwt()).await.status, expected);
    }
    let state = client.panel("clear", json!({})).await;
    assert_eq!(state["faults"], json!([]));
    assert_eq!(client.posts(&login.jwt()).await.status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn wrong_orders_are_refused_with_what_is_wrong() {
    let (server, client, _) = signed_in().await;
    let cases = [
        (json!({"target": "moon", "kind": "drop"}), "moon"),
        (json!({"target": "api", "kind": "explode"}), "explode"),
        (json!({"target": "api"}), "kind"),
        (fault("api", "status"), "status: found none"),
        (
            json!({"target": "api", "kind": "status", "status": 99}),
            "found 99",
        ),
        (json!({"target": "api", "kind": "drop", "time": 1}), "time"),
        (fault("api", "same-token"), "refresh"),
        (fault("logout", "expired-token"), "login"),
        (
            json!({"target": "api", "kind": "status", "status": 429, "retryAfter": "a\nb"}),
            "retryAfter",
        ),
    ];
    for (order, word) in cases {
        let call = Call::post("/panel/fault").json(&order);
        let (status, message) = client.send(call).await.refusal();
        assert_eq!(status, 400);
        assert!(message.contains(word), "{word} in {message}");
    }
    for ttl in [
        json!({"accessMs": 0}),
        json!({"refreshMs": 4_000_000_000_000_u64}),
    ] {
        let answer = client.send(Call::post("/panel/ttl").json(&ttl)).await;
        assert_eq!(answer.status, 400);
    }
    let state = client.send(Call::get("/panel/state")).await.json();
    assert_eq!(state["faults"], json!([]));
    server.shutdown().await;
}

#[tokio::test]
async fn down_closes_every_connection_but_the_panels() {
    let (server, client, login) = signed_in().await;
    let mut events = client.events().await;
    let mut kept = client.connect().await;
    let posts = || Call::get("/api/posts").bearer(&login.jwt());
    assert_eq!(kept.send(posts()).await.expect("an answer").status, 200);
    client.panel("down", json!({"down": true})).await;
    assert!(soon(kept.send(posts())).await.is_err(), "an idle one");
    assert!(client.try_send(posts()).await.is_err(), "a new one");
    assert!(client.try_send(Call::get("/")).await.is_err(), "the page");
    let state = client.panel("down", json!({"down": false})).await;
    assert_eq!(state["down"], false);
    assert_eq!(client.send(posts()).await.status, 200);
    assert_eq!(
        soon(events.until("request")).await["status"],
        200,
        "still open"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_waiting_drop_forbids_the_reuse_of_connections() {
    let (server, client, login) = signed_in().await;
    let posts = || Call::get("/api/posts").bearer(&login.jwt());
    let mut idle = client.connect().await;
    let before = idle.send(posts()).await.expect("an answer");
    assert_eq!(before.header("connection"), None);
    client.panel("fault", fault("refresh", "drop")).await;
    assert!(soon(idle.send(posts())).await.is_err(), "closed while idle");
    let answer = client.send(posts()).await;
    assert_eq!(answer.header("connection"), Some("close"));
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    assert!(client.try_send(call).await.is_err());
    assert_eq!(client.send(posts()).await.header("connection"), None);
    server.shutdown().await;
}

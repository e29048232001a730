//! The recorded answers of Strapi 4 with a refresh cookie: status, body and
//! the headers that a client can see.

mod common;

use common::{Call, claims, client, login_call, start};
use serde_json::{Value, json};

#[tokio::test]
async fn login_answers_as_recorded() {
    let server = start(|_| {}).await;
    let client = client(&server);
    for identifier in ["alice", "alice@example.com", "ALICE"] {
        let answer = client.send(login_call(identifier, "Password1!")).await;
        assert_eq!(answer.status, 200);
        let user = &answer.json()["user"];
        assert_eq!(user["id"], 1);
        assert_eq!(user["username"], "alice");
        assert_eq!(user["email"], "alice@example.com");
        assert_eq!(user["provider"], "local");
        assert_eq!(user["confirmed"], true);
        assert_eq!(user["blocked"], false);
        assert_eq!(user["createdAt"].as_str().expect("text").len(), 24);
        assert!(user.get("password").is_none());
    }
    let answer = client.login().await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.header("set-cookie").expect("a cookie");
    for part in [
        "; Path=/;",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=1209600;",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.to_ascii_lowercase().contains("domain"), "host-only");
    let claims = claims(&answer.jwt());
    assert_eq!(claims["id"], 1);
    assert_eq!(claims["sub"], "1");
    let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(exp.expect("exp") - iat.expect("iat"), 20);
    assert!(claims["jti"].is_string());
    server.shutdown().await;
}

#[tokio::test]
async fn bad_logins_answer_as_recorded() {
    let server = start(|_| {}).await;
    let client = client(&server);
    for (name, password) in [("alice", "x"), ("nobody", "Password1!")] {
        let answer = client.send(login_call(name, password)).await;
        assert_eq!(
            answer.json(),
            json!({"data":null,"error":{"status":400,"name":"ValidationError",
                "message":"Invalid identifier or password","details":{}}})
        );
        assert_eq!(answer.status, 400);
        assert!(answer.header("set-cookie").is_none());
    }
    let bodies = [
        (
            json!({"identifier": "alice"}),
            "password is a required field",
        ),
        (
            json!({"identifier": 1, "password": "x"}),
            "identifier must be a `string` type",
        ),
        (json!([]), "the body is not a JSON object"),
    ];
    for (body, message) in bodies {
        let answer = client.send(Call::post("/api/auth/local").json(&body)).await;
        assert_eq!(answer.refusal(), (400, message.to_owned()));
    }
    let counters = client.counters().await;
    assert_eq!(counters["loginFailures"], 5);
    assert_eq!(counters["logins"], 0);
    server.shutdown().await;
}

#[tokio::test]
async fn login_takes_forms_and_no_other_type() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let mut call = Call::post("/api/auth/local");
    call.body = "identifier=bob%40example.com&password=Password1%21".into();
    let form = call
        .clone()
        .with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(client.send(form).await.json()["user"]["username"], "bob");
    // A page of another site can send this type without a preflight.
    call.body = json!({"identifier": "alice", "password": "Password1!"}).to_string();
    let text = call.with("content-type", "text/plain");
    assert_eq!(client.send(text).await.status, 400);
    server.shutdown().await;
}

#[tokio::test]
async fn protected_routes_answer_as_recorded() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let jwt = client.login().await.jwt();
    let page = client.posts(&jwt).await.json();
    assert_eq!(page["data"][0]["id"], 1);
    assert_eq!(page["data"][0]["attributes"]["title"], "hello");
    assert_eq!(page["data"][0]["attributes"]["content"], "world");
    assert_eq!(
        page["meta"]["pagination"],
        json!({"page":1,"pageSize":25,"pageCount":1,"total":3})
    );
    let none = client.send(Call::get("/api/posts")).await;
    assert_eq!(
        none.json(),
        json!({"data":null,"error":{"status":403,"name":"ForbiddenError",
            "message":"Forbidden","details":{}}})
    );
    let refused = json!({"data":null,"error":{"status":401,"name":"UnauthorizedError",
        "message":"Missing or invalid credentials","details":{}}});
    assert_eq!(client.posts("garbage").await.json(), refused);
    client.panel("expire", json!({})).await;
    let expired = client.posts(&jwt).await;
    assert_eq!(expired.json(), refused);
    assert_eq!(expired.status, 401);
    let counters = client.counters().await;
    assert_eq!(counters["requests"], 4);
    assert_eq!(counters["requestsOk"], 1);
    assert_eq!(counters["unauthorized"], 2);
    assert_eq!(counters["anonymous"], 1);
    server.shutdown().await;
}

#[tokio::test]
async fn posts_are_made_found_and_paged() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let jwt = client.login().await.jwt();
    let body = json!({"data": {"title": "Käse", "content": "\u{1F9C0}"}});
    let made = client
        .send(Call::post("/api/posts").bearer(&jwt).json(&body))
        .await;
    assert_eq!(made.status, 200);
    assert_eq!(made.json()["data"]["attributes"]["title"], "Käse");
    let get = |path: &str| client.send(Call::get(path).bearer(&jwt));
    assert_eq!(
        get("/api/posts/4").await.json()["data"],
        made.json()["data"]
    );
    for path in ["/api/posts/5", "/api/posts/x", "/api/nothing"] {
        assert_eq!(get(path).await.refusal(), (404, "Not Found".into()));
    }
    let page = get("/api/posts?pagination[page]=2&pagination[pageSize]=3").await;
    assert_eq!(page.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.json()["meta"]["pagination"]["pageCount"], 2);
    let far = get("/api/posts?pagination[page]=9223372036854775807").await;
    assert_eq!(far.json()["data"], json!([]));
    let empty = client
        .send(Call::post("/api/posts").bearer(&jwt).json(&json!({})))
        .await;
    assert_eq!(empty.status, 400);
    assert_eq!(get("/api/users/me").await.json()["username"], "alice");
    server.shutdown().await;
}

#[tokio::test]
async fn refresh_answers_as_recorded() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let login = client.login().await;
    let good = client.refresh(&login.cookie()).await;
    assert_eq!(good.status, 200);
    assert_eq!(
        good.json().as_object().map(|members| members.len()),
        Some(1),
        "nothing but the jwt"
    );
    assert_ne!(good.jwt(), login.jwt());
    assert_eq!(client.posts(&good.jwt()).await.status, 200);
    let bad_request = |message: &str| {
        json!({"data":null,"error":{"status":400,"name":"BadRequestError",
            "message":message,"details":{}}})
    };
    let missing = client.send(Call::post("/api/token/refresh")).await;
    assert_eq!(missing.json(), bad_request("no Authorization"));
    let garbage = client.refresh("garbage").await;
    assert_eq!(garbage.json(), bad_request("Error: Invalid token."));
    let get = client
        .send(Call::get("/api/token/refresh").cookie(&good.cookie()))
        .await;
    assert_eq!(get.refusal(), (405, "Method Not Allowed".into()));
    server.shutdown().await;
}

#[tokio::test]
async fn an_access_token_on_login_or_refresh_is_refused_and_spends_nothing() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let login = client.login().await;
    let refresh = |jwt: String| {
        client.send(
            Call::post("/api/token/refresh")
                .cookie(&login.cookie())
                .bearer(&jwt),
        )
    };
    assert_eq!(
        refresh(login.jwt()).await.refusal(),
        (403, "Forbidden".into())
    );
    let again = login_call("alice", "Password1!").bearer(&login.jwt());
    assert_eq!(client.send(again).await.status, 403);
    client.panel("expire", Value::Null).await;
    assert_eq!(
        refresh(login.jwt()).await.refusal(),
        (401, "Missing or invalid credentials".into())
    );
    let again = login_call("alice", "Password1!").bearer(&login.jwt());
    assert_eq!(client.send(again).await.status, 401);
    assert_eq!(client.refresh(&login.cookie()).await.status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn logout_clears_the_cookie_and_ends_the_family() {
    let server = start(|_| {}).await;
    let client = client(&server);
    for method in [Call::get, Call::post] {
        let login = client.login().await;
        let call = method("/api/auth/logout").cookie(&login.cookie());
        let answer = client.send(call.bearer(&login.jwt())).await;
        assert_eq!(answer.json(), json!({"message": "ok"}));
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with("refreshToken=; Path=/; Expires=Thu, 01 Jan 1970"));
        assert_eq!(client.refresh(&login.cookie()).await.status, 400);
        assert_eq!(
            client.posts(&login.jwt()).await.status,
            200,
            "until it ends"
        );
    }
    let anonymous = client.send(Call::post("/api/auth/logout")).await;
    assert_eq!(anonymous.status, 200);
    assert_eq!(client.counters().await["logouts"], 3);
    server.shutdown().await;
}

#[tokio::test]
async fn users_register() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let register = |name: &str, email: &str, password: &str| {
        let body = json!({"username": name, "email": email, "password": password});
        client.send(Call::post("/api/auth/local/register").json(&body))
    };
    let carol = register("carol", "carol@example.com", "Secret7!").await;
    assert_eq!(carol.json()["user"]["username"], "carol");
    assert_eq!(client.refresh(&carol.cookie()).await.status, 200);
    assert_eq!(
        client.send(login_call("carol", "Secret7!")).await.status,
        200
    );
    assert_eq!(
        register("CAROL", "c@example.com", "Secret7!")
            .await
            .refusal(),
        (400, "Email or Username are already taken".into())
    );
    for (name, email, password) in [
        ("ca", "c@d", "secret"),
        ("cat", "c", "secret"),
        ("cat", "c@d", "short"),
    ] {
        assert_eq!(register(name, email, password).await.status, 400);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn lifetimes_of_less_than_a_second_are_honoured() {
    let server = start(|_| {}).await;
    let client = client(&server);
    client
        .panel("ttl", json!({"accessMs": 300, "refreshMs": 600}))
        .await;
    let login = client.login().await;
    let received = std::time::Instant::now();
    let claims = claims(&login.jwt());
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    // Issued before it was received, it has ended 300 ms after that at the
    // latest, whatever `exp` says.
    loop {
        let asked = received.elapsed().as_millis();
        if client.posts(&login.jwt()).await.status == 401 {
            break;
        }
        assert!(asked < 300, "it was taken {asked} ms after it was received");
    }
    tokio::time::sleep_until((received + std::time::Duration::from_millis(600)).into()).await;
    assert_eq!(
        client.refresh(&login.cookie()).await.refusal(),
        (400, "Error: Invalid token.".into())
    );
    server.shutdown().await;
}

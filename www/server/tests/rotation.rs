//! Refresh token rotation: one use each, replay ends the family, and what the
//! database keeps.

mod common;

use std::time::Duration;

use common::{Call, client, fault, soon, start};
use serde_json::json;

#[tokio::test]
async fn a_replayed_token_ends_its_family_and_no_other() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let other = client.login().await.cookie();
    let first = client.login().await.cookie();
    let second = client.refresh(&first).await.cookie();
    assert_ne!(first, second);
    assert_eq!(
        client.refresh(&first).await.refusal(),
        (400, "Error: Invalid token.".into())
    );
    assert_eq!(
        client.refresh(&second).await.status,
        400,
        "its successor too"
    );
    assert_eq!(client.refresh(&other).await.status, 200);
    let counters = client.counters().await;
    assert_eq!(counters["refreshes"], 4);
    assert_eq!(counters["refreshesOk"], 2);
    assert_eq!(counters["refreshesRejected"], 2);
    assert_eq!(counters["replays"], 1);
    server.shutdown().await;
}

#[tokio::test]
async fn an_old_token_of_a_long_chain_is_a_replay() {
    let server = start(|options| options.replay_grace = Duration::from_secs(3600)).await;
    let client = client(&server);
    let first = client.login().await.cookie();
    let mut last = first.clone();
    for _ in 0..5 {
        last = client.refresh(&last).await.cookie();
    }
    assert_eq!(client.refresh(&first).await.status, 400, "grace or not");
    assert_eq!(client.refresh(&last).await.status, 400);
    server.shutdown().await;
}

#[tokio::test]
async fn of_two_concurrent_refreshes_one_is_a_replay_always() {
    let server = start(|_| {}).await;
    let client = client(&server);
    for _ in 0..10 {
        let cookie = client.login().await.cookie();
        let (a, b) = tokio::join!(client.refresh(&cookie), client.refresh(&cookie));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let winner = if a.status == 200 { a } else { b };
        assert_eq!(client.refresh(&winner.cookie()).await.status, 400);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn within_the_grace_both_are_served_until_one_successor_is_used() {
    let server = start(|options| options.replay_grace = Duration::from_secs(3600)).await;
    let client = client(&server);
    let first = client.login().await.cookie();
    let (a, b) = tokio::join!(client.refresh(&first), client.refresh(&first));
    assert_eq!((a.status.as_u16(), b.status.as_u16()), (200, 200));
    let used = client.refresh(&a.cookie()).await;
    assert_eq!(used.status, 200);
    assert_eq!(
        client.refresh(&b.cookie()).await.status,
        400,
        "the other copy"
    );
    assert_eq!(client.refresh(&used.cookie()).await.status, 400, "and all");
    assert_eq!(client.counters().await["replays"], 1);
    server.shutdown().await;
}

#[tokio::test]
async fn after_the_grace_a_token_is_a_replay() {
    let grace = Duration::from_millis(200);
    let server = start(|options| options.replay_grace = grace).await;
    let client = client(&server);
    let first = client.login().await.cookie();
    assert_eq!(client.refresh(&first).await.status, 200);
    tokio::time::sleep(grace).await;
    assert_eq!(client.refresh(&first).await.status, 400);
    assert_eq!(client.counters().await["replays"], 1);
    server.shutdown().await;
}

#[tokio::test]
async fn a_refresh_whose_client_left_may_be_sent_again() {
    let server = start(|_| {}).await;
    let client = client(&server);
    let cookie = client.login().await.cookie();
    let mut events = client.events().await;
    // The work is done, the answer held back, and the client goes.
    let mut order = fault("refresh", "drop-after-commit");
    order["ms"] = json!(60_000);
    client.panel("fault", order).await;
    let mut connection = client.connect().await;
    let refresh = connection.head(Call::post("/api/token/refresh").cookie(&cookie));
    tokio::select! {
        _ = refresh => panic!("no answer is sent"),
        _ = events.until("fault") => {}
    }
    drop(connection);
    let event = soon(events.until("refresh")).await;
    assert_eq!(event["status"], json!(null));
    assert_eq!(event["outcome"], "rotated");
    let again = client.refresh(&cookie).await;
    assert_eq!(again.status, 200);
    assert_eq!(
        client.refresh(&cookie).await.status,
        400,
        "once it is answered"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn the_database_has_no_refresh_token_and_no_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("demo.sqlite");
    let path = db.clone();
    let server = start(move |options| options.db = Some(path)).await;
    let client = client(&server);
    let login = client.login().await;
    let refreshed = client.refresh(&login.cookie()).await;
    let secrets = [
        login.cookie(),
        refreshed.cookie(),
        login.jwt(),
        refreshed.jwt(),
        "Password1!".to_owned(),
    ];
    let look = || {
        let mut searched = 0;
        let mut found_user = false;
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
            searched += bytes.len();
            let has = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            found_user |= has("alice@example.com");
            for secret in &secrets {
                assert!(!has(secret));
            }
        }
        assert!(
            searched > 4096 && found_user,
            "the search finds what is there"
        );
    };
    look();
    server.shutdown().await;
    look();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&db).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner only");
    }
}

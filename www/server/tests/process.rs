//! The binary: what it prints, how it ends, and what it keeps when it is
//! killed. Signals are Unix's.
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::{Call, Process, fault, soon};
use serde_json::json;
use tokio::process::Command;

#[tokio::test]
async fn killed_between_commit_and_answer_it_loses_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("demo.sqlite");
    let process = Process::with_db(&db).await;
    let login = process.client.login().await;
    let mut events = process.client.events().await;
    let mut order = fault("refresh", "drop-after-commit");
    order["ms"] = json!(600_000);
    process.client.panel("fault", order).await;
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    let mut connection = process.client.connect().await;
    tokio::select! {
        _ = connection.head(call) => panic!("no answer is sent"),
        event = soon(events.until("fault")) => assert_eq!(event["fault"], "drop-after-commit"),
    }
    assert_eq!(process.client.counters().await["refreshesOk"], 1);
    process.kill().await;

    let process = Process::with_db(&db).await;
    assert_eq!(process.client.posts(&login.jwt()).await.status, 200);
    let refreshed = process.client.refresh(&login.cookie()).await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(process.client.posts(&refreshed.jwt()).await.status, 200);
    let replay = process.client.refresh(&login.cookie()).await;
    assert_eq!(replay.status, 400, "strict again");
    process.kill().await;
}

#[tokio::test]
async fn killed_before_the_commit_it_loses_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("demo.sqlite");
    let process = Process::with_db(&db).await;
    let login = process.client.login().await;
    let mut events = process.client.events().await;
    process
        .client
        .panel("fault", fault("refresh", "hang"))
        .await;
    let call = Call::post("/api/token/refresh").cookie(&login.cookie());
    let mut connection = process.client.connect().await;
    tokio::select! {
        _ = connection.head(call) => panic!("no answer is sent"),
        _ = soon(events.until("fault")) => {}
    }
    process.kill().await;
    let process = Process::with_db(&db).await;
    assert_eq!(process.client.refresh(&login.cookie()).await.status, 200);
    process.kill().await;
}

/// No fault helps here: the process dies wherever it happens to be, with a
/// refresh on its way. The client comes back with the newest token it was
/// given, as a browser does.
#[tokio::test]
async fn killed_at_any_moment_it_loses_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("demo.sqlite");
    let mut process = Process::with_db(&db).await;
    let mut cookie = process.client.login().await.cookie();
    let mut answered = 0;
    for round in 0..24_u64 {
        let client = process.client.clone();
        let start = cookie.clone();
        let work = tokio::spawn(async move {
            let mut newest = start;
            let mut answers = 0;
            loop {
                let call = Call::post("/api/token/refresh").cookie(&newest);
                match client.connect_and_send(call).await {
                    Some(answer) => {
                        assert_eq!(answer.status, 200, "{}", answer.body);
                        answers += 1;
                        newest = answer.cookie();
                    }
                    None => return (newest, answers),
                }
            }
        });
        // Spread over the few milliseconds that one refresh takes.
        tokio::time::sleep(Duration::from_micros(3000 + 700 * round)).await;
        process.kill().await;
        let (newest, answers) = soon(work).await.expect("every answer is a success");
        answered += answers;
        process = Process::with_db(&db).await;
        let refreshed = process.client.refresh(&newest).await;
        assert_eq!(refreshed.status, 200, "round {round}");
        cookie = refreshed.cookie();
    }
    assert!(answered > 0, "some refreshes were answered before the end");
    process.kill().await;
}

#[tokio::test]
async fn told_to_end_it_finishes_what_is_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(&[
        "--db",
        folder.path().join("a.sqlite").to_str().expect("UTF-8"),
    ])
    .await;
    let client = process.client.clone();
    let jwt = client.login().await.jwt();
    let mut events = client.events().await;
    let mut idle = client.connect().await;
    assert_eq!(
        idle.send(Call::get("/panel/state"))
            .await
            .expect("an answer")
            .status,
        200
    );
    let mut order = fault("api", "delay");
    order["ms"] = json!(700);
    client.panel("fault", order).await;
    client.panel("fault", fault("refresh", "hang")).await;
    let hung = tokio::spawn({
        let client = client.clone();
        async move { client.try_send(Call::post("/api/token/refresh")).await }
    });
    soon(events.until("fault")).await;
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.try_send(Call::get("/api/posts").bearer(&jwt)).await }
    });
    soon(events.until("fault")).await;
    process.terminate().await;
    let slow = soon(slow).await.expect("no panic");
    assert_eq!(slow.expect("the answer").status, 200);
    assert!(soon(hung).await.expect("no panic").is_err());
    while soon(events.next()).await.is_some() {}
    let status = soon(process.child.wait()).await.expect("an exit");
    assert_eq!(status.code(), Some(0));
    assert!(
        tokio::net::TcpStream::connect(&client.address)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn requests_that_take_too_long_do_not_keep_it_from_ending() {
    let mut process = Process::start(&[]).await;
    let client = process.client.clone();
    let mut events = client.events().await;
    let mut order = fault("api", "delay");
    order["ms"] = json!(600_000);
    client.panel("fault", order).await;
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.try_send(Call::get("/api/posts")).await }
    });
    soon(events.until("fault")).await;
    let before = std::time::Instant::now();
    process.terminate().await;
    let status = soon(process.child.wait()).await.expect("an exit");
    assert_eq!(status.code(), Some(0));
    assert!(
        before.elapsed() >= Duration::from_secs(4),
        "it was waited for"
    );
    assert!(soon(slow).await.expect("no panic").is_err());
}

#[tokio::test]
async fn the_temporary_database_goes_with_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_evertoken-demo-server"));
    let mut child = command
        .args(["--port", "0"])
        .env("TMPDIR", folder.path())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let entries = || std::fs::read_dir(folder.path()).expect("a folder").count();
    let mut lines = {
        use tokio::io::AsyncBufReadExt;
        tokio::io::BufReader::new(child.stdout.take().expect("its output")).lines()
    };
    let ready = soon(lines.next_line())
        .await
        .expect("text")
        .expect("a line");
    assert!(ready.starts_with("READY http://127.0.0.1:"), "{ready}");
    assert_eq!(entries(), 1);
    let id = child.id().expect("alive").to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(sent.expect("kill runs").success());
    assert!(soon(child.wait()).await.expect("an exit").success());
    assert_eq!(
        soon(lines.next_line()).await.expect("text"),
        None,
        "one line"
    );
    assert_eq!(entries(), 0);
}

#[tokio::test]
async fn wrong_options_are_refused_before_anything_is_opened() {
    for (arguments, code, word) in [
        (vec!["--access-ttl", "20"], 2, "20s"),
        (vec!["--access-ttl", "0s"], 1, "--access-ttl: found 0 ms"),
        (
            vec!["--port", "0", "--db", "/no/such/folder/x"],
            1,
            "database",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_evertoken-demo-server"))
            .args(&arguments)
            .output();
        let output = soon(output).await.expect("the binary runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(word), "{word} in {error}");
        assert!(output.stdout.is_empty());
    }
}

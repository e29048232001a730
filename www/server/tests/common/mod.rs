//! A client that hides nothing: one connection a request unless it is told to
//! keep one, cookies by hand; and the real binary as a child process.
#![allow(dead_code)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evertoken_demo_server::Server;
use evertoken_demo_server::options::Options;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Long enough for a loaded machine, short enough to fail a hung test.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it happens before the test's patience ends")
}

/// Starts a server in this process, on a port of its own.
pub async fn start(change: impl FnOnce(&mut Options)) -> Server {
    let mut options = Options {
        port: 0,
        ..Options::default()
    };
    change(&mut options);
    Server::start(options).await.expect("the server starts")
}

/// Gives the client of a server.
pub fn client(server: &Server) -> Client {
    Client::new(server.address().to_string())
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON, found {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn jwt(&self) -> String {
        self.json()["jwt"].as_str().expect("a jwt").to_owned()
    }

    /// The value of the refresh cookie that was set.
    pub fn cookie(&self) -> String {
        let cookie = self.headers[SET_COOKIE].to_str().expect("text");
        let value = cookie
            .strip_prefix("refreshToken=")
            .and_then(|rest| rest.split(';').next());
        value.expect("the refresh cookie").to_owned()
    }

    /// Status and message of a refusal, whose other members must fit.
    pub fn refusal(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(json["data"], Value::Null, "{json}");
        assert_eq!(json["error"]["status"], self.status.as_u16(), "{json}");
        assert!(json["error"]["details"].is_object(), "{json}");
        let message = json["error"]["message"].as_str().expect("a message");
        (self.status.as_u16(), message.to_owned())
    }
}

/// A request in the making.
#[derive(Clone)]
pub struct Call {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn post(path: &str) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(path)
        }
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.with(CONTENT_TYPE.as_str(), "application/json")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub fn cookie(self, value: &str) -> Self {
        self.with(COOKIE.as_str(), &format!("refreshToken={value}"))
    }
}

/// An open connection.
pub struct Kept(http1::SendRequest<Full<Bytes>>, String);

impl Kept {
    pub async fn head(&mut self, call: Call) -> Result<Response<Incoming>, hyper::Error> {
        let mut request = Request::builder().method(call.method).uri(call.path);
        if !call.headers.iter().any(|(name, _)| name == "host") {
            request = request.header(HOST, &self.1);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(call.body)).expect("a request");
        self.0.ready().await?;
        self.0.send_request(request).await
    }

    pub async fn send(&mut self, call: Call) -> Result<Answer, hyper::Error> {
        let (parts, body) = self.head(call).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

/// Talks to one server.
#[derive(Clone)]
pub struct Client {
    pub address: String,
}

impl Client {
    pub fn new(address: String) -> Self {
        Self { address }
    }

    pub async fn connect(&self) -> Kept {
        let stream = TcpStream::connect(&self.address).await.expect("it listens");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Kept(sender, self.address.clone())
    }

    /// Sends on a connection of its own; an error means that no whole answer
    /// came.
    pub async fn try_send(&self, call: Call) -> Result<Answer, hyper::Error> {
        soon(async { self.connect().await.send(call).await }).await
    }

    /// Sends to a server that may be gone at any moment.
    pub async fn connect_and_send(&self, call: Call) -> Option<Answer> {
        let stream = TcpStream::connect(&self.address).await.ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Kept(sender, self.address.clone()).send(call).await.ok()
    }

    pub async fn send(&self, call: Call) -> Answer {
        self.try_send(call).await.expect("an answer")
    }

    pub async fn login(&self) -> Answer {
        let answer = self.send(login_call("alice", "Password1!")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    pub async fn refresh(&self, cookie: &str) -> Answer {
        self.send(Call::post("/api/token/refresh").cookie(cookie))
            .await
    }

    pub async fn posts(&self, jwt: &str) -> Answer {
        self.send(Call::get("/api/posts").bearer(jwt)).await
    }

    /// Gives an order to the panel and the state that follows.
    pub async fn panel(&self, name: &str, body: Value) -> Value {
        let answer = self
            .send(Call::post(&format!("/panel/{name}")).json(&body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn counters(&self) -> Value {
        self.send(Call::get("/panel/state")).await.json()["counters"].clone()
    }

    pub async fn events(&self) -> Events {
        let mut connection = self.connect().await;
        let response = soon(connection.head(Call::get("/panel/events")))
            .await
            .expect("a stream");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        let mut events = Events {
            body: response.into_body(),
            text: String::new(),
            all: String::new(),
            _connection: connection,
        };
        // From the opening line on, nothing is missed.
        while !events.text.contains("\n\n") {
            assert!(events.read().await, "the stream opens");
        }
        events
    }
}

/// The panel's stream.
pub struct Events {
    body: Incoming,
    text: String,
    /// Everything that came, for tests that look for what must not.
    pub all: String,
    _connection: Kept,
}

impl Events {
    async fn read(&mut self) -> bool {
        match soon(self.body.frame()).await {
            Some(Ok(frame)) => {
                let text = String::from_utf8_lossy(frame.data_ref().expect("data")).into_owned();
                self.all.push_str(&text);
                self.text.push_str(&text);
                true
            }
            _ => false,
        }
    }

    /// Gives the next event, or nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(data) = message.strip_prefix("data: ") {
                    return Some(serde_json::from_str(data).expect("JSON"));
                }
            } else if !self.read().await {
                return None;
            }
        }
    }

    /// Skips to the first event of a kind.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await.expect("an event before the end");
            if event["kind"] == kind {
                return event;
            }
        }
    }
}

pub fn login_call(identifier: &str, password: &str) -> Call {
    let body = json!({ "identifier": identifier, "password": password });
    Call::post("/api/auth/local").json(&body)
}

pub fn fault(target: &str, kind: &str) -> Value {
    json!({ "target": target, "kind": kind })
}

pub fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).expect("a payload");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The real binary.
pub struct Process {
    pub child: Child,
    pub client: Client,
}

impl Process {
    pub async fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evertoken-demo-server"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let out = child.stdout.take().expect("its output");
        let line = soon(BufReader::new(out).lines().next_line())
            .await
            .expect("readable")
            .expect("a line");
        let address = line.strip_prefix("READY http://").expect(&line);
        Self {
            client: Client::new(address.to_owned()),
            child,
        }
    }

    pub async fn with_db(db: &Path) -> Self {
        Self::start(&["--db", db.to_str().expect("UTF-8")]).await
    }

    /// SIGKILL, and the wait for the end of it.
    pub async fn kill(mut self) {
        soon(self.child.kill()).await.expect("killed");
    }

    /// SIGTERM by the system's own tool: std has no call for it.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("alive").to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(status.expect("kill runs").success());
    }
}

//! For the tests of applications: a server that is none, and a clock that is
//! set by hand.
//!
//! ```no_run
//! use std::time::Duration;
//! use evertoken::TokenManager;
//! use evertoken::testing::{MockClock, MockServer};
//!
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let (server, clock) = (MockServer::new(), MockClock::new());
//! let auth = TokenManager::new(server.config().clock(clock.clone())).await?;
//! auth.login(&[("name", "alice")].into_iter().collect::<std::collections::BTreeMap<_, _>>()).await?;
//! clock.advance(Duration::from_secs(301)).await;
//! assert_eq!(auth.get("/posts").send().await?.status(), 200);
//! assert_eq!(server.count("/refresh"), 1);
//! # Ok(())
//! # }
//! ```

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use gloo_net::http::{Request, Response};

use super::clock::{Clock, task};
use super::config::Config;

/// How many tasks an answer takes at most, from the timer that sends to the
/// record that is stored.
const TASKS: u32 = 8;

/// An authorization server and a resource server in one, behind
/// [`Config::fetch`]. It issues opaque tokens, takes a refresh token once, and
/// answers `401` to what comes without a valid access token.
///
/// A clone is the same server.
#[derive(Clone, Default)]
pub struct MockServer(Rc<State>);

struct State {
    issued: Cell<u32>,
    lifetime: Cell<Duration>,
    access: RefCell<Vec<String>>,
    refresh: RefCell<Vec<String>>,
    failures: RefCell<Vec<(String, u16)>>,
    answers: RefCell<Vec<(String, String)>>,
    calls: RefCell<Vec<String>>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            issued: Cell::default(),
            lifetime: Cell::new(Duration::from_secs(300)),
            access: RefCell::default(),
            refresh: RefCell::default(),
            failures: RefCell::default(),
            answers: RefCell::default(),
            calls: RefCell::default(),
        }
    }
}

impl MockServer {
    /// Makes a server, whose tokens last for five minutes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A configuration with this server's endpoints and fetch, that shares
    /// nothing with other tabs.
    pub fn config(&self) -> Config {
        let server = self.clone();
        Config::new()
            .base_url("https://mock.example")
            .login("/login")
            .refresh("/refresh")
            .logout("/logout")
            .cross_tab(false)
            .fetch(async move |request| server.serve(request).await)
    }

    /// Lets the tokens that are issued from now on last so long.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.0.lifetime.set(lifetime);
    }

    /// Answers the next call of a path with this status; once for each time
    /// that it is said.
    pub fn fail(&self, path: impl Into<String>, status: u16) {
        self.0.failures.borrow_mut().push((path.into(), status));
    }

    /// Answers requests of a path with this JSON, where they may be answered.
    pub fn answer(&self, path: impl Into<String>, json: impl Into<String>) {
        let answer = (path.into(), json.into());
        self.0.answers.borrow_mut().push(answer);
    }

    /// Forgets which access tokens are good.
    pub fn expire(&self) {
        self.0.access.borrow_mut().clear();
    }

    /// Forgets all sessions.
    pub fn revoke(&self) {
        self.expire();
        self.0.refresh.borrow_mut().clear();
    }

    /// Counts the calls of a path.
    pub fn count(&self, path: &str) -> usize {
        let calls = self.0.calls.borrow();
        calls.iter().filter(|own| *own == path).count()
    }

    async fn serve(&self, request: Request) -> Result<Response, Box<dyn std::error::Error>> {
        let state = &self.0;
        let url = request.url();
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = ["/", path.split(['?', '#']).next().unwrap_or_default()].concat();
        state.calls.borrow_mut().push(path.clone());
        let planned = {
            let mut failures = state.failures.borrow_mut();
            let at = failures.iter().position(|(own, _)| *own == path);
            at.map(|at| failures.remove(at).1)
        };
        if let Some(status) = planned {
            return json(status, "{}");
        }
        match path.as_str() {
            "/login" => json(200, &self.issue()),
            "/refresh" => {
                let sent = request.text().await?;
                let good = {
                    let mut known = state.refresh.borrow_mut();
                    let at = known.iter().position(|token| sent.contains(&**token));
                    at.map(|at| known.swap_remove(at))
                };
                match good {
                    Some(_) => json(200, &self.issue()),
                    None => json(401, "{}"),
                }
            }
            "/logout" => {
                self.revoke();
                json(200, "{}")
            }
            _ => {
                let sent = request.headers().get("authorization").unwrap_or_default();
                let known = state.access.borrow();
                if !known.iter().any(|token| sent.ends_with(&**token)) {
                    return json(401, "{}");
                }
                let answers = state.answers.borrow();
                let found = answers.iter().rfind(|(own, _)| *own == path);
                json(200, found.map_or("{}", |(_, answer)| answer))
            }
        }
    }

    fn issue(&self) -> String {
        let state = &self.0;
        let number = state.issued.get() + 1;
        state.issued.set(number);
        let (access, refresh) = (format!("at-{number}."), format!("rt-{number}."));
        let seconds = state.lifetime.get().as_secs_f64();
        let answer = format!(
            r#"{{"accessToken":"{access}","refreshToken":"{refresh}","expiresIn":{seconds}}}"#
        );
        state.access.borrow_mut().push(access);
        state.refresh.borrow_mut().push(refresh);
        answer
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockServer")
    }
}

fn json(status: u16, body: &str) -> Result<Response, Box<dyn std::error::Error>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    Ok(response.body(Some(body))?)
}

/// Both clocks and the timers of a manager, which stand still until they are
/// set forth. A clone is the same clock.
#[derive(Clone, Default)]
pub struct MockClock(Rc<Hands>);

#[derive(Default)]
struct Hands {
    since: Cell<Duration>,
    /// What of the wall clock was set by hand.
    step: Cell<i64>,
    count: Cell<u32>,
    timers: RefCell<Vec<Timer>>,
}

struct Timer {
    number: u32,
    at: Duration,
    wake: Box<dyn FnOnce()>,
}

/// Lets what was sent be answered.
async fn settled() {
    for _ in 0..TASKS {
        task().await;
    }
}

/// Takes a timer back when it is dropped.
struct Taken(MockClock, u32);

impl Drop for Taken {
    fn drop(&mut self) {
        let taken = {
            let mut timers = self.0.0.timers.borrow_mut();
            let at = timers.iter().position(|timer| timer.number == self.1);
            at.map(|at| timers.swap_remove(at))
        };
        drop(taken);
    }
}

impl MockClock {
    /// Makes a clock that shows the first of January 2020.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets both clocks forth, and has the timers go off whose time has come,
    /// each at its own. What a timer sends is answered before the next.
    pub async fn advance(&self, by: Duration) {
        let end = self.0.since.get() + by;
        loop {
            let due = {
                let mut timers = self.0.timers.borrow_mut();
                let next = timers.iter().enumerate().min_by_key(|(_, timer)| timer.at);
                let at = next.filter(|(_, timer)| timer.at <= end).map(|(at, _)| at);
                at.map(|at| timers.swap_remove(at))
            };
            let Some(timer) = due else { break };
            self.0.since.set(timer.at.max(self.0.since.get()));
            (timer.wake)();
            settled().await;
        }
        self.0.since.set(end);
        settled().await;
    }

    /// Sets the wall clock by so many seconds, back where they are negative,
    /// and nothing else.
    pub fn step(&self, seconds: i64) {
        self.0.step.set(self.0.step.get() + seconds);
    }
}

impl Clock for MockClock {
    fn now(&self) -> SystemTime {
        let shown = 1_577_836_800_i64.saturating_add(self.0.step.get());
        let shown = Duration::from_secs(shown.unsigned_abs());
        SystemTime::UNIX_EPOCH + shown + self.0.since.get()
    }

    fn monotonic(&self) -> Duration {
        self.0.since.get()
    }

    fn wake_after(&self, delay: Duration, wake: Box<dyn FnOnce()>) -> Box<dyn Any> {
        let number = self.0.count.get();
        self.0.count.set(number.wrapping_add(1));
        self.0.timers.borrow_mut().push(Timer {
            number,
            at: self.0.since.get() + delay,
            wake,
        });
        Box::new(Taken(self.clone(), number))
    }
}

impl fmt::Debug for MockClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockClock")
            .field("since", &self.0.since.get())
            .finish_non_exhaustive()
    }
}

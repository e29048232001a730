//! The backend of the evertoken page: a strict token server on loopback that
//! misbehaves on request.
//!
//! ```text
//! cargo run -p evertoken-demo-server -- --port 8787
//! READY http://127.0.0.1:8787
//! ```
//!
//! It speaks the wire of Strapi 4 with a refresh cookie. New databases begin
//! with `alice` (`alice@example.com`) and `bob` (`bob@example.com`), password
//! `Password1!`. It binds to 127.0.0.1; both that and `localhost` work as the
//! page's host name, each with a cookie of its own.
//!
//! # The application's routes
//!
//! | route | answers |
//! |---|---|
//! | `POST /api/auth/local` `{identifier,password}` | 200 `{jwt,user}` and the cookie `refreshToken`; 400 |
//! | `POST /api/auth/local/register` `{username,email,password}` | the same |
//! | `POST /api/token/refresh`, cookie, no body | 200 `{jwt}` and the next cookie; 400 |
//! | `GET`, `POST /api/auth/logout` | 200, the cookie cleared, the family ended |
//! | `GET`, `POST /api/posts`, `GET /api/posts/{id}` | 200 `{data,meta}` |
//! | `GET /api/users/me` | 200, the user |
//!
//! Protected routes answer 401 to a token that is expired or garbage and 403
//! to none. Login and refresh belong to those who are signed out: with an
//! expired or garbage token in `Authorization` they answer 401, with a valid
//! one 403. Logout takes any. Refusals are
//! `{"data":null,"error":{"status","name","message","details"}}`. Origins given
//! with `--origin` get CORS headers with credentials and a fixed list of request
//! headers; others are answered without, and their browser withholds the answer.
//!
//! Access tokens are JWTs (HS256) with `id`, `sub`, `iat`, `exp` and `jti`.
//! They are good until they end, logout or not, as in the system this one
//! resembles. A lifetime of whole seconds ends at `exp`; a fraction of a second
//! is honoured to the millisecond, with `exp` at the next whole second.
//!
//! # The backend for a frontend
//!
//! With `--bff`, for cookie-only mode; each call needs the header `X-CSRF: 1`,
//! else 403.
//!
//! | route | answers |
//! |---|---|
//! | `POST /bff/login` `{identifier,password}` | 200 `{user,sessionExpiresIn}`, the cookies `session` (HttpOnly) and `signed_in`; 400 |
//! | `GET`, `POST /bff/session` | the same without cookies; 401 and the cookies cleared |
//! | `POST /bff/logout` | 200, the cookies cleared, the family ended |
//! | `/bff/api/…` | what the API answers to the session's access token; 401 |
//!
//! A session lasts as long as `--refresh-ttl` says, whatever is done in it.
//!
//! # Refresh tokens
//!
//! 256 random bits in an HttpOnly, SameSite=Strict, host-only cookie; the
//! database has their SHA-256. Each is good for one refresh, and one seen again
//! ends its family: whoever signed in, and whoever copied a token, are both
//! out. Each rotation counts the lifetime anew. The exception, and how a server
//! that is killed in the middle of a refresh loses no session, are written down
//! in [`store::sessions`]. In short:
//!
//! - The rotation is one SQLite transaction, on disk before it is answered.
//! - Until the operating system has taken the whole answer, the token before is
//!   still good. Killed before the commit or between commit and answer, a
//!   client that comes back with the token it has is served.
//! - Two calls with one token are looked at one after the other, the second when
//!   the first answer has left: it is then a replay, always, not by chance.
//! - `--replay-grace` (default `0s`) also forgives a replay while the successor
//!   is unused. It is zero because a kill needs none, because the page is there
//!   to show what a strict server does to a client that refreshes twice, and
//!   because a grace lets a copied token pass. Give it a few seconds to see a
//!   lenient server.
//!
//! Without `--db` the database is a file in a temporary folder of its own,
//! removed at the end (not after a kill): a file, not memory, so that there is
//! one kind of storage to test. The signing secret is in the database, so that
//! access tokens outlive a restart; the file is readable by its owner only.
//!
//! # The panel
//!
//! For loopback peers, under the names `127.0.0.1`, `localhost` and `[::1]`,
//! from the server's own origin, a listed one, or no page at all; 403 to all
//! others. Every `POST` answers with the new state.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /panel/state` | `{accessTtlMs,refreshTtlMs,replayGraceMs,down,faults,counters}` |
//! | `GET /panel/events` | server-sent events, one for each call ([`journal::Event`]) |
//! | `POST /panel/fault` | orders a [`fault::Fault`] |
//! | `POST /panel/clear` | forgets all faults, lets go of calls that hang |
//! | `POST /panel/expire` | ends every access token issued so far |
//! | `POST /panel/ttl` `{accessMs?,refreshMs?}` | lifetimes from now on |
//! | `POST /panel/revoke` | ends every family |
//! | `POST /panel/reset` | sets the counters to zero |
//! | `POST /panel/down` `{down}` | closes every connection without an answer, but for the panel |
//!
//! A fault is `{target,kind,status?,retryAfter?,ms?,times?}`: the target is
//! `login`, `refresh`, `logout` or `api`, the kinds are those of
//! [`fault::Kind`], `times` is 1 by default and 0 means until it is cleared.
//!
//! While a fault waits that closes connections, answers carry
//! `Connection: close` and idle connections are closed: a browser repeats a
//! request by itself, POST or not, when a connection it reused closes before
//! the answer, and the page would never see the fault (seen in Chromium: a
//! dropped refresh on a reused connection is sent twice and succeeds).
//!
//! # In tests
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use evertoken_demo_server::{Server, options::Options};
//!
//! let server = Server::start(Options { port: 0, ..Options::default() }).await?;
//! println!("listens at http://{}", server.address());
//! server.shutdown().await;
//! # Ok::<_, evertoken_demo_server::StartError>(())
//! # }).unwrap();
//! ```

#![warn(missing_docs)]

mod answer;
mod auth;
mod bff;
mod clock;
mod collection;
mod connection;
pub mod fault;
mod fields;
pub mod journal;
pub mod options;
mod origin;
mod page;
mod panel;
mod password;
pub mod store;
mod token;
mod turns;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use answer::Refusal;
use connection::Connections;
use fault::{Faults, Target, misbehave};
use journal::Journal;
use options::Options;
use origin::Origin;
use page::Folder;
use panel::Lifetimes;
use store::sessions::{Mint, Terms};
use store::{Store, StoreError};
use token::Keys;
use turns::Turns;

/// Far more than any body that a route takes.
const LONGEST_BODY: usize = 64 * 1024;

/// What the handlers share.
pub struct App {
    store: Arc<Store>,
    keys: Keys,
    lifetimes: Lifetimes,
    replay_grace: Duration,
    faults: Faults,
    journal: Journal,
    connections: Connections,
    turns: Turns,
    origins: Vec<Origin>,
    page: Folder,
    package: Folder,
    stop: watch::Sender<bool>,
}

impl App {
    fn terms(&self, mint: Mint) -> Result<Terms, StoreError> {
        Ok(Terms::draw(
            self.lifetimes.access(),
            self.lifetimes.refresh(),
            self.replay_grace,
            mint,
        )?)
    }

    fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The port could not be had.
    Bind(u16, std::io::Error),
    /// The database could not be opened.
    Store(StoreError),
    /// An option is out of bounds.
    Option(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(port, error) => write!(f, "--port {port}: {error}"),
            Self::Store(error) => error.fmt(f),
            Self::Option(message) => write!(f, "--{message}"),
        }
    }
}

impl std::error::Error for StartError {}

/// A server that runs until it is shut down. Dropping one without that leaves
/// it running as long as its runtime.
pub struct Server {
    address: SocketAddr,
    app: Arc<App>,
    task: JoinHandle<()>,
    /// Holds the temporary database's folder.
    folder: Option<tempfile::TempDir>,
}

impl Server {
    /// Opens the database and listens.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let lifetimes =
            Lifetimes::new(options.access_ttl, options.refresh_ttl).map_err(StartError::Option)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(|error| StartError::Bind(options.port, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Bind(options.port, error))?;
        let (store, folder) = tokio::task::spawn_blocking(move || open(options.db, options.seed))
            .await
            .map_err(|_| StartError::Store(StoreError::Cancelled))?
            .map_err(StartError::Store)?;
        let app = Arc::new(App {
            keys: Keys::new(&store.secret().map_err(StartError::Store)?),
            store: Arc::new(store),
            lifetimes,
            replay_grace: options.replay_grace,
            faults: Faults::default(),
            journal: Journal::default(),
            connections: Connections::default(),
            turns: Turns::default(),
            origins: options.origins,
            page: Folder::page(options.root),
            package: Folder::package(options.pkg),
            stop: watch::channel(false).0,
        });
        let router = routes(&app, options.bff);
        let task = tokio::spawn(connection::serve(listener, Arc::clone(&app), router));
        Ok(Self {
            address,
            app,
            task,
            folder,
        })
    }

    /// Gives the address that it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, lets requests under way finish for up to five seconds,
    /// and removes the database if it is a temporary one.
    pub async fn shutdown(self) {
        self.app.stop.send_replace(true);
        if self.task.await.is_err() {
            eprintln!("evertoken-demo-server: the server's task failed");
        }
        drop(self.app);
        if let Some(folder) = self.folder
            && let Err(error) = folder.close()
        {
            eprintln!("evertoken-demo-server: temporary database: {error}");
        }
    }
}

fn open(
    path: Option<std::path::PathBuf>,
    seed: bool,
) -> Result<(Store, Option<tempfile::TempDir>), StoreError> {
    match path {
        Some(path) => Ok((Store::open(&path, seed)?, None)),
        None => {
            let folder = tempfile::Builder::new()
                .prefix("evertoken-demo-")
                .tempdir()?;
            let store = Store::open(&folder.path().join("demo.sqlite"), seed)?;
            Ok((store, Some(folder)))
        }
    }
}

fn routes(app: &Arc<App>, bff: bool) -> Router {
    let guard =
        |target: Target| middleware::from_fn_with_state((Arc::clone(app), target), misbehave);
    let login = Router::new()
        .route("/api/auth/local", post(auth::login))
        .route("/api/auth/local/register", post(auth::register))
        .route_layer(guard(Target::Login));
    let refresh = Router::new()
        .route("/api/token/refresh", post(auth::refresh))
        .route_layer(guard(Target::Refresh));
    let logout = Router::new()
        .route("/api/auth/logout", get(auth::logout).post(auth::logout))
        .route_layer(guard(Target::Logout));
    let protected = Router::new()
        .route("/api/posts", get(collection::list).post(collection::create))
        .route("/api/posts/{id}", get(collection::one))
        .route("/api/users/me", get(collection::me))
        .route_layer(guard(Target::Api));
    let files = Router::new()
        .fallback(page::serve)
        .layer(middleware::from_fn(origin::page_headers));
    let api = Router::new()
        .merge(login)
        .merge(refresh)
        .merge(logout)
        .merge(protected)
        .route("/api/{*rest}", any(no_such_route));
    let front = match bff {
        true => bff::routes(
            api.clone().with_state(Arc::clone(app)),
            app.lifetimes.refresh(),
        ),
        false => Router::new(),
    };
    Router::new()
        .merge(api)
        .merge(front)
        .merge(panel::routes(app))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback_service(files.with_state(Arc::clone(app)))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn(origin::no_store))
        .layer(middleware::from_fn_with_state(
            Arc::clone(app),
            origin::cors,
        ))
        .with_state(Arc::clone(app))
}

async fn no_such_route() -> Refusal {
    Refusal::not_found()
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "Method Not Allowed",
    )
}

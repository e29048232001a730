//! The application's configuration, as it is written down; `settings` reads
//! it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::{Request, Response};
use web_sys::RequestInit;

use super::clock::{Clock, OwnClocks};
use super::endpoint::{Csrf, Endpoint};
use super::error::{Error, ErrorKind};
use super::platform::{ReadCookie, guarded};
use super::reason::Reason;
use super::refresh::{self, RefreshBy, RefreshContext, RefreshFailure};
use super::request::unless_aborted;
use super::storage::Storage;
use super::tokens::TokenSet;
use crate::core::policy::KEY;
use crate::core::presets::{PRESETS, Preset as Data};

/// What a fetch of the application's own gives.
type Fetched = Result<Response, Box<dyn std::error::Error>>;

/// A fetch of the application's own, as the host calls it.
pub(super) type Fetch = Rc<dyn Fn(&web_sys::Request, &RequestInit) -> Pin<Box<Answered>>>;

type Answered = dyn Future<Output = Result<web_sys::Response, Reason>>;

/// A token manager's configuration: which endpoints there are, where tokens
/// travel, where they are kept. What is wrong with it,
/// [`TokenManager::new`](crate::TokenManager::new) says.
///
/// ```no_run
/// use std::time::Duration;
/// use evertoken::{Config, Endpoint, RefreshToken, Storage};
///
/// let config = Config::new()
///     .base_url("https://api.example.com")
///     .login("/auth/login")
///     .refresh(Endpoint::new("/auth/refresh").field("client", "web"))
///     .logout("/auth/logout")
///     .refresh_token(RefreshToken::Cookie)
///     .storage(Storage::local())
///     .refresh_ahead(Duration::from_secs(30));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Config {
    pub(super) preset: Option<(Preset, &'static Data)>,
    pub(super) base_url: Option<String>,
    pub(super) login: Option<Endpoint>,
    pub(super) refresh: Option<Endpoint>,
    /// Instead of an endpoint.
    pub(super) refresh_with: Option<Rc<dyn RefreshBy>>,
    pub(super) logout: Option<Endpoint>,
    pub(super) access_token: Option<AccessToken>,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) response: Option<AnswerPaths>,
    pub(super) attach_to: Option<Vec<String>>,
    pub(super) storage: Storage,
    pub(super) remember: Option<Storage>,
    pub(super) session: SessionLimits,
    pub(super) hint: Option<(String, ReadCookie)>,
    pub(super) single_user: bool,
    pub(super) fetch: Option<Fetch>,
    pub(super) clock: Option<Rc<dyn OwnClocks>>,
    pub(super) key: Option<String>,
    pub(super) refresh_ahead: Option<Duration>,
    pub(super) proactive: Option<Proactive>,
    pub(super) unauthorized: Unauthorized,
    pub(super) timeout: Option<Duration>,
    pub(super) csrf: Option<Csrf>,
    pub(super) cross_tab: Option<bool>,
}

impl Config {
    /// Makes a configuration that needs at least a refresh endpoint.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts from a preset, every field of which can be overridden.
    pub fn from_preset(preset: Preset) -> Self {
        // The table is only there where an application names one of them.
        let found = PRESETS.iter().find(|(name, _)| *name == preset.name());
        Self {
            preset: found.map(|(_, data)| (preset, *data)),
            ..Self::default()
        }
    }

    /// Resolves relative URLs against this one; its origin gets the token
    /// unless [`attach_to`](Self::attach_to) says otherwise. Default: the
    /// page's.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Names the login endpoint, which
    /// [`login`](crate::TokenManager::login) needs.
    pub fn login(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.login = Some(endpoint.into());
        self
    }

    /// Names the refresh endpoint. With a form as its body the call is RFC
    /// 6749's (section 6).
    pub fn refresh(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.refresh = Some(endpoint.into());
        self.refresh_with = None;
        self
    }

    /// Refreshes in the application's own way, in the place of an endpoint.
    ///
    /// All tabs and requests wait for one call of the function at a time,
    /// which is dropped after the [`timeout`](Self::timeout). A
    /// [`RefreshFailure`] says whether the session is over; any other error,
    /// by `?`, keeps it, and so does a panic. Calls to its own manager fail at
    /// once, as that waits for the function; in a task that the function
    /// spawned they wait until the timeout. One that holds the manager keeps
    /// it from being disposed of.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use evertoken::{Config, RefreshFailure, Request, TokenSet};
    ///
    /// let config = Config::new().refresh_with(async |context| {
    ///     let held = context.refresh_token.as_ref().ok_or_else(RefreshFailure::rejected)?;
    ///     let request = Request::post("/renew").header("x-refresh", held.expose());
    ///     let response = context.fetch(request).await?;
    ///     if !response.ok() {
    ///         return Err(RefreshFailure::from_status(response.status()));
    ///     }
    ///     let token = response.text().await?;
    ///     Ok(TokenSet::new(token).expires_in(Duration::from_secs(300)))
    /// });
    /// ```
    pub fn refresh_with(
        mut self,
        refresh: impl AsyncFn(RefreshContext) -> Result<TokenSet, RefreshFailure> + 'static,
    ) -> Self {
        self.refresh_with = Some(refresh::function(refresh));
        self.refresh = None;
        self
    }

    /// Names the logout endpoint. Without one a sign-out ends the session
    /// here.
    pub fn logout(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.logout = Some(endpoint.into());
        self
    }

    /// Says where the access token travels. Default: in `Authorization`,
    /// after `Bearer `.
    pub fn access_token(mut self, place: AccessToken) -> Self {
        self.access_token = Some(place);
        self
    }

    /// Says where the refresh token travels. Default: in the body if an answer
    /// ever brought one, else in a cookie.
    pub fn refresh_token(mut self, place: RefreshToken) -> Self {
        self.refresh_token = Some(place);
        self
    }

    /// Says where an answer has what. Default: the usual names, at the top
    /// level and under `data`.
    pub fn response(mut self, paths: AnswerPaths) -> Self {
        self.response = Some(paths);
        self
    }

    /// Lists the origins that get the token, each with an optional path. It
    /// replaces the origin of the base URL.
    pub fn attach_to<T: Into<String>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        self.attach_to = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Chooses where the tokens are kept. Default: in memory.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Chooses where a session is kept that began with
    /// [`SignIn::remember`](crate::SignIn). Default: where the
    /// others are.
    pub fn remember(mut self, storage: Storage) -> Self {
        self.remember = Some(storage);
        self
    }

    /// Ends sessions by themselves.
    pub fn session(mut self, limits: SessionLimits) -> Self {
        self.session = limits;
        self
    }

    /// Names a cookie that scripts can read: while it is absent, nobody is
    /// asked whether there is a refresh cookie.
    pub fn hint(mut self, cookie: impl Into<String>) -> Self {
        self.hint = Some((cookie.into(), ReadCookie::default()));
        self
    }

    /// Says that this process has one user: a manager holds a session outside
    /// of a page as well. On a server it would show one visitor as another.
    pub fn single_user(mut self, single: bool) -> Self {
        self.single_user = single;
        self
    }

    /// Sends every request, also those to the endpoints, by this function, as
    /// a test does.
    pub fn fetch(mut self, fetch: impl AsyncFn(Request) -> Fetched + 'static) -> Self {
        let fetch = Rc::new(fetch);
        self.fetch = Some(Rc::new(move |request, init| {
            let request = web_sys::Request::new_with_request_and_init(request, init);
            let fetch = fetch.clone();
            Box::pin(async move {
                let request = request?;
                let signal = request.signal();
                match unless_aborted(&signal, fetch(Request::from(request))).await {
                    Ok(answer) => answer.map(Into::into).map_err(Into::into),
                    Err(aborted) => Err(Reason::of(&aborted)),
                }
            })
        }));
        self
    }

    /// Goes by these clocks, as a test does.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Rc::new(clock));
        self
    }

    /// Names the stored record, the lock and the channel. Default:
    /// `evertoken`. All that use one key share the session: managers,
    /// tabs, the npm package.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Refreshes so long before a token ends. Default: a fifth of the
    /// lifetime, at most a minute; never more than half of the lifetime.
    pub fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.refresh_ahead = Some(ahead);
        self
    }

    /// Says when to refresh by timer. Default: while the page is visible.
    pub fn proactive(mut self, proactive: Proactive) -> Self {
        self.proactive = Some(proactive);
        self
    }

    /// Lists the statuses that mean that the token was refused. Default: 401.
    pub fn unauthorized(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.unauthorized = Unauthorized::Statuses(statuses.into_iter().collect());
        self
    }

    /// Says by a function which answers mean that the token was refused, in
    /// the place of statuses. It must not begin to read the body; a panic means
    /// no, with a warning.
    ///
    /// ```no_run
    /// use evertoken::Config;
    ///
    /// let config = Config::new().refresh("/refresh").unauthorized_if(|response| {
    ///     response.status() == 403 && response.headers().get("x-reason").as_deref() == Some("expired")
    /// });
    /// ```
    pub fn unauthorized_if(mut self, refused: impl Fn(&Response) -> bool + 'static) -> Self {
        self.unauthorized = Unauthorized::Judged(Rc::new(move |response| {
            let mut judged = false;
            let done = guarded(|| judged = refused(response));
            done.map(|()| judged).map_err(|thrown| {
                let message = "unauthorized: the function panicked, which is taken for no";
                Error::new(ErrorKind::InvalidConfig, message).with_reason(thrown)
            })
        }));
        self
    }

    /// Bounds one call to an endpoint. Default: ten seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Repeats a cookie in a header, on unsafe methods and on the endpoints.
    pub fn csrf(mut self, csrf: Csrf) -> Self {
        self.csrf = Some(csrf);
        self
    }

    /// Says whether tabs share the session. Default: they do.
    pub fn cross_tab(mut self, cross_tab: bool) -> Self {
        self.cross_tab = Some(cross_tab);
        self
    }

    pub(super) fn key_name(&self) -> &str {
        self.key.as_deref().unwrap_or(KEY)
    }
}

/// What a function says of an answer, or that it panicked.
type Judged = Result<bool, Error>;

/// Which answers mean that the token was refused.
#[derive(Clone)]
pub(super) enum Unauthorized {
    Statuses(Vec<u16>),
    Judged(Rc<dyn Fn(&Response) -> Judged>),
}

impl Default for Unauthorized {
    fn default() -> Self {
        Self::Statuses(vec![401])
    }
}

impl Unauthorized {
    pub fn says(&self, response: &Response) -> Judged {
        match self {
            Self::Statuses(statuses) => Ok(statuses.contains(&response.status())),
            Self::Judged(refused) => refused(response),
        }
    }

    pub fn statuses(&self) -> &[u16] {
        match self {
            Self::Statuses(statuses) => statuses,
            Self::Judged(_) => &[],
        }
    }
}

/// Constant headers, fields and queries may be secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("preset", &self.preset.map(|(preset, _)| preset))
            .field("storage", &self.storage)
            .field("key", &self.key_name())
            .finish_non_exhaustive()
    }
}

/// A backend whose endpoints are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Strapi 4 with a refresh cookie.
    Strapi4,
    /// Strapi 5 with its own refresh sessions.
    Strapi5,
    /// Strapi 5 with `@redon2inc/strapi-plugin-refresh-token`.
    Strapi5Plugin,
    /// NestJS with passport-jwt, both tokens in a cookie.
    NestJs,
    /// Express with jsonwebtoken.
    Express,
}

impl Preset {
    /// Its name, as the npm package has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strapi4 => "strapi4",
            Self::Strapi5 => "strapi5",
            Self::Strapi5Plugin => "strapi5-plugin",
            Self::NestJs => "nestjs",
            Self::Express => "express",
        }
    }
}

/// When a session ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionLimits {
    /// So long after the sign-in.
    pub max: Option<Duration>,
    /// So long after the last activity in any tab.
    pub idle: Option<Duration>,
    /// So long before the end a warning is due. Default: a minute.
    pub warn: Option<Duration>,
    /// What puts the idle end off.
    pub activity: Activity,
}

/// What puts the idle end of a session off, beside
/// [`touch`](crate::TokenManager::touch).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activity {
    /// What the user does on the page, and coming back to it.
    #[default]
    Page,
    /// The same until [`Event::SessionEnding`](crate::Event::SessionEnding):
    /// for a dialogue that wants an answer.
    UntilWarned,
    /// Nothing.
    Manual,
}

/// Where the access token travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessToken {
    /// In a header, after a prefix.
    Header { name: String, prefix: String },
    /// In a cookie that no script can read. The lifetime serves where no
    /// answer states one.
    Cookie { lifetime: Option<Duration> },
}

/// Where the refresh token travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshToken {
    /// In a cookie that no script can read.
    Cookie,
    /// In the body. The field is `refreshToken` by default, in a form
    /// `refresh_token`.
    Body { field: Option<String> },
    /// In a header, after a prefix.
    Header { name: String, prefix: String },
}

/// Dotted paths into an answer; those that are `None` are searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnswerPaths {
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub expires_in: Option<String>,
    /// The unit of what is at `expires_in`.
    pub expires_in_unit: Option<Unit>,
    /// ISO 8601, or seconds since the epoch.
    pub expires_at: Option<String>,
    /// The session's end, in the unit of `expires_in`.
    pub session_expires_in: Option<String>,
    /// The session's end, as `expires_at`.
    pub session_expires_at: Option<String>,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Seconds,
    Milliseconds,
}

/// When to refresh by timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proactive {
    Never,
    WhileVisible,
    Always,
}

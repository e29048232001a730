//! The manager as applications see it.

use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use super::config::Config;
use super::document;
use super::error::{Error, ErrorKind};
use super::listeners::Subscription;
use super::request;
use super::shell::Shell;
use super::view::{Event, Inspection, LoginAnswer, Snapshot};
use crate::core::answer::{self, Tokens};
use crate::core::lifetime::Stated;
use crate::core::{self, Ask, Instant, Millis, Reply};

/// Signs in, puts the access token on the requests that may have it,
/// refreshes it before it ends, and signs out when the session is over.
///
/// A clone is the same manager. The last one that is dropped disposes of it;
/// so does [`dispose`](Self::dispose). A future of one of its methods may be
/// dropped at any time: nobody else who waits is harmed.
///
/// ```no_run
/// use evertoken::{Config, TokenManager};
/// use gloo_net::http::Request;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new().login("/login").refresh("/refresh");
/// let auth = TokenManager::new(config).await?;
/// auth.login(&[("name", "alice"), ("password", "secret")].into_iter().collect::<std::collections::BTreeMap<_, _>>()).await?;
/// let posts = auth.fetch(Request::get("/api/posts").build()?).await?;
/// assert_eq!(posts.status(), 200);
/// auth.logout().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenManager(Rc<Owner>);

/// Calls and timers keep the shell; only managers keep this.
struct Owner(Rc<Shell>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.dispose();
    }
}

impl TokenManager {
    /// Makes a manager: opens its storage, reads what is kept there, asks the
    /// other tabs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`], with the option's name in the message. A
    /// storage that cannot be used is no error: the session is kept in memory,
    /// and an [`Event::Warning`] says so.
    pub async fn new(config: Config) -> Result<Self, Error> {
        let manager = Self(Rc::new(Owner(Shell::new(config)?)));
        manager.shell().start().await;
        Ok(manager)
    }

    fn shell(&self) -> &Rc<Shell> {
        &self.0.0
    }

    /// Sends a request, as gloo-net would. One to an allowed origin goes with
    /// the token, waits for a refresh if the token has ended, and is sent once
    /// more if it comes back unauthorized.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Fetch`] where the request itself failed or was aborted;
    /// [`ErrorKind::RefreshUnavailable`] or [`ErrorKind::RefreshRejected`]
    /// where it needed a refresh that failed; [`ErrorKind::SignedOut`] where
    /// the session ended while it waited; [`ErrorKind::Disposed`].
    pub async fn fetch(&self, request: Request) -> Result<Response, Error> {
        request::fetch(self.shell(), request).await
    }

    /// Resolves a URL against the base URL. A request of gloo-net's resolves
    /// its own against the page.
    ///
    /// ```no_run
    /// # use gloo_net::http::Request;
    /// # async fn example(auth: &evertoken::TokenManager) -> Result<(), Box<dyn std::error::Error>> {
    /// let posts = auth.fetch(Request::get(&auth.url("/posts")?).build()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for what is no URL.
    pub fn url(&self, url: &str) -> Result<String, Error> {
        let resolved = document::url(url, self.shell().settings.base.as_deref());
        resolved.and_then(|url| url.text("href")).ok_or_else(|| {
            let message = "url: expected a URL, absolute or relative to the base URL";
            Error::new(ErrorKind::InvalidConfig, message)
        })
    }

    /// Gives a valid access token, after a refresh if need be; `None` where
    /// nobody is signed in or the token travels in a cookie.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch).
    pub async fn get_token(&self) -> Result<Option<String>, Error> {
        self.get_token_with(TokenWish::default()).await
    }

    /// Gives an access token as wished.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch).
    pub async fn get_token_with(&self, wish: TokenWish) -> Result<Option<String>, Error> {
        let least = Millis::from_ms(wish.min_validity.as_secs_f64() * 1000.0);
        let reply = self.shell().ask(match wish.refresh {
            Refresh::Auto => Ask::Token {
                least: least.unwrap_or_default(),
            },
            Refresh::Force => Ask::TokenForced,
            Refresh::Never => Ask::TokenNow,
        });
        if reply.await? != Reply::Go {
            return Ok(None);
        }
        let machine = self.shell().machine.borrow();
        let token = machine.access_token();
        Ok(token.map(|token| token.expose().to_owned()))
    }

    /// Refreshes now, or joins the refresh under way.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch); at once while the
    /// server may not be asked, with [`Error::retry_after`].
    pub async fn refresh(&self) -> Result<Snapshot, Error> {
        self.shell().ask(Ask::Refresh).await?;
        Ok(self.snapshot())
    }

    /// Signs in: sends the fields of `body` to the login endpoint and takes
    /// the tokens of the answer, which is given. Dropping the future gives the
    /// sign-in up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LoginRejected`] where the server refused, with
    /// [`Error::body`]; [`ErrorKind::LoginUnavailable`] where it may be tried
    /// again; [`ErrorKind::InvalidResponse`] where the answer has no token;
    /// [`ErrorKind::SignedOut`] where somebody signed out meanwhile;
    /// [`ErrorKind::InvalidConfig`] where there is no login endpoint or `body`
    /// has no fields.
    pub async fn login(&self, body: &(impl Serialize + ?Sized)) -> Result<LoginAnswer, Error> {
        let fields = body
            .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
            .ok()
            .filter(|fields: &JsValue| fields.is_object() && !js_sys::Array::is_array(fields));
        let Some(fields) = fields else {
            let message = "login: expected something with named fields, found something else";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        };
        let started = self.shell().request(Some(fields), |machine, now, number| {
            machine.login(now, number)
        })?;
        Ok(LoginAnswer(started.ended().await?.unwrap_or_default()))
    }

    /// Takes tokens that the application got by a sign-in of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where the access token cannot be one.
    pub async fn set_tokens(&self, tokens: TokenSet) -> Result<Snapshot, Error> {
        let tokens = self.shell().judged(tokens);
        let started = self.shell().request(None, |machine, now, number| {
            machine.set_tokens(now, number, tokens);
        })?;
        started.ended().await?;
        Ok(self.snapshot())
    }

    /// Signs out: here and in all tabs at once, then at the server. That the
    /// server cannot be reached is an [`Event::Warning`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disposed`].
    pub async fn logout(&self) -> Result<(), Error> {
        self.sign_out(false).await
    }

    /// Signs out without a word to the server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disposed`].
    pub async fn logout_locally(&self) -> Result<(), Error> {
        self.sign_out(true).await
    }

    async fn sign_out(&self, local: bool) -> Result<(), Error> {
        let started = self.shell().request(None, |machine, now, number| {
            machine.logout(now, number, local);
        })?;
        started.ended().await?;
        Ok(())
    }

    /// Gives the present state.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.shell().snapshot())
    }

    /// Reads the access token's claims; see [`Snapshot::claims`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where the claims are no `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.shell().snapshot().claims()
    }

    /// Calls `listener` with each new snapshot until the subscription is
    /// dropped. One that holds a manager keeps it from being disposed of. With
    /// a signal of Leptos or Yew it is one line:
    ///
    /// ```no_run
    /// # fn set(_: evertoken::Snapshot) {}
    /// # fn example(auth: &evertoken::TokenManager) {
    /// let subscription = auth.subscribe(|snapshot| set(snapshot.clone()));
    /// # }
    /// ```
    pub fn subscribe(&self, listener: impl FnMut(&Snapshot) + 'static) -> Subscription {
        self.shell().listeners.subscribe(listener)
    }

    /// Calls `listener` with each event until the subscription is dropped.
    ///
    /// ```no_run
    /// use evertoken::{Event, SignedOutBy};
    ///
    /// # fn go_to_login() {}
    /// # fn example(auth: &evertoken::TokenManager) {
    /// let subscription = auth.on(|event| match event {
    ///     Event::SignedOut(SignedOutBy::RefreshRejected) => go_to_login(),
    ///     _ => {}
    /// });
    /// # }
    /// ```
    pub fn on(&self, listener: impl FnMut(&Event) + 'static) -> Subscription {
        self.shell().listeners.on(listener)
    }

    /// Gives figures for a developer.
    pub fn inspect(&self) -> Inspection {
        self.shell().inspection()
    }

    /// Ends timers, listeners, channels and locks; whatever waits is rejected
    /// with [`ErrorKind::Disposed`] at once. A refresh that was sent is still
    /// finished and stored.
    pub fn dispose(&self) {
        self.shell().dispose();
    }
}

impl std::fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenManager")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

/// Two clones are equal, two managers are not.
impl PartialEq for TokenManager {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// When to refresh for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// Where it has to be.
    #[default]
    Auto,
    /// In any case.
    Force,
    /// Not at all.
    Never,
}

/// What token is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenWish {
    /// How long it has to last. More than its lifetime costs one refresh, and
    /// then there is what there is.
    pub min_validity: Duration,
    pub refresh: Refresh,
}

/// Tokens that the application got by itself, for
/// [`set_tokens`](TokenManager::set_tokens) or from a
/// [refresh function](Config::refresh_with).
#[derive(Clone, Default)]
pub struct TokenSet {
    access_token: Option<String>,
    refresh_token: Option<String>,
    stated: Stated,
}

impl TokenSet {
    /// Brings an access token.
    pub fn new(access_token: impl Into<String>) -> Self {
        Self {
            access_token: Some(access_token.into()),
            ..Self::default()
        }
    }

    /// Brings nothing that a script could see: the tokens are in cookies.
    pub fn in_cookies() -> Self {
        Self::default()
    }

    /// Adds a refresh token. A refresh that brings none keeps the one held.
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Adds the lifetime, which counts from now.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.stated.expires_in = Millis::from_ms(lifetime.as_secs_f64() * 1000.0);
        self
    }

    /// Adds the end in milliseconds since the epoch.
    pub fn expires_at_ms(mut self, end: f64) -> Self {
        self.stated.expires_at = Instant::from_ms(end);
        self
    }
}

impl Shell {
    /// Judges what the application brought.
    pub(super) fn judged(&self, tokens: TokenSet) -> Result<Tokens, core::Error> {
        let TokenSet {
            access_token,
            refresh_token,
            stated,
        } = tokens;
        let cookie = self.machine.borrow().policy().cookie_access();
        answer::from_application(access_token, refresh_token, stated, cookie)
    }
}

impl std::fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSet(…)")
    }
}

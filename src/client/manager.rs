//! The manager as applications see it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gloo_net::http::Response;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use super::clock::millis;
use super::config::Config;
use super::error::{Error, ErrorKind};
use super::listeners::Subscription;
use super::outgoing::{self, IntoRequest};
use super::request;
use super::shell::Shell;
use super::tokens::{Refresh, SignIn, TokenSet, TokenWish};
use super::view::{Event, Inspection, LoginAnswer, Snapshot};
use crate::core::secret::Secret;
use crate::core::{Ask, Fault, Input, Reply};

/// Signs in, puts the access token on the requests that may have it,
/// refreshes it before it ends, and signs out when the session is over.
///
/// A clone is the same manager. The last one that is dropped disposes of it;
/// so does [`dispose`](Self::dispose). A future of one of its methods may be
/// dropped at any time: nobody else who waits is harmed.
///
/// It is `Send` and `Sync`, as the contexts and signals of frameworks want it,
/// and works on the thread that made it. On a server, and on another thread,
/// it is nobody's: signed out, and refused is what would change that.
///
/// ```no_run
/// use evertoken::{Config, TokenManager};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new().login("/login").refresh("/refresh");
/// let auth = TokenManager::new(config).await?;
/// auth.login(&std::collections::BTreeMap::from([("name", "alice"), ("password", "secret")])).await?;
/// let posts = auth.get("/api/posts").send().await?;
/// assert_eq!(posts.status(), 200);
/// auth.logout().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenManager(Arc<Handle>);

/// Names a shell of this thread. Calls and timers keep the shell; only
/// managers keep this.
struct Handle {
    number: u32,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static SHELLS: RefCell<Vec<(u32, Rc<Shell>)>> = const { RefCell::new(Vec::new()) };
}

/// The shell of a manager, on the thread that made it.
pub(super) fn shell_of(number: u32) -> Option<Rc<Shell>> {
    let found = SHELLS.try_with(|shells| {
        let shells = shells.borrow();
        let found = shells.iter().find(|(own, _)| *own == number);
        found.map(|(_, shell)| shell.clone())
    });
    found.ok().flatten()
}

impl Drop for Handle {
    fn drop(&mut self) {
        let shell = SHELLS.try_with(|shells| {
            let mut shells = shells.borrow_mut();
            let at = shells.iter().position(|(own, _)| *own == self.number);
            at.map(|at| shells.swap_remove(at).1)
        });
        if let Ok(Some(shell)) = shell {
            shell.dispose();
        }
    }
}

/// A future of a shell, which is `Send` because it stays on its thread. It is
/// made where it is awaited, so a server's never sees two.
type Here<T> = SendWrapper<Pin<Box<dyn Future<Output = T>>>>;

fn here<T>(work: impl Future<Output = T> + 'static) -> Here<T> {
    SendWrapper::new(Box::pin(work))
}

impl TokenManager {
    /// Makes a manager, and waits until its storage was read and the other
    /// tabs were asked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`], with the option's name in the message. A
    /// storage that cannot be used is no error: the session is kept in memory,
    /// and an [`Event::Warning`] says so.
    pub async fn new(config: Config) -> Result<Self, Error> {
        let manager = Self::start(config)?;
        if let Some(shell) = manager.any_shell() {
            shell.started.wait().await;
        }
        Ok(manager)
    }

    /// Makes a manager that may be used at once, for frameworks whose
    /// components cannot wait: what is asked of it waits until its storage was
    /// read, and its [`snapshot`](Self::snapshot) says until then what is
    /// known without.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn start(config: Config) -> Result<Self, Error> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let manager = Self(Arc::new(Handle { number }));
        // A server has neither the platform nor a user.
        if cfg!(target_arch = "wasm32") {
            let shell = Shell::new(config)?;
            SHELLS.with(|shells| shells.borrow_mut().push((number, shell.clone())));
            shell.start();
        }
        Ok(manager)
    }

    fn any_shell(&self) -> Option<Rc<Shell>> {
        shell_of(self.0.number)
    }

    pub(super) fn shell(&self) -> Result<Rc<Shell>, Error> {
        let nobodys = || Error::of_fault(Fault::NobodysSession);
        self.any_shell().ok_or_else(nobodys)
    }

    /// Sends a request, as gloo-net would. One to an allowed origin goes with
    /// the token, waits for a refresh if the token has ended, and is sent once
    /// more if it comes back unauthorized. Dropping the future breaks the
    /// request off.
    ///
    /// ```no_run
    /// use evertoken::Request;
    ///
    /// # async fn example(auth: &evertoken::TokenManager) -> Result<(), Box<dyn std::error::Error>> {
    /// let posts = auth.get("/posts").query("page", 2).send().await?;
    /// // The same, for a request that was written down before.
    /// let posts = auth.fetch(Request::get("/posts").query("page", 2)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Fetch`] where the request itself failed or was aborted
    /// ([`Error::is_aborted`]); [`ErrorKind::InvalidConfig`] where it cannot
    /// be built; [`ErrorKind::RefreshUnavailable`] or
    /// [`ErrorKind::RefreshRejected`] where it needed a refresh that failed;
    /// [`ErrorKind::SignedOut`] where the session ended while it waited;
    /// [`ErrorKind::Disposed`].
    pub async fn fetch(&self, request: impl IntoRequest) -> Result<Response, Error> {
        let shell = self.shell()?;
        let again = request.lasts();
        let request = request.into_request(shell.settings.base.as_deref())?;
        request::fetch(&shell, request, again).await
    }

    /// Resolves a URL against the base URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for what is no URL.
    pub fn url(&self, url: &str) -> Result<String, Error> {
        outgoing::resolved(url, self.shell()?.settings.base.as_deref())
    }

    /// Gives a valid access token, after a refresh if need be; `None` where
    /// nobody is signed in or the token travels in a cookie.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch).
    pub async fn token(&self) -> Result<Option<Secret>, Error> {
        self.token_with(TokenWish::default()).await
    }

    /// Gives an access token as wished.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch).
    pub async fn token_with(&self, wish: TokenWish) -> Result<Option<Secret>, Error> {
        let ask = match wish.refresh {
            Refresh::Auto => Ask::Token {
                least: millis(wish.min_validity),
            },
            Refresh::Force => Ask::TokenForced,
            Refresh::Never => Ask::TokenNow,
        };
        if self.asked(ask).await? != Some(Reply::Go) {
            return Ok(None);
        }
        let shell = self.any_shell();
        Ok(shell.and_then(|shell| shell.machine.borrow().access_token().cloned()))
    }

    /// Refreshes now, or joins the refresh under way.
    ///
    /// # Errors
    ///
    /// Those of the refresh, see [`fetch`](Self::fetch); at once while the
    /// server may not be asked, with [`Error::retry_after`].
    pub async fn refresh(&self) -> Result<Snapshot, Error> {
        match self.asked(Ask::Refresh).await? {
            Some(_) => Ok(self.snapshot()),
            None => Err(Error::of_fault(Fault::NobodysSession)),
        }
    }

    /// Finds out whether somebody is signed in, which an application asks at
    /// its start: at once where it is known, else from the server, again after
    /// passing failures, for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disposed`].
    pub async fn restore(&self) -> Result<Snapshot, Error> {
        self.restored(false).await
    }

    /// As [`restore`](Self::restore), although the user signed out here: for a
    /// session that a server has begun since, by a form or a redirect.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disposed`].
    pub async fn restore_after_sign_out(&self) -> Result<Snapshot, Error> {
        self.restored(true).await
    }

    async fn restored(&self, after_sign_out: bool) -> Result<Snapshot, Error> {
        self.asked(Ask::Restore { after_sign_out }).await?;
        Ok(self.snapshot())
    }

    /// Asks the machine, if there is one.
    fn asked(&self, ask: Ask) -> Here<Result<Option<Reply>, Error>> {
        let shell = self.any_shell();
        here(async move {
            match shell {
                Some(shell) => shell.ask(ask).await.map(Some),
                None => Ok(None),
            }
        })
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
    /// [`ErrorKind::InvalidConfig`] where there is no login endpoint, where
    /// `body` has no fields, and on a server.
    pub async fn login(&self, body: &(impl Serialize + ?Sized)) -> Result<LoginAnswer, Error> {
        self.login_with(body, SignIn::default()).await
    }

    /// Signs in as wished.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub async fn login_with(
        &self,
        body: &(impl Serialize + ?Sized),
        wish: SignIn,
    ) -> Result<LoginAnswer, Error> {
        let shell = self.shell()?;
        let fields = body.serialize(&serde_wasm_bindgen::Serializer::json_compatible());
        let wrong = "login: expected something with named fields, found something else";
        let wrong = Error::new(ErrorKind::InvalidConfig, wrong);
        let fields = match fields {
            Ok(fields) if fields.is_object() && !js_sys::Array::is_array(&fields) => fields,
            Ok(_) => return Err(wrong),
            Err(error) => return Err(wrong.with_reason(JsValue::from(error))),
        };
        let remember = wish.remember;
        let answer = here(async move {
            let input = |request| Input::Login { request, remember };
            shell.request(Some(fields), input).await
        });
        Ok(LoginAnswer(answer.await?.unwrap_or_default()))
    }

    /// Takes tokens that the application got by a sign-in of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where the access token cannot be one;
    /// [`ErrorKind::InvalidConfig`] on a server.
    pub async fn set_tokens(&self, tokens: TokenSet) -> Result<Snapshot, Error> {
        self.set_tokens_with(tokens, SignIn::default()).await
    }

    /// Takes tokens as wished.
    ///
    /// # Errors
    ///
    /// As [`set_tokens`](Self::set_tokens).
    pub async fn set_tokens_with(&self, tokens: TokenSet, wish: SignIn) -> Result<Snapshot, Error> {
        let shell = self.shell()?;
        let taken = here(async move {
            let (tokens, remember) = (shell.judged(tokens), wish.remember);
            let input = |request| Input::SetTokens {
                request,
                tokens,
                remember,
            };
            shell.request(None, input).await
        });
        taken.await?;
        Ok(self.snapshot())
    }

    /// Says that the user is here: puts the idle end of the session off, in
    /// all tabs.
    pub fn touch(&self) {
        if let Some(shell) = self.any_shell() {
            shell.feed(Input::Touch);
        }
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
        let shell = self.any_shell();
        let ended = here(async move {
            let input = |request| Input::Logout { request, local };
            match shell {
                Some(shell) => shell.request(None, input).await.map(drop),
                None => Ok(()),
            }
        });
        ended.await
    }

    /// Gives the present state.
    pub fn snapshot(&self) -> Snapshot {
        let shell = self.any_shell();
        shell.map_or_else(Snapshot::default, |shell| {
            Snapshot::clone(&shell.snapshot.borrow())
        })
    }

    /// Reads the access token's claims; see [`Snapshot::claims`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] where the claims are no `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.snapshot().claims()
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
        let shell = self.any_shell();
        let added = shell.map(|shell| shell.listeners.subscribe(listener));
        Subscription::new(added.map(|number| (self.0.number, number)))
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
        let shell = self.any_shell();
        let added = shell.map(|shell| shell.listeners.on(listener));
        Subscription::new(added.map(|number| (self.0.number, number)))
    }

    /// Gives figures for a developer.
    pub fn inspect(&self) -> Inspection {
        let shell = self.any_shell();
        shell.map_or_else(Inspection::default, |shell| shell.inspection())
    }

    /// Ends timers, listeners, channels and locks; whatever waits is rejected
    /// with [`ErrorKind::Disposed`] at once. A refresh that was sent is still
    /// finished and stored.
    pub fn dispose(&self) {
        if let Some(shell) = self.any_shell() {
            shell.dispose();
        }
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
        Arc::ptr_eq(&self.0, &other.0)
    }
}

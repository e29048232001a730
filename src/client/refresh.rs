//! A refresh in the application's own way: the function, what it is given and
//! how it says that it failed.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::{Request, Response};
use web_sys::{AbortSignal, RequestInit};

use super::error::{Error, ErrorKind, Reason};
use super::manager::TokenSet;
use super::platform::send;
use super::request::unless_aborted;
use super::shell::Shell;
use crate::core::flight::Failure;
use crate::core::secret::Secret;
use crate::core::{Call, Millis};

type Refreshed = Result<TokenSet, RefreshFailure>;

/// The application's function.
pub(super) type Function = Rc<dyn Fn(RefreshContext) -> Pin<Box<dyn Future<Output = Refreshed>>>>;

/// Makes a function of what an application writes down.
pub(super) fn function(refresh: impl AsyncFn(RefreshContext) -> Refreshed + 'static) -> Function {
    let refresh = Rc::new(refresh);
    Rc::new(move |context| {
        let refresh = refresh.clone();
        Box::pin(async move { refresh(context).await })
    })
}

/// What a refresh function is given; see
/// [`Config::refresh_with`](crate::Config::refresh_with).
#[non_exhaustive]
pub struct RefreshContext {
    /// Missing where none is held, as with a cookie.
    pub refresh_token: Option<String>,
    /// The one to be replaced; it may have ended.
    pub access_token: Option<String>,
    signal: Option<AbortSignal>,
}

impl RefreshContext {
    /// Gives what is aborted when the refresh is given up, as after
    /// [`Config::timeout`](crate::Config::timeout); for requests that
    /// [`fetch`](Self::fetch) does not send. `None` where the platform has
    /// none.
    pub fn signal(&self) -> Option<&AbortSignal> {
        self.signal.as_ref()
    }

    /// Sends a request as it is, without a token, and breaks it off when the
    /// refresh is given up, instead of by a signal of its own. The manager's
    /// [`fetch`](crate::TokenManager::fetch) would wait for this very refresh.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Fetch`].
    pub async fn fetch(&self, request: Request) -> Result<Response, Error> {
        let request = web_sys::Request::from(request);
        let init = self.signal.as_ref().map(|signal| {
            let init = RequestInit::new();
            init.set_signal(Some(signal));
            init
        });
        let answer = send(&request, init.as_ref()).await;
        answer.map(Response::from).map_err(Error::of_fetch)
    }
}

/// Tokens are not shown.
impl fmt::Debug for RefreshContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshContext").finish_non_exhaustive()
    }
}

/// Why a refresh function has no tokens, and whether the session is over with
/// that.
///
/// Any error becomes one by `?`, and is passing: the session is kept and the
/// refresh tried again later. An [`Error`] keeps what it says: one of kind
/// [`ErrorKind::RefreshRejected`], or with a definitive
/// [`status`](Error::status), ends the session. Whoever waited finds the error
/// as the `source` of theirs.
#[derive(Debug)]
pub struct RefreshFailure {
    definitive: bool,
    status: u16,
    retry_after: Millis,
    reason: Option<Reason>,
}

impl RefreshFailure {
    /// The session is over: the user has to sign in.
    pub fn rejected() -> Self {
        Self {
            definitive: true,
            ..Self::unavailable()
        }
    }

    /// There is no token for now; the session is kept.
    pub fn unavailable() -> Self {
        Self {
            definitive: false,
            status: 0,
            retry_after: Millis::ZERO,
            reason: None,
        }
    }

    /// The server answered with this status: 400, 401, 403, 410 and 422 end
    /// the session, any other is passing.
    pub fn of_status(status: u16) -> Self {
        Self {
            status,
            ..Self::unavailable()
        }
    }

    /// Adds the time until the server may be asked again. Default: the
    /// back-off's.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Millis::from_ms(wait.as_secs_f64() * 1000.0).unwrap_or_default();
        self
    }

    /// Adds what is behind it.
    pub fn caused_by(mut self, error: impl Into<Box<dyn std::error::Error>>) -> Self {
        self.reason = Some(error.into().into());
        self
    }
}

impl<E: std::error::Error + 'static> From<E> for RefreshFailure {
    fn from(error: E) -> Self {
        let reason: Rc<dyn std::error::Error> = Rc::new(error);
        let told = reason.downcast_ref::<Error>().map(|error| {
            let retry_after = error.retry_after().unwrap_or_default();
            Self {
                definitive: error.kind() == ErrorKind::RefreshRejected,
                status: error.status().unwrap_or_default(),
                ..Self::unavailable().retry_after(retry_after)
            }
        });
        Self {
            reason: Some(Reason::Told(reason.clone())),
            ..told.unwrap_or_else(Self::unavailable)
        }
    }
}

impl Shell {
    /// Has the application's function refresh, and reports what came of it.
    pub(super) fn refresh_by(&self, function: Function, call: &Call, signal: Option<AbortSignal>) {
        let number = call.number;
        let session = call.session.as_deref();
        let exposed = |token: Option<&Secret>| token.map(|token| token.expose().to_owned());
        let context = RefreshContext {
            refresh_token: exposed(session.and_then(|session| session.refresh.as_ref())),
            access_token: exposed(session.and_then(|session| session.access.as_ref())),
            signal: signal.clone(),
        };
        self.later(async move |shell| {
            let work = marked(&shell.refreshing, function(context));
            let refreshed = match &signal {
                Some(signal) => unless_aborted(signal, work).await,
                None => Ok(work.await),
            };
            shell.calls.borrow_mut().remove(&number);
            shell.watch_leaving();
            match refreshed {
                Ok(Ok(tokens)) => {
                    let tokens = shell.judged(tokens);
                    shell.feed(|machine, now| match tokens {
                        Ok(tokens) => machine.provided(now, number, tokens),
                        Err(_) => machine.failed(now, number, Failure::NoTokens),
                    });
                }
                // If the page stays or comes back, the call's time runs out.
                Ok(Err(_)) if shell.is_away() => {}
                Ok(Err(failure)) => {
                    let RefreshFailure {
                        definitive,
                        status,
                        retry_after,
                        reason,
                    } = failure;
                    shell.reason.replace(reason.map(|reason| (number, reason)));
                    let failure = Failure::Function {
                        definitive,
                        status,
                        retry_after,
                    };
                    shell.feed(|machine, now| machine.failed(now, number, failure));
                }
                // The machine has given the call up.
                Err(_) => {}
            }
        });
    }
}

/// Marks when a future is at work, so that a function that calls its own
/// manager is refused: it would wait for itself.
async fn marked<T>(at_work: &Cell<bool>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(move |context| {
        at_work.set(true);
        let polled = work.as_mut().poll(context);
        at_work.set(false);
        polled
    })
    .await
}

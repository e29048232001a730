//! A refresh in the application's own way: the function, what it is given and
//! how it says that it failed.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use gloo_net::http::Response;
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestInit};

use super::clock::millis;
use super::error::{Error, ErrorKind};
use super::outgoing::IntoRequest;
use super::platform::{guarded, report, set};
use super::reason::Reason;
use super::request::unless_aborted;
use super::shell::Shell;
use super::tokens::TokenSet;
use crate::core::flight::Failure;
use crate::core::secret::Secret;
use crate::core::{Call, CallId, Fault, Input, Millis};

type Refreshed = Result<TokenSet, RefreshFailure>;

/// What a refresh function is given; see
/// [`Config::refresh_with`](crate::Config::refresh_with).
#[non_exhaustive]
pub struct RefreshContext {
    /// Missing where none is held, as with a cookie.
    pub refresh_token: Option<Secret>,
    /// The one to be replaced; it may have ended.
    pub access_token: Option<Secret>,
    signal: Option<AbortSignal>,
    shell: Weak<Shell>,
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
    pub async fn fetch(&self, request: impl IntoRequest) -> Result<Response, Error> {
        let shell = self.shell.upgrade();
        let shell = shell.ok_or_else(|| Error::of_fault(Fault::Disposed))?;
        let request = request.into_request(shell.settings.base.as_deref())?;
        let init = RequestInit::new();
        if let Some(signal) = &self.signal {
            set(&init, "signal", signal);
        }
        let answer = shell.fetch(request, &init).await;
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
/// [`status`](Error::status), ends the session. A caller that waited finds
/// it as the `source` of its own error.
#[derive(Debug)]
#[must_use]
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
    pub fn from_status(status: u16) -> Self {
        Self {
            status,
            ..Self::unavailable()
        }
    }

    /// Adds the time until the server may be asked again. Default: the
    /// back-off's.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = millis(wait);
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
        let told: &(dyn std::error::Error + 'static) = &error;
        let mut failure = Self::unavailable();
        if let Some(told) = told.downcast_ref::<Error>() {
            failure.definitive = told.kind() == ErrorKind::RefreshRejected;
            failure.status = told.status().unwrap_or_default();
            failure.retry_after = millis(told.retry_after().unwrap_or_default());
        }
        failure.reason = Some(Reason::of(told));
        failure
    }
}

/// The application's function, as the host calls it.
pub(super) trait RefreshBy {
    /// Has the function refresh, and reports what came of it.
    fn refresh(self: Rc<Self>, shell: &Shell, call: Call, signal: Option<AbortSignal>);
}

/// The code that calls a function is only there where an application has one.
struct Function<F>(F);

pub(super) fn function(
    refresh: impl AsyncFn(RefreshContext) -> Refreshed + 'static,
) -> Rc<dyn RefreshBy> {
    Rc::new(Function(refresh))
}

impl<F: AsyncFn(RefreshContext) -> Refreshed + 'static> RefreshBy for Function<F> {
    fn refresh(self: Rc<Self>, shell: &Shell, call: Call, signal: Option<AbortSignal>) {
        let session = call.session.as_deref();
        let context = RefreshContext {
            refresh_token: session.and_then(|session| session.refresh.clone()),
            access_token: session.and_then(|session| session.access.clone()),
            signal: signal.clone(),
            shell: shell.this.clone(),
        };
        let work = Box::pin(async move { self.0(context).await });
        shell.later(async move |shell| {
            let work = marked(&shell.refreshing, work);
            let refreshed = match &signal {
                Some(signal) => unless_aborted(signal, work).await,
                None => Ok(work.await),
            };
            drop(shell.take_call(call.id));
            // Of a call that the machine has given up nothing is reported.
            if let Ok(refreshed) = refreshed {
                shell.refreshed(call.id, refreshed);
            }
        });
    }
}

impl Shell {
    fn refreshed(&self, call: CallId, refreshed: Result<Refreshed, JsValue>) {
        // A function that panics or throws says nothing of the session.
        let refreshed = refreshed.unwrap_or_else(|thrown| {
            report(&thrown);
            Err(RefreshFailure {
                reason: Some(thrown.into()),
                ..RefreshFailure::unavailable()
            })
        });
        match refreshed {
            Ok(tokens) => match self.judged(tokens) {
                Ok(tokens) => self.feed(Input::Provided { call, tokens }),
                Err(_) => self.feed(Input::Failed {
                    call,
                    failure: Failure::NoTokens,
                }),
            },
            Err(failure) => {
                if let Some(reason) = failure.reason {
                    self.keep_reason(call, reason);
                }
                self.feed(Input::Failed {
                    call,
                    failure: Failure::Function {
                        definitive: failure.definitive,
                        status: failure.status,
                        retry_after: failure.retry_after,
                    },
                });
            }
        }
    }
}

/// Marks when a future is at work, so that a function that calls its own
/// manager is refused: it would wait for itself. Gives what was thrown where
/// it panics or throws.
async fn marked<T>(
    at_work: &Cell<bool>,
    work: Pin<Box<impl Future<Output = T>>>,
) -> Result<T, JsValue> {
    let mut work = Some(work);
    poll_fn(move |context| {
        let Some(future) = &mut work else {
            return Poll::Pending;
        };
        let mut polled = Poll::Pending;
        at_work.set(true);
        let done = guarded(|| polled = future.as_mut().poll(context).map(Ok));
        at_work.set(false);
        if let Err(thrown) = done {
            // It stands in the middle of something, and must not be dropped.
            std::mem::forget(work.take());
            return Poll::Ready(Err(thrown));
        }
        std::mem::replace(&mut polled, Poll::Pending)
    })
    .await
}

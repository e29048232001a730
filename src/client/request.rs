//! The path of a request: asked for, sent with the token, and once more if it
//! came back unauthorized.

use std::rc::Rc;

use gloo_net::http::{Request, Response};
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestCredentials, RequestInit, RequestRedirect};

use super::document;
use super::error::Error;
use super::platform::{Listener, cookie, ignore, send};
use super::settings::Header;
use super::shell::Shell;
use super::signal::{First, Signal, first};
use crate::core::{Ask, Reply};

/// What a request may be sent with.
pub(super) struct Licence {
    /// Name and value; none where the token travels in a cookie.
    pub header: Option<(String, String)>,
    pub serial: u32,
    pub party: u32,
}

impl Shell {
    /// What a request may be sent with, at the moment.
    fn licence(&self) -> Option<Licence> {
        let machine = self.machine.borrow();
        let pass = machine.current_pass()?;
        let header = match &self.settings.access {
            Some(Header { name, prefix }) => {
                let token = machine.access_token()?;
                Some((name.clone(), [prefix, token.expose()].concat()))
            }
            None => None,
        };
        Some(Licence {
            header,
            serial: pass.serial,
            party: pass.party,
        })
    }
}

pub(super) async fn fetch(shell: &Rc<Shell>, request: Request) -> Result<Response, Error> {
    shell.check()?;
    let request = web_sys::Request::from(request);
    let url = document::url(&request.url(), None);
    if !url.is_some_and(|url| shell.settings.origins.admits(&*url)) {
        return delivered(send(&request, None).await);
    }
    let signal = request.signal();
    let mut sender = Sender {
        shell,
        // The caller's own is left as it is. One that cannot be cloned has
        // been sent before, and the platform says so.
        next: Some(request.clone().unwrap_or(request)),
    };
    let reply = unless_aborted(&signal, shell.ask(Ask::Request)).await??;
    let licence = shell.licence().filter(|_| reply == Reply::Go);
    let response = sender.send(licence.as_ref()).await?;
    match licence {
        Some(licence) if !accepted(shell, &licence, &response) => {
            repaired(sender, &signal, &licence, response).await
        }
        _ => Ok(response),
    }
}

/// Whether the answer to a request that went with a token is the caller's.
fn accepted(shell: &Shell, licence: &Licence, response: &Response) -> bool {
    if shell.config.unauthorized.says(response) {
        return false;
    }
    shell.worked.set(Some(licence.serial));
    true
}

/// Sends once more what was refused, if that can help.
async fn repaired(
    mut sender: Sender<'_>,
    signal: &AbortSignal,
    licence: &Licence,
    response: Response,
) -> Result<Response, Error> {
    let shell = sender.shell;
    let ask = Ask::Refused {
        serial: licence.serial,
        party: licence.party,
        worked: shell.worked.get() == Some(licence.serial),
    };
    if sender.next.is_none() {
        // It cannot be sent again; the refresh happens all the same.
        shell.feed(|machine, now| machine.ask(now, ask));
        return Ok(response);
    }
    let reply = unless_aborted(signal, shell.ask(ask)).await?;
    if reply == Ok(Reply::Deliver) {
        return Ok(response);
    }
    if let Some(body) = response.body() {
        ignore(body.cancel());
    }
    let reply = reply?;
    shell.retries.set(shell.retries.get().saturating_add(1));
    let next = shell.licence().filter(|_| reply == Reply::Go);
    let second = sender.send(next.as_ref()).await?;
    if let Some(next) = &next {
        accepted(shell, next, &second);
    }
    Ok(second)
}

/// Sends a request, and keeps a copy to send it again.
struct Sender<'a> {
    shell: &'a Rc<Shell>,
    next: Option<web_sys::Request>,
}

impl Sender<'_> {
    async fn send(&mut self, licence: Option<&Licence>) -> Result<Response, Error> {
        let Some(request) = self.next.take() else {
            return Err(Error::of_fetch(JsValue::UNDEFINED));
        };
        // Before anybody reads the first.
        self.next = request.clone().ok();
        let init = self.licensed(&request, licence);
        delivered(send(&request, init.as_ref()).await)
    }

    /// Adds to a request of ours what the licence says. It is changed in
    /// place: made anew with options it would lose its referrer.
    fn licensed(
        &self,
        request: &web_sys::Request,
        licence: Option<&Licence>,
    ) -> Option<RequestInit> {
        let set = |name: &str, value: &str| {
            // Both were found good when they were taken in.
            let _ = request.headers().set(name, value);
        };
        if let Some(csrf) = &self.shell.config.csrf
            && !matches!(
                request.method().as_str(),
                "GET" | "HEAD" | "OPTIONS" | "TRACE"
            )
            && let Some(value) = cookie(&csrf.cookie)
        {
            set(&csrf.header, &value);
        }
        let licence = licence?;
        let init = RequestInit::new();
        match &licence.header {
            None if request.credentials() == RequestCredentials::SameOrigin => {
                init.set_credentials(RequestCredentials::Include);
            }
            None => return None,
            Some((name, value)) => {
                set(name, value);
                // A browser takes Authorization off a redirect to another
                // origin, and no other header.
                if name.eq_ignore_ascii_case("authorization")
                    || request.redirect() != RequestRedirect::Follow
                {
                    return None;
                }
                init.set_redirect(RequestRedirect::Manual);
            }
        }
        let referrer = request.referrer();
        if referrer != "about:client" {
            init.set_referrer(&referrer);
        }
        init.set_referrer_policy(request.referrer_policy());
        Some(init)
    }
}

fn delivered(answer: Result<web_sys::Response, JsValue>) -> Result<Response, Error> {
    answer.map(Response::from).map_err(Error::of_fetch)
}

/// Waits, unless the caller's signal says that nobody does any more. It harms
/// no other caller.
pub(super) async fn unless_aborted<T>(
    signal: &AbortSignal,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    let aborted = Signal::default();
    if signal.aborted() {
        aborted.set(());
    }
    let _listener = {
        let aborted = aborted.clone();
        Listener::new(signal.into(), "abort", move |_| aborted.set(()))
    };
    match first(aborted, work).await {
        First::One(()) => Err(Error::of_fetch(signal.reason())),
        First::Other(value) => Ok(value),
    }
}

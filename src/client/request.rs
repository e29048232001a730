//! The path of a request: asked for, sent with the token, and once more if it
//! came back unauthorized.

use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Response;
use web_sys::{AbortController, AbortSignal, RequestInit};

use super::document;
use super::error::Error;
use super::platform::{Listener, either, ignore, send, set, text};
use super::reason::Reason;
use super::settings::Header;
use super::shell::Shell;
use super::signal::{First, Signal, first};
use super::view::Event;
use crate::core::challenge;
use crate::core::{Ask, Fault, Party, Reply, Serial};

/// What a request may be sent with.
pub(super) struct Licence {
    /// Name and value; none where the token travels in a cookie.
    pub header: Option<(String, String)>,
    pub serial: Serial,
    pub party: Party,
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

impl Shell {
    /// Sends a request with the platform's fetch, or the application's.
    pub(super) async fn fetch(
        &self,
        request: web_sys::Request,
        init: &RequestInit,
    ) -> Result<web_sys::Response, Reason> {
        match &self.config.fetch {
            None => send(&request, init).await.map_err(Into::into),
            Some(own) => own(&request, init).await,
        }
    }
}

impl Shell {
    /// Whether an answer asks for a stronger sign-in, which is told.
    fn steps_up(&self, response: &Response) -> bool {
        let header = response.headers().get("www-authenticate");
        let Some(wanted) = header.as_deref().and_then(challenge::step_up) else {
            return false;
        };
        let acr_values = unquoted(wanted.acr_values.unwrap_or_default());
        self.tell(Event::StepUp {
            acr_values: acr_values.split_whitespace().map(str::to_owned).collect(),
            max_age: wanted.max_age.map(|age| Duration::from_secs(age.into())),
            scope: wanted.scope.map(unquoted),
        });
        true
    }
}

/// A backslash quotes the character after it (RFC 9110 section 5.6.4).
fn unquoted(text: &str) -> String {
    let mut characters = text.chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

/// Breaks a request off whose caller has gone.
struct Broken(Option<AbortController>);

impl Drop for Broken {
    fn drop(&mut self) {
        if let Some(abort) = self.0.take() {
            abort.abort();
        }
    }
}

/// Sends what an application gave; `again` says whether it can be sent twice.
pub(super) async fn fetch(
    shell: &Rc<Shell>,
    request: web_sys::Request,
    again: bool,
) -> Result<Response, Error> {
    shell.check()?;
    if shell.is_disposed() {
        return Err(Error::of_fault(Fault::Disposed));
    }
    let url = document::url(&request.url(), None);
    let signal = request.signal();
    let mut broken = Broken(AbortController::new().ok());
    let both = broken.0.as_ref();
    let both = both.and_then(|own| either(&signal, &own.signal()));
    let sender = Sender {
        shell,
        signal: signal.clone(),
        both: both.unwrap_or_else(|| signal.clone()),
        again,
        next: Some(request),
    };
    let answer = match url.is_some_and(|url| shell.settings.origins.admits(&*url)) {
        true => sender.licensed().await,
        false => sender.plain().await,
    };
    // The body of what came is the caller's.
    broken.0 = None;
    answer
}

/// Whether the answer to a request that went with a token is the caller's.
fn accepted(shell: &Shell, licence: &Licence, response: &Response) -> bool {
    // No refresh helps against a wish for a stronger sign-in.
    if response.status() == 401 && shell.steps_up(response) {
        return true;
    }
    let judged = shell.config.unauthorized.says(response);
    let refused = judged.unwrap_or_else(|warning| {
        shell.tell(Event::Warning(warning));
        false
    });
    if !refused {
        shell.worked.set(Some(licence.serial));
    }
    !refused
}

/// Sends a request, and keeps a copy to send it again.
struct Sender<'a> {
    shell: &'a Rc<Shell>,
    /// The caller's own.
    signal: AbortSignal,
    /// The caller's own, or that the caller has gone.
    both: AbortSignal,
    again: bool,
    next: Option<web_sys::Request>,
}

impl Sender<'_> {
    /// Sends what gets no token.
    async fn plain(mut self) -> Result<Response, Error> {
        let request = self.next.take();
        self.fetched(request, RequestInit::new()).await
    }

    async fn licensed(mut self) -> Result<Response, Error> {
        // The caller's own is left as it is. One that cannot be cloned has
        // been sent before, and the platform says so.
        if self.again {
            self.next = self.next.map(|own| own.clone().unwrap_or(own));
        }
        let shell = self.shell;
        let reply = unless_aborted(&self.signal, shell.ask(Ask::Request)).await??;
        let licence = shell.licence().filter(|_| reply == Reply::Go);
        let response = self.send(licence.as_ref()).await?;
        match licence {
            Some(licence) if !accepted(shell, &licence, &response) => {
                self.repaired(&licence, response).await
            }
            _ => Ok(response),
        }
    }

    /// Sends once more what was refused, if that can help.
    async fn repaired(mut self, licence: &Licence, response: Response) -> Result<Response, Error> {
        let shell = self.shell;
        let ask = Ask::Refused {
            serial: licence.serial,
            party: licence.party,
            worked: shell.worked.get() == Some(licence.serial),
        };
        if self.next.is_none() {
            // It cannot be sent again; the refresh happens all the same.
            shell.ask_once(ask);
            return Ok(response);
        }
        let reply = unless_aborted(&self.signal, shell.ask(ask)).await?;
        if reply == Ok(Reply::Deliver) {
            return Ok(response);
        }
        if let Some(body) = response.body() {
            ignore(body.cancel());
        }
        let reply = reply?;
        shell.retries.set(shell.retries.get().saturating_add(1));
        let next = shell.licence().filter(|_| reply == Reply::Go);
        let second = self.send(next.as_ref()).await?;
        if let Some(next) = &next {
            accepted(shell, next, &second);
        }
        Ok(second)
    }

    async fn send(&mut self, licence: Option<&Licence>) -> Result<Response, Error> {
        let request = self.next.take();
        // Before anybody reads the first.
        let kept = request.as_ref().filter(|_| self.again);
        self.next = kept.and_then(|request| request.clone().ok());
        let init = match &request {
            Some(request) => self.options(request, licence),
            None => RequestInit::new(),
        };
        self.fetched(request, init).await
    }

    async fn fetched(
        &self,
        request: Option<web_sys::Request>,
        init: RequestInit,
    ) -> Result<Response, Error> {
        let request = request.ok_or_else(|| Error::of_fetch(Reason::of_text("sent before")))?;
        set(&init, "signal", &self.both);
        let answer = self.shell.fetch(request, &init).await;
        answer
            .map(Response::from)
            .map_err(|reason| match self.signal.aborted() {
                true => Error::aborted(self.signal.reason()),
                false => Error::of_fetch(reason),
            })
    }

    /// Adds to a request of ours what the licence says. It is changed in
    /// place: made anew with options it would lose its referrer.
    fn options(&self, request: &web_sys::Request, licence: Option<&Licence>) -> RequestInit {
        let init = RequestInit::new();
        let add = |name: &str, value: &str| {
            // Both were found good when they were taken in.
            let _ = request.headers().set(name, value);
        };
        if let Some(csrf) = &self.shell.config.csrf
            && csrf.guards(&request.method())
            && let Some(value) = csrf.value()
        {
            add(csrf.header(), &value);
        }
        let own = |name| text(request, name).unwrap_or_default();
        match licence.map(|licence| &licence.header) {
            Some(None) if own("credentials") == "same-origin" => {
                set(&init, "credentials", "include");
            }
            Some(Some((name, value))) => {
                add(name, value);
                // A browser takes Authorization off a redirect to another
                // origin, and no other header.
                if !name.eq_ignore_ascii_case("authorization") && own("redirect") == "follow" {
                    set(&init, "redirect", "manual");
                }
            }
            _ => {}
        }
        // Options take a request's own referrer away.
        let referrer = own("referrer");
        if referrer != "about:client" {
            set(&init, "referrer", referrer);
        }
        set(&init, "referrerPolicy", own("referrerPolicy"));
        init
    }
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
        Listener::new(signal.into(), "abort", Box::new(move |_| aborted.set(())))
    };
    match first(aborted.wait(), work).await {
        First::One(()) => Err(Error::aborted(signal.reason())),
        First::Other(value) => Ok(value),
    }
}

//! Sign-ins and sign-outs under way, and who waits for them.

use std::rc::Weak;

use wasm_bindgen::JsValue;

use super::error::{Error, ErrorKind};
use super::shell::Shell;
use super::signal::Signal;
use crate::core::{self, Instant, Machine};

/// A sign-in or a sign-out that is under way.
#[derive(Default)]
pub(super) struct Request {
    pub ended: Signal<Result<Option<String>, Error>>,
    /// What a sign-in sends.
    pub body: Option<JsValue>,
    /// The call that sends it.
    pub call: Option<u32>,
    pub answer: Option<String>,
}

impl Shell {
    /// Starts what the machine ends with `SignInEnded` or `LogoutEnded`.
    pub(super) fn request(
        &self,
        body: Option<JsValue>,
        start: impl FnOnce(&mut Machine, Instant, u32),
    ) -> Result<Started, Error> {
        self.check()?;
        let number = self.count.get().wrapping_add(1);
        self.count.set(number);
        let request = Request {
            body,
            ..Request::default()
        };
        let ended = request.ended.clone();
        self.requests.borrow_mut().insert(number, request);
        self.feed(|machine, now| start(machine, now, number));
        Ok(Started {
            shell: self.this.clone(),
            number,
            ended,
        })
    }

    pub(super) fn sign_in_ended(&self, number: u32, result: Result<(), core::Error>) {
        let request = self.requests.borrow_mut().remove(&number);
        // Of one whose caller has gone there is nothing left.
        let Some(Request { ended, answer, .. }) = request else {
            return;
        };
        ended.set(match result {
            Ok(()) => Ok(answer),
            Err(error) => {
                let error = self.error(error);
                Err(match answer {
                    Some(body) if error.kind() == ErrorKind::LoginRejected => error.with_body(body),
                    _ => error,
                })
            }
        });
    }

    pub(super) fn sign_out_ended(&self, number: u32) {
        let request = self.requests.borrow_mut().remove(&number);
        if let Some(request) = request {
            request.ended.set(Ok(None));
        }
    }
}

/// A sign-in or a sign-out that was begun. Dropped before its end, a sign-in
/// is given up.
pub(super) struct Started {
    shell: Weak<Shell>,
    number: u32,
    ended: Signal<Result<Option<String>, Error>>,
}

impl Started {
    pub async fn ended(self) -> Result<Option<String>, Error> {
        self.ended.clone().await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let Some(shell) = self.shell.upgrade().filter(|_| !self.ended.is_set()) else {
            return;
        };
        let request = shell.requests.borrow_mut().remove(&self.number);
        if request.is_some() {
            shell.feed(|machine, now| machine.abandon(now, self.number));
        }
    }
}

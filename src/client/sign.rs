//! Sign-ins and sign-outs under way, and who waits for them.

use std::rc::Weak;

use wasm_bindgen::JsValue;

use super::error::{Error, ErrorKind};
use super::shell::Shell;
use super::signal::Signal;
use crate::core::{self, CallId, Input, RequestId};

/// A sign-in or a sign-out that is under way.
#[derive(Default)]
pub(super) struct Request {
    pub ended: Signal<Result<Option<String>, Error>>,
    /// What a sign-in sends.
    pub body: Option<JsValue>,
    /// The call that sends it.
    pub call: Option<CallId>,
    pub answer: Option<String>,
}

impl Shell {
    /// Starts what the machine ends with `SignInEnded` or `LogoutEnded`, and
    /// waits for it.
    pub(super) async fn request(
        &self,
        body: Option<JsValue>,
        input: impl FnOnce(RequestId) -> Input<'static>,
    ) -> Result<Option<String>, Error> {
        self.check()?;
        self.started.wait().await;
        if self.is_disposed() {
            return Err(Error::of_fault(core::Fault::Disposed));
        }
        let number = self.count.get().wrapping_add(1);
        self.count.set(number);
        let id = RequestId::new(number);
        let request = Request {
            body,
            ..Request::default()
        };
        let ended = request.ended.clone();
        self.requests.borrow_mut().push((id, request));
        let started = Started {
            shell: self.this.clone(),
            id,
        };
        self.feed(input(id));
        let result = ended.wait().await;
        drop(started);
        result
    }

    fn take_request(&self, id: RequestId) -> Option<Request> {
        let mut requests = self.requests.borrow_mut();
        let at = requests.iter().position(|(own, _)| *own == id)?;
        Some(requests.remove(at).1)
    }

    fn end_request(&self, id: RequestId, result: Result<Option<String>, Error>) {
        if let Some(request) = self.take_request(id) {
            request.ended.set(result);
        }
    }

    pub(super) fn sign_in_ended(&self, id: RequestId, result: Result<(), core::Error>) {
        // Of one whose caller has gone there is nothing left.
        let Some(Request { ended, answer, .. }) = self.take_request(id) else {
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

    pub(super) fn sign_out_ended(&self, id: RequestId) {
        self.end_request(id, Ok(None));
    }
}

/// A sign-in or a sign-out that was begun. Dropped before its end, it is given
/// up.
struct Started {
    shell: Weak<Shell>,
    id: RequestId,
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(shell) = self.shell.upgrade()
            && shell.take_request(self.id).is_some()
        {
            shell.feed(Input::Abandon { request: self.id });
        }
    }
}

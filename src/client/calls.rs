//! Calls to the endpoints: what the core put together, carried out by
//! the platform.

use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, RequestInit, UrlSearchParams};

use super::platform::{set, text};
use super::reason::Reason;
use super::shell::Shell;
use crate::core::answer::Answer;
use crate::core::call::{Place, Target};
use crate::core::flight::Failure;
use crate::core::policy::{BodyKind, Credentials};
use crate::core::secret::Secret;
use crate::core::{Call, CallId, Input};

/// An answer that arrived whole.
struct Arrived {
    status: u16,
    retry_after: Option<String>,
    body: String,
}

/// Why none did.
enum Missed {
    Unsendable,
    Redirected,
    Lost(Reason),
}

impl Shell {
    /// Makes a call and reports what came of it.
    pub(super) fn call(&self, call: Call) {
        let abort = AbortController::new().ok();
        let signal = abort.as_ref().map(AbortController::signal);
        if let Some(abort) = abort {
            self.add_call(call.id, abort);
        }
        if let (Target::Refresh, Some(function)) = (call.target, &self.config.refresh_with) {
            return function.clone().refresh(self, call, signal);
        }
        let body = (call.target == Target::Login)
            .then(|| self.sign_in_body(&call))
            .flatten();
        self.later(async move |shell| {
            let arrived = match shell.request_of(&call, body, signal.as_ref()) {
                Ok(request) => shell.arrived(request, call.keepalive).await,
                // The platform's words may quote the token.
                Err(_) => Err(Missed::Unsendable),
            };
            drop(shell.take_call(call.id));
            match arrived {
                Ok(arrived) => shell.answered(call.id, arrived),
                Err(missed) => {
                    let failure = match missed {
                        Missed::Unsendable => Failure::Unsendable,
                        Missed::Redirected => Failure::Redirected,
                        Missed::Lost(reason) => {
                            shell.keep_reason(call.id, reason);
                            Failure::Network
                        }
                    };
                    shell.feed(Input::Failed {
                        call: call.id,
                        failure,
                    });
                }
            }
        });
    }

    fn answered(&self, call: CallId, arrived: Arrived) {
        for (_, request) in self.requests.borrow_mut().iter_mut() {
            if request.call == Some(call) {
                request.answer = Some(arrived.body.clone());
            }
        }
        self.feed(Input::Answered {
            call,
            answer: Answer {
                status: arrived.status,
                retry_after: arrived.retry_after.as_deref(),
                body: &arrived.body,
            },
        });
    }

    /// What the caller of `login` brought.
    fn sign_in_body(&self, call: &Call) -> Option<JsValue> {
        let mut requests = self.requests.borrow_mut();
        let own = requests
            .iter_mut()
            .find(|(id, _)| Some(*id) == call.request);
        let (_, request) = own?;
        request.call = Some(call.id);
        request.body.clone()
    }

    async fn arrived(&self, request: web_sys::Request, keepalive: bool) -> Result<Arrived, Missed> {
        let init = RequestInit::new();
        if keepalive {
            set(&init, "keepalive", true);
        }
        let response = self.fetch(request, &init).await.map_err(Missed::Lost)?;
        if text(&response, "type").as_deref() == Some("opaqueredirect") {
            return Err(Missed::Redirected);
        }
        let retry_after = response.headers().get("retry-after").ok().flatten();
        let body = async { JsFuture::from(response.text()?).await };
        let body = body.await.map_err(|thrown| Missed::Lost(thrown.into()))?;
        Ok(Arrived {
            status: response.status(),
            retry_after,
            body: body.as_string().unwrap_or_default(),
        })
    }

    fn request_of(
        &self,
        call: &Call,
        body: Option<JsValue>,
        signal: Option<&AbortSignal>,
    ) -> Result<web_sys::Request, JsValue> {
        let settings = &self.settings;
        let (address, own) = match call.target {
            Target::Login => (&settings.login, &self.config.login),
            Target::Refresh => (&settings.refresh, &self.config.refresh),
            Target::Logout => (&settings.logout, &self.config.logout),
        };
        let missing = || JsValue::from("there is no such endpoint");
        let address = address.as_ref().ok_or_else(missing)?;
        let session = call.session.as_deref();
        let access = session.and_then(|session| session.access.as_ref());
        let refresh = session.and_then(|session| session.refresh.as_ref());
        let access = access.filter(|_| call.access).map(Secret::expose);
        let refresh_in = |place| {
            let refresh = refresh.filter(|_| call.refresh == Some(place));
            refresh.map(Secret::expose)
        };

        let headers = web_sys::Headers::new()?;
        for (name, value) in own.iter().flat_map(|own| &own.headers) {
            headers.set(name, value)?;
        }
        // One header can carry one token: the later takes it.
        let carriers = [
            (&settings.refresh_header, refresh_in(Place::Header)),
            (&settings.access, access),
        ];
        for (header, token) in carriers {
            if let (Some(header), Some(token)) = (header, token) {
                headers.set(&header.name, &[&header.prefix, token].concat())?;
            }
        }
        if let Some(csrf) = &address.csrf
            && let Some(value) = csrf.value()
        {
            headers.set(csrf.header(), &value)?;
        }
        let body = match call.body {
            BodyKind::None => None,
            kind => {
                let fields = Object::new();
                let set = |name: &str, value: &JsValue| Reflect::set(&fields, &name.into(), value);
                if call.grant_type {
                    set("grant_type", &"refresh_token".into())?;
                }
                if let Some(flag) = address.flag {
                    set(flag, &JsValue::TRUE)?;
                }
                for (name, value) in own.iter().flat_map(|own| &own.fields) {
                    set(name, &value.into())?;
                }
                if let Some(body) = body {
                    Object::assign(&fields, body.unchecked_ref());
                }
                if let Some(token) = refresh_in(Place::Field) {
                    let named = address.token_field.as_deref();
                    let named = named.or(settings.refresh_field.as_deref());
                    let name = named.unwrap_or(match kind {
                        BodyKind::Form => "refresh_token",
                        _ => "refreshToken",
                    });
                    set(name, &token.into())?;
                }
                Some(written(&fields, kind, &headers)?)
            }
        };
        let init = RequestInit::new();
        init.set_method(&address.method);
        init.set_headers(&headers);
        if let Some(body) = body {
            init.set_body(&body);
        }
        let options = [
            (
                "credentials",
                match call.credentials {
                    Credentials::Include => "include",
                    Credentials::Omit => "omit",
                    Credentials::SameOrigin => "same-origin",
                },
            ),
            ("cache", "no-store"),
            ("redirect", "manual"),
        ];
        for (name, value) in options {
            set(&init, name, value);
        }
        if let Some(signal) = signal {
            set(&init, "signal", signal);
        }
        web_sys::Request::new_with_str_and_init(&address.url, &init)
    }
}

/// The fields as the text of a body, whose type `headers` is told.
fn written(
    fields: &Object,
    kind: BodyKind,
    headers: &web_sys::Headers,
) -> Result<JsValue, JsValue> {
    if kind == BodyKind::Form {
        let form = UrlSearchParams::new_with_record_from_str_to_str(fields)?;
        return Ok(form.into());
    }
    if !headers.has("content-type")? {
        headers.set("content-type", "application/json")?;
    }
    JSON::stringify(fields).map(JsValue::from)
}

//! Calls to the endpoints: what the core put together, carried out with
//! gloo-net's requests.

use gloo_net::http::{Headers, Method, Request, RequestBuilder};
use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
    UrlSearchParams,
};

use super::platform::{cookie, send};
use super::shell::Shell;
use crate::core::Call;
use crate::core::answer::Answer;
use crate::core::call::{Place, Target};
use crate::core::flight::Failure;
use crate::core::policy::{BodyKind, Credentials};
use crate::core::secret::Secret;

/// An answer that arrived whole.
struct Arrived {
    status: u16,
    media_type: String,
    retry_after: Option<String>,
    body: String,
}

impl Shell {
    /// Makes a call and reports what came of it.
    pub(super) fn call(&self, call: Call) {
        let number = call.number;
        let abort = AbortController::new().ok();
        let signal = abort.as_ref().map(AbortController::signal);
        if let Some(abort) = abort {
            self.calls.borrow_mut().insert(number, abort);
        }
        self.watch_leaving();
        if let (Target::Refresh, Some(function)) = (call.target, &self.config.refresh_with) {
            return self.refresh_by(function.clone(), &call, signal);
        }
        let body = (call.target == Target::Login)
            .then(|| self.sign_in_body(number))
            .flatten();
        self.later(async move |shell| {
            let arrived = match shell.request_of(&call, body, signal.as_ref()) {
                Ok(request) => arrived(&request, call.target).await,
                Err(thrown) => Err(thrown),
            };
            shell.calls.borrow_mut().remove(&number);
            shell.watch_leaving();
            match arrived {
                Ok(arrived) => shell.answered(number, arrived),
                // If the page stays or comes back, the call's time runs out.
                Err(_) if shell.is_away() => {}
                Err(thrown) => {
                    shell.reason.replace(Some((number, thrown.into())));
                    shell.feed(|machine, now| machine.failed(now, number, Failure::Network));
                }
            }
        });
    }

    fn answered(&self, number: u32, arrived: Arrived) {
        for request in self.requests.borrow_mut().values_mut() {
            if request.call == Some(number) {
                request.answer = Some(arrived.body.clone());
            }
        }
        self.feed(|machine, now| {
            let answer = Answer {
                status: arrived.status,
                media_type: &arrived.media_type,
                retry_after: arrived.retry_after.as_deref(),
                body: &arrived.body,
            };
            machine.answered(now, number, answer);
        });
    }

    /// What the caller of `login` brought, of the first that has no call yet.
    fn sign_in_body(&self, call: u32) -> Option<JsValue> {
        let mut requests = self.requests.borrow_mut();
        let own = requests
            .values_mut()
            .find(|request| request.call.is_none() && request.body.is_some())?;
        own.call = Some(call);
        own.body.clone()
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
            && let Some(value) = cookie(&csrf.cookie)
        {
            headers.set(&csrf.header, &value)?;
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
        let method = Method::from_bytes(address.method.as_bytes());
        let method = method.map_err(|_| JsValue::from("no such method"))?;
        let builder = RequestBuilder::new(&address.url)
            .method(method)
            .headers(Headers::from_raw(headers))
            .credentials(match call.credentials {
                Credentials::Include => RequestCredentials::Include,
                Credentials::Omit => RequestCredentials::Omit,
                Credentials::SameOrigin => RequestCredentials::SameOrigin,
            })
            .cache(RequestCache::NoStore)
            .redirect(match call.follow_redirects {
                true => RequestRedirect::Follow,
                false => RequestRedirect::Error,
            })
            .abort_signal(signal);
        let built: Result<Request, _> = match body {
            Some(body) => builder.body(body),
            None => builder.build(),
        };
        built
            .map(web_sys::Request::from)
            .map_err(|error| js_sys::Error::new(&error.to_string()).into())
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

async fn arrived(request: &web_sys::Request, target: Target) -> Result<Arrived, JsValue> {
    // A page that is left still signs out.
    let leaving = (target == Target::Logout).then(|| {
        let init = RequestInit::new();
        let _ = Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE);
        init
    });
    let response = send(request, leaving.as_ref()).await?;
    let header = |name| response.headers().get(name).ok().flatten();
    let (media_type, retry_after) = (header("content-type"), header("retry-after"));
    let body = JsFuture::from(response.text()?).await?;
    Ok(Arrived {
        status: response.status(),
        media_type: media_type.unwrap_or_default(),
        retry_after,
        body: body.as_string().unwrap_or_default(),
    })
}

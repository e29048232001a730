//! The npm package's configuration as the crate's. A value of a type that the
//! crate has no place for is refused, as a compiler would.

use std::any::Any;
use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use evertoken::gloo_net::http::{Request, Response};
use evertoken::{
    AccessToken, Activity, AnswerPaths, Body, Clock, Config, Credentials, Csrf, Endpoint, Method,
    Preset, Proactive, RefreshContext, RefreshFailure, RefreshToken, SessionLimits, Storage,
    StorageArea, TokenSet, Unit,
};
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::eager::promise;
use crate::error::{Thrown, failure, thrown};
use crate::{from_ms, to_ms};

type Read<T> = Result<T, JsValue>;

/// A member that is there.
pub fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let found = Reflect::get(object, &name.into()).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).map(|found| texted(&found))
}

/// A string, or a URL's.
fn texted(value: &JsValue) -> String {
    value.as_string().unwrap_or_else(|| {
        let object = Object::from(value.clone());
        object.to_string().into()
    })
}

fn flag(object: &JsValue, name: &str) -> Option<bool> {
    get(object, name).map(|found| found.is_truthy())
}

fn number(object: &JsValue, name: &str) -> Option<f64> {
    get(object, name).and_then(|found| found.as_f64())
}

pub fn seconds(seconds: f64) -> Duration {
    from_ms(seconds * 1000.0)
}

fn time(ms: f64) -> SystemTime {
    let time = match ms < 0.0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(from_ms(-ms)),
        false => SystemTime::UNIX_EPOCH.checked_add(from_ms(ms)),
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn unknown(option: &str) -> JsValue {
    js_sys::TypeError::new(&["the crate has no such ", option].concat()).into()
}

/// Calls a function of JavaScript's and waits for what it gives.
async fn called(function: &Function, this: &JsValue, arguments: &Array) -> Read<JsValue> {
    let given = function.apply(this, arguments)?;
    match given.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(given) => Ok(given),
    }
}

pub fn read(given: &JsValue) -> Read<Config> {
    let mut config = match text(given, "preset").as_deref() {
        None => Config::new(),
        Some("strapi4") => Config::from_preset(Preset::Strapi4),
        Some("strapi5") => Config::from_preset(Preset::Strapi5),
        Some("strapi5-plugin") => Config::from_preset(Preset::Strapi5Plugin),
        Some("nestjs") => Config::from_preset(Preset::NestJs),
        Some("express") => Config::from_preset(Preset::Express),
        Some(_) => return Err(unknown("preset")),
    };
    if let Some(url) = text(given, "baseUrl") {
        config = config.base_url(url);
    }
    if let Some(own) = get(given, "login") {
        config = config.login(endpoint(&own)?);
    }
    if let Some(own) = get(given, "logout") {
        config = config.logout(endpoint(&own)?);
    }
    if let Some(own) = get(given, "refresh") {
        config = match own.dyn_into::<Function>() {
            Ok(function) => {
                config.refresh_with(async move |context| refreshed(&function, context).await)
            }
            Err(own) => config.refresh(endpoint(&own)?),
        };
    }
    if let Some(own) = get(given, "accessToken") {
        config = config.access_token(match text(&own, "in").as_deref() {
            Some("cookie") => AccessToken::Cookie {
                lifetime: number(&own, "lifetimeSeconds").map(seconds),
            },
            Some("header") => AccessToken::Header {
                name: text(&own, "name").unwrap_or_else(|| "Authorization".to_owned()),
                prefix: text(&own, "prefix").unwrap_or_else(|| "Bearer ".to_owned()),
            },
            _ => return Err(unknown("accessToken.in")),
        });
    }
    if let Some(own) = get(given, "refreshToken") {
        config = config.refresh_token(match text(&own, "in").as_deref() {
            Some("cookie") => RefreshToken::Cookie,
            Some("body") => RefreshToken::Body {
                field: text(&own, "field"),
            },
            Some("header") => RefreshToken::Header {
                name: text(&own, "name").unwrap_or_else(|| "Authorization".to_owned()),
                prefix: text(&own, "prefix").unwrap_or_else(|| "Bearer ".to_owned()),
            },
            _ => return Err(unknown("refreshToken.in")),
        });
    }
    if let Some(own) = get(given, "response") {
        config = config.response(AnswerPaths {
            access_token: text(&own, "accessToken"),
            refresh_token: text(&own, "refreshToken"),
            expires_in: text(&own, "expiresIn"),
            expires_in_unit: text(&own, "expiresInUnit").map(|unit| match unit.as_str() {
                "ms" => Unit::Milliseconds,
                _ => Unit::Seconds,
            }),
            expires_at: text(&own, "expiresAt"),
            session_expires_in: text(&own, "sessionExpiresIn"),
            session_expires_at: text(&own, "sessionExpiresAt"),
        });
    }
    if let Some(entries) = get(given, "attachTo") {
        config = config.attach_to(Array::from(&entries).iter().map(|entry| texted(&entry)));
    }
    if let Some(own) = get(given, "storage") {
        config = config.storage(storage(own)?);
    }
    if let Some(own) = get(given, "remember") {
        config = config.remember(storage(own)?);
    }
    if let Some(own) = get(given, "session") {
        config = config.session(SessionLimits {
            max: number(&own, "maxSeconds").map(seconds),
            idle: number(&own, "idleSeconds").map(seconds),
            warn: number(&own, "warnSeconds").map(seconds),
            activity: match text(&own, "activity").as_deref() {
                Some("manual") => Activity::Manual,
                Some("until-warned") => Activity::UntilWarned,
                _ => Activity::Page,
            },
        });
    }
    if let Some(cookie) = get(given, "hint").and_then(|hint| text(&hint, "cookie")) {
        config = config.hint(cookie);
    }
    if let Some(single) = flag(given, "singleUser") {
        config = config.single_user(single);
    }
    if let Some(key) = text(given, "key") {
        config = config.key(key);
    }
    if let Some(ahead) = number(given, "refreshAheadSeconds") {
        config = config.refresh_ahead(seconds(ahead));
    }
    if let Some(own) = get(given, "proactive") {
        config = config.proactive(match own.as_bool() {
            Some(true) => Proactive::Always,
            Some(false) => Proactive::Never,
            None => Proactive::WhileVisible,
        });
    }
    if let Some(own) = get(given, "unauthorized") {
        config = match own.dyn_into::<Function>() {
            Ok(judge) => config.unauthorized_if(move |response| judged(&judge, response)),
            Err(list) => {
                let statuses = Array::from(&list);
                let statuses = statuses.iter().filter_map(|status| status.as_f64());
                config.unauthorized(statuses.map(|status| status as u16))
            }
        };
    }
    if let Some(timeout) = number(given, "timeoutMs") {
        config = config.timeout(from_ms(timeout));
    }
    if let Some(own) = get(given, "csrf") {
        config = config.csrf(csrf(&own));
    }
    if let Some(cross_tab) = flag(given, "crossTab") {
        config = config.cross_tab(cross_tab);
    }
    if let Some(own) = get(given, "fetch") {
        let own: Function = own.dyn_into()?;
        config = config.fetch(async move |request: Request| {
            let request = web_sys::Request::from(request);
            let answer = called(&own, &JsValue::UNDEFINED, &Array::of1(&request)).await;
            let answer = answer.and_then(|answer| answer.dyn_into::<web_sys::Response>());
            match answer {
                Ok(answer) => Ok(Response::from(answer)),
                Err(thrown) => Err(Box::new(Thrown::from(thrown)) as Box<dyn Error>),
            }
        });
    }
    if let Some(own) = get(given, "clock") {
        config = config.clock(Hands(own.unchecked_into()));
    }
    Ok(config)
}

fn judged(judge: &Function, response: &Response) -> bool {
    // The test's function looks at what the platform gave.
    let found = response.headers();
    let judging = Object::new();
    let members: [(&str, JsValue); 3] = [
        ("status", response.status().into()),
        ("type", response.type_().into()),
        (
            "headers",
            web_sys::Headers::new_with_headers(&raw(&found)).map_or(JsValue::NULL, Into::into),
        ),
    ];
    for (name, value) in members {
        let _ = Reflect::set(&judging, &name.into(), &value);
    }
    let said = judge.call1(&JsValue::UNDEFINED, &judging);
    said.unwrap_or_else(|thrown| wasm_bindgen::throw_val(thrown))
        .is_truthy()
}

/// gloo-net's headers as the platform's.
fn raw(headers: &evertoken::gloo_net::http::Headers) -> web_sys::Headers {
    let raw = web_sys::Headers::new().expect("headers");
    for (name, value) in headers.entries() {
        let _ = raw.append(&name, &value);
    }
    raw
}

fn csrf(own: &JsValue) -> Csrf {
    let header = text(own, "header").unwrap_or_default();
    match text(own, "value") {
        Some(value) => Csrf::constant(header, value),
        None => Csrf::new(text(own, "cookie").unwrap_or_default(), header),
    }
}

fn endpoint(own: &JsValue) -> Read<Endpoint> {
    if own.is_string() || own.is_instance_of::<web_sys::Url>() {
        return Ok(Endpoint::new(texted(own)));
    }
    let mut endpoint = match text(own, "url") {
        Some(url) => Endpoint::new(url),
        None => Endpoint::from_preset(),
    };
    if let Some(method) = text(own, "method") {
        let method = Method::from_bytes(method.as_bytes());
        endpoint = endpoint.method(method.map_err(|_| unknown("method"))?);
    }
    if let Some(headers) = get(own, "headers") {
        let headers = web_sys::Headers::new_with_record_from_str_to_str(headers.unchecked_ref())?;
        for entry in js_sys::try_iter(&headers)?.into_iter().flatten() {
            let entry = Array::from(&entry?);
            endpoint = endpoint.header(texted(&entry.get(0)), texted(&entry.get(1)));
        }
    }
    if let Some(authenticate) = flag(own, "authenticate") {
        endpoint = endpoint.authenticate(authenticate);
    }
    if let Some(credentials) = text(own, "credentials") {
        endpoint = endpoint.credentials(match credentials.as_str() {
            "include" => Credentials::Include,
            "omit" => Credentials::Omit,
            _ => Credentials::SameOrigin,
        });
    }
    if let Some(body) = text(own, "body") {
        endpoint = endpoint.body(match body.as_str() {
            "json" => Body::Json,
            "form" => Body::Form,
            _ => Body::None,
        });
    }
    if let Some(fields) = get(own, "fields") {
        for entry in Object::entries(fields.unchecked_ref()).iter() {
            let entry = Array::from(&entry);
            let (name, value) = (texted(&entry.get(0)), entry.get(1));
            endpoint = match (value.as_string(), value.as_f64(), value.as_bool()) {
                (Some(text), ..) => endpoint.field(name, text),
                (_, Some(number), _) => endpoint.field(name, number),
                (.., Some(flag)) => endpoint.field(name, flag),
                _ => return Err(unknown("constant field")),
            };
        }
    }
    if let Some(name) = text(own, "tokenField") {
        endpoint = endpoint.token_field(name);
    }
    match Reflect::get(own, &"csrf".into())? {
        none if none.is_null() => endpoint = endpoint.without_csrf(),
        own if own.is_object() => endpoint = endpoint.csrf(csrf(&own)),
        _ => {}
    }
    Ok(endpoint)
}

pub fn tokens(given: &JsValue) -> TokenSet {
    let string = |name| get(given, name).and_then(|found| found.as_string());
    let mut tokens = match string("accessToken") {
        Some(token) => TokenSet::new(token),
        None => TokenSet::in_cookies(),
    };
    if let Some(token) = string("refreshToken") {
        tokens = tokens.refresh_token(token);
    }
    if let Some(lifetime) = number(given, "expiresIn") {
        tokens = tokens.expires_in(seconds(lifetime));
    }
    if let Some(end) = number(given, "expiresAt") {
        tokens = tokens.expires_at(time(end));
    }
    if let Some(lifetime) = number(given, "sessionExpiresIn") {
        tokens = tokens.session_expires_in(seconds(lifetime));
    }
    if let Some(end) = number(given, "sessionExpiresAt") {
        tokens = tokens.session_expires_at(time(end));
    }
    tokens
}

async fn refreshed(
    function: &Function,
    context: RefreshContext,
) -> Result<TokenSet, RefreshFailure> {
    let given = Object::new();
    let set = |name: &str, value: &JsValue| {
        let _ = Reflect::set(&given, &name.into(), value);
    };
    if let Some(token) = &context.refresh_token {
        set("refreshToken", &token.expose().into());
    }
    if let Some(token) = &context.access_token {
        set("accessToken", &token.expose().into());
    }
    if let Some(signal) = context.signal() {
        set("signal", signal);
    }
    let context = Rc::new(context);
    let fetch = Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(
        move |input: JsValue, init: JsValue| {
            let context = context.clone();
            promise(None, async move {
                let init = init.unchecked_into();
                let request = match input.dyn_into::<web_sys::Request>() {
                    Ok(request) => web_sys::Request::new_with_request_and_init(&request, &init)?,
                    Err(url) => web_sys::Request::new_with_str_and_init(&texted(&url), &init)?,
                };
                let answer = context
                    .fetch(request)
                    .await
                    .map_err(|error| thrown(&error))?;
                Ok(web_sys::Response::from(answer).into())
            })
        },
    );
    set("fetch", &fetch.into_js_value());
    let given = called(function, &JsValue::UNDEFINED, &Array::of1(&given)).await;
    given.map(|given| tokens(&given)).map_err(failure)
}

fn storage(own: JsValue) -> Read<Storage> {
    Ok(match own.as_string().as_deref() {
        Some("memory") => Storage::memory(),
        Some("session") => Storage::session(),
        Some("local") => Storage::local(),
        Some("indexeddb") => Storage::indexed_db(),
        Some(_) => return Err(unknown("storage")),
        None => Storage::custom(Shelf(own)),
    })
}

/// A storage of JavaScript's.
struct Shelf(JsValue);

impl Shelf {
    async fn call(&self, name: &str, arguments: &Array) -> Result<JsValue, Box<dyn Error>> {
        let called = async {
            let function: Function = Reflect::get(&self.0, &name.into())?.dyn_into()?;
            called(&function, &self.0, arguments).await
        };
        called.await.map_err(|thrown| Thrown::from(thrown).into())
    }
}

impl StorageArea for Shelf {
    async fn get(&self, key: &str) -> Result<Option<String>, Box<dyn Error>> {
        let found = self.call("get", &Array::of1(&key.into())).await?;
        Ok(found.as_string())
    }

    async fn set(&self, key: &str, value: &str) -> Result<(), Box<dyn Error>> {
        let arguments = Array::of2(&key.into(), &value.into());
        self.call("set", &arguments).await.map(drop)
    }

    async fn remove(&self, key: &str) -> Result<(), Box<dyn Error>> {
        self.call("remove", &Array::of1(&key.into()))
            .await
            .map(drop)
    }
}

#[wasm_bindgen]
extern "C" {
    /// A clock of JavaScript's.
    #[derive(Clone)]
    type Hand;
    #[wasm_bindgen(method)]
    fn now(this: &Hand) -> f64;
    #[wasm_bindgen(method)]
    fn monotonic(this: &Hand) -> f64;
    #[wasm_bindgen(method, js_name = setTimeout)]
    fn set_timeout(this: &Hand, wake: &JsValue, delay: f64) -> JsValue;
    #[wasm_bindgen(method, js_name = clearTimeout)]
    fn clear_timeout(this: &Hand, timer: &JsValue);
}

struct Hands(Hand);

/// The longest delay that setTimeout does not take for 1 ms; who wakes early is
/// set anew.
const LONGEST_MS: f64 = 2_147_483_647.0;

struct Running(Hand, JsValue);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.clear_timeout(&self.1);
    }
}

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        time(self.0.now())
    }

    fn monotonic(&self) -> Duration {
        from_ms(self.0.monotonic())
    }

    fn wake_after(&self, delay: Duration, wake: Box<dyn FnOnce()>) -> Box<dyn Any> {
        let wake = Cell::new(Some(wake));
        let wake = Closure::<dyn Fn()>::new(move || {
            if let Some(wake) = wake.take() {
                wake();
            }
        });
        let delay = to_ms(delay).ceil().min(LONGEST_MS);
        let timer = self.0.set_timeout(&wake.into_js_value(), delay);
        Box::new(Running(self.0.clone(), timer))
    }
}

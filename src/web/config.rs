//! Reads the application's configuration. Every refusal names the option,
//! what was found and what is expected, and shows no value: one of them may
//! be a secret.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::Url;

use super::engine::with_parts;
use super::host::Host;
use crate::core::answer::Paths;
use crate::core::origins::Origins;
use crate::core::policy::{Access, BodyKind, Carrier, Endpoint, Policy, Proactive};
use crate::core::presets::{self, PRESETS, Preset, PresetAccess, PresetCarrier, PresetEndpoint};
use crate::core::{Error, ErrorKind, Millis};

/// What the shell itself needs of the configuration.
pub struct Config {
    origins: Origins,
    base: Option<String>,
    header: Option<(String, String)>,
    pub cookie: bool,
}

impl Config {
    pub fn admits(&self, url: &Url) -> bool {
        with_parts(url, |parts| self.origins.admits(parts))
    }

    pub fn request_path(&self) -> Vec<JsValue> {
        let text = |text: Option<&str>| text.map_or(JsValue::NULL, JsValue::from_str);
        let header = self.header.as_ref();
        let mut out = vec![
            text(header.map(|(name, _)| name.as_str())),
            text(header.map(|(_, prefix)| prefix.as_str())),
            text(self.base.as_deref()),
        ];
        out.extend(self.origins.whole().map(JsValue::from_str));
        out
    }
}

/// A value of the configuration, with the name of the option it stands in.
struct Found {
    value: JsValue,
    name: String,
}

/// Gives a property; an accessor that throws is as if it were not there.
pub fn property(of: &JsValue, name: &str) -> JsValue {
    if of.is_object() || of.is_function() {
        Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
    } else {
        JsValue::UNDEFINED
    }
}

impl Found {
    fn get(&self, name: &str) -> Found {
        let mut full = self.name.clone();
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(name);
        Found { value: property(&self.value, name), name: full }
    }

    /// `None` where the option is left out.
    fn given(self) -> Option<Found> {
        (!self.value.is_undefined()).then_some(self)
    }

    fn wrong(&self, expected: &str) -> Error {
        let value = &self.value;
        self.complain(
            expected,
            if value.is_undefined() {
                "nothing"
            } else if value.is_null() {
                "null"
            } else if value.is_function() {
                "a function"
            } else if Array::is_array(value) {
                "an array"
            } else if value.is_object() {
                "an object"
            } else if value.is_string() {
                if value.as_string().is_some_and(|text| text.is_empty()) { "an empty string" } else { "a string that is none of these" }
            } else if value.as_f64().is_some() {
                "a number that is not"
            } else if value.as_bool().is_some() {
                "a boolean"
            } else {
                "something else"
            },
        )
    }

    fn complain(&self, expected: &str, found: &str) -> Error {
        let mut message = String::from(if self.name.is_empty() { "config" } else { &self.name });
        message.push_str(": expected ");
        message.push_str(expected);
        message.push_str(", found ");
        message.push_str(found);
        Error::new(ErrorKind::InvalidConfig, &message)
    }

    fn text(self) -> Result<Option<String>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        match found.value.as_string() {
            Some(text) if !text.is_empty() => Ok(Some(text)),
            _ => Err(found.wrong("a non-empty string")),
        }
    }

    /// A string that may be empty, such as a prefix.
    fn any_text(self) -> Result<Option<String>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        found.value.as_string().map(Some).ok_or_else(|| found.wrong("a string"))
    }

    fn number(self, unit: &str, least: f64) -> Result<Option<f64>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        match found.value.as_f64() {
            Some(number) if number >= least && number.is_finite() => Ok(Some(number)),
            _ => Err(found.wrong(unit)),
        }
    }

    fn one_of<T: Copy>(self, choices: &[(&str, T)], expected: &str) -> Result<Option<T>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        let text = found.value.as_string();
        let choice = choices.iter().find(|(name, _)| Some(*name) == text.as_deref());
        choice.map(|(_, choice)| Some(*choice)).ok_or_else(|| found.wrong(expected))
    }

    fn boolean(self) -> Result<Option<bool>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        found.value.as_bool().map(Some).ok_or_else(|| found.wrong("true or false"))
    }

    fn object(self, expected: &str) -> Result<Option<Found>, Error> {
        let Some(found) = self.given() else { return Ok(None) };
        if found.value.is_object() && !Array::is_array(&found.value) { Ok(Some(found)) } else { Err(found.wrong(expected)) }
    }

    /// An object all of whose named members are functions.
    fn functions(&self, names: &[&str], expected: &str) -> Result<(), Error> {
        let all = names.iter().all(|name| self.get(name).value.is_function());
        if all { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn header_name(self) -> Result<Option<String>, Error> {
        let found = Found { value: self.value.clone(), name: self.name.clone() };
        match self.text()? {
            Some(name) if !is_token(&name) => Err(found.complain("a header name", "a string that is none")),
            name => Ok(name),
        }
    }
}

/// A token in the sense of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Resolves a string or URL; http and https only.
fn url(found: &Found, base: Option<&str>) -> Result<Url, Error> {
    let expected = "an http: or https: URL, absolute or relative to baseUrl";
    let text = match found.value.as_string() {
        Some(text) if !text.is_empty() => text,
        None if found.value.is_object() => property(&found.value, "href").as_string().ok_or_else(|| found.wrong(expected))?,
        _ => return Err(found.wrong(expected)),
    };
    let parsed = match base {
        Some(base) => Url::new_with_base(&text, base),
        None => Url::new(&text),
    };
    match parsed {
        Ok(url) if matches!(url.protocol().as_str(), "http:" | "https:") => Ok(url),
        Ok(_) => Err(found.complain(expected, "another scheme")),
        Err(_) if base.is_none() => Err(found.complain(expected, "a relative URL, and there is neither a baseUrl nor a page")),
        Err(_) => Err(found.complain(expected, "a string that is no URL")),
    }
}

pub fn read(config: &JsValue, host: &Host, page: &str) -> Result<(Policy, Config), Error> {
    let root = Found { value: config.clone(), name: String::new() };
    if !config.is_object() {
        return Err(root.wrong("an object"));
    }
    let preset = preset(root.get("preset"))?;
    let page = (!page.is_empty()).then_some(page);
    let base = match root.get("baseUrl").given() {
        Some(found) => Some(url(&found, page)?.href()),
        None => page.map(str::to_owned),
    };
    let base_text = base.as_deref();

    let endpoint = |target: &str, default: Option<PresetEndpoint>| {
        endpoint(root.get(target), target, default, base_text, host, root.get("csrf"))
    };
    let login = endpoint("login", preset.map(|p| p.login))?;
    let logout = endpoint("logout", preset.and_then(|p| p.logout))?;
    let refresh = if root.get("refresh").value.is_function() {
        None
    } else {
        let refresh = endpoint("refresh", preset.map(|p| p.refresh))?;
        if refresh.is_none() {
            return Err(root.get("refresh").wrong("a URL, an endpoint or a function, or a preset that has one"));
        }
        refresh
    };

    let access = access(root.get("accessToken"), preset)?;
    let carrier = carrier(root.get("refreshToken"), preset)?;
    let header = match &access {
        Access::Header { name, prefix } => Some((name.clone(), prefix.clone())),
        Access::Cookie { .. } => None,
    };
    check_others(&root)?;
    let proactive = root.get("proactive");
    let proactive = match proactive.value.as_bool() {
        Some(true) => Proactive::Always,
        Some(false) => Proactive::Never,
        None => proactive
            .one_of(&[("visible", Proactive::WhileVisible)], "true, false or 'visible'")?
            .unwrap_or(Proactive::WhileVisible),
    };
    let seconds = root.get("refreshAheadSeconds").number("a number of seconds, 0 or more", 0.0)?;
    let timeout = root.get("timeoutMs").number("a number of milliseconds above 0", f64::MIN_POSITIVE)?;
    let policy = Policy {
        access,
        carrier,
        login,
        refresh,
        logout,
        paths: paths(root.get("response"))?,
        ahead: seconds.and_then(|seconds| Millis::from_ms(seconds * 1000.0)),
        proactive,
        timeout: timeout.and_then(Millis::from_ms).unwrap_or(Millis::new(10_000)),
    };
    let origins = origins(root.get("attachTo"), base_text)?;
    let cookie = policy.cookie_access();
    Ok((policy, Config { origins, base, header, cookie }))
}

fn preset(found: Found) -> Result<Option<&'static Preset>, Error> {
    let Some(found) = found.given() else { return Ok(None) };
    let name = found.value.as_string();
    match name.as_deref().and_then(presets::find) {
        Some(preset) => Ok(Some(preset)),
        None => {
            let mut expected = String::from("one of");
            for preset in &PRESETS {
                expected.push_str(" '");
                expected.push_str(preset.name);
                expected.push('\'');
            }
            match name {
                Some(name) => {
                    let mut quoted = String::from("'");
                    quoted.push_str(&name);
                    quoted.push('\'');
                    Err(found.complain(&expected, &quoted))
                }
                None => Err(found.wrong(&expected)),
            }
        }
    }
}

fn endpoint(
    found: Found,
    target: &str,
    default: Option<PresetEndpoint>,
    base: Option<&str>,
    host: &Host,
    csrf: Found,
) -> Result<Option<Endpoint>, Error> {
    // `null` takes a preset's endpoint away.
    if found.value.is_null() && target != "refresh" {
        return Ok(None);
    }
    let is_url = found.value.is_string() || !property(&found.value, "href").is_undefined();
    let options = !is_url && !found.value.is_undefined();
    if options && !found.value.is_object() {
        return Err(found.wrong("a URL or an endpoint { url, … }"));
    }
    // The members of an endpoint; of a plain URL there are none.
    let member = |name: &str| {
        let mut member = found.get(name);
        if !options {
            member.value = JsValue::UNDEFINED;
        }
        member
    };
    let address = match (is_url, member("url").given(), default) {
        (true, _, _) => url(&found, base)?,
        (false, Some(own), _) => url(&own, base)?,
        (false, None, Some(default)) => {
            let value = JsValue::from_str(default.url);
            url(&Found { value, name: String::from("baseUrl") }, base)?
        }
        (false, None, None) if options => return Err(member("url").wrong("a URL")),
        (false, None, None) => return Ok(None),
    };
    if !address.username().is_empty() || !address.password().is_empty() {
        return Err(found.complain("a URL without user name and password", "one with"));
    }
    // A preset's other fields stay where only the URL is given anew.
    let method = member("method");
    let method = match method.header_name()? {
        Some(method) => method.to_ascii_uppercase(),
        None if is_url => String::from("POST"),
        None => String::from(default.map_or("POST", |default| default.method)),
    };
    let kinds = [("json", BodyKind::Json), ("form", BodyKind::Form), ("none", BodyKind::None)];
    let body = member("body").one_of(&kinds, "'json', 'form' or 'none'")?;
    let credentials = ["include", "same-origin", "omit"].map(|name| (name, name));
    let credentials = member("credentials").one_of(&credentials, "'include', 'same-origin' or 'omit'")?;
    let fields = member("fields").object("an object of constant fields")?;
    let constant = Object::new();
    if let Some(flag) = default.and_then(|default| default.flag) {
        let _ = Reflect::set(&constant, &flag.into(), &JsValue::TRUE);
    }
    if let Some(fields) = &fields {
        Object::assign(&constant, fields.value.unchecked_ref::<Object>());
    }
    let csrf = match member("csrf") {
        own if own.value.is_null() => None,
        own if !own.value.is_undefined() => read_csrf(own)?,
        _ => read_csrf(csrf)?,
    };
    let has_fields = Object::keys(&constant).length() > 0;
    let out: JsValue = Object::new().into();
    let set = |name: &str, value: &JsValue| {
        let _ = Reflect::set(&out, &name.into(), value);
    };
    set("url", &address.href().into());
    set("method", &method.as_str().into());
    set("headers", &member("headers").value);
    set("fields", &constant);
    if let Some((cookie, header)) = csrf {
        set("csrf", &Array::of2(&cookie.into(), &header.into()));
    }
    host.endpoint(target, &out);
    Ok(Some(Endpoint {
        method,
        body: body.or(default.and_then(|default| default.body)),
        authenticate: member("authenticate").boolean()?.or(default.and_then(|default| default.authenticate)),
        credentials: credentials.map(str::to_owned),
        token_field: member("tokenField").text()?,
        has_fields,
    }))
}

fn read_csrf(found: Found) -> Result<Option<(String, String)>, Error> {
    let expected = "{ cookie: string, header: string }";
    let Some(found) = found.object(expected)? else { return Ok(None) };
    match (found.get("cookie").text()?, found.get("header").header_name()?) {
        (Some(cookie), Some(header)) => Ok(Some((cookie, header))),
        _ => Err(found.complain(expected, "one of them missing")),
    }
}

fn access(found: Found, preset: Option<&Preset>) -> Result<Access, Error> {
    let expected = "{ in: 'header', … } or { in: 'cookie', … }";
    let found = found.object(expected)?;
    let (mut name, mut prefix) = match preset.map(|preset| preset.access) {
        Some(PresetAccess::Cookie) if found.is_none() => return Ok(Access::Cookie { lifetime: None }),
        Some(PresetAccess::Header { name, prefix }) => (name.to_owned(), prefix.to_owned()),
        _ => (String::from("Authorization"), String::from("Bearer ")),
    };
    let Some(found) = found else { return Ok(Access::Header { name, prefix }) };
    let is_cookie = found.get("in").one_of(&[("header", false), ("cookie", true)], "'header' or 'cookie'")?;
    match is_cookie {
        None => return Err(found.get("in").wrong("'header' or 'cookie'")),
        Some(true) => {
            let seconds = found.get("lifetimeSeconds").number("a number of seconds above 0", f64::MIN_POSITIVE)?;
            return Ok(Access::Cookie { lifetime: seconds.and_then(|s| Millis::from_ms(s * 1000.0)) });
        }
        Some(false) => {}
    }
    if let Some(own) = found.get("name").header_name()? {
        // A header of its own name takes the bare token, unless it says so.
        name = own;
    }
    if let Some(own) = found.get("prefix").any_text()? {
        if !own.bytes().all(|b| (b' '..0x7f).contains(&b)) {
            return Err(found.get("prefix").complain("visible ASCII", "a string with other characters"));
        }
        prefix = own;
    }
    Ok(Access::Header { name, prefix })
}

fn carrier(found: Found, preset: Option<&Preset>) -> Result<Carrier, Error> {
    let expected = "{ in: 'cookie' }, { in: 'body', … } or { in: 'header', … }";
    let Some(found) = found.object(expected)? else {
        return Ok(match preset.map(|preset| preset.carrier) {
            Some(PresetCarrier::Cookie) => Carrier::Cookie,
            Some(PresetCarrier::Body) => Carrier::Body { field: None },
            Some(PresetCarrier::Auto) | None => Carrier::Auto,
        });
    };
    let places = [("cookie", 0), ("body", 1), ("header", 2)];
    Ok(match found.get("in").one_of(&places, "'cookie', 'body' or 'header'")? {
        Some(0) => Carrier::Cookie,
        Some(1) => Carrier::Body { field: found.get("field").text()? },
        Some(_) => Carrier::Header {
            name: found.get("name").header_name()?.unwrap_or_else(|| String::from("Authorization")),
            prefix: found.get("prefix").any_text()?.unwrap_or_else(|| String::from("Bearer ")),
        },
        None => return Err(found.get("in").wrong("'cookie', 'body' or 'header'")),
    })
}

fn paths(found: Found) -> Result<Paths, Error> {
    let Some(found) = found.object("an object of dotted paths")? else { return Ok(Paths::default()) };
    let unit = found.get("expiresInUnit").one_of(&[("s", false), ("ms", true)], "'s' or 'ms'")?;
    Ok(Paths {
        access: found.get("accessToken").text()?,
        refresh: found.get("refreshToken").text()?,
        expires_in: found.get("expiresIn").text()?,
        expires_in_is_ms: unit.unwrap_or(false),
        expires_at: found.get("expiresAt").text()?,
    })
}

fn origins(found: Found, base: Option<&str>) -> Result<Origins, Error> {
    let mut origins = Origins::default();
    let Some(found) = found.given() else {
        if let Some(base) = base.and_then(|base| Url::new(base).ok()) {
            with_parts(&base, |parts| origins.add_origin(parts));
        }
        return Ok(origins);
    };
    if !Array::is_array(&found.value) {
        return Err(found.wrong("an array of origins"));
    }
    for value in Array::from(&found.value).iter() {
        let entry = Found { value, name: String::from("attachTo") };
        let text = entry.value.as_string();
        if text.as_deref().is_some_and(|text| text.contains('*')) {
            return Err(entry.complain("an exact origin such as https://api.example.com", "a wildcard"));
        }
        let parsed = url(&entry, None).map_err(|_| {
            entry.complain("an absolute http: or https: origin such as https://api.example.com", "something that can never match")
        })?;
        with_parts(&parsed, |parts| origins.add(parts))?;
    }
    Ok(origins)
}

/// Options that the JavaScript half reads for itself.
fn check_others(root: &Found) -> Result<(), Error> {
    read_csrf(root.get("csrf"))?;
    root.get("key").text()?;
    root.get("crossTab").boolean()?;
    if let Some(found) = root.get("storage").given() {
        let expected = "'memory', 'session', 'local', 'indexeddb' or { get, set, remove }";
        if found.value.is_object() {
            found.functions(&["get", "set", "remove"], expected)?;
        } else {
            found.one_of(&["memory", "session", "local", "indexeddb"].map(|name| (name, ())), expected)?;
        }
    }
    if let Some(found) = root.get("clock").given() {
        found.functions(&["now", "setTimeout", "clearTimeout"], "{ now, setTimeout, clearTimeout }")?;
    }
    if let Some(found) = root.get("fetch").given()
        && !found.value.is_function()
    {
        return Err(found.wrong("a function"));
    }
    if let Some(found) = root.get("unauthorized").given()
        && found.value.dyn_ref::<Function>().is_none()
    {
        let statuses = Array::is_array(&found.value)
            && Array::from(&found.value).iter().all(|status| status.as_f64().is_some_and(|s| (200.0..600.0).contains(&s)));
        if !statuses {
            return Err(found.wrong("an array of status codes or a function"));
        }
    }
    Ok(())
}

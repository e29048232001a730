//! Reads the application's configuration. Every refusal names the option,
//! what was found and what is expected, and shows no value but a preset's
//! name: one of them may be a secret.
//!
//! The shell gives the configuration as JSON, a function as
//! `{"function":true}`, a URL as its text.

use std::cell::RefCell;

use super::answer::Paths;
use super::error::{Error, ErrorKind};
use super::json::Json;
use super::origins::{Origins, Parts};
use super::policy::{Access, BodyKind, Carrier, Csrf, Endpoint, Policy, Proactive};
use super::presets::{self, PRESETS, Preset, PresetAccess, PresetCarrier, PresetEndpoint};
use super::time::Millis;

/// A URL as the platform's parser took it apart.
#[derive(Clone, Debug)]
pub struct Url {
    pub href: String,
    pub protocol: String,
    pub origin: String,
    pub path: String,
    /// Whether it has a user name or a password.
    pub user: bool,
    /// Whether it has a query or a fragment.
    pub query: bool,
}

impl Url {
    fn parts(&self) -> Parts<'_> {
        let more = self.user || self.query;
        Parts {
            protocol: &self.protocol,
            origin: &self.origin,
            path: &self.path,
            more,
        }
    }
}

/// The platform's parser: a text, and a base to resolve it against.
pub type Parse<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<Url>;

/// A configuration that was found good.
#[derive(Clone, Debug)]
pub struct Config {
    pub policy: Policy,
    pub origins: Origins,
    /// What relative URLs resolve against.
    pub base: Option<String>,
}

const TEXT: &str = "a non-empty string";
const HTTP: &str = "an http: or https: URL, absolute or relative to baseUrl";
const HEADER: &str = "a header name";
const AUTHORIZATION: &str = "Authorization";
const BEARER: &str = "Bearer ";

/// An option: its name as it is told, and its value if it is given.
///
/// What is wrong is noted, the first of it, and reading goes on with what is
/// left out: the way back out of a dozen half-read structures is code that
/// every visitor would pay for.
struct Found<'a> {
    name: String,
    value: Option<Json<'a>>,
    error: &'a RefCell<Option<Error>>,
}

fn is_function(value: Json<'_>) -> bool {
    value.get("function").is_some_and(Json::is_true)
}

impl<'a> Found<'a> {
    #[inline(never)]
    fn get(&self, name: &str) -> Found<'a> {
        let mut full = self.name.clone();
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(name);
        Found {
            name: full,
            value: self.value.and_then(|value| value.get(name)),
            error: self.error,
        }
    }

    #[inline(never)]
    fn wrong(&self, expected: &str) {
        let found = match self.value {
            None => "nothing",
            Some(value) if value.is_null() => "null",
            Some(value) if is_function(value) => "a function",
            Some(value) => match value.source().as_bytes().first() {
                Some(b'{') => "an object",
                Some(b'[') => "an array",
                Some(b'"') if value.source().len() == 2 => "an empty string",
                Some(b'"') => "another string",
                Some(b't' | b'f') => "a boolean",
                _ => "another number",
            },
        };
        self.complain(expected, found);
    }

    #[inline(never)]
    fn complain(&self, expected: &str, found: &str) {
        let name = if self.name.is_empty() {
            "config"
        } else {
            &self.name
        };
        let mut message = String::from(name);
        for part in [": expected ", expected, ", found ", found] {
            message.push_str(part);
        }
        self.refuse(Error::new(ErrorKind::InvalidConfig, &message));
    }

    fn refuse(&self, error: Error) {
        self.error.borrow_mut().get_or_insert(error);
    }

    /// A string, which `test` has to accept.
    #[inline(never)]
    fn text(&self, expected: &str, test: fn(&str) -> bool) -> Option<String> {
        let text = self.value?.text().filter(|text| test(text));
        if text.is_none() {
            self.wrong(expected);
        }
        text.map(|text| text.into_owned())
    }

    fn name(&self) -> Option<String> {
        self.text(TEXT, |text| !text.is_empty())
    }

    fn header(&self) -> Option<String> {
        self.text(HEADER, is_token)
    }

    fn prefix(&self) -> Option<String> {
        self.text("visible ASCII", is_prefix)
    }

    /// A length of time, given in units of `unit` milliseconds.
    #[inline(never)]
    fn span(&self, unit: f64, least: f64, expected: &str) -> Option<Millis> {
        let number = self.value?.number().filter(|number| *number >= least);
        let span = number.and_then(|number| Millis::from_ms(number * unit));
        if span.is_none() {
            self.wrong(expected);
        }
        span
    }

    /// One of some words; gives which.
    #[inline(never)]
    fn word(&self, words: &[&str], expected: &str) -> Option<usize> {
        let text = self.value?.text();
        let at = words.iter().position(|word| Some(*word) == text.as_deref());
        if at.is_none() {
            self.wrong(expected);
        }
        at
    }

    #[inline(never)]
    fn boolean(&self) -> Option<bool> {
        match self.value?.source() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong("true or false");
                None
            }
        }
    }

    /// Whether an object is given.
    #[inline(never)]
    fn object(&self, expected: &str) -> bool {
        let Some(value) = self.value else {
            return false;
        };
        let object = value.is_object() && !is_function(value);
        if !object {
            self.wrong(expected);
        }
        object
    }

    /// A URL of http or https.
    #[inline(never)]
    fn url(&self, base: Option<&str>, parse: Parse<'_>) -> Option<Url> {
        let Some(text) = self
            .value
            .and_then(Json::text)
            .filter(|text| !text.is_empty())
        else {
            self.wrong(HTTP);
            return None;
        };
        let url = parse(&text, base);
        match &url {
            Some(url) if url.protocol != "http:" && url.protocol != "https:" => {
                self.complain(HTTP, "another scheme");
            }
            Some(_) => {}
            None if base.is_none() => {
                self.complain(HTTP, "a relative one, and neither a baseUrl nor a page");
            }
            None => self.wrong(HTTP),
        }
        url
    }
}

/// A token in the sense of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// What may stand before a token in a header.
fn is_prefix(text: &str) -> bool {
    text.bytes().all(|b| (b' '..0x7f).contains(&b))
}

/// Reads a configuration; `page` is the URL of the page, if there is one.
pub fn read(text: &str, page: Option<&str>, parse: Parse<'_>) -> Result<Config, Error> {
    let error = RefCell::new(None);
    let root = Found {
        name: String::new(),
        value: Json::parse(text),
        error: &error,
    };
    root.object("an object");
    let preset = preset(&root.get("preset"));
    let base = root.get("baseUrl");
    let base = match base.value {
        Some(_) => base.url(page, parse).map(|url| url.href),
        None => page.map(str::to_owned),
    };
    let reader = Endpoints {
        base: base.as_deref(),
        parse,
        csrf: csrf(&root.get("csrf")),
    };
    let refresh = root.get("refresh");
    let function = refresh.value.is_some_and(is_function);
    let policy = Policy {
        login: reader.read(&root.get("login"), preset.map(|preset| &preset.login)),
        logout: reader.read(
            &root.get("logout"),
            preset.and_then(|preset| preset.logout.as_ref()),
        ),
        refresh: if function {
            None
        } else {
            reader.read(&refresh, preset.map(|preset| &preset.refresh))
        },
        access: access(&root.get("accessToken"), preset),
        carrier: carrier(&root.get("refreshToken"), preset),
        paths: paths(&root.get("response")),
        ahead: root
            .get("refreshAheadSeconds")
            .span(1000.0, 0.0, "a number of seconds, 0 or more"),
        proactive: proactive(&root.get("proactive")),
        timeout: root
            .get("timeoutMs")
            .span(1.0, f64::MIN_POSITIVE, "a number of milliseconds above 0")
            .unwrap_or(Millis::new(10_000)),
    };
    if policy.refresh.is_none() && !function {
        refresh.wrong("a URL, an endpoint or a function, or a preset that has one");
    }
    let origins = origins(&root.get("attachTo"), base.as_deref(), parse);
    others(&root);
    match error.into_inner() {
        Some(error) => Err(error),
        None => Ok(Config {
            policy,
            origins,
            base,
        }),
    }
}

fn preset(found: &Found<'_>) -> Option<&'static Preset> {
    let name = found.value?.text();
    let preset = name.as_deref().and_then(presets::find);
    if preset.is_none() {
        let mut expected = String::from("one of");
        for preset in &PRESETS {
            expected.push_str(" '");
            expected.push_str(preset.name);
            expected.push('\'');
        }
        match name {
            Some(name) => found.complain(&expected, &name),
            None => found.wrong(&expected),
        }
    }
    preset
}

fn proactive(found: &Found<'_>) -> Proactive {
    match found.value.map(Json::source) {
        None | Some("\"visible\"") => Proactive::WhileVisible,
        Some("true") => Proactive::Always,
        Some("false") => Proactive::Never,
        _ => {
            found.wrong("true, false or 'visible'");
            Proactive::Never
        }
    }
}

fn csrf(found: &Found<'_>) -> Option<Csrf> {
    let expected = "{ cookie: string, header: string }";
    if !found.object(expected) {
        return None;
    }
    let csrf = found.get("cookie").name().zip(found.get("header").header());
    if csrf.is_none() {
        found.complain(expected, "one of them missing");
    }
    csrf.map(|(cookie, header)| Csrf { cookie, header })
}

struct Endpoints<'a> {
    base: Option<&'a str>,
    parse: Parse<'a>,
    csrf: Option<Csrf>,
}

impl Endpoints<'_> {
    /// Reads one, given as a URL or as an object; `null` takes a preset's
    /// away.
    #[inline(never)]
    fn read(&self, found: &Found<'_>, preset: Option<&PresetEndpoint>) -> Option<Endpoint> {
        if found.value.is_some_and(Json::is_null) || (found.value.is_none() && preset.is_none()) {
            return None;
        }
        let plain = found.value.and_then(Json::text).is_some();
        if !plain {
            found.object("a URL or an endpoint { url, … }");
        }
        let own = found.get("url");
        let url = if plain {
            found.url(self.base, self.parse)
        } else if let (None, Some(preset)) = (own.value, preset) {
            let url = (self.parse)(preset.url, self.base);
            if url.is_none() {
                found.complain("a baseUrl", "none, and no page");
            }
            url
        } else {
            own.url(self.base, self.parse)
        };
        let url = url?;
        if url.user {
            found.complain("a URL without user name and password", "one with");
        }
        // Of a plain URL the method is POST, whatever the preset has there.
        let method = found
            .get("method")
            .header()
            .map(|method| method.to_ascii_uppercase());
        let default = preset
            .filter(|_| !plain)
            .map_or("POST", |preset| preset.method);
        let kinds = [BodyKind::Json, BodyKind::Form, BodyKind::None];
        let body = found
            .get("body")
            .word(&["json", "form", "none"], "'json', 'form' or 'none'");
        let modes = ["include", "same-origin", "omit"];
        let credentials = found
            .get("credentials")
            .word(&modes, "'include', 'same-origin' or 'omit'");
        let fields = found.get("fields").object("an object of constant fields");
        let flag = preset.and_then(|preset| preset.flag);
        let own_csrf = found.get("csrf");
        let csrf = match own_csrf.value {
            None => self.csrf.clone(),
            Some(value) if value.is_null() => None,
            Some(_) => csrf(&own_csrf),
        };
        let authenticate = found.get("authenticate").boolean();
        Some(Endpoint {
            url: url.href,
            method: method.unwrap_or_else(|| String::from(default)),
            body: body.and_then(|at| kinds.get(at).copied()),
            authenticate: authenticate.or(preset.and_then(|preset| preset.authenticate)),
            credentials: credentials.and_then(|at| modes.get(at).copied()),
            token_field: found.get("tokenField").name(),
            has_fields: fields || flag.is_some(),
            flag,
            csrf,
        })
    }
}

fn access(found: &Found<'_>, preset: Option<&Preset>) -> Access {
    let preset = preset.map(|preset| preset.access);
    let given = found.object("{ in: 'header', … } or { in: 'cookie', … }");
    let place = found.get("in");
    let expected = "'header' or 'cookie'";
    let at = place.word(&["header", "cookie"], expected);
    if given && at.is_none() {
        place.wrong(expected);
    }
    if at.map_or(matches!(preset, Some(PresetAccess::Cookie)), |at| at == 1) {
        let lifetime = found.get("lifetimeSeconds");
        let lifetime = lifetime.span(1000.0, f64::MIN_POSITIVE, "a number of seconds above 0");
        return Access::Cookie { lifetime };
    }
    let (name, prefix) = match preset {
        Some(PresetAccess::Header { name, prefix }) => (name, prefix),
        _ => (AUTHORIZATION, BEARER),
    };
    header(found, name, prefix, |name, prefix| Access::Header {
        name,
        prefix,
    })
}

fn header<T>(found: &Found<'_>, name: &str, prefix: &str, make: fn(String, String) -> T) -> T {
    make(
        found
            .get("name")
            .header()
            .unwrap_or_else(|| String::from(name)),
        found
            .get("prefix")
            .prefix()
            .unwrap_or_else(|| String::from(prefix)),
    )
}

fn carrier(found: &Found<'_>, preset: Option<&Preset>) -> Carrier {
    if !found.object("{ in: 'cookie' }, { in: 'body', … } or { in: 'header', … }") {
        return match preset.map(|preset| preset.carrier) {
            Some(PresetCarrier::Cookie) => Carrier::Cookie,
            Some(PresetCarrier::Body) => Carrier::Body { field: None },
            Some(PresetCarrier::Auto) | None => Carrier::Auto,
        };
    }
    let place = found.get("in");
    let expected = "'cookie', 'body' or 'header'";
    match place.word(&["cookie", "body", "header"], expected) {
        Some(1) => Carrier::Body {
            field: found.get("field").name(),
        },
        Some(2) => header(found, AUTHORIZATION, BEARER, |name, prefix| {
            Carrier::Header { name, prefix }
        }),
        Some(_) => Carrier::Cookie,
        None => {
            place.wrong(expected);
            Carrier::Auto
        }
    }
}

fn paths(found: &Found<'_>) -> Paths {
    found.object("an object of dotted paths");
    Paths {
        access: found.get("accessToken").name(),
        refresh: found.get("refreshToken").name(),
        expires_in: found.get("expiresIn").name(),
        expires_in_is_ms: found.get("expiresInUnit").word(&["s", "ms"], "'s' or 'ms'") == Some(1),
        expires_at: found.get("expiresAt").name(),
    }
}

fn origins(found: &Found<'_>, base: Option<&str>, parse: Parse<'_>) -> Origins {
    let mut origins = Origins::default();
    let Some(value) = found.value else {
        if let Some(base) = base.and_then(|base| parse(base, None)) {
            origins.add_origin(base.parts());
        }
        return origins;
    };
    let mut elements = value.elements();
    if elements.is_none() {
        found.wrong("an array of origins");
    }
    let expected = "an absolute http: or https: origin such as https://api.example.com";
    while let Some(entry) = elements.as_mut().and_then(Iterator::next) {
        let Some(text) = entry.text() else {
            found.complain(expected, "something else");
            continue;
        };
        if text.as_bytes().contains(&b'*') {
            found.complain(expected, "a wildcard");
        }
        match parse(&text, None) {
            None => found.complain(expected, "something that can never match"),
            Some(url) => {
                if let Err(error) = origins.add(url.parts()) {
                    found.refuse(error);
                }
            }
        }
    }
    origins
}

/// Options that decide nothing here.
fn others(root: &Found<'_>) {
    root.get("key").name();
    root.get("crossTab").boolean();
    let methods = |found: &Found<'_>, names: [&str; 3], expected: &str| {
        if !names
            .iter()
            .all(|name| found.get(name).value.is_some_and(is_function))
        {
            found.wrong(expected);
        }
    };
    let storage = root.get("storage");
    let expected = "'memory', 'session', 'local', 'indexeddb' or { get, set, remove }";
    if storage.value.is_some_and(Json::is_object) {
        methods(&storage, ["get", "set", "remove"], expected);
    } else {
        storage.word(&["memory", "session", "local", "indexeddb"], expected);
    }
    let clock = root.get("clock");
    if clock.value.is_some() {
        methods(
            &clock,
            ["now", "setTimeout", "clearTimeout"],
            "{ now, setTimeout, clearTimeout }",
        );
    }
    let fetch = root.get("fetch");
    if fetch.value.is_some_and(|value| !is_function(value)) {
        fetch.wrong("a function");
    }
    let unauthorized = root.get("unauthorized");
    if let Some(value) = unauthorized.value.filter(|value| !is_function(*value)) {
        let status = |value: Json<'_>| {
            value
                .number()
                .is_some_and(|status| (200.0..600.0).contains(&status))
        };
        if !value
            .elements()
            .is_some_and(|mut elements| elements.all(status))
        {
            unauthorized.wrong("an array of status codes or a function");
        }
    }
}

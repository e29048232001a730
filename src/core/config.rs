//! Reads the application's configuration.

use std::cell::RefCell;

use super::answer::Paths;
use super::document::{Document, Kind};
use super::options::Options;
use super::origins::Origins;
use super::policy::{Access, BodyKind, Carrier, Csrf, Endpoint, Policy, Proactive};
use super::presets::{self, PRESETS, Preset};
use super::time::Millis;

/// The platform's URL parser: a text, and a base to resolve it against. What
/// it gives has the members of a WHATWG URL, such as `href` and `pathname`. A
/// second parser that thinks differently about `https://api.ok@evil` is how
/// tokens leak.
pub type ParseUrl<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<Box<dyn Document>>;

/// A configuration that was found good.
#[derive(Clone, Debug)]
pub struct Config {
    pub policy: Policy,
    pub origins: Origins,
    /// What relative URLs resolve against.
    pub base: Option<String>,
}

const AUTHORIZATION: &str = "Authorization";
const BEARER: &str = "Bearer ";

/// Reads a configuration, or says what is wrong with it; `page` is the URL of
/// the page, if there is one.
pub fn read(
    given: &dyn Document,
    page: Option<&str>,
    parse_url: ParseUrl<'_>,
) -> Result<Config, String> {
    let mut options = Options {
        given,
        preset: &[],
        parse_url,
        wrong: RefCell::default(),
    };
    if options.kind("") != Kind::Object {
        options.expect("", "an object");
    }
    if let Some(preset) = preset(&options) {
        options.preset = preset;
    }
    let base = match options.kind("baseUrl") {
        Kind::Nothing => page.map(str::to_owned),
        _ => options.url("baseUrl", page),
    };
    let endpoints = Endpoints {
        options: &options,
        base: base.as_deref(),
        csrf: csrf(&options, "csrf"),
    };
    let function = options.kind("refresh") == Kind::Function;
    let policy = Policy {
        login: endpoints.read("login"),
        logout: endpoints.read("logout"),
        refresh: if function {
            None
        } else {
            endpoints.read("refresh")
        },
        access: access(&options),
        carrier: carrier(&options),
        paths: paths(&options),
        ahead: options.span(
            "refreshAheadSeconds",
            1000.0,
            0.0,
            "a number of seconds, 0 or more",
        ),
        proactive: proactive(&options),
        timeout: options
            .span(
                "timeoutMs",
                1.0,
                f64::MIN_POSITIVE,
                "a number of milliseconds above 0",
            )
            .unwrap_or(Millis::new(10_000)),
    };
    if policy.refresh.is_none() && !function {
        options.expect(
            "refresh",
            "a URL, an endpoint or a function, or a preset that has one",
        );
    }
    let origins = origins(&options, base.as_deref());
    others(&options);
    match options.wrong.into_inner() {
        Some(message) => Err(message),
        None => Ok(Config {
            policy,
            origins,
            base,
        }),
    }
}

fn preset(options: &Options<'_>) -> Option<&'static Preset> {
    if options.kind("preset") == Kind::Nothing {
        return None;
    }
    let name = options.given.text("preset");
    let preset = name.as_deref().and_then(presets::find);
    if preset.is_none() {
        let names = PRESETS.map(|(name, _)| name).join("', '");
        let found = options.kind("preset").name();
        options.refuse(
            "preset",
            &["one of '", &names, "'"].concat(),
            name.as_deref().unwrap_or(found),
        );
    }
    preset
}

fn proactive(options: &Options<'_>) -> Proactive {
    match options.kind("proactive") {
        Kind::Nothing => Proactive::WhileVisible,
        Kind::True => Proactive::Always,
        Kind::False => Proactive::Never,
        _ => {
            options.word("proactive", &["visible"], "true, false or 'visible'");
            Proactive::WhileVisible
        }
    }
}

fn csrf(options: &Options<'_>, path: &str) -> Option<Csrf> {
    let expected = "{ cookie: string, header: string }";
    if !options.object(path, expected) {
        return None;
    }
    let cookie = options.text(&[path, ".cookie"].concat());
    let header = options.header(&[path, ".header"].concat());
    if cookie.is_none() || header.is_none() {
        options.refuse(path, expected, "one of them missing");
    }
    Some(Csrf {
        cookie: cookie?,
        header: header?,
    })
}

struct Endpoints<'a> {
    options: &'a Options<'a>,
    base: Option<&'a str>,
    csrf: Option<Csrf>,
}

impl Endpoints<'_> {
    /// Reads one, given as a URL or as an object; `null` takes a preset's
    /// away.
    #[inline(never)]
    fn read(&self, name: &str) -> Option<Endpoint> {
        let options = self.options;
        let at = |member: &str| [name, ".", member].concat();
        let kind = options.kind(name);
        let url = at("url");
        if kind == Kind::Null || (kind == Kind::Nothing && options.default(&url).is_none()) {
            return None;
        }
        let plain = matches!(kind, Kind::Text | Kind::EmptyText);
        let url = if plain { name } else { &url };
        if !plain {
            options.object(name, "a URL or an endpoint { url, … }");
        }
        // Of a plain URL the method is POST, whatever the preset has there.
        let method = if plain {
            None
        } else {
            options.header(&at("method"))
        };
        let kinds = [BodyKind::Json, BodyKind::Form, BodyKind::None];
        let body = options.word(
            &at("body"),
            &["json", "form", "none"],
            "'json', 'form' or 'none'",
        );
        let modes = ["include", "same-origin", "omit"];
        let credentials = options.word(
            &at("credentials"),
            &modes,
            "'include', 'same-origin' or 'omit'",
        );
        let fields = options.object(&at("fields"), "an object of constant fields");
        let flag = options.default(&at("flag"));
        let own_csrf = at("csrf");
        let csrf = match options.kind(&own_csrf) {
            Kind::Nothing => self.csrf.clone(),
            Kind::Null => None,
            _ => csrf(options, &own_csrf),
        };
        let authenticate = options.boolean(&at("authenticate"));
        let token_field = options.text(&at("tokenField"));
        Some(Endpoint {
            url: options.url(url, self.base)?,
            method: method.map_or_else(|| "POST".into(), |method| method.to_ascii_uppercase()),
            body: body.and_then(|at| kinds.get(at).copied()),
            authenticate,
            credentials: credentials.and_then(|at| modes.get(at).copied()),
            token_field,
            has_fields: fields || flag.is_some(),
            flag,
            csrf,
        })
    }
}

fn access(options: &Options<'_>) -> Access {
    let given = options.object("accessToken", "{ in: 'header', … } or { in: 'cookie', … }");
    let expected = "'header' or 'cookie'";
    let place = options.word("accessToken.in", &["header", "cookie"], expected);
    if given && place.is_none() {
        options.expect("accessToken.in", expected);
    }
    if place == Some(1) {
        let lifetime = options.span(
            "accessToken.lifetimeSeconds",
            1000.0,
            f64::MIN_POSITIVE,
            "a number of seconds above 0",
        );
        return Access::Cookie { lifetime };
    }
    let (name, prefix) = header(options, "accessToken");
    Access::Header { name, prefix }
}

fn header(options: &Options<'_>, path: &str) -> (String, String) {
    let name = options.header(&[path, ".name"].concat());
    let prefix = options.prefix(&[path, ".prefix"].concat());
    (
        name.unwrap_or_else(|| AUTHORIZATION.into()),
        prefix.unwrap_or_else(|| BEARER.into()),
    )
}

fn carrier(options: &Options<'_>) -> Carrier {
    let given = options.object(
        "refreshToken",
        "{ in: 'cookie' }, { in: 'body', … } or { in: 'header', … }",
    );
    let expected = "'cookie', 'body' or 'header'";
    match options.word("refreshToken.in", &["cookie", "body", "header"], expected) {
        Some(0) => Carrier::Cookie,
        Some(1) => Carrier::Body {
            field: options.text("refreshToken.field"),
        },
        Some(_) => {
            let (name, prefix) = header(options, "refreshToken");
            Carrier::Header { name, prefix }
        }
        None => {
            if given {
                options.expect("refreshToken.in", expected);
            }
            Carrier::Auto
        }
    }
}

fn paths(options: &Options<'_>) -> Paths {
    options.object("response", "an object of dotted paths");
    let unit = options.word("response.expiresInUnit", &["s", "ms"], "'s' or 'ms'");
    Paths {
        access: options.text("response.accessToken"),
        refresh: options.text("response.refreshToken"),
        expires_in: options.text("response.expiresIn"),
        expires_in_is_ms: unit == Some(1),
        expires_at: options.text("response.expiresAt"),
    }
}

fn origins(options: &Options<'_>, base: Option<&str>) -> Origins {
    let mut origins = Origins::default();
    if options.kind("attachTo") == Kind::Nothing {
        if let Some(base) = base.and_then(|base| (options.parse_url)(base, None)) {
            origins.add_origin(&*base);
        }
        return origins;
    }
    options.elements("attachTo", "an array of origins", &mut |at| {
        let expected =
            "an exact http: or https: origin with at most a path, such as https://api.example.com";
        let text = options.given.text(at).unwrap_or_default();
        let found = match (options.parse_url)(&text, None) {
            _ if text.is_empty() => "something else",
            _ if text.as_bytes().contains(&b'*') => "a wildcard",
            None => "something that can never match",
            Some(url) => match origins.add(&*url) {
                Ok(()) => return,
                Err(found) => found,
            },
        };
        options.refuse("attachTo", expected, found);
    });
    origins
}

/// Options that decide nothing here.
fn others(options: &Options<'_>) {
    options.text("key");
    options.boolean("crossTab");
    let methods = |path: &str, names: [&str; 3], expected: &str| {
        if !names
            .iter()
            .all(|name| options.kind(&[path, ".", name].concat()) == Kind::Function)
        {
            options.expect(path, expected);
        }
    };
    let expected = "'memory', 'session', 'local', 'indexeddb' or { get, set, remove }";
    if options.kind("storage") == Kind::Object {
        methods("storage", ["get", "set", "remove"], expected);
    } else {
        options.word(
            "storage",
            &["memory", "session", "local", "indexeddb"],
            expected,
        );
    }
    if options.kind("clock") != Kind::Nothing {
        methods(
            "clock",
            ["now", "setTimeout", "clearTimeout"],
            "{ now, setTimeout, clearTimeout }",
        );
    }
    if !matches!(options.kind("fetch"), Kind::Nothing | Kind::Function) {
        options.expect("fetch", "a function");
    }
    if !matches!(options.kind("unauthorized"), Kind::Nothing | Kind::Function) {
        let expected = "an array of status codes or a function";
        options.elements("unauthorized", expected, &mut |at| {
            let status = options.given.number(at).unwrap_or_default();
            if !(200.0..600.0).contains(&status) {
                options.expect("unauthorized", expected);
            }
        });
    }
}

//! Reads the application's configuration, or says what is wrong with it: every
//! refusal names the option as the npm package spells it, what was found and
//! what is expected, and shows no value but a preset's name, for one of them
//! may be a secret. What decides anything goes to the core as a [`Policy`];
//! the texts stay here. It follows `src/web/config.js`.

use std::time::Duration;

use super::clock::millis;
use super::config::{
    AccessToken, Activity, AnswerPaths, Config, Proactive, RefreshToken, SessionLimits, Unit,
};
use super::document;
use super::endpoint::{Body, Credentials, Csrf, Endpoint};
use super::error::{Error, ErrorKind};
use crate::core::answer::Paths;
use crate::core::origins::{Misfit, Origins};
use crate::core::policy::{self, Access, BodyKind, Carrier, Limits, Policy};
use crate::core::presets::Preset;
use crate::core::{Document, Millis};

const HTTP: &str = "an http: or https: URL, absolute or relative to baseUrl";
const ORIGIN: &str =
    "an exact http: or https: origin with at most a path, such as https://api.example.com";
const TEXT: &str = "a non-empty string";

/// What the shell goes by.
pub(super) struct Settings {
    pub base: Option<String>,
    /// Missing where the access token travels in a cookie.
    pub access: Option<Header>,
    /// Of the refresh token, if it travels in one.
    pub refresh_header: Option<Header>,
    /// The refresh token's field of a body, if it was named.
    pub refresh_field: Option<String>,
    pub login: Option<Address>,
    pub refresh: Option<Address>,
    pub logout: Option<Address>,
    pub origins: Origins,
}

/// A header that carries a token.
pub(super) struct Header {
    pub name: String,
    pub prefix: String,
}

/// What of an endpoint decides nothing.
pub(super) struct Address {
    pub url: String,
    pub method: String,
    pub csrf: Option<Csrf>,
    /// A field that is `true` in every body.
    pub flag: Option<&'static str>,
    pub token_field: Option<String>,
}

type Read<T> = Result<T, Error>;

fn refusal(path: &str, expected: &str, found: &str) -> Error {
    let message = [path, ": expected ", expected, ", found ", found];
    Error::new(ErrorKind::InvalidConfig, message.concat())
}

impl Settings {
    /// Reads a configuration. `page` is the URL of the page.
    pub fn read(config: &Config, page: Option<String>) -> Read<(Self, Policy)> {
        let preset = Given(config.preset.map_or(&[], |(_, data)| data));
        let base = match &config.base_url {
            Some(base) => Some(url("baseUrl", Some(base), page.as_deref())?),
            None => page,
        };
        let csrf = config.csrf.as_ref();
        let csrf = csrf.map(|csrf| guard("csrf", csrf)).transpose()?;
        let endpoint = |name, own: &Option<Endpoint>| {
            let read = preset.endpoint(name, own.as_ref(), base.as_deref(), csrf.as_ref())?;
            Ok(read.unzip())
        };
        let (login, login_policy) = endpoint("login", &config.login)?;
        let (logout, logout_policy) = endpoint("logout", &config.logout)?;
        // A function takes the place of the preset's endpoint as well.
        let (refresh, refresh_policy) = match &config.refresh_with {
            Some(_) => (None, None),
            None => endpoint("refresh", &config.refresh)?,
        };
        let (access, access_policy) = preset.access(config.access_token.as_ref())?;
        let (refresh_header, refresh_field, carrier) =
            preset.carrier(config.refresh_token.as_ref())?;
        let policy = Policy {
            access: access_policy,
            carrier,
            login: login_policy,
            refresh: refresh_policy,
            logout: logout_policy,
            paths: paths(config.response.as_ref(), access.as_ref())?,
            ahead: config.refresh_ahead.map(millis),
            proactive: match config.proactive {
                None | Some(Proactive::WhileVisible) => policy::Proactive::WhileVisible,
                Some(Proactive::Always) => policy::Proactive::Always,
                Some(Proactive::Never) => policy::Proactive::Never,
            },
            timeout: {
                let expected = "a number of milliseconds above 0";
                positive("timeoutMs", config.timeout, expected)?.unwrap_or(policy::TIMEOUT)
            },
            limits: limits(&config.session)?,
            storage: config.storage.keep,
            remember: config.remember.as_ref().map(|storage| storage.keep),
            hint: config.hint.is_some(),
            ..Policy::default()
        };
        let hint = config.hint.as_ref().map(|(name, _)| name.as_str());
        text("hint.cookie", hint)?;
        if refresh.is_none() && config.refresh_with.is_none() {
            let expected = "a URL, an endpoint or a function, or a preset that has one";
            return Err(refusal("refresh", expected, "nothing"));
        }
        let origins = origins(config.attach_to.as_deref(), base.as_deref())?;
        text("key", config.key.as_deref())?;
        for status in config.unauthorized.statuses() {
            if !(200..600).contains(status) {
                let expected = "status codes from 200 to 599";
                return Err(refusal("unauthorized", expected, "another number"));
            }
        }
        let settings = Self {
            base,
            access,
            refresh_header,
            refresh_field,
            login,
            refresh,
            logout,
            origins,
        };
        Ok((settings, policy))
    }
}

/// What is there before the application says anything.
struct Given(&'static Preset);

impl Given {
    fn get(&self, path: &str) -> Option<&'static str> {
        let found = self.0.iter().find(|(own, _)| *own == path);
        found.map(|(_, value)| *value)
    }

    fn endpoint(
        &self,
        name: &str,
        own: Option<&Endpoint>,
        base: Option<&str>,
        csrf: Option<&Csrf>,
    ) -> Read<Option<(Address, policy::Endpoint)>> {
        let path = |member: &str| [name, ".", member].concat();
        let preset = |member| self.get(&path(member));
        let unchanged = Endpoint::from_preset();
        let own = match own {
            Some(own) => own,
            None if preset("url").is_some() => &unchanged,
            None => return Ok(None),
        };
        judge_headers(&path("headers"), &own.headers)?;
        let method = match (&own.method, &own.url) {
            (Some(method), _) => method.as_str().to_owned(),
            // Of a URL the method is POST, whatever the preset has there.
            (None, Some(_)) => policy::METHOD.to_owned(),
            (None, None) => preset("method").unwrap_or(policy::METHOD).to_owned(),
        };
        let flag = preset("flag");
        let decides = policy::Endpoint {
            bodyless: method == "GET" || method == "HEAD",
            body: own.body.map(|body| match body {
                Body::None => BodyKind::None,
                Body::Json => BodyKind::Json,
                Body::Form => BodyKind::Form,
            }),
            authenticate: own
                .authenticate
                .or_else(|| preset("authenticate").map(|flag| flag == "true")),
            credentials: own.credentials.map(|credentials| match credentials {
                Credentials::Include => policy::Credentials::Include,
                Credentials::SameOrigin => policy::Credentials::SameOrigin,
                Credentials::Omit => policy::Credentials::Omit,
            }),
            has_fields: !own.fields.is_empty() || flag.is_some(),
        };
        let address = Address {
            url: url(&path("url"), own.url.as_deref().or(preset("url")), base)?,
            method,
            csrf: match &own.csrf {
                Some(own) => own
                    .as_ref()
                    .map(|own| guard(&path("csrf"), own))
                    .transpose()?,
                None => csrf.cloned(),
            },
            flag,
            token_field: text(&path("tokenField"), own.token_field.as_deref())?,
        };
        Ok(Some((address, decides)))
    }

    fn access(&self, own: Option<&AccessToken>) -> Read<(Option<Header>, Access)> {
        let header = match own {
            Some(AccessToken::Cookie { lifetime }) => {
                let expected = "a number of seconds above 0";
                let lifetime = positive("accessToken.lifetimeSeconds", *lifetime, expected)?;
                return Ok((None, Access::Cookie { lifetime }));
            }
            None if self.get("accessToken.in") == Some("cookie") => {
                return Ok((None, Access::Cookie { lifetime: None }));
            }
            Some(AccessToken::Header { name, prefix }) => header("accessToken", name, prefix)?,
            None => Header {
                name: self
                    .get("accessToken.name")
                    .unwrap_or(policy::HEADER)
                    .to_owned(),
                prefix: self
                    .get("accessToken.prefix")
                    .unwrap_or(policy::PREFIX)
                    .to_owned(),
            },
        };
        let own = !header.name.eq_ignore_ascii_case("authorization");
        Ok((Some(header), Access::Header { own }))
    }

    /// Header and field of the refresh token, and how it travels.
    fn carrier(
        &self,
        own: Option<&RefreshToken>,
    ) -> Read<(Option<Header>, Option<String>, Carrier)> {
        Ok(match own {
            Some(RefreshToken::Cookie) => (None, None, Carrier::Cookie),
            Some(RefreshToken::Body { field }) => {
                let field = text("refreshToken.field", field.as_deref())?;
                (None, field, Carrier::Body)
            }
            Some(RefreshToken::Header { name, prefix }) => {
                let header = header("refreshToken", name, prefix)?;
                (Some(header), None, Carrier::Header)
            }
            None => match self.get("refreshToken.in") {
                Some("cookie") => (None, None, Carrier::Cookie),
                Some("body") => (None, None, Carrier::Body),
                _ => (None, None, Carrier::Auto),
            },
        })
    }
}

fn limits(own: &SessionLimits) -> Read<Limits> {
    let expected = "a number of seconds above 0";
    let given = |path, own| Ok(positive(path, own, expected)?.unwrap_or(Millis::FOREVER));
    let usual = Limits::default();
    Ok(Limits {
        lifetime: given("session.maxSeconds", own.max)?,
        idle: given("session.idleSeconds", own.idle)?,
        warning: own.warn.map_or(usual.warning, millis),
        activity: match own.activity {
            Activity::Page => policy::Activity::Page,
            Activity::UntilWarned => policy::Activity::UntilWarned,
            Activity::Manual => policy::Activity::Manual,
        },
    })
}

fn paths(own: Option<&AnswerPaths>, access: Option<&Header>) -> Read<Paths> {
    let prefix = access
        .map(|header| header.prefix.clone())
        .unwrap_or_default();
    let Some(own) = own else {
        return Ok(Paths {
            prefix,
            ..Paths::default()
        });
    };
    let path = |name: &str, own: &Option<String>| {
        let name = ["response.", name].concat();
        text(&name, own.as_deref())
    };
    Ok(Paths {
        access: path("accessToken", &own.access_token)?,
        refresh: path("refreshToken", &own.refresh_token)?,
        expires_in: path("expiresIn", &own.expires_in)?,
        expires_in_is_ms: own.expires_in_unit == Some(Unit::Milliseconds),
        expires_at: path("expiresAt", &own.expires_at)?,
        session_in: path("sessionExpiresIn", &own.session_expires_in)?,
        session_at: path("sessionExpiresAt", &own.session_expires_at)?,
        prefix,
    })
}

fn origins(entries: Option<&[String]>, base: Option<&str>) -> Read<Origins> {
    let mut origins = Origins::default();
    let refused = |found| refusal("attachTo", ORIGIN, found);
    let mut add = |url: &dyn Document| {
        origins.add(url).map_err(|misfit| match misfit {
            Misfit::Scheme => refused("another scheme"),
            Misfit::Excess => refused("a user name, query or fragment"),
        })
    };
    match entries {
        None => {
            let base = base.and_then(|base| document::url(base, None));
            // A page that is no place of the web has no origin to allow.
            let origin = base.filter(|url| is_web(&**url));
            let origin = origin.and_then(|url| document::url(&url.text("origin")?, None));
            if let Some(origin) = origin {
                add(&*origin)?;
            }
        }
        Some(entries) => {
            for entry in entries {
                if entry.is_empty() {
                    return Err(refused("an empty string"));
                }
                if entry.contains('*') {
                    return Err(refused("a wildcard"));
                }
                let url = document::url(entry, None)
                    .ok_or_else(|| refused("something that can never match"))?;
                add(&*url)?;
            }
        }
    }
    Ok(origins)
}

/// Constant headers are the platform's to judge.
fn judge_headers(path: &str, headers: &[(String, String)]) -> Read<()> {
    if headers.is_empty() {
        return Ok(());
    }
    // The platform's words would quote the value.
    let refused = |_| refusal(path, "a header's name and value", "something else");
    let judge = web_sys::Headers::new().map_err(refused)?;
    let mut headers = headers.iter();
    headers.try_for_each(|(header, value)| judge.set(header, value).map_err(refused))
}

fn guard(path: &str, csrf: &Csrf) -> Read<Csrf> {
    let (member, value) = csrf.text();
    text(&[path, member].concat(), Some(value))?;
    header_name(&[path, ".header"].concat(), csrf.header())?;
    Ok(csrf.clone())
}

fn header(path: &str, name: &str, prefix: &str) -> Read<Header> {
    header_name(&[path, ".name"].concat(), name)?;
    if !prefix.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let path = [path, ".prefix"].concat();
        return Err(refusal(&path, "visible ASCII", "another string"));
    }
    Ok(Header {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
    })
}

/// A token of RFC 9110 (section 5.6.2), as methods are as well.
fn header_name(path: &str, name: &str) -> Read<()> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match !name.is_empty() && name.bytes().all(good) {
        true => Ok(()),
        false => Err(refusal(path, "a header name", kind(Some(name)))),
    }
}

fn text(path: &str, own: Option<&str>) -> Read<Option<String>> {
    match own {
        Some("") => Err(refusal(path, TEXT, kind(own))),
        own => Ok(own.map(str::to_owned)),
    }
}

/// The name of a text that was found in the place of something else.
fn kind(text: Option<&str>) -> &'static str {
    match text {
        None => "nothing",
        Some("") => "an empty string",
        Some(_) => "another string",
    }
}

fn url(path: &str, own: Option<&str>, base: Option<&str>) -> Read<String> {
    let refused = |found| refusal(path, HTTP, found);
    let text = own.filter(|own| !own.is_empty());
    let text = text.ok_or_else(|| refused(kind(own)))?;
    let found = document::url(text, base).ok_or_else(|| {
        refused(match base {
            Some(_) => kind(own),
            None => "a relative one, and neither a baseUrl nor a page",
        })
    })?;
    if !is_web(&*found) {
        return Err(refused("another scheme"));
    }
    let has = |member| found.text(member).is_some_and(|text| !text.is_empty());
    if has("username") || has("password") {
        return Err(refused("one with user name or password"));
    }
    found.text("href").ok_or_else(|| refused(kind(own)))
}

fn is_web(url: &dyn Document) -> bool {
    let protocol = url.text("protocol");
    matches!(protocol.as_deref(), Some("http:" | "https:"))
}

fn positive(path: &str, own: Option<Duration>, expected: &str) -> Read<Option<Millis>> {
    match own {
        Some(Duration::ZERO) => Err(refusal(path, expected, "another number")),
        own => Ok(own.map(millis)),
    }
}

//! The policy, out of the object that the JavaScript half makes of a
//! configuration and of what it finds the platform to have
//! (`src/web/config.js`, `src/web/host.js`).

use crate::core::answer::Paths;
use crate::core::policy::{
    Access, Activity, BodyKind, Carrier, Credentials, Endpoint, Keep, Limits, Locks, Policy,
    Proactive, TIMEOUT,
};
use crate::core::{Document, Millis};

/// Reads a policy. Spans are in milliseconds; a flag is the number 1; what is
/// not given, or is no such thing, is as [`Policy::default`] has it.
pub(super) fn read(given: &dyn Document) -> Policy {
    let text = |name: &str| given.text(name);
    let word = |name: &str| given.text(name).unwrap_or_default();
    let span = |name: &str| given.number(name).and_then(Millis::from_ms);
    let flag = |name: &str| given.number(name) == Some(1.0);
    let limits = Limits::default();
    Policy {
        access: match &*word("access") {
            "cookie" => Access::Cookie {
                lifetime: span("lifetime"),
            },
            own => Access::Header { own: own == "own" },
        },
        carrier: match &*word("carrier") {
            "cookie" => Carrier::Cookie,
            "body" => Carrier::Body,
            "header" => Carrier::Header,
            _ => Carrier::Auto,
        },
        proactive: match &*word("proactive") {
            "always" => Proactive::Always,
            "never" => Proactive::Never,
            _ => Proactive::WhileVisible,
        },
        paths: Paths {
            access: text("response.accessToken"),
            refresh: text("response.refreshToken"),
            expires_in: text("response.expiresIn"),
            expires_in_is_ms: word("response.expiresInUnit") == "ms",
            expires_at: text("response.expiresAt"),
            session_in: text("response.sessionExpiresIn"),
            session_at: text("response.sessionExpiresAt"),
            prefix: word("prefix"),
        },
        login: endpoint(given, "login"),
        refresh: endpoint(given, "refresh"),
        logout: endpoint(given, "logout"),
        ahead: span("ahead"),
        timeout: span("timeout").unwrap_or(TIMEOUT),
        limits: Limits {
            lifetime: span("session.max").unwrap_or(limits.lifetime),
            idle: span("session.idle").unwrap_or(limits.idle),
            warning: span("session.warn").unwrap_or(limits.warning),
            activity: match &*word("session.activity") {
                "until-warned" => Activity::UntilWarned,
                "manual" => Activity::Manual,
                _ => Activity::Page,
            },
        },
        storage: keep(&word("storage")).unwrap_or(Keep::Memory),
        remember: keep(&word("remember")),
        mark: flag("mark"),
        channel: flag("channel"),
        locks: match &*word("locks") {
            "web" => Locks::Web,
            "lease" => Locks::Lease,
            _ => Locks::None,
        },
        inert: flag("inert"),
        hint: flag("hint"),
    }
}

fn keep(word: &str) -> Option<Keep> {
    Some(match word {
        "tab" => Keep::Tab,
        "shared" => Keep::Shared,
        "custom" => Keep::Custom,
        "memory" => Keep::Memory,
        _ => return None,
    })
}

/// An endpoint, if there is one: whether it is, is the flag `there`.
fn endpoint(given: &dyn Document, name: &str) -> Option<Endpoint> {
    let inside = |member: &str| [name, member].concat();
    let flag = |member: &str| given.number(&inside(member)).map(|flag| flag == 1.0);
    let word = |member: &str| given.text(&inside(member)).unwrap_or_default();
    flag(".there")?;
    Some(Endpoint {
        bodyless: flag(".bodyless") == Some(true),
        has_fields: flag(".fields") == Some(true),
        body: match &*word(".body") {
            "none" => Some(BodyKind::None),
            "json" => Some(BodyKind::Json),
            "form" => Some(BodyKind::Form),
            _ => None,
        },
        authenticate: flag(".authenticate"),
        credentials: match &*word(".credentials") {
            "include" => Some(Credentials::Include),
            "same-origin" => Some(Credentials::SameOrigin),
            "omit" => Some(Credentials::Omit),
            _ => None,
        },
    })
}

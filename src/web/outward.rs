//! What goes out to JavaScript, as JSON: parsing it there is the platform's
//! work, and costs no module a serialiser.

use crate::core::call::Target;
use crate::core::json::Writer;
use crate::core::origins::Origins;
use crate::core::policy::{Access, BodyKind, Policy};
use crate::core::secret::Secret;
use crate::core::view::{Inspection, Snapshot, Status};
use crate::core::{Call, Error, Event, Fault, SignedOutBy};

/// `claims` is the token's payload, which is JSON already.
pub fn snapshot(snapshot: &Snapshot, claims: Option<&str>, policy: &Policy) -> String {
    let mut out = Writer::object();
    out.text(
        "status",
        Some(match snapshot.status {
            Status::Unknown => "unknown",
            Status::SignedOut => "signed-out",
            Status::SignedIn => "signed-in",
        }),
    );
    out.flag("refreshing", snapshot.refreshing);
    out.flag("stale", snapshot.stale);
    out.number("expiresAt", snapshot.expires.as_ms());
    out.source("claims", claims);
    write_error(&mut out, "error", snapshot.error, policy);
    out.end()
}

pub fn inspection(inspection: &Inspection, policy: &Policy) -> String {
    let mut out = Writer::object();
    out.number("refreshes", inspection.refreshes.into());
    out.number("refreshFailures", inspection.refresh_failures.into());
    out.number("nextRefreshAt", inspection.next_refresh.as_ms());
    out.number("clockSkewMs", inspection.clock_skew_ms);
    write_error(&mut out, "lastError", inspection.last_error, policy);
    out.end()
}

pub fn event(event: Event, policy: &Policy) -> String {
    let mut out = Writer::object();
    let (kind, reason, error) = match event {
        Event::SignedIn => ("signed-in", None, None),
        Event::Refreshed => ("refreshed", None, None),
        Event::RefreshFailed(error) => ("refresh-failed", None, Some(error)),
        Event::SignedOut(by) => {
            let reason = match by {
                SignedOutBy::Logout => "logout",
                SignedOutBy::RefreshRejected => "refresh-rejected",
                SignedOutBy::OtherTab => "other-tab",
            };
            ("signed-out", Some(reason), None)
        }
        Event::UserChanged => ("user-changed", None, None),
        Event::Warning(error) => ("warning", None, Some(error)),
    };
    out.text("type", Some(kind));
    out.text("reason", reason);
    write_error(&mut out, "error", error, policy);
    out.end()
}

fn write_error(out: &mut Writer, name: &str, error: Option<Error>, policy: &Policy) {
    out.source(
        name,
        error.map(|error| self::error(error, policy)).as_deref(),
    );
}

#[inline(never)]
pub fn error(error: Error, policy: &Policy) -> String {
    let mut out = fault(error.fault, &error, policy);
    if let Some(wait) = error.retry_after {
        out.number("retryAfterMs", wait.whole().as_ms());
    }
    if let Some(cause) = error.cause {
        out.source("cause", Some(&fault(cause, &error, policy).end()));
    }
    out.end()
}

fn fault(fault: Fault, error: &Error, policy: &Policy) -> Writer {
    let mut out = Writer::object();
    let mut message = String::from(fault.message());
    if fault == Fault::NothingFound {
        message.push_str(&policy.paths.searched());
    }
    out.text("code", Some(fault.kind().code()));
    out.text("message", Some(&message));
    out.flag("retryable", fault.retryable());
    if let Some(status) = error.status {
        out.number("status", status.into());
    }
    if let Some(call) = error.call {
        out.number("call", call.into());
    }
    out
}

pub fn call(call: &Call, policy: &Policy) -> String {
    let (target, endpoint) = match call.target {
        Target::Login => ("login", &policy.login),
        Target::Refresh => ("refresh", &policy.refresh),
        Target::Logout => ("logout", &policy.logout),
    };
    let mut out = Writer::object();
    out.number("number", call.number.into());
    out.text("target", Some(target));
    if let Some(endpoint) = endpoint {
        out.text("url", Some(&endpoint.url));
        out.text("method", Some(&endpoint.method));
        out.text("flag", endpoint.flag);
        if let Some(csrf) = &endpoint.csrf {
            out.list("csrf", &[&csrf.cookie, &csrf.header]);
        }
    }
    out.text(
        "body",
        Some(match call.body {
            BodyKind::Json => "json",
            BodyKind::Form => "form",
            BodyKind::None => "none",
        }),
    );
    out.text("credentials", Some(call.credentials));
    let mut headers = Vec::<&str>::new();
    for (name, value) in &call.headers {
        headers.push(name);
        headers.push(value);
    }
    out.list("headers", &headers);
    if let Some((name, token)) = &call.field {
        out.list("field", &[name, token.expose()]);
    }
    out.flag("grantType", call.grant_type);
    out.flag("follow", call.follow_redirects);
    if let Some((access, refresh)) = &call.tokens {
        out.text("accessToken", access.as_ref().map(Secret::expose));
        out.text("refreshToken", refresh.as_ref().map(Secret::expose));
    }
    out.end()
}

/// `header` is missing where the token travels in a cookie; `origins` are
/// those that are allowed as a whole.
pub fn request_path(policy: &Policy, base: Option<&str>, origins: &Origins) -> String {
    let mut out = Writer::object();
    if let Access::Header { name, prefix } = &policy.access {
        out.text("header", Some(name));
        out.text("prefix", Some(prefix));
    }
    out.text("base", base);
    out.list("origins", &origins.whole().collect::<Vec<_>>());
    out.end()
}

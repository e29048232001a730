//! What goes out to JavaScript, as JSON: parsing it there is the platform's
//! work, and costs no module a serialiser.

use crate::core::call::Target;
use crate::core::json::Writer;
use crate::core::policy::{Access, BodyKind, Policy};
use crate::core::secret::Secret;
use crate::core::view::{Inspection, Snapshot, Status};
use crate::core::{Call, Error};

/// `claims` is the token's payload, which is JSON already.
pub fn snapshot(snapshot: &Snapshot, claims: Option<&str>) -> String {
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
    out.source("error", snapshot.error.as_ref().map(error).as_deref());
    out.end()
}

pub fn inspection(inspection: &Inspection) -> String {
    let mut out = Writer::object();
    out.number("refreshes", inspection.refreshes.into());
    out.number("refreshFailures", inspection.refresh_failures.into());
    out.number("nextRefreshAt", inspection.next_refresh.as_ms());
    out.number("clockSkewMs", inspection.clock_skew_ms);
    out.source(
        "lastError",
        inspection.last_error.as_ref().map(error).as_deref(),
    );
    out.end()
}

#[inline(never)]
pub fn error(error: &Error) -> String {
    let mut out = Writer::object();
    out.text("code", Some(error.kind.code()));
    out.text("message", Some(&error.message));
    out.flag("retryable", error.retryable);
    if let Some(status) = error.status {
        out.number("status", status.into());
    }
    if let Some(wait) = error.retry_after {
        out.number("retryAfterMs", wait.whole().as_ms());
    }
    if let Some(call) = error.origin {
        out.number("call", call.into());
    }
    out.source("cause", error.cause.as_ref().map(self::error).as_deref());
    out.end()
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
            out.list(
                "csrf",
                &mut [csrf.cookie.as_str(), &csrf.header].into_iter(),
            );
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
    let headers = call.headers.iter();
    out.list(
        "headers",
        &mut headers.flat_map(|(name, value)| [name.as_str(), value]),
    );
    if let Some((name, token)) = &call.field {
        out.list("field", &mut [name.as_str(), token.expose()].into_iter());
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
pub fn request_path(
    policy: &Policy,
    base: Option<&str>,
    origins: &mut dyn Iterator<Item = &str>,
) -> String {
    let mut out = Writer::object();
    if let Access::Header { name, prefix } = &policy.access {
        out.text("header", Some(name));
        out.text("prefix", Some(prefix));
    }
    out.text("base", base);
    out.list("origins", origins);
    out.end()
}

//! Policies and calls as numbers, which is how they cross the boundary:
//! `src/web/config.js` packs the ones, `src/web/call.js` reads the others.

use crate::core::answer::Paths;
use crate::core::call::Place;
use crate::core::policy::{
    Access, BodyKind, Carrier, Credentials, Endpoint, Policy, Proactive, TIMEOUT,
};
use crate::core::{Call, Document, Millis};

/// A policy from its number: from the lowest bit that the access token travels
/// in a cookie, that its header is another than Authorization, then two bits
/// each for how the refresh token travels and for when to refresh by timer,
/// and that lifetimes come in milliseconds. The endpoints are those of login,
/// refresh and logout; the spans, in milliseconds and NaN where none is given,
/// `refreshAheadSeconds`, `timeoutMs` and `lifetimeSeconds`.
pub(super) fn policy(
    bits: u32,
    [login, refresh, logout]: [u32; 3],
    [ahead, timeout, lifetime]: [f64; 3],
    response: &dyn Document,
) -> Policy {
    let path = |name: &str| response.text(name);
    Policy {
        access: if bits & 1 == 0 {
            Access::Header { own: bits & 2 != 0 }
        } else {
            Access::Cookie {
                lifetime: Millis::from_ms(lifetime),
            }
        },
        carrier: match bits >> 2 & 3 {
            0 => Carrier::Auto,
            1 => Carrier::Cookie,
            2 => Carrier::Body,
            _ => Carrier::Header,
        },
        proactive: match bits >> 4 & 3 {
            0 => Proactive::WhileVisible,
            1 => Proactive::Always,
            _ => Proactive::Never,
        },
        paths: Paths {
            access: path("accessToken"),
            refresh: path("refreshToken"),
            expires_in: path("expiresIn"),
            expires_in_is_ms: bits & 64 != 0,
            expires_at: path("expiresAt"),
        },
        login: endpoint(login),
        refresh: endpoint(refresh),
        logout: endpoint(logout),
        ahead: Millis::from_ms(ahead),
        timeout: Millis::from_ms(timeout).unwrap_or(TIMEOUT),
    }
}

/// A call as a number: the endpoint in two bits, the body in two, the
/// credentials mode in two, then a bit each for the access token, for the
/// refresh token in a header and in a field, for the grant type and for
/// following redirects.
pub(super) fn how(call: &Call) -> u32 {
    let flags = [
        call.access,
        call.refresh == Some(Place::Header),
        call.refresh == Some(Place::Field),
        call.grant_type,
        call.follow_redirects,
    ];
    let bits = flags
        .iter()
        .rev()
        .fold(0, |bits, flag| bits << 1 | u32::from(*flag));
    call.target as u32 | (call.body as u32) << 2 | (call.credentials as u32) << 4 | bits << 6
}

/// An endpoint from its number; 0 is none. From the lowest bit: that there is
/// one, that its method allows no body, constant fields, then two bits each
/// for the body, `authenticate` and the credentials mode, of which 0 is not
/// said.
fn endpoint(bits: u32) -> Option<Endpoint> {
    if bits == 0 {
        return None;
    }
    Some(Endpoint {
        bodyless: bits & 2 != 0,
        has_fields: bits & 4 != 0,
        body: match bits >> 3 & 3 {
            1 => Some(BodyKind::None),
            2 => Some(BodyKind::Json),
            3 => Some(BodyKind::Form),
            _ => None,
        },
        authenticate: match bits >> 5 & 3 {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        },
        credentials: match bits >> 7 & 3 {
            1 => Some(Credentials::Include),
            2 => Some(Credentials::SameOrigin),
            3 => Some(Credentials::Omit),
            _ => None,
        },
    })
}

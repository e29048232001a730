//! What a call to an endpoint carries (rule 12).

use std::rc::Rc;

use super::ids::{CallId, RequestId};
use super::policy::{BodyKind, Carrier, Credentials, Endpoint, Policy};
use super::record::Session;
use super::time::Now;

/// Which endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Login,
    Refresh,
    Logout,
}

/// Where the refresh token stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Header,
    /// A field of the body.
    Field,
}

/// A call, put together: the shell adds the URL, the names and what is
/// constant, and sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub target: Target,
    /// Which `login` it carries out.
    pub request: Option<RequestId>,
    pub body: BodyKind,
    pub credentials: Credentials,
    /// Whether the access token stands in its header. Where the refresh token
    /// wants the same one, the access token takes it.
    pub access: bool,
    pub refresh: Option<Place>,
    /// Whether the body says `grant_type=refresh_token` (RFC 6749 section 6).
    pub grant_type: bool,
    /// Whether the call outlives its page: a page that is left signs out all
    /// the same, and stores the cookie of a refresh that was sent.
    pub keepalive: bool,
    /// Whose tokens they are; a refresh function gets both.
    pub session: Option<Rc<Session>>,
}

impl Call {
    /// Puts a call together. `session` is the one that it is made for, which
    /// a sign-in has none of.
    pub fn new(
        id: CallId,
        target: Target,
        policy: &Policy,
        session: Option<Rc<Session>>,
        now: Now,
    ) -> Self {
        let endpoint = match target {
            Target::Login => policy.login,
            Target::Refresh => policy.refresh,
            Target::Logout => policy.logout,
        };
        let Endpoint {
            bodyless,
            body,
            authenticate,
            credentials,
            has_fields,
        } = endpoint.unwrap_or_default();
        let held = session.as_deref();
        let place = match policy.carrier {
            Carrier::Header => Some(Place::Header),
            Carrier::Body | Carrier::Auto if !bodyless && body != Some(BodyKind::None) => {
                Some(Place::Field)
            }
            _ => None,
        };
        let refresh = place.filter(|_| held.is_some_and(|held| held.refresh.is_some()));
        let valid = held.is_some_and(|held| !held.lifetime.is_over(now));
        let wanted = match authenticate {
            None => target == Target::Logout && valid,
            Some(true) => target != Target::Logout || valid,
            Some(false) => false,
        };
        let access =
            wanted && !policy.cookie_access() && held.is_some_and(|held| held.access.is_some());
        let something = has_fields || refresh == Some(Place::Field) || target == Target::Login;
        let body = match body {
            Some(body) if !bodyless => body,
            None if !bodyless && something => BodyKind::Json,
            _ => BodyKind::None,
        };
        Self {
            id,
            target,
            request: None,
            body,
            credentials: match credentials {
                Some(own) => own,
                None if policy.cookie_access() || !policy.needs_refresh_token() => {
                    Credentials::Include
                }
                None => Credentials::SameOrigin,
            },
            access,
            refresh,
            grant_type: body == BodyKind::Form && target == Target::Refresh,
            keepalive: target == Target::Logout
                || (target == Target::Refresh && policy.cookie_refresh()),
            session,
        }
    }
}

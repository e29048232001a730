//! What a call to an endpoint carries (rule 12).

use super::policy::{Access, BodyKind, Carrier, Endpoint, Policy};
use super::record::Session;
use super::secret::Secret;
use super::time::Instant;

/// Which endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Login,
    Refresh,
    Logout,
}

/// One call, ready to be made. Constant headers and fields are the shell's to
/// add.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Answers bear this number.
    pub number: u32,
    pub target: Target,
    pub body: BodyKind,
    pub credentials: &'static str,
    /// Headers with a token in them: name and whole value. Of two with one
    /// name the later counts.
    pub headers: Vec<(String, String)>,
    /// The refresh token's field in the body.
    pub field: Option<(String, Secret)>,
    /// Whether a form says that it is a refresh (RFC 6749 section 6).
    pub grant_type: bool,
    /// A redirect would carry a token to wherever it points.
    pub follow_redirects: bool,
    /// For a refresh function: the tokens that it may use.
    pub tokens: Option<(Option<Secret>, Option<Secret>)>,
}

impl Call {
    /// Puts a call together. `session` is the one that is refreshed or ended;
    /// a sign-in has none.
    pub fn new(
        number: u32,
        target: Target,
        policy: &Policy,
        session: Option<&Session>,
        now: Instant,
    ) -> Self {
        let endpoint = match target {
            Target::Login => policy.login.as_ref(),
            Target::Refresh => policy.refresh.as_ref(),
            Target::Logout => policy.logout.as_ref(),
        };
        let access = session.and_then(|session| session.access.clone());
        let refresh = session.and_then(|session| session.refresh.clone());
        let mut call = Self {
            number,
            target,
            body: BodyKind::None,
            credentials: credentials(endpoint, policy),
            headers: Vec::new(),
            field: None,
            grant_type: false,
            follow_redirects: true,
            tokens: None,
        };
        let Some(endpoint) = endpoint else {
            call.tokens = Some((access, refresh));
            return call;
        };
        let bodyless = endpoint.method == "GET" || endpoint.method == "HEAD";
        let form = endpoint.body == Some(BodyKind::Form);
        if let Some(token) = refresh.filter(|_| target != Target::Login) {
            match &policy.carrier {
                Carrier::Header { name, prefix } => {
                    call.headers.push((name.clone(), value(prefix, &token)));
                    call.follow_redirects = false;
                }
                Carrier::Body { .. } | Carrier::Auto if !bodyless => {
                    let own = match &policy.carrier {
                        Carrier::Body { field } => field.as_deref(),
                        _ => None,
                    };
                    let name = endpoint.token_field.as_deref().or(own);
                    let name = name.unwrap_or(if form {
                        "refresh_token"
                    } else {
                        "refreshToken"
                    });
                    call.field = Some((name.to_owned(), token));
                    call.follow_redirects = false;
                }
                _ => {}
            }
        }
        let valid = session.is_some_and(|session| !session.lifetime.is_over(now));
        let wanted = match endpoint.authenticate {
            None => target == Target::Logout && valid,
            Some(true) => target != Target::Logout || valid,
            Some(false) => false,
        };
        if let (true, Some(token), Access::Header { name, prefix }) =
            (wanted, access, &policy.access)
        {
            // One header can carry one token: the later takes it.
            call.headers.push((name.clone(), value(prefix, &token)));
            if !name.eq_ignore_ascii_case("authorization") {
                call.follow_redirects = false;
            }
        }
        let something = endpoint.has_fields || call.field.is_some() || target == Target::Login;
        call.body = match endpoint.body {
            _ if bodyless => BodyKind::None,
            Some(BodyKind::None) => BodyKind::None,
            Some(BodyKind::Form) => BodyKind::Form,
            Some(BodyKind::Json) => BodyKind::Json,
            None if something => BodyKind::Json,
            None => BodyKind::None,
        };
        if call.body == BodyKind::None {
            call.field = None;
        }
        call.grant_type = call.body == BodyKind::Form && target == Target::Refresh;
        call
    }
}

fn value(prefix: &str, token: &Secret) -> String {
    let mut value = String::from(prefix);
    value.push_str(token.expose());
    value
}

/// `include` where a cookie carries a token or nothing says what does. It is
/// no default for the others: a server that does not allow credentials still
/// carries out such a call, and the browser withholds the answer, with the
/// rotated token in it.
fn credentials(endpoint: Option<&Endpoint>, policy: &Policy) -> &'static str {
    match endpoint.and_then(|endpoint| endpoint.credentials) {
        Some(own) => own,
        None if policy.cookie_access() || !policy.needs_refresh_token() => "include",
        None => "same-origin",
    }
}

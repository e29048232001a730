//! What a JSON Web Token says of itself (RFC 7519), without checking its
//! signature: that is the resource server's business.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::document::{Document, Parse, Platform};
use super::text::cut;
use super::time::Instant;

/// base64url as servers write it: some pad, some leave bits in the last
/// character, and both name the same bytes.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims that decide something here; all others are the application's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// `exp`, on the server's clock (section 4.1.4).
    pub expires: Option<Instant>,
    /// `iat`, on the server's clock (section 4.1.6).
    pub issued: Option<Instant>,
    /// Who it is: `sub`, else `id`, else `user_id` (rule 8).
    pub user: Option<User>,
}

/// A user, as a token names one.
#[derive(Clone, Debug, PartialEq)]
pub enum User {
    Name(String),
    Number(f64),
}

impl Claims {
    /// Reads them from a token; an opaque token has none.
    pub fn of(token: &str, platform: Platform) -> Self {
        let Some(claims) = (platform.claims)(token) else {
            return Self::default();
        };
        let date = |name| claims.number(name).and_then(Instant::from_seconds);
        let user = |name| match claims.text(name) {
            Some(text) => Some(User::Name(text)),
            None => claims.number(name).map(User::Number),
        };
        Self {
            expires: date("exp"),
            issued: date("iat"),
            user: user("sub")
                .or_else(|| user("id"))
                .or_else(|| user("user_id")),
        }
    }
}

/// Decodes a token; gives header and claims as texts, of which nothing is
/// known but that they are UTF-8.
pub fn decode(token: &str) -> Option<(String, String)> {
    let (header, payload) = parts(token)?;
    Some((text(header)?, text(payload)?))
}

/// Takes the claims of a token apart, which have to be an object of JSON.
pub fn claims(token: &str, json: Parse) -> Option<Box<dyn Document>> {
    let payload = text(parts(token)?.1)?;
    let object = payload.trim_ascii_start().starts_with('{');
    object.then(|| json(&payload)).flatten()
}

/// Header and payload of the three parts, the last of which an unsigned token
/// leaves empty.
fn parts(token: &str) -> Option<(&str, &str)> {
    let (header, rest) = cut(token, b'.')?;
    let (payload, signature) = cut(rest, b'.')?;
    cut(signature, b'.').is_none().then_some((header, payload))
}

fn text(part: &str) -> Option<String> {
    // The other alphabet comes from servers that forget the "url" in
    // base64url.
    let url_safe = part.bytes().map(|byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => byte,
    });
    let bytes = BASE64URL.decode(url_safe.collect::<Vec<u8>>()).ok()?;
    String::from_utf8(bytes).ok()
}

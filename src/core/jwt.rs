//! What a JSON Web Token says of itself (RFC 7519), without checking its
//! signature: that is the resource server's business.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json::Json;
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
    pub user: Option<String>,
}

impl Claims {
    /// Reads them from a token; an opaque token has none.
    pub fn of(token: &str) -> Self {
        let payload = payload(token);
        let Some(claims) = payload.as_deref().and_then(Json::parse) else {
            return Self::default();
        };
        let date = |name| claims.get(name)?.number().and_then(Instant::from_seconds);
        Self {
            expires: date("exp"),
            issued: date("iat"),
            user: ["sub", "id", "user_id"].into_iter().find_map(|name| {
                let value = claims.get(name)?;
                match value.text() {
                    Some(text) => Some(text.into_owned()),
                    None => value.number().map(|_| value.source().to_owned()),
                }
            }),
        }
    }
}

/// Gives the payload's JSON, an object; `None` for any other string.
pub fn payload(token: &str) -> Option<String> {
    part(token, 1)
}

/// Gives the header's JSON, an object; `None` for any other string.
pub fn header(token: &str) -> Option<String> {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Option<String> {
    // Three parts, the last of which an unsigned token leaves empty.
    let (header, rest) = cut(token, b'.')?;
    let (payload, signature) = cut(rest, b'.')?;
    if signature.as_bytes().contains(&b'.') {
        return None;
    }
    let wanted = if index == 0 { header } else { payload };
    // The other alphabet comes from servers that forget the "url" in
    // base64url.
    let wanted = wanted.bytes().map(|byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => byte,
    });
    let bytes = BASE64URL.decode(wanted.collect::<Vec<u8>>()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Json::parse(&text)?.is_object().then_some(text)
}

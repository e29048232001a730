//! The two kinds of token: access tokens are JWTs (HS256), refresh tokens are
//! random strings of which the server keeps only the SHA-256.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signature::{Signer, Verifier};

/// The payload of an access token: Strapi's `id`, `iat` and `exp`, and the
/// registered claims `sub` and `jti`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user, as a number.
    pub id: i64,
    /// The user, as RFC 7519 section 4.1.2 wants it.
    pub sub: String,
    /// Issued at, a NumericDate in whole seconds.
    pub iat: i64,
    /// Expires at, a NumericDate in whole seconds.
    pub exp: i64,
    /// Tells two tokens of one second apart.
    pub jti: String,
}

/// An access token ready to be sent. Redacts itself in `Debug`.
#[derive(Clone)]
pub struct AccessToken(String);

impl AccessToken {
    /// Gives the compact serialization (RFC 7515 section 3.1).
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// A refresh token: 256 random bits, base64url. Redacts itself in `Debug`.
#[derive(Clone)]
pub struct RefreshToken(String);

impl RefreshToken {
    /// Draws a new one from the system's random source.
    pub fn draw() -> Result<Self, getrandom::Error> {
        random::<32>().map(Self)
    }

    /// Takes what a client presented, whatever it is.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Gives the value of the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Gives what is stored: a plain SHA-256, because 256 random bits need no
    /// salt and no slow hash.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(redacted)")
    }
}

/// The stored form of a refresh token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// Draws a `jti`.
pub fn draw_jti() -> Result<String, getrandom::Error> {
    random::<16>()
}

fn random<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Signs and checks access tokens with one secret.
pub struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// Makes the pair out of the secret that the database keeps.
    pub fn new(secret: &[u8]) -> Self {
        // A second server in the same process finds the provider installed.
        let _ = HS256_ONLY.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // The store decides when a token ends: it knows the lifetime in
        // milliseconds and what the panel has expired.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// Signs. The same claims give the same bytes.
    pub fn sign(&self, claims: &Claims) -> JwtResult<AccessToken> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map(AccessToken)
    }

    /// Gives the claims if the signature is right, expired or not.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .ok()
            .map(|data| data.claims)
    }
}

/// jsonwebtoken's ready-made providers bring RSA and the elliptic curves, or a
/// C library. One algorithm needs neither.
static HS256_ONLY: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(algorithm, key.as_bytes())?) as Box<dyn JwtSigner>)
    },
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(algorithm, key.try_get_as_bytes()?)?) as Box<dyn JwtVerifier>)
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: &Algorithm, secret: &[u8]) -> JwtResult<Self> {
        if *algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mac = self.0.clone().chain_update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515 appendix A.1, whose key and signature are
    /// known: the provider above is HS256 and nothing else.
    #[test]
    fn signs_the_example_of_rfc_7515() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .expect("base64url");
        let signing_input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let mac = Hs256::new(&Algorithm::HS256, &key).expect("an HS256 key");
        let signature = mac.try_sign(signing_input.as_bytes()).expect("a signature");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(&signature),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let mut broken = signature;
        broken[0] ^= 1;
        assert!(mac.verify(signing_input.as_bytes(), &broken).is_err());
        assert!(Hs256::new(&Algorithm::HS512, &key).is_err());
    }

    #[test]
    fn a_token_of_another_secret_or_algorithm_is_refused() {
        let claims = Claims {
            id: 1,
            sub: "1".into(),
            iat: 1,
            exp: 2,
            jti: "x".into(),
        };
        let (ours, theirs) = (Keys::new(b"ours"), Keys::new(b"theirs"));
        let token = ours.sign(&claims).expect("a token");
        assert_eq!(ours.verify(token.reveal()), Some(claims));
        assert_eq!(theirs.verify(token.reveal()), None);
        // {"alg":"none"}.{"id":1,...}. (RFC 8725 section 3.1)
        let payload = token.reveal().split('.').nth(1).expect("a payload");
        assert_eq!(
            ours.verify(&format!("eyJhbGciOiJub25lIn0.{payload}.")),
            None
        );
    }

    #[test]
    fn debug_output_has_no_token() {
        let refresh = RefreshToken::draw().expect("random");
        assert!(!format!("{refresh:?}").contains(refresh.reveal()));
    }
}

//! Tokens that cannot be printed by mistake.

use core::fmt;

/// A token. `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text of a token; the empty string is no token.
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// Takes an access token: visible ASCII, as it has to stand in a header
    /// (RFC 6750 section 2.1 allows less, servers send more).
    pub fn bearer(text: String) -> Option<Self> {
        Self::new(text).filter(|token| token.0.bytes().all(|b| b.is_ascii_graphic()))
    }

    /// Gives the text, for the one place that puts it on the wire or into
    /// the store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

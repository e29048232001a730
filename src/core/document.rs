//! The documents that the core reads, such as an endpoint's answer or the
//! stored record. Taking a text apart is the platform's work: in a browser
//! `JSON.parse` is there already, and agrees with itself.

use super::time::Instant;

/// A document that the platform has taken apart. A place in it is a dotted
/// path, in which the elements of an array go by their index; the empty path
/// is the document itself.
pub trait Document {
    /// The text of a string.
    fn text(&self, path: &str) -> Option<String>;
    /// A number, which is never NaN.
    fn number(&self, path: &str) -> Option<f64>;
}

impl core::fmt::Debug for dyn Document + '_ {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Document")
    }
}

/// Takes a text apart; `None` for one that is no such thing.
pub type Parse = fn(&str) -> Option<Box<dyn Document>>;

/// What the platform takes apart for the core.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// JSON (RFC 8259).
    pub json: Parse,
    /// A JSON Web Token, for its claims ([`super::jwt::claims`] where the
    /// platform has no decoder of its own).
    pub claims: Parse,
    /// A date as HTTP (RFC 9110 section 5.6.7) or JSON (ISO 8601) writes it
    /// ([`super::date::read`] where the platform has no reader of its own).
    pub date: fn(&str) -> Option<Instant>,
}

/// What takes the members of a document that leaves the core.
pub trait Members {
    fn text(&mut self, name: &str, value: &str);
    /// Leaves out what is not finite.
    fn number(&mut self, name: &str, value: f64);
}

//! The documents that the core reads, such as an endpoint's answer or the
//! stored record. Taking JSON apart is the platform's work: in a browser
//! `JSON.parse` is there already, and agrees with itself.

/// What there is at a place of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nothing,
    Null,
    Object,
    Array,
    Function,
    EmptyText,
    Text,
    False,
    True,
    Number,
}

impl Kind {
    /// Its name, for who is told that something else was expected.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Null => "null",
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Function => "a function",
            Self::EmptyText => "an empty string",
            Self::Text => "another string",
            Self::False | Self::True => "a boolean",
            Self::Number => "another number",
        }
    }
}

/// A document that the platform has taken apart. A place in it is a dotted
/// path, in which the elements of an array go by their index; the empty path
/// is the document itself.
pub trait Document {
    fn kind(&self, path: &str) -> Kind;
    /// The text of a string.
    fn text(&self, path: &str) -> Option<String>;
    /// A number, which is never NaN.
    fn number(&self, path: &str) -> Option<f64>;
}

/// Takes a text of JSON apart; `None` for any other text.
pub type Parse = fn(&str) -> Option<Box<dyn Document>>;

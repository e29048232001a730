//! The application's options, one by one. Every refusal names the option,
//! what was found and what is expected, and shows no value but a preset's
//! name: one of them may be a secret.

use std::cell::RefCell;

use super::config::ParseUrl;
use super::document::{Document, Kind};
use super::json::digits;
use super::presets::Preset;
use super::time::Millis;

const TEXT: &str = "a non-empty string";
const HEADER: &str = "a header name";
const HTTP: &str = "an http: or https: URL, absolute or relative to baseUrl";

/// What the application gave, over the preset that it starts from.
///
/// What is wrong is noted, the first of it, and reading goes on with what is
/// left out: the way back out of a dozen half-read structures is code that
/// every visitor would pay for.
pub(super) struct Options<'a> {
    pub given: &'a dyn Document,
    pub preset: &'static Preset,
    pub parse_url: ParseUrl<'a>,
    pub wrong: RefCell<Option<String>>,
}

impl Options<'_> {
    pub fn kind(&self, path: &str) -> Kind {
        self.given.kind(path)
    }

    /// The preset's value, where the application gave none.
    pub fn default(&self, path: &str) -> Option<&'static str> {
        self.preset
            .iter()
            .find(|(name, _)| *name == path)
            .map(|(_, value)| *value)
    }

    #[inline(never)]
    pub fn refuse(&self, path: &str, expected: &str, found: &str) {
        let name = if path.is_empty() { "config" } else { path };
        self.wrong
            .borrow_mut()
            .get_or_insert_with(|| [name, ": expected ", expected, ", found ", found].concat());
    }

    #[inline(never)]
    pub fn expect(&self, path: &str, expected: &str) {
        self.refuse(path, expected, self.kind(path).name());
    }

    /// A string, which `test` has to accept.
    #[inline(never)]
    fn string(&self, path: &str, expected: &str, test: fn(&str) -> bool) -> Option<String> {
        if self.kind(path) == Kind::Nothing {
            return self.default(path).map(String::from);
        }
        let text = self.given.text(path).filter(|text| test(text));
        if text.is_none() {
            self.expect(path, expected);
        }
        text
    }

    pub fn text(&self, path: &str) -> Option<String> {
        self.string(path, TEXT, |text| !text.is_empty())
    }

    /// The name of a header (RFC 9110 section 5.6.2).
    pub fn header(&self, path: &str) -> Option<String> {
        self.string(path, HEADER, |text| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        })
    }

    /// What may stand before a token in a header.
    pub fn prefix(&self, path: &str) -> Option<String> {
        self.string(path, "visible ASCII", |text| {
            text.bytes().all(|b| (b' '..0x7f).contains(&b))
        })
    }

    /// One of some words, which `expected` lists; gives which.
    #[inline(never)]
    pub fn word(&self, path: &str, words: &[&str], expected: &str) -> Option<usize> {
        let text = self.string(path, expected, |_| true)?;
        let at = words.iter().position(|word| *word == text);
        if at.is_none() {
            self.expect(path, expected);
        }
        at
    }

    #[inline(never)]
    pub fn boolean(&self, path: &str) -> Option<bool> {
        match self.kind(path) {
            Kind::Nothing => self.default(path).map(|value| value == "true"),
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => {
                self.expect(path, "true or false");
                None
            }
        }
    }

    /// A length of time of at least `least`, given in units of `unit`
    /// milliseconds.
    #[inline(never)]
    pub fn span(&self, path: &str, unit: f64, least: f64, expected: &str) -> Option<Millis> {
        if self.kind(path) == Kind::Nothing {
            return None;
        }
        let number = self.given.number(path).filter(|number| *number >= least);
        let span = number.and_then(|number| Millis::from_ms(number * unit));
        if span.is_none() {
            self.expect(path, expected);
        }
        span
    }

    /// Whether an object is given.
    #[inline(never)]
    pub fn object(&self, path: &str, expected: &str) -> bool {
        let kind = self.kind(path);
        if !matches!(kind, Kind::Nothing | Kind::Object) {
            self.expect(path, expected);
        }
        kind == Kind::Object
    }

    /// Calls `each` with the path of each element of an array.
    #[inline(never)]
    pub fn elements(&self, path: &str, expected: &str, each: &mut dyn FnMut(&str)) {
        if self.kind(path) != Kind::Array {
            return self.expect(path, expected);
        }
        let length = self.given.number(&[path, ".length"].concat());
        for index in 0..length.unwrap_or_default() as u32 {
            let mut at = [path, "."].concat();
            digits(&mut at, index.into());
            each(&at);
        }
    }

    /// A URL of http or https that is given, or the preset's.
    #[inline(never)]
    pub fn url(&self, path: &str, base: Option<&str>) -> Option<String> {
        let given = self.given.text(path);
        let text = match self.kind(path) {
            Kind::Nothing => self.default(path),
            _ => given.as_deref(),
        };
        let url = text.filter(|text| !text.is_empty());
        let url = url.and_then(|text| (self.parse_url)(text, base));
        let has = |member: &str, wanted: &[&str]| {
            let text = url.as_ref().and_then(|url| url.text(member));
            text.is_some_and(|text| wanted.contains(&text.as_str()))
        };
        let found = if url.is_none() && text.is_some() && base.is_none() {
            "a relative one, and neither a baseUrl nor a page"
        } else if url.is_none() {
            self.kind(path).name()
        } else if !has("protocol", &["http:", "https:"]) {
            "another scheme"
        } else if !has("username", &[""]) || !has("password", &[""]) {
            "one with user name or password"
        } else {
            return url?.text("href");
        };
        self.refuse(path, HTTP, found);
        None
    }
}

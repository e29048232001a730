//! What a browser does for the core: JSON and URLs taken apart, here by the
//! crates serde_json and url.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use evertoken::internals::{Document, Platform, date, jwt};
use serde_json::{Value, json};

/// Hashes texts of this program's own making, eight bytes at a time: who
/// simulates for long does little else.
#[derive(Default)]
pub struct Words(u64);

impl Hasher for Words {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

pub type Quick = BuildHasherDefault<Words>;

/// A value, and its members where it is an object: there are few, and to look
/// at one after the other is quicker than any search.
struct Read {
    value: Value,
    members: Vec<(String, Value)>,
}

impl From<Value> for Read {
    fn from(value: Value) -> Self {
        let members = match &value {
            Value::Object(members) => members.clone().into_iter().collect(),
            _ => Vec::new(),
        };
        Self { value, members }
    }
}

struct Given(Rc<Read>);

impl Given {
    fn at(&self, path: &str) -> Option<Cow<'_, Value>> {
        if !self.0.members.is_empty() && !path.is_empty() && !path.contains('.') {
            let found = self.0.members.iter().find(|(name, _)| name == path);
            return found.map(|(_, value)| Cow::Borrowed(value));
        }
        let mut value = &self.0.value;
        for name in path.split('.').filter(|_| !path.is_empty()) {
            value = match value {
                Value::Array(values) if name == "length" => {
                    return Some(Cow::Owned(json!(values.len())));
                }
                Value::Array(values) => values.get(name.parse::<usize>().ok()?)?,
                value => value.get(name)?,
            };
        }
        Some(Cow::Borrowed(value))
    }
}

impl Document for Given {
    fn text(&self, path: &str) -> Option<String> {
        self.at(path)?.as_str().map(String::from)
    }

    fn number(&self, path: &str) -> Option<f64> {
        self.at(path)?.as_f64()
    }
}

/// Texts whose values are kept: tabs tell each other the same few records
/// again and again.
const REMEMBERED: usize = 64;

thread_local!(static READ: RefCell<HashMap<String, Rc<Read>, Quick>> = RefCell::default());

/// What `JSON.parse` gives.
pub fn parse(text: &str) -> Option<Box<dyn Document>> {
    let value = READ.with_borrow_mut(|read_before| {
        if let Some(value) = read_before.get(text) {
            return Some(Rc::clone(value));
        }
        if read_before.len() >= REMEMBERED {
            read_before.clear();
        }
        let value = Rc::new(Read::from(serde_json::from_str::<Value>(text).ok()?));
        read_before.insert(text.to_owned(), Rc::clone(&value));
        Some(value)
    })?;
    Some(Box::new(Given(value)))
}

/// What the tests have in the place of a browser's parsers.
pub const PLATFORM: Platform = Platform {
    json: parse,
    claims: |token| jwt::claims(token, parse),
    date: date::read,
};

/// What `new URL(text, base)` gives.
pub fn parse_url(text: &str, base: Option<&str>) -> Option<Box<dyn Document>> {
    let url = match base {
        Some(base) => url::Url::parse(base).ok()?.join(text),
        None => url::Url::parse(text),
    };
    let url = url.ok()?;
    let after = |mark: &str, rest: Option<&str>| match rest {
        Some(rest) if !rest.is_empty() => format!("{mark}{rest}"),
        _ => String::new(),
    };
    Some(Box::new(Given(Rc::new(Read::from(json!({
        "href": url.as_str(),
        "protocol": format!("{}:", url.scheme()),
        "origin": url.origin().ascii_serialization(),
        "pathname": url.path(),
        "username": url.username(),
        "password": url.password().unwrap_or_default(),
        "search": after("?", url.query()),
        "hash": after("#", url.fragment()),
    }))))))
}

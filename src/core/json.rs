//! A reader for the little JSON that the core looks at (RFC 8259).
//!
//! Three documents are read: a token's payload, an endpoint's answer and the
//! stored record; of each, a few members. `serde_json` would cost every
//! visitor 17 kB, most of it for numbers and error texts that nobody reads,
//! so this reader checks a text once and then finds members by walking over
//! it. It agrees with `JSON.parse` on what is valid and on which of two equal
//! names counts (the last), and allocates only for strings with escapes.

use std::borrow::Cow;

use super::text::{pieces, whole};

/// A value within a text that was found valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value; `None` when it is not.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut reader = Reader {
            rest: text.as_bytes(),
        };
        reader.space();
        let from = text.len() - reader.rest.len();
        reader.value()?;
        let to = text.len() - reader.rest.len();
        reader.space();
        if reader.rest.is_empty() {
            text.get(from..to).map(Json)
        } else {
            None
        }
    }

    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Finds the member of an object, or the element of an array whose index
    /// `name` is.
    pub fn get(self, name: &str) -> Option<Self> {
        let object = self.is_object();
        if !object && !self.0.starts_with('[') {
            return None;
        }
        let mut reader = Reader {
            rest: self.0.as_bytes().get(1..)?,
        };
        let mut found = None;
        let mut index = 0u32;
        loop {
            reader.space();
            if matches!(reader.rest.first(), None | Some(b'}' | b']')) {
                return found;
            }
            let hit = if object {
                let key = self.taken(&mut reader)?;
                reader.space();
                reader.byte(b':')?;
                key.text()? == name
            } else {
                whole(name) == Some(index)
            };
            reader.space();
            let value = self.taken(&mut reader)?;
            if hit {
                found = Some(value);
            }
            index = index.saturating_add(1);
            reader.space();
            if reader.rest.first() == Some(&b',') {
                reader.rest = reader.rest.get(1..)?;
            }
        }
    }

    /// Walks over the elements of an array.
    pub fn elements(self) -> Option<impl Iterator<Item = Self>> {
        let mut reader = Reader {
            rest: self.0.strip_prefix('[')?.as_bytes(),
        };
        Some(core::iter::from_fn(move || {
            reader.skip(|b| matches!(b, b',' | b' ' | b'\t' | b'\n' | b'\r'));
            if reader.rest.first() == Some(&b']') {
                None
            } else {
                self.taken(&mut reader)
            }
        }))
    }

    /// Follows a dotted path; a name that is missing on the way ends it.
    pub fn path(self, path: &str) -> Option<Self> {
        pieces(path, b'.').try_fold(self, |value, name| value.get(name))
    }

    /// Gives the text of a string, its escapes resolved.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if !inner.as_bytes().contains(&b'\\') {
            return Some(Cow::Borrowed(inner));
        }
        let mut out = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            out.push(match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let (unit, rest) = hex4(chars.as_str())?;
                    chars = rest.chars();
                    // A surrogate without its other half becomes U+FFFD, as
                    // it does when a browser encodes such a string.
                    let pair = rest.strip_prefix("\\u").and_then(hex4);
                    match (unit, pair) {
                        (0xD800..=0xDBFF, Some((low @ 0xDC00..=0xDFFF, rest))) => {
                            chars = rest.chars();
                            char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?
                        }
                        _ => char::from_u32(unit).unwrap_or('\u{FFFD}'),
                    }
                }
                other => other,
            });
        }
        Some(Cow::Owned(out))
    }

    /// Gives a number. The last digit of a fraction may be off: what is read
    /// here are seconds, and the standard library's parser costs 5 kB.
    pub fn number(self) -> Option<f64> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.0),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (mut value, mut scale, mut point) = (0.0f64, 0i32, false);
        let mut bytes = digits.bytes();
        for byte in bytes.by_ref() {
            match byte {
                b'.' => point = true,
                b'0'..=b'9' => {
                    value = value * 10.0 + f64::from(byte - b'0');
                    scale -= i32::from(point);
                }
                _ => break,
            }
        }
        // What is left follows an `e`.
        let (mut exponent, mut down) = (0i32, false);
        for byte in bytes {
            match byte {
                b'-' => down = true,
                b'0'..=b'9' => {
                    exponent = exponent
                        .saturating_mul(10)
                        .saturating_add((byte - b'0').into());
                }
                _ => {}
            }
        }
        scale = scale.saturating_add(if down { -exponent } else { exponent });
        // Beyond 400 places a double is zero or infinite already.
        for _ in 0..scale.unsigned_abs().min(400) {
            value = if scale < 0 {
                value / 10.0
            } else {
                value * 10.0
            };
        }
        Some(if negative { -value } else { value })
    }

    pub fn is_true(self) -> bool {
        self.0 == "true"
    }

    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value's own source text.
    pub fn source(self) -> &'a str {
        self.0
    }

    /// Reads one value of this text at the reader's place.
    fn taken(self, reader: &mut Reader<'a>) -> Option<Self> {
        let from = self.0.len().checked_sub(reader.rest.len())?;
        reader.value()?;
        let to = self.0.len().checked_sub(reader.rest.len())?;
        self.0.get(from..to).map(Json)
    }
}

/// Writes the few documents that leave the core: the stored record, and what
/// the shell hands on to JavaScript. Members without a value are left out.
#[derive(Debug)]
pub struct Writer(String);

impl Writer {
    pub fn object() -> Self {
        Self(String::from("{"))
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    #[inline(never)]
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.name(name);
        self.string(value);
    }

    #[inline(never)]
    fn string(&mut self, value: &str) {
        self.0.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(c);
                }
                '\0'..' ' => {
                    const HEX: [u8; 16] = *b"0123456789abcdef";
                    self.0.push_str("\\u00");
                    self.0.push(if c < '\u{10}' { '0' } else { '1' });
                    let low = HEX.get(c as usize & 15);
                    self.0.push(low.map_or('0', |low| *low as char));
                }
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    /// Writes a whole number; a fraction is cut off, infinity left out.
    #[inline(never)]
    pub fn number(&mut self, name: &str, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.name(name);
        if value < 0.0 {
            self.0.push('-');
        }
        let mut rest = value.abs() as u64;
        let mut unit = 1u64;
        while rest / unit >= 10 {
            unit = unit.saturating_mul(10);
        }
        while unit > 0 {
            self.0.push((b'0' + (rest / unit) as u8) as char);
            rest %= unit;
            unit /= 10;
        }
    }

    pub fn flag(&mut self, name: &str, value: bool) {
        self.source(name, Some(if value { "true" } else { "false" }));
    }

    /// Writes a value that is JSON already.
    #[inline(never)]
    pub fn source(&mut self, name: &str, json: Option<&str>) {
        let Some(json) = json else { return };
        self.name(name);
        self.0.push_str(json);
    }

    /// Writes a list of strings.
    #[inline(never)]
    pub fn list(&mut self, name: &str, values: &mut dyn Iterator<Item = &str>) {
        self.name(name);
        self.0.push('[');
        for (index, value) in values.enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.string(value);
        }
        self.0.push(']');
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn hex4(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4)?;
    let value = digits
        .chars()
        .try_fold(0, |value, c| Some(value * 16 + c.to_digit(16)?))?;
    Some((value, text.get(4..)?))
}

/// Deeper nesting is refused: a text of a million brackets is a server's to
/// send, and some engines' own `JSON.parse` does not survive it.
const DEEPEST: usize = 500;

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let before = self.rest.len();
        while let Some((first, rest)) = self.rest.split_first() {
            if !wanted(*first) {
                break;
            }
            self.rest = rest;
        }
        before - self.rest.len()
    }

    fn space(&mut self) {
        self.skip(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Passes over one value. Open brackets are kept in a list and not on the
    /// stack.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.space();
            let mut closes = true;
            match self.next()? {
                b'"' => self.string()?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                bracket @ (b'{' | b'[') => {
                    self.space();
                    let end = if bracket == b'{' { b'}' } else { b']' };
                    if self.rest.first() == Some(&end) {
                        self.next()?;
                    } else {
                        if open.len() >= DEEPEST {
                            return None;
                        }
                        open.push(end);
                        closes = false;
                        if end == b'}' {
                            self.name()?;
                        }
                    }
                }
                first => self.number(first)?,
            }
            while closes {
                let Some(end) = open.last().copied() else {
                    return Some(());
                };
                self.space();
                match self.next()? {
                    b',' => {
                        closes = false;
                        if end == b'}' {
                            self.name()?;
                        }
                    }
                    byte if byte == end => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    fn name(&mut self) -> Option<()> {
        self.space();
        self.byte(b'"')?;
        self.string()?;
        self.space();
        self.byte(b':')
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(rest)?;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => {
                self.digits();
            }
            _ => return None,
        }
        if self.rest.first() == Some(&b'.') {
            self.next()?;
            self.digits().then_some(())?;
        }
        if matches!(self.rest.first(), Some(b'e' | b'E')) {
            self.next()?;
            if matches!(self.rest.first(), Some(b'+' | b'-')) {
                self.next()?;
            }
            self.digits().then_some(())?;
        }
        Some(())
    }

    fn digits(&mut self) -> bool {
        self.skip(|b| b.is_ascii_digit()) > 0
    }
}

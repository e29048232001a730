//! Writes the document that leaves the core (RFC 8259), for a shell that has
//! no writer of its own: the stored record.

use super::document::Members;

/// An object in the making.
#[derive(Debug)]
pub struct Writer(String);

impl Writer {
    pub fn object() -> Self {
        Self(String::from("{"))
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.string(name);
        self.0.push(':');
    }

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

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

impl Members for Writer {
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    /// Writes a whole number; a fraction is cut off.
    fn number(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.name(name);
            digits(&mut self.0, value);
        }
    }
}

/// Writes the digits of a number; a fraction is cut off.
fn digits(out: &mut String, value: f64) {
    if value < 0.0 {
        out.push('-');
    }
    let mut rest = value.abs() as u64;
    let mut unit = 1u64;
    while rest / unit >= 10 {
        unit = unit.saturating_mul(10);
    }
    while unit > 0 {
        out.push((b'0' + (rest / unit) as u8) as char);
        rest %= unit;
        unit /= 10;
    }
}

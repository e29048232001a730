//! Writes the few documents that leave the core (RFC 8259): the stored
//! record, and what the shell hands on to JavaScript.

/// An object in the making. Members without a value are left out.
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
        self.string(name);
        self.0.push(':');
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
        if value.is_finite() {
            self.name(name);
            digits(&mut self.0, value);
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
    pub fn list(&mut self, name: &str, values: &[&str]) {
        self.name(name);
        self.0.push('[');
        for (index, value) in values.iter().enumerate() {
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

/// Writes the digits of a number; a fraction is cut off.
#[inline(never)]
pub fn digits(out: &mut String, value: f64) {
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

//! Cutting texts at a byte, and reading whole numbers.

/// Cuts at the first `byte`, an ASCII character; `None` where there is none.
#[inline(never)]
pub fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.as_bytes().iter().position(|found| *found == byte)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// The pieces between the `byte`s, an ASCII character.
pub fn pieces(text: &str, byte: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        match cut(text, byte) {
            Some((piece, more)) => {
                rest = Some(more);
                Some(piece)
            }
            None => rest.take(),
        }
    })
}

/// Reads a whole number of at most nine digits.
#[inline(never)]
pub fn whole(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.bytes().try_fold(0u32, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number.wrapping_mul(10).wrapping_add(u32::from(byte - b'0')))
    })
}

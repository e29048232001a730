//! What a `WWW-Authenticate` header asks for (RFC 9110 section 11.6.1), as far
//! as it is a stronger sign-in (RFC 9470).

use super::text::whole;

/// The authentication that a resource wants before it answers (RFC 9470
/// section 3). What the server did not say is `None`. Texts are as the header
/// has them: what they quote with a backslash is still quoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepUp<'a> {
    /// Authentication context classes, with spaces between them.
    pub acr_values: Option<&'a str>,
    /// How many seconds ago the user may have signed in at most.
    pub max_age: Option<u32>,
    pub scope: Option<&'a str>,
}

/// Reads the first challenge of a header that says
/// `insufficient_user_authentication`; `None` where no challenge does. What
/// does not follow the grammar is passed over.
pub fn step_up(header: &str) -> Option<StepUp<'_>> {
    let mut rest = header;
    let mut wanted = StepUp::default();
    let mut insufficient = false;
    while !rest.is_empty() {
        // Commas, the rest of a token68, and what cannot stand there.
        take(&mut rest, &mut |byte| !is_token(byte));
        let name = take(&mut rest, &mut is_token);
        take(&mut rest, &mut is_blank);
        if eat(&mut rest, b'=') {
            take(&mut rest, &mut is_blank);
            let value = parameter(&mut rest);
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("error") {
                insufficient = value == "insufficient_user_authentication";
            } else if is("acr_values") {
                wanted.acr_values = Some(value);
            } else if is("max_age") {
                wanted.max_age = whole(value);
            } else if is("scope") {
                wanted.scope = Some(value);
            }
        } else if insufficient {
            break;
        } else {
            // A scheme: the next challenge begins.
            wanted = StepUp::default();
        }
    }
    insufficient.then_some(wanted)
}

/// The value of a parameter: a token, or what is between the quotes of a
/// quoted string (RFC 9110 section 5.6.4).
fn parameter<'a>(rest: &mut &'a str) -> &'a str {
    if !eat(rest, b'"') {
        return take(rest, &mut is_token);
    }
    let mut quoted = false;
    let value = take(rest, &mut |byte| {
        let ends = byte == b'"' && !quoted;
        quoted = byte == b'\\' && !quoted;
        !ends
    });
    eat(rest, b'"');
    value
}

/// Takes the bytes at the front that are of a kind.
#[inline(never)]
fn take<'a>(rest: &mut &'a str, kind: &mut dyn FnMut(u8) -> bool) -> &'a str {
    let end = rest.bytes().position(|byte| !kind(byte));
    let (taken, after) = rest
        .split_at_checked(end.unwrap_or(rest.len()))
        .unwrap_or_default();
    *rest = after;
    taken
}

/// Takes a byte if it is at the front.
fn eat(rest: &mut &str, byte: u8) -> bool {
    let mut first = true;
    !take(rest, &mut |found| {
        found == byte && core::mem::take(&mut first)
    })
    .is_empty()
}

/// What a token is made of (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted<'a>(
        acr_values: &'a str,
        max_age: Option<u32>,
        scope: Option<&'a str>,
    ) -> Option<StepUp<'a>> {
        Some(StepUp {
            acr_values: (!acr_values.is_empty()).then_some(acr_values),
            max_age,
            scope,
        })
    }

    #[test]
    fn the_examples_of_rfc_9470_are_read() {
        let strong = r#"Bearer error="insufficient_user_authentication",
            error_description="A different authentication level is required",
            acr_values="myACR""#;
        assert_eq!(step_up(strong), wanted("myACR", None, None));
        let recent = r#"Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5""#;
        assert_eq!(step_up(recent), wanted("", Some(5), None));
    }

    #[test]
    fn the_grammar_of_challenges_is_followed() {
        let error = "error=insufficient_user_authentication";
        for (value, expected) in [
            (format!("Bearer {error}"), wanted("", None, None)),
            (
                format!("DPoP realm=\"a, b\",{error} , scope = \"x y\""),
                wanted("", None, Some("x y")),
            ),
            (
                format!("Basic realm=\"x\", Bearer {error}, max_age=60"),
                wanted("", Some(60), None),
            ),
            (
                format!("Bearer {error}, acr_values=\"a b\", Basic realm=\"x\", scope=\"y\""),
                wanted("a b", None, None),
            ),
            (
                format!("Negotiate YWJj/+==, bearer {error}"),
                wanted("", None, None),
            ),
            (
                String::from("BEARER ERROR=\"insufficient_user_authentication\", ACR_Values=a"),
                wanted("a", None, None),
            ),
            (format!(",, Bearer\t{error},,"), wanted("", None, None)),
            (
                r#"Bearer error="insufficient_user_authentication", acr_values="a\"b\\""#
                    .to_owned(),
                wanted(r#"a\"b\\"#, None, None),
            ),
            // An age that is no number is not said.
            (
                format!("Bearer {error}, max_age=\"soon\""),
                wanted("", None, None),
            ),
            (
                format!("Bearer {error}, max_age=-1"),
                wanted("", None, None),
            ),
            (
                format!("Bearer {error}, scope=\"unfinished"),
                wanted("", None, Some("unfinished")),
            ),
        ] {
            assert_eq!(step_up(&value), expected, "{value}");
        }
    }

    #[test]
    fn other_challenges_ask_for_no_step_up() {
        for value in [
            "",
            "Bearer",
            "Bearer error=\"invalid_token\"",
            "Bearer error_description=\"insufficient_user_authentication\"",
            "Bearer error=\"invalid_token\", error_description=\"error=insufficient_user_authentication\"",
            "Bearer error=\"insufficient_user_authentication_not\"",
            "insufficient_user_authentication",
            "Bearer insufficient_user_authentication",
            "=\"\\",
            "Bearer error=",
            "ünï \u{1F642} \u{0}",
        ] {
            assert_eq!(step_up(value), None, "{value}");
        }
    }
}

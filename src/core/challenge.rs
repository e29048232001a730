//! What a `WWW-Authenticate` header asks for (RFC 9110 section 11.6.1), as far
//! as it is a stronger sign-in (RFC 9470).

use core::iter::Peekable;
use core::str::Chars;

use super::text::whole;

/// The authentication that a resource wants before it answers (RFC 9470
/// section 3). What the server did not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// Authentication context classes, with spaces between them.
    pub acr_values: Option<String>,
    /// How many seconds ago the user may have signed in at most.
    pub max_age: Option<u32>,
    pub scope: Option<String>,
}

/// Reads the first challenge of a header that says
/// `insufficient_user_authentication`; `None` where no challenge does. What
/// does not follow the grammar is passed over.
pub fn step_up(value: &str) -> Option<StepUp> {
    let mut rest = value.chars().peekable();
    let mut wanted = StepUp::default();
    let mut insufficient = false;
    while rest.peek().is_some() {
        let name = take(&mut rest, is_token).to_ascii_lowercase();
        let gap = take(&mut rest, is_blank);
        if name.is_empty() {
            // A comma, the rest of a token68, or what cannot stand here.
            if gap.is_empty() {
                rest.next();
            }
        } else if rest.next_if_eq(&'=').is_some() {
            take(&mut rest, is_blank);
            let value = parameter(&mut rest);
            match name.as_str() {
                "error" => insufficient = value == "insufficient_user_authentication",
                "acr_values" => wanted.acr_values = Some(value),
                "max_age" => wanted.max_age = whole(&value),
                "scope" => wanted.scope = Some(value),
                _ => {}
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

/// The value of a parameter: a token, or a quoted string (RFC 9110 section
/// 5.6.4).
fn parameter(rest: &mut Peekable<Chars<'_>>) -> String {
    if rest.next_if_eq(&'"').is_none() {
        return take(rest, is_token);
    }
    let mut value = String::new();
    while let Some(mut next) = rest.next() {
        match next {
            '"' => break,
            '\\' => next = rest.next().unwrap_or('\\'),
            _ => {}
        }
        value.push(next);
    }
    value
}

/// Takes the characters at the front that are of a kind.
fn take(rest: &mut Peekable<Chars<'_>>, kind: fn(&char) -> bool) -> String {
    let mut taken = String::new();
    while let Some(next) = rest.next_if(kind) {
        taken.push(next);
    }
    taken
}

/// What a token is made of (RFC 9110 section 5.6.2).
fn is_token(character: &char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*character)
}

fn is_blank(character: &char) -> bool {
    matches!(character, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(acr_values: &str, max_age: Option<u32>, scope: Option<&str>) -> Option<StepUp> {
        Some(StepUp {
            acr_values: (!acr_values.is_empty()).then(|| acr_values.to_owned()),
            max_age,
            scope: scope.map(str::to_owned),
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
                format!("BEARER ERROR=\"insufficient_user_authentication\", ACR_Values=a"),
                wanted("a", None, None),
            ),
            (format!(",, Bearer\t{error},,"), wanted("", None, None)),
            (
                r#"Bearer error="insufficient\_user_authentication", acr_values="a\"b\\""#
                    .to_owned(),
                wanted("a\"b\\", None, None),
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

//! Where a token may go (rule 11).

use super::error::{Error, ErrorKind};

/// A URL in the parts that a WHATWG parser has taken it into. The parsing is
/// the platform's: a second parser that thinks differently about
/// `https://api.ok@evil` is how tokens leak.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// `https:`, with the colon.
    pub protocol: &'a str,
    /// `https://api.example.com`, without a default port; `null` for schemes
    /// that have none.
    pub origin: &'a str,
    /// `/v1/posts`, dot segments resolved.
    pub path: &'a str,
    /// Whether there is a user name, a password, a query or a fragment.
    pub more: bool,
}

/// An exact origin and, if given, the path below which the token is good.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    origin: String,
    /// Without a slash at the end; empty for the whole origin.
    path: String,
}

/// The list of places that get the token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins(Vec<Entry>);

impl Origins {
    /// Adds an entry of `attachTo`. One that could never match is refused:
    /// the alternative is an application that wonders for a day why it gets
    /// a 401.
    pub fn add(&mut self, parts: Parts<'_>) -> Result<(), Error> {
        let wrong = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
        if !is_http(parts.protocol) {
            return wrong("attachTo: expected an http: or https: URL, found another scheme");
        }
        let wild = |text: &str| text.as_bytes().contains(&b'*');
        if wild(parts.origin) || wild(parts.path) {
            return wrong(
                "attachTo: found a wildcard, expected an exact origin such as https://api.example.com",
            );
        }
        if parts.more {
            return wrong(
                "attachTo: expected an origin with at most a path, found a user name, query or fragment",
            );
        }
        self.0.push(Entry {
            origin: parts.origin.to_owned(),
            path: parts.path.trim_end_matches('/').to_owned(),
        });
        Ok(())
    }

    /// Adds the origin of `baseUrl`, whatever its path.
    pub fn add_origin(&mut self, parts: Parts<'_>) {
        if is_http(parts.protocol) {
            self.0.push(Entry {
                origin: parts.origin.to_owned(),
                path: String::new(),
            });
        }
    }

    /// Whether a request to this URL gets the token: scheme, host and port
    /// are the same, and the path is the entry's or lies below it.
    pub fn admits(&self, parts: Parts<'_>) -> bool {
        is_http(parts.protocol)
            && self.0.iter().any(|entry| {
                entry.origin == parts.origin
                    && parts
                        .path
                        .strip_prefix(entry.path.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// The origins that are good as a whole: a URL that begins with one of
    /// these and a slash needs no parsing.
    pub fn whole(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|entry| entry.path.is_empty())
            .map(|entry| entry.origin.as_str())
    }
}

/// `blob:` URLs carry the origin of the page that made them, so the scheme
/// is asked first.
fn is_http(protocol: &str) -> bool {
    protocol == "https:" || protocol == "http:"
}

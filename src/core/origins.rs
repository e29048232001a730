//! Where a token may go (rule 11).

use super::document::Document;

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
    /// Adds an entry of `attachTo`, or says what was found instead of one.
    /// One that could never match is refused: the alternative is an
    /// application that wonders for a day why it gets a 401.
    pub fn add(&mut self, url: &dyn Document) -> Result<(), &'static str> {
        let more = |member: &&str| url.text(member).is_some_and(|text| !text.is_empty());
        let Some(origin) = http_origin(url) else {
            return Err("another scheme");
        };
        if ["username", "password", "search", "hash"].iter().any(more) {
            return Err("a user name, query or fragment");
        }
        let path = url.text("pathname").unwrap_or_default();
        self.0.push(Entry {
            origin,
            path: path.trim_end_matches('/').to_owned(),
        });
        Ok(())
    }

    /// Adds the origin of `baseUrl`, whatever its path.
    pub fn add_origin(&mut self, url: &dyn Document) {
        if let Some(origin) = http_origin(url) {
            self.0.push(Entry {
                origin,
                path: String::new(),
            });
        }
    }

    /// Whether a request to this URL gets the token: scheme, host and port
    /// are the same, and the path is the entry's or lies below it.
    pub fn admits(&self, url: &dyn Document) -> bool {
        let path = url.text("pathname").unwrap_or_default();
        http_origin(url).is_some_and(|origin| {
            self.0.iter().any(|entry| {
                entry.origin == origin
                    && path
                        .strip_prefix(entry.path.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
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

/// The origin of a URL of http or https: `https://api.example.com`, without a
/// default port. `blob:` URLs carry the origin of the page that made them, so
/// the scheme is asked first.
fn http_origin(url: &dyn Document) -> Option<String> {
    let protocol = url.text("protocol")?;
    (protocol == "https:" || protocol == "http:")
        .then(|| url.text("origin"))
        .flatten()
}

//! Where a token may go (rule 11).

use super::document::Document;

/// An exact origin and, if given, the path below which the token is good.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    origin: String,
    /// Without a slash at the end; empty for the whole origin.
    path: String,
}

/// Why an entry could never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Neither http nor https.
    Scheme,
    /// A user name, a query or a fragment.
    Excess,
}

/// The list of places that get the token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins(Vec<Entry>);

impl Origins {
    /// Adds an entry of `attachTo`, or says why it could never match: the
    /// alternative is an application that wonders for a day why it gets a
    /// 401.
    pub fn add(&mut self, url: &dyn Document) -> Result<(), Misfit> {
        let more = |member: &&str| url.text(member).is_some_and(|text| !text.is_empty());
        let entry = Entry::of(url).ok_or(Misfit::Scheme)?;
        if ["username", "password", "search", "hash"].iter().any(more) {
            return Err(Misfit::Excess);
        }
        self.0.push(entry);
        Ok(())
    }

    /// Whether a request to this URL gets the token: scheme, host and port
    /// are the same, and the path is the entry's or lies below it.
    pub fn admits(&self, url: &dyn Document) -> bool {
        let Some(wanted) = Entry::of(url) else {
            return false;
        };
        self.0.iter().any(|entry| {
            let rest = wanted.path.as_bytes().strip_prefix(entry.path.as_bytes());
            entry.origin == wanted.origin
                && rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
        })
    }
}

impl Entry {
    /// The place of a URL of http or https. The origin is such as
    /// `https://api.example.com`, without a default port; `blob:` URLs carry
    /// that of the page that made them, so the scheme is asked first.
    #[inline(never)]
    fn of(url: &dyn Document) -> Option<Self> {
        let protocol = url.text("protocol")?;
        if protocol != "https:" && protocol != "http:" {
            return None;
        }
        let mut path = url.text("pathname").unwrap_or_default();
        while path.ends_with('/') {
            path.pop();
        }
        let origin = url.text("origin")?;
        Some(Self { origin, path })
    }
}

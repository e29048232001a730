//! Tokens that an application brings, and what it wishes.

use std::time::{Duration, SystemTime};

use super::clock::{from_time, millis};
use super::shell::Shell;
use crate::core;
use crate::core::answer::{self, Tokens};
use crate::core::lifetime::Stated;

/// When to refresh for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Refresh {
    /// Where it has to be.
    #[default]
    Auto,
    /// In any case.
    Force,
    /// Not at all.
    Never,
}

/// What token is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TokenWish {
    /// How long it has to last. More than its lifetime costs one refresh, and
    /// then there is what there is.
    pub min_validity: Duration,
    pub refresh: Refresh,
}

/// How somebody signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignIn {
    /// Keeps the session where [`Config::remember`](crate::Config::remember) says.
    pub remember: bool,
}

/// Tokens that the application got by itself, for
/// [`set_tokens`](crate::TokenManager::set_tokens) or from a
/// [refresh function](crate::Config::refresh_with).
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct TokenSet {
    access_token: Option<String>,
    refresh_token: Option<String>,
    stated: Stated,
}

impl TokenSet {
    /// Brings an access token.
    pub fn new(access_token: impl Into<String>) -> Self {
        Self {
            access_token: Some(access_token.into()),
            ..Self::default()
        }
    }

    /// Brings nothing that a script could see: the tokens are in cookies.
    pub fn in_cookies() -> Self {
        Self::default()
    }

    /// Adds a refresh token. A refresh that brings none keeps the one held.
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Adds the lifetime, which counts from now.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.stated.expires_in = Some(millis(lifetime));
        self
    }

    /// Adds the end.
    pub fn expires_at(mut self, end: SystemTime) -> Self {
        self.stated.expires_at = Some(from_time(end));
        self
    }

    /// Adds the lifetime of the session, which counts from now.
    pub fn session_expires_in(mut self, lifetime: Duration) -> Self {
        self.stated.session_in = Some(millis(lifetime));
        self
    }

    /// Adds the end of the session.
    pub fn session_expires_at(mut self, end: SystemTime) -> Self {
        self.stated.session_at = Some(from_time(end));
        self
    }
}

impl Shell {
    /// Judges what the application brought.
    pub(super) fn judged(&self, tokens: TokenSet) -> Result<Tokens, core::Error> {
        let TokenSet {
            access_token,
            refresh_token,
            stated,
        } = tokens;
        let machine = self.machine.borrow();
        answer::from_application(access_token, refresh_token, stated, machine.policy())
    }
}

impl std::fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSet(…)")
    }
}

//! A token manager for browsers.

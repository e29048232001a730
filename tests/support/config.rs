//! Configurations, read by the real reader with the `url` crate in the place
//! of the browser's parser.

use std::cell::RefCell;
use std::collections::HashMap;

use evertoken::core::config::{self, Config};
use evertoken::core::policy::Policy;

use super::document::{parse, parse_url};

/// The page that the tabs show.
pub const PAGE: &str = "https://app.example/";

/// Reads options, given as JSON, on that page.
pub fn read(options: &str) -> Result<Config, String> {
    read_at(options, Some(PAGE))
}

pub fn read_at(options: &str, page: Option<&str>) -> Result<Config, String> {
    config::read(&*parse(options).expect("JSON"), page, &parse_url)
}

/// A policy with the three endpoints and the refresh token in the body,
/// unless `options` says otherwise; the reader takes the last of two equal
/// names.
pub fn policy(options: &str) -> Policy {
    thread_local!(static READ: RefCell<HashMap<String, Policy>> = RefCell::default());
    let text = format!(
        r#"{{"login":"/login","refresh":"/refresh","logout":"/logout","refreshToken":{{"in":"body"}}{}{options}}}"#,
        if options.is_empty() { "" } else { "," }
    );
    READ.with_borrow_mut(|read_before| {
        let policy = read_before.entry(text);
        let policy =
            policy.or_insert_with_key(|text| read(text).expect("a good configuration").policy);
        policy.clone()
    })
}

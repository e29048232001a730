//! Configurations, read by the real reader with the `url` crate in the place
//! of the browser's parser.

use std::cell::RefCell;
use std::collections::HashMap;

use evertoken::core::config::{self, Config, Url};
use evertoken::core::policy::Policy;

/// The page that the tabs show.
pub const PAGE: &str = "https://app.example/";

/// What `new URL(text, base)` gives.
pub fn parse(text: &str, base: Option<&str>) -> Option<Url> {
    let url = match base {
        Some(base) => url::Url::parse(base).ok()?.join(text),
        None => url::Url::parse(text),
    };
    let url = url.ok()?;
    Some(Url {
        href: url.as_str().to_owned(),
        protocol: format!("{}:", url.scheme()),
        origin: url.origin().ascii_serialization(),
        path: url.path().to_owned(),
        user: !url.username().is_empty() || url.password().is_some(),
        query: url.query().is_some() || url.fragment().is_some(),
    })
}

pub fn read(options: &str) -> Result<Config, evertoken::core::Error> {
    config::read(options, Some(PAGE), &parse)
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

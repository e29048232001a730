//! Where a token goes, against the `url` crate.

use crate::support::document::parse_url;
use evertoken::internals::origins::Origins;
use proptest::prelude::*;
use proptest::sample::select;

use crate::any::any_url;

fn parsed(text: &str, base: Option<&str>) -> Option<url::Url> {
    match base {
        Some(base) => url::Url::parse(base).ok()?.join(text).ok(),
        None => url::Url::parse(text).ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_token_goes_to_the_entry_and_below_and_nowhere_else(
        text in any_url(),
        entry in select(vec![
            "https://api.example", "https://api.example/", "https://api.example/v1",
            "https://api.example/v1/", "http://api.example:8443", "https://api.example:443/x/../v1",
        ]),
        base in select(vec!["https://page.example/", "https://api.example/v1/", "https://evil/v1/"]),
    ) {
        let entry = parsed(entry, None).expect("a URL");
        let mut origins = Origins::default();
        let own = parse_url(entry.as_str(), None).expect("a URL");
        prop_assert!(origins.add(&*own).is_ok());
        prop_assert!(origins.admits(&*own));
        if let (Some(url), Some(taken)) = (parsed(&text, Some(base)), parse_url(&text, Some(base))) {
            let segments = |url: &url::Url| {
                let path = url.path().trim_end_matches('/').to_owned();
                path.split('/').map(String::from).collect::<Vec<_>>()
            };
            let exact = url.path().split('/').map(String::from).collect::<Vec<_>>();
            let wanted = url.scheme() == entry.scheme()
                && url.host_str() == entry.host_str()
                && url.port_or_known_default() == entry.port_or_known_default()
                && exact.starts_with(&segments(&entry));
            prop_assert_eq!(origins.admits(&*taken), wanted, "{}", url);
        }
    }

    #[test]
    fn an_entry_that_was_accepted_matches_itself(text in any_url()) {
        let Some(url) = parse_url(&text, None) else { return Ok(()) };
        let mut origins = Origins::default();
        match origins.add(&*url) {
            Ok(()) => prop_assert!(origins.admits(&*url)),
            Err(_) => {
                prop_assert!(!origins.admits(&*url));
            }
        }
    }
}

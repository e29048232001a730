//! A server renders the session of nobody: whether its visitor is signed in,
//! the page finds out.
#![cfg(not(target_arch = "wasm32"))]

use evertoken::{Config, TokenManager};
use evertoken_components::{RENDERED, in_leptos, in_yew};

fn manager() -> TokenManager {
    TokenManager::start(Config::new().refresh("/refresh")).expect("a manager")
}

#[test]
fn leptos_renders_a_session_that_nobody_knows() {
    use leptos::prelude::*;

    let html = Owner::new().with(|| view! { <in_leptos::App auth=manager()/> }.to_html());
    assert_eq!(html, RENDERED);
}

#[test]
fn yew_renders_a_session_that_nobody_knows() {
    let props = || in_yew::Props { auth: manager() };
    let renderer = yew::ServerRenderer::<in_yew::App>::with_props(props);
    let html = pollster::block_on(renderer.render());
    assert_eq!(nameless(&html), in_yew::rendered());
}

/// Takes the names of components out of Yew's marks.
fn nameless(html: &str) -> String {
    let mut parts = html.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once(']').map_or(part, |(_, rest)| rest);
        [&text, "[]", rest].concat()
    })
}

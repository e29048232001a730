//! A page that takes over what a server rendered begins with that, and follows
//! the session from then on until it is unmounted.
#![cfg(target_arch = "wasm32")]

use std::collections::BTreeMap;

use evertoken::TokenManager;
use evertoken::testing::MockServer;
use evertoken_components::{RENDERED, in_dioxus, in_leptos, in_yew};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;
use web_sys::wasm_bindgen::JsCast;

wasm_bindgen_test_configure!(run_in_browser);

async fn signed_in() -> TokenManager {
    let auth = TokenManager::new(MockServer::new().config());
    let auth = auth.await.expect("a manager");
    let body = BTreeMap::from([("name", "alice")]);
    auth.login(&body).await.expect("a sign-in");
    assert_eq!(auth.inspect().listeners, 0);
    auth
}

/// An element with what a server rendered.
fn rendered(html: &str) -> HtmlElement {
    let document = web_sys::window().and_then(|window| window.document());
    let document = document.expect("a page");
    let element: HtmlElement = document.create_element("main").unwrap().unchecked_into();
    element.set_inner_html(html);
    document.body().unwrap().append_child(&element).unwrap();
    element
}

fn says(element: &HtmlElement) -> String {
    let paragraph = element.query_selector("p").unwrap();
    let text = paragraph.and_then(|paragraph| paragraph.text_content());
    text.unwrap_or_default()
}

/// Lets tasks run until an element says this.
async fn until(element: &HtmlElement, status: &str) {
    for _ in 0..100 {
        if says(element) == status {
            return;
        }
        task().await;
    }
    panic!("expected {status}, found {}", says(element));
}

async fn task() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let window = web_sys::window().expect("a page");
        window.set_timeout_with_callback(&resolve).expect("a timer");
    });
    wasm_bindgen_futures::JsFuture::from(promise)
        .await
        .expect("a task");
}

#[wasm_bindgen_test]
async fn leptos_takes_a_page_over_and_follows_the_session() {
    use leptos::prelude::*;

    let auth = signed_in().await;
    let element = rendered(RENDERED);
    let paragraph = element.query_selector("p").unwrap();
    let app = {
        let auth = auth.clone();
        leptos::mount::hydrate_from(element.clone(), move || view! { <in_leptos::App auth/> })
    };
    assert_eq!(says(&element), "Unknown");
    until(&element, "SignedIn").await;
    assert_eq!(element.query_selector("p").unwrap(), paragraph);
    assert_eq!(auth.inspect().listeners, 1);
    auth.logout_locally().await.unwrap();
    until(&element, "SignedOut").await;
    drop(app);
    task().await;
    assert_eq!(auth.inspect().listeners, 0);
}

#[wasm_bindgen_test]
async fn leptos_knows_at_once_where_no_server_rendered() {
    use leptos::prelude::*;

    let auth = signed_in().await;
    let element = rendered("");
    let app = leptos::mount::mount_to(element.clone(), move || view! { <in_leptos::App auth/> });
    assert_eq!(says(&element), "SignedIn");
    drop(app);
}

#[wasm_bindgen_test]
async fn yew_takes_a_page_over_and_follows_the_session() {
    let auth = signed_in().await;
    let element = rendered(&in_yew::rendered());
    let paragraph = element.query_selector("p").unwrap();
    let props = in_yew::Props { auth: auth.clone() };
    let root = element.clone().into();
    let app = yew::Renderer::<in_yew::App>::with_root_and_props(root, props).hydrate();
    until(&element, "SignedIn").await;
    assert_eq!(element.query_selector("p").unwrap(), paragraph);
    assert_eq!(auth.inspect().listeners, 1);
    auth.logout_locally().await.unwrap();
    until(&element, "SignedOut").await;
    app.destroy();
    task().await;
    assert_eq!(auth.inspect().listeners, 0);
}

#[wasm_bindgen_test]
async fn dioxus_begins_with_what_a_server_renders_and_follows_the_session() {
    let auth = signed_in().await;
    let props = in_dioxus::AppProps { auth: auth.clone() };
    let mut dom = dioxus::prelude::VirtualDom::new_with_props(in_dioxus::App, props);
    dom.rebuild_in_place();
    let mut seen = vec![dioxus_ssr::render(&dom)];
    while seen.len() < 3 {
        if seen.len() == 2 && auth.snapshot().is_signed_in() {
            auth.logout_locally().await.unwrap();
        }
        dom.wait_for_work().await;
        dom.render_immediate_to_vec();
        let now = dioxus_ssr::render(&dom);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen[0], RENDERED);
    assert!(seen[1].starts_with("<p>SignedIn</p>"), "{seen:?}");
    assert!(seen[2].starts_with("<p>SignedOut</p>"), "{seen:?}");
    assert_eq!(auth.inspect().listeners, 1);
    drop(dom);
    assert_eq!(auth.inspect().listeners, 0);
}

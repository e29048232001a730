//! Evertoken in Dioxus: a list of posts behind a sign-in.

use dioxus::prelude::*;
use evertoken::hooks::dioxus::{use_session, use_session_provider, use_token_manager};
use evertoken::{Config, Preset, Snapshot, Status, TokenManager};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Credentials {
    identifier: &'static str,
    password: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Deserialize)]
struct Posts {
    data: Vec<Post>,
}

#[derive(Deserialize)]
struct Post {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    title: String,
}

async fn titles(auth: &TokenManager) -> Result<Vec<String>> {
    let posts: Posts = auth.get("/api/posts").send().await?.json().await?;
    let title = |post: Post| post.attributes.title;
    Ok(posts.data.into_iter().map(title).collect())
}

/// One of four screens. A server that is down must not look like a sign-out.
fn screen(session: &Snapshot) -> String {
    match session.status {
        Status::Unknown if session.stale => "No connection. Trying again.".to_owned(),
        Status::Unknown => "One moment.".to_owned(),
        Status::SignedOut => "Signed out".to_owned(),
        Status::SignedIn => match session.claims::<Claims>() {
            Ok(Some(Claims { sub })) => format!("Signed in as user {sub}"),
            _ => "Signed in".to_owned(),
        },
    }
}

#[component]
fn Session() -> Element {
    let (auth, session) = (use_token_manager(), use_session());
    let mut password = use_signal(|| "Password1!".to_owned());
    let mut posts = use_signal(Vec::<String>::new);
    let mut problem = use_signal(String::new);
    let mut report = move |result: Result<()>| {
        let told = result.err().map(|error| error.to_string());
        problem.set(told.unwrap_or_default());
    };

    let sign_in = {
        let auth = auth.clone();
        move |event: FormEvent| {
            event.prevent_default();
            let auth = auth.clone();
            async move {
                let password = password();
                let credentials = Credentials {
                    identifier: "alice",
                    password,
                };
                report(auth.login(&credentials).await.map(drop).map_err(Into::into));
            }
        }
    };
    let list = {
        let auth = auth.clone();
        move |_| {
            let auth = auth.clone();
            async move { report(titles(&auth).await.map(|titles| posts.set(titles))) }
        }
    };
    let sign_out = move |_| {
        let auth = auth.clone();
        async move {
            posts.set(Vec::new());
            report(auth.logout().await.map_err(Into::into));
        }
    };

    let now = session.read();
    rsx! {
        p { "data-testid": "status", {screen(&now)} }
        form { onsubmit: sign_in, hidden: now.status != Status::SignedOut,
            input {
                aria_label: "Password",
                r#type: "password",
                value: "{password}",
                oninput: move |event| password.set(event.value()),
            }
            button { "data-testid": "sign-in", "Sign in as alice" }
        }
        div { hidden: now.status != Status::SignedIn,
            button { "data-testid": "list", onclick: list, "List posts" }
            button { "data-testid": "sign-out", onclick: sign_out, "Sign out" }
        }
        ul { "data-testid": "posts",
            for title in posts() {
                li { {title} }
            }
        }
        p { role: "alert", "data-testid": "problem", "{problem}" }
    }
}

#[component]
fn App() -> Element {
    use_session_provider(|| {
        // The embedded backend speaks as Strapi 4 does.
        let auth = TokenManager::start(Config::from_preset(Preset::Strapi4));
        auth.expect("a good configuration")
    });
    let auth = use_token_manager();
    // Asks the server until it answers; fails only where the manager is
    // disposed of.
    use_future(move || {
        let auth = auth.clone();
        async move { drop(auth.restore().await) }
    });
    rsx! {
        main {
            h1 { "Evertoken and Dioxus" }
            Session {}
        }
    }
}

fn main() {
    dioxus::launch(App);
}

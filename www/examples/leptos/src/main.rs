//! Evertoken in Leptos: a list of posts behind a sign-in.
//!
//! The manager is in the context, and `use_session` a signal of its snapshot.

use evertoken::hooks::leptos::use_session;
use evertoken::{Config, Preset, Snapshot, Status, TokenManager};
use leptos::either::Either;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

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
fn Session() -> impl IntoView {
    let session = use_session();
    let auth = StoredValue::new(expect_context::<TokenManager>());
    let password = NodeRef::<Input>::new();
    let (posts, set_posts) = signal(Vec::<String>::new());
    let (problem, set_problem) = signal(String::new());
    let report = move |result: Result| {
        let problem = result.err().map(|error| error.to_string());
        set_problem.set(problem.unwrap_or_default());
    };

    let sign_in = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = password.get();
        let credentials = Credentials {
            identifier: "alice",
            password: typed.map(|input| input.value()).unwrap_or_default(),
        };
        let auth = auth.get_value();
        spawn_local(async move {
            report(auth.login(&credentials).await.map(drop).map_err(Into::into));
        });
    };
    let list = move |_| {
        let auth = auth.get_value();
        spawn_local(async move {
            report(titles(&auth).await.map(|titles| set_posts.set(titles)));
        });
    };
    let sign_out = move |_| {
        let auth = auth.get_value();
        spawn_local(async move {
            set_posts.set(Vec::new());
            report(auth.logout().await.map_err(Into::into));
        });
    };

    view! {
        <p data-testid="status">{move || session.with(screen)}</p>
        <form on:submit=sign_in hidden=move || session.with(|now| now.status != Status::SignedOut)>
            <input aria-label="Password" type="password" value="Password1!" node_ref=password/>
            <button data-testid="sign-in">"Sign in as alice"</button>
        </form>
        <div hidden=move || session.with(|now| now.status != Status::SignedIn)>
            <button data-testid="list" on:click=list>"List posts"</button>
            <button data-testid="sign-out" on:click=sign_out>"Sign out"</button>
        </div>
        <ul data-testid="posts">
            {move || posts.get().into_iter().map(|title| view! { <li>{title}</li> }).collect_view()}
        </ul>
        <p role="alert" data-testid="problem">{problem}</p>
    }
}

#[component]
fn App() -> impl IntoView {
    // The embedded backend speaks as Strapi 4 does.
    let started = TokenManager::start(Config::from_preset(Preset::Strapi4));
    let session = started.map(|auth| {
        // Asks the server until it answers; fails only where the manager is
        // disposed of.
        let restored = auth.clone();
        spawn_local(async move { drop(restored.restore().await) });
        provide_context(auth);
        view! { <Session/> }
    });
    view! {
        <main>
            <h1>"Evertoken and Leptos"</h1>
            {match session {
                Ok(session) => Either::Left(session),
                Err(error) => Either::Right(view! { <p role="alert">{error.to_string()}</p> }),
            }}
        </main>
    }
}

fn main() {
    mount_to_body(App);
}

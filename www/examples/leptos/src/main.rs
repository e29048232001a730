//! Evertoken in Leptos: a list of posts behind a sign-in.

use evertoken::{Config, Snapshot, Status, TokenManager};
use gloo_net::http::Request;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Serialize)]
struct Credentials {
    identifier: String,
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
    let request = Request::get(&auth.url("/api/posts")?).build()?;
    let posts: Posts = auth.fetch(request).await?.json().await?;
    let title = |post: Post| post.attributes.title;
    Ok(posts.data.into_iter().map(title).collect())
}

fn name(session: &Snapshot) -> String {
    match session.status {
        Status::Unknown => "Not known yet".to_owned(),
        Status::SignedOut => "Signed out".to_owned(),
        Status::SignedIn => match session.claims::<Claims>() {
            Ok(Some(Claims { sub })) => format!("Signed in as user {sub}"),
            _ => "Signed in".to_owned(),
        },
    }
}

#[component]
fn App(auth: TokenManager) -> impl IntoView {
    // There is one thread, and what belongs to it stays there: `local`.
    let (session, set_session) = signal_local(auth.snapshot());
    let subscription = auth.subscribe(move |now| set_session.set(now.clone()));
    let auth = StoredValue::new_local((auth, subscription));
    let auth = move || auth.with_value(|(auth, _)| auth.clone());

    let identifier = RwSignal::new("alice".to_owned());
    let password = RwSignal::new("Password1!".to_owned());
    let (posts, set_posts) = signal(Vec::<String>::new());
    let (problem, set_problem) = signal(String::new());
    let report = move |result: Result| {
        set_problem.set(result.err().map(|error| error.to_string()).unwrap_or_default());
    };

    let sign_in = move |event: SubmitEvent| {
        event.prevent_default();
        let (auth, credentials) = (
            auth(),
            Credentials {
                identifier: identifier.get_untracked(),
                password: password.get_untracked(),
            },
        );
        spawn_local(async move {
            report(auth.login(&credentials).await.map(drop).map_err(Into::into));
        });
    };
    let list = move |_| {
        let auth = auth();
        spawn_local(async move {
            report(titles(&auth).await.map(|titles| set_posts.set(titles)));
        });
    };
    let sign_out = move |_| {
        let auth = auth();
        spawn_local(async move {
            set_posts.set(Vec::new());
            report(auth.logout().await.map_err(Into::into));
        });
    };

    view! {
        <main>
            <h1>"Evertoken and Leptos"</h1>
            <p data-testid="status">{move || name(&session.get())}</p>
            <form on:submit=sign_in hidden=move || session.get().is_signed_in()>
                <input aria-label="Name" bind:value=identifier/>
                <input aria-label="Password" type="password" bind:value=password/>
                <button data-testid="sign-in">"Sign in"</button>
            </form>
            <button data-testid="list" on:click=list>"List posts"</button>
            <button data-testid="sign-out" on:click=sign_out>"Sign out"</button>
            <ul data-testid="posts">
                {move || posts.get().into_iter().map(|title| view! { <li>{title}</li> }).collect_view()}
            </ul>
            <p role="alert" data-testid="problem">{problem}</p>
        </main>
    }
}

fn main() {
    console_error_panic_hook::set_once();
    spawn_local(async {
        // The embedded backend speaks as Strapi 4 does.
        match TokenManager::new(Config::preset("strapi4")).await {
            Ok(auth) => mount_to_body(move || view! { <App auth=auth/> }),
            Err(error) => mount_to_body(move || error.to_string()),
        }
    });
}

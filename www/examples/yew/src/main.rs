//! Evertoken in Yew: a list of posts behind a sign-in.

use evertoken::hooks::yew::{SessionProvider, use_session, use_token_manager};
use evertoken::{Config, Preset, Snapshot, Status, TokenManager};
use serde::{Deserialize, Serialize};
use yew::platform::spawn_local;
use yew::prelude::*;

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
fn Session() -> Html {
    let (auth, session) = (use_token_manager(), use_session());
    let password = use_node_ref();
    let posts = use_state(Vec::<String>::new);
    let problem = use_state(String::new);
    let report = {
        let problem = problem.setter();
        move |result: Result| {
            problem.set(
                result
                    .err()
                    .map(|error| error.to_string())
                    .unwrap_or_default(),
            );
        }
    };

    let sign_in = {
        let (auth, report, password) = (auth.clone(), report.clone(), password.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (auth, report) = (auth.clone(), report.clone());
            let typed = password.cast::<web_sys::HtmlInputElement>();
            let credentials = Credentials {
                identifier: "alice",
                password: typed.map(|input| input.value()).unwrap_or_default(),
            };
            spawn_local(async move {
                report(auth.login(&credentials).await.map(drop).map_err(Into::into));
            });
        })
    };
    let list = {
        let (auth, report, posts) = (auth.clone(), report.clone(), posts.setter());
        Callback::from(move |_: MouseEvent| {
            let (auth, report, posts) = (auth.clone(), report.clone(), posts.clone());
            spawn_local(async move {
                report(titles(&auth).await.map(|titles| posts.set(titles)));
            });
        })
    };
    let sign_out = {
        let (auth, posts) = (auth.clone(), posts.setter());
        Callback::from(move |_: MouseEvent| {
            let (auth, report, posts) = (auth.clone(), report.clone(), posts.clone());
            spawn_local(async move {
                posts.set(Vec::new());
                report(auth.logout().await.map_err(Into::into));
            });
        })
    };

    html! {
        <>
            <p data-testid="status">{screen(&session)}</p>
            <form onsubmit={sign_in} hidden={session.status != Status::SignedOut}>
                <input aria-label="Password" type="password" value="Password1!" ref={password}/>
                <button data-testid="sign-in">{"Sign in as alice"}</button>
            </form>
            <div hidden={session.status != Status::SignedIn}>
                <button data-testid="list" onclick={list}>{"List posts"}</button>
                <button data-testid="sign-out" onclick={sign_out}>{"Sign out"}</button>
            </div>
            <ul data-testid="posts">{for posts.iter().map(|title| html! { <li>{title}</li> })}</ul>
            <p role="alert" data-testid="problem">{&*problem}</p>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    auth: TokenManager,
}

#[component]
fn App(Props { auth }: &Props) -> Html {
    html! {
        <main>
            <h1>{"Evertoken and Yew"}</h1>
            <SessionProvider auth={auth.clone()}><Session/></SessionProvider>
        </main>
    }
}

#[derive(Properties, PartialEq)]
struct Unstarted {
    message: String,
}

#[component]
fn Failure(Unstarted { message }: &Unstarted) -> Html {
    html! { <p role="alert">{message}</p> }
}

fn main() {
    spawn_local(async {
        // The embedded backend speaks as Strapi 4 does.
        match TokenManager::new(Config::from_preset(Preset::Strapi4)).await {
            Ok(auth) => {
                let restored = auth.clone();
                yew::Renderer::<App>::with_props(Props { auth }).render();
                // Asks the server until it answers; fails only where the
                // manager is disposed of.
                drop(restored.restore().await);
            }
            Err(error) => {
                let message = error.to_string();
                yew::Renderer::<Failure>::with_props(Unstarted { message }).render();
            }
        }
    });
}

//! Signs in and shows a list of posts: with Evertoken, or with a token that it
//! keeps itself for as long as it is good.

use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ALICE: Credentials = Credentials {
    email: "alice@example.com",
    password: "secret",
};

#[derive(Deserialize)]
struct Post {
    title: String,
}

#[cfg(not(feature = "smaller"))]
async fn posts() -> Result<Vec<Post>> {
    use gloo_net::http::Request;

    #[derive(Deserialize)]
    struct Tokens {
        #[serde(rename = "accessToken")]
        access_token: String,
    }

    let login = Request::post("/auth/login").json(&ALICE)?;
    let tokens: Tokens = login.send().await?.json().await?;
    let request =
        Request::get("/posts").header("authorization", &["Bearer ", &tokens.access_token].concat());
    Ok(request.send().await?.json().await?)
}

#[cfg(feature = "smaller")]
async fn posts() -> Result<Vec<Post>> {
    use evertoken::{Config, TokenManager};

    let config = Config::new()
        .login("/auth/login")
        .refresh("/auth/refresh")
        .logout("/auth/logout");
    let auth = TokenManager::new(config).await?;
    auth.login(&ALICE).await?;
    Ok(auth.get("/posts").send().await?.json().await?)
}

async fn show() -> Result {
    let window = web_sys::window().ok_or("a page")?;
    let body = window
        .document()
        .and_then(|document| document.query_selector("main").ok().flatten())
        .ok_or("a main element")?;
    let titles: Vec<String> = posts().await?.into_iter().map(|post| post.title).collect();
    body.set_text_content(Some(&titles.join("\n")));
    Ok(())
}

fn main() {
    spawn_local(async {
        let _ = show().await;
    });
}

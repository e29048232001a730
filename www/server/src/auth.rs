//! Sign-in, refresh and sign-out, on the wire of Strapi 4 with the refresh
//! cookie that its users add to it.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::App;
use crate::answer::Refusal;
use crate::clock::Timestamp;
use crate::connection::Delivery;
use crate::fields::Fields;
use crate::journal::Outcome;
use crate::password;
use crate::store::sessions::{self, Grant, Mint, Rotation};
use crate::store::users::{self, User};
use crate::store::{Store, StoreError};
use crate::token::{RefreshToken, TokenHash};

const REFRESH_COOKIE: &str = "refreshToken";

/// What a request's `Authorization` header amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// There is none, or one of another scheme: Strapi looks no further.
    Anonymous,
    /// An access token that is expired, or none of ours.
    Refused,
    /// The user with this number.
    User(i64),
}

/// Finds out who is calling (RFC 6750 section 2.1).
pub async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let Some(token) = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer)
    else {
        return Ok(Caller::Anonymous);
    };
    let Some(claims) = app.keys.verify(token) else {
        return Ok(Caller::Refused);
    };
    let live = app
        .store
        .run(move |db| sessions::is_access_token_live(db, &claims.jti, Timestamp::now()))
        .await?;
    Ok(if live {
        Caller::User(claims.id)
    } else {
        Caller::Refused
    })
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.contains(' ')).then_some(token)
}

/// Login and refresh belong to the public role alone: with a valid access
/// token they are forbidden, with an expired one unauthorized.
async fn public_only(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    match caller(app, headers).await? {
        Caller::Anonymous => Ok(()),
        Caller::Refused => Err(Refusal::unauthorized()),
        Caller::User(_) => Err(Refusal::forbidden()),
    }
}

/// `POST /api/auth/local`
pub async fn login(
    State(app): State<Arc<App>>,
    mint: Option<Extension<Mint>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    public_only(&app, &headers).await?;
    let identifier = fields.text("identifier")?;
    let given = fields.text("password")?;
    let found = app
        .store
        .run(move |db| users::find_by_identifier(db, &identifier))
        .await?;
    let user = spawn_blocking(move || {
        let (user, hash) = found.unzip();
        let right = password::verify(&given, hash.as_deref());
        user.filter(|_| right)
    })
    .await
    .map_err(|_| StoreError::Cancelled)?
    .ok_or_else(|| Refusal::validation("Invalid identifier or password"))?;
    sign_in(&app, user, mint).await
}

/// `POST /api/auth/local/register`
pub async fn register(
    State(app): State<Arc<App>>,
    mint: Option<Extension<Mint>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    public_only(&app, &headers).await?;
    let username = fields.text("username")?;
    let email = fields.text("email")?;
    let given = fields.text("password")?;
    if username.chars().count() < 3 {
        return Err(Refusal::validation(
            "username must be at least 3 characters",
        ));
    }
    if !email.contains('@') {
        return Err(Refusal::validation("email must be a valid email"));
    }
    if given.chars().count() < 6 {
        return Err(Refusal::validation(
            "password must be at least 6 characters",
        ));
    }
    let hash = spawn_blocking(move || password::hash(&given))
        .await
        .map_err(|_| StoreError::Cancelled)?
        .map_err(StoreError::from)?;
    let inserted = app
        .store
        .run(move |db| {
            let user = users::insert(db, &username, &email, &hash, Timestamp::now());
            match user {
                Err(error)
                    if error.sqlite_error_code()
                        == Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
                    Ok(None)
                }
                other => other.map(Some),
            }
        })
        .await?;
    let user =
        inserted.ok_or_else(|| Refusal::application("Email or Username are already taken"))?;
    sign_in(&app, user, mint).await
}

async fn sign_in(
    app: &App,
    user: User,
    mint: Option<Extension<Mint>>,
) -> Result<Response, Refusal> {
    let (id, terms) = (user.id, app.terms(mint_or_new(mint))?);
    let now = Timestamp::now();
    let grant = app
        .store
        .run(move |db| sessions::begin(db, id, terms, now))
        .await?;
    let jwt = sign(app, &grant)?;
    let mut response = Json(json!({ "jwt": jwt, "user": user })).into_response();
    set_refresh_cookie(app, &mut response, &grant, now);
    Ok(response)
}

/// `POST /api/token/refresh`
pub async fn refresh(
    State(app): State<Arc<App>>,
    mint: Option<Extension<Mint>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    public_only(&app, &headers).await?;
    let presented = presented(&headers)
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "no Authorization"))?;
    let turn = app.turns.take(presented).await;
    let terms = app.terms(mint_or_new(mint))?;
    let now = Timestamp::now();
    let rotation = app
        .store
        .run(move |db| sessions::rotate(db, &presented, terms, now))
        .await?;
    match rotation {
        Rotation::Granted(grant) => {
            let jwt = sign(&app, &grant)?;
            let mut response = Json(json!({ "jwt": jwt })).into_response();
            set_refresh_cookie(&app, &mut response, &grant, now);
            let store: Arc<Store> = Arc::clone(&app.store);
            let extensions = response.extensions_mut();
            extensions.insert(Outcome::Rotated);
            extensions.insert(Delivery::new(store, grant.row, turn));
            Ok(response)
        }
        Rotation::Refused => Err(invalid_token()),
        Rotation::Replayed => {
            let mut response = invalid_token().into_response();
            response.extensions_mut().insert(Outcome::Replayed);
            Ok(response)
        }
    }
}

/// `GET` and `POST /api/auth/logout`. Takes any `Authorization` header or none:
/// whoever holds the refresh token may end it.
pub async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(presented) = presented(&headers) {
        app.store
            .run(move |db| sessions::end(db, &presented, Timestamp::now()))
            .await?;
    }
    let mut response = Json(json!({ "message": "ok" })).into_response();
    response.headers_mut().insert(
        SET_COOKIE,
        HeaderValue::from_static(
            "refreshToken=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; \
             Max-Age=0; HttpOnly; SameSite=Strict",
        ),
    );
    Ok(response)
}

fn invalid_token() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "Error: Invalid token.")
}

fn mint_or_new(mint: Option<Extension<Mint>>) -> Mint {
    mint.map_or(Mint::New, |Extension(mint)| mint)
}

fn sign(app: &App, grant: &Grant) -> Result<String, StoreError> {
    Ok(app.keys.sign(&grant.claims)?.reveal().to_owned())
}

/// Reads the cookie (RFC 6265 section 5.4). An empty one is none.
fn presented(headers: &HeaderMap) -> Option<TokenHash> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim() == REFRESH_COOKIE)
        .map(|(_, value)| value.trim())
        .filter(|value| !value.is_empty())
        .map(|value| RefreshToken::presented(value).hash())
}

/// Host-only, because a cookie with `Domain=localhost` is not sent to
/// 127.0.0.1; without `Secure`, because the server speaks plain HTTP on
/// loopback only.
fn set_refresh_cookie(app: &App, response: &mut Response, grant: &Grant, now: Timestamp) {
    let ttl = app.lifetimes.refresh();
    let cookie = format!(
        "{REFRESH_COOKIE}={}; Path=/; Expires={}; Max-Age={}; HttpOnly; SameSite=Strict",
        grant.refresh.reveal(),
        now.plus(ttl).http_date(),
        ttl.as_millis().div_ceil(1000),
    );
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, value);
    }
}

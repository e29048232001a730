//! The protected routes: the posts, and who is signed in.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::App;
use crate::answer::Refusal;
use crate::auth::{Caller, caller};
use crate::clock::Timestamp;
use crate::fields::Fields;
use crate::journal::Outcome;
use crate::store::{posts, users};

/// Gives the user, or the answer for everyone else: 401 to a token that is not
/// good, 403 to no token, as Strapi has it.
async fn signed_in(app: &App, headers: &HeaderMap) -> Result<i64, Response> {
    match caller(app, headers).await {
        Ok(Caller::User(id)) => Ok(id),
        Ok(Caller::Refused) => Err(Refusal::unauthorized().into_response()),
        Ok(Caller::Anonymous) => {
            let mut response = Refusal::forbidden().into_response();
            response.extensions_mut().insert(Outcome::Anonymous);
            Err(response)
        }
        Err(refusal) => Err(refusal.into_response()),
    }
}

/// `GET /api/posts`, with Strapi's `pagination[page]` and `[pageSize]`.
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    signed_in(&app, &headers).await?;
    let number = |name: &str, default: i64| {
        query
            .get(name)
            .and_then(|text| text.parse().ok())
            .filter(|number| *number > 0)
            .unwrap_or(default)
    };
    let page = number("pagination[page]", 1);
    let page_size = number("pagination[pageSize]", 25).min(100);
    let offset = (page - 1).saturating_mul(page_size);
    let (posts, total) = app
        .store
        .run(move |db| posts::page(db, page_size, offset))
        .await
        .map_err(refuse)?;
    let page_count = total.saturating_add(page_size - 1) / page_size;
    Ok(Json(json!({
        "data": posts,
        "meta": { "pagination": {
            "page": page, "pageSize": page_size, "pageCount": page_count, "total": total,
        } },
    }))
    .into_response())
}

/// `GET /api/posts/{id}`
pub async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    signed_in(&app, &headers).await?;
    let not_found = || Refusal::not_found().into_response();
    let id = id.parse().map_err(|_| not_found())?;
    let post = app
        .store
        .run(move |db| posts::find(db, id))
        .await
        .map_err(refuse)?
        .ok_or_else(not_found)?;
    Ok(Json(json!({ "data": post, "meta": {} })).into_response())
}

/// `POST /api/posts` with `{"data":{"title","content"}}`
pub async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Response> {
    signed_in(&app, &headers).await?;
    let data = fields.object("data").ok_or_else(|| {
        Refusal::validation("Missing \"data\" payload in the request body").into_response()
    })?;
    let title = data.text("title").map_err(IntoResponse::into_response)?;
    let content = data.text("content").unwrap_or_default();
    let post = app
        .store
        .run(move |db| posts::insert(db, &title, &content, Timestamp::now()))
        .await
        .map_err(refuse)?;
    Ok(Json(json!({ "data": post, "meta": {} })).into_response())
}

/// `GET /api/users/me`
pub async fn me(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Response> {
    let id = signed_in(&app, &headers).await?;
    let user = app
        .store
        .run(move |db| users::find(db, id))
        .await
        .map_err(refuse)?
        .ok_or_else(|| Refusal::unauthorized().into_response())?;
    Ok(Json(user).into_response())
}

fn refuse(error: crate::store::StoreError) -> Response {
    Refusal::from(error).into_response()
}

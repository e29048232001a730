//! Request bodies: JSON or a form, as Strapi takes them.

use axum::body::Bytes;
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::answer::Refusal;

/// The members of a body. A body of any other type has none: a page of another
/// site can send `text/plain` without being asked, and shall not sign in.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Gives a member that has to be a text, and not an empty one.
    pub fn text(&self, name: &'static str) -> Result<String, Refusal> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            None | Some(Value::Null | Value::String(_)) => {
                Err(Refusal::validation(format!("{name} is a required field")))
            }
            Some(_) => Err(Refusal::validation(format!(
                "{name} must be a `string` type"
            ))),
        }
    }

    /// Gives the members of a member.
    pub fn object(&self, name: &str) -> Option<Self> {
        match self.0.get(name) {
            Some(Value::Object(members)) => Some(Self(members.clone())),
            _ => None,
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let media_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|value| value.trim().to_ascii_lowercase())
            .unwrap_or_default();
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => {
                let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, state)
                    .await
                    .map_err(|error| Refusal::new(error.status(), error.body_text()))?;
                let members = pairs
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)));
                Ok(Self(members.collect()))
            }
            "application/json" => {
                let bytes = Bytes::from_request(request, state)
                    .await
                    .map_err(|error| Refusal::new(error.status(), error.body_text()))?;
                if bytes.is_empty() {
                    return Ok(Self(Map::new()));
                }
                serde_json::from_slice(&bytes).map(Self).map_err(|_| {
                    Refusal::new(StatusCode::BAD_REQUEST, "the body is not a JSON object")
                })
            }
            _ => Ok(Self(Map::new())),
        }
    }
}

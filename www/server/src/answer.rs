//! Answers in the shapes of Strapi 4: `{"data":…,"meta":…}`, and
//! `{"data":null,"error":{"status","name","message","details"}}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::store::StoreError;

/// A refusal, as the recorded system words it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    name: Cow<'static, str>,
    message: Cow<'static, str>,
    details: Value,
}

impl Refusal {
    /// Refuses with the error name that goes with the status.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name: error_name(status).into(),
            message: message.into(),
            details: json!({}),
        }
    }

    /// 400 for a body that is not what the route takes.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: "ValidationError".into(),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// 400 for a body that is right and asks for what cannot be.
    pub fn application(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: "ApplicationError".into(),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// 401 for a token that is expired or no token at all.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Missing or invalid credentials")
    }

    /// 403 for a caller whose role may not do this.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        eprintln!("evertoken-demo-server: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    data: (),
    error: ErrorMember<'a>,
}

#[derive(Serialize)]
struct ErrorMember<'a> {
    status: u16,
    name: &'a str,
    message: &'a str,
    details: &'a Value,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            data: (),
            error: ErrorMember {
                status: self.status.as_u16(),
                name: &self.name,
                message: &self.message,
                details: &self.details,
            },
        };
        (self.status, Json(body)).into_response()
    }
}

/// Spells the error's name as Strapi (and http-errors under it) does:
/// "Too Many Requests" is the one with a name of its own.
fn error_name(status: StatusCode) -> String {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return "RateLimitError".into();
    }
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let words: String = reason.chars().filter(|c| c.is_ascii_alphabetic()).collect();
    if words.ends_with("Error") {
        words
    } else {
        format!("{words}Error")
    }
}

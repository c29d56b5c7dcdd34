//! Discord's errors: `{code, message, errors}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal, as the API words it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    message: String,
    errors: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: u32, message: &str) -> ApiError {
        ApiError { status, code, message: message.to_owned(), errors: None }
    }

    pub(crate) fn unauthorized() -> ApiError {
        ApiError::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn no_access() -> ApiError {
        ApiError::new(403, 50001, "Missing Access")
    }

    pub(crate) fn no_permission() -> ApiError {
        ApiError::new(403, 50013, "Missing Permissions")
    }

    pub(crate) fn too_large() -> ApiError {
        ApiError::new(413, 40005, "Request entity too large")
    }

    pub(crate) fn archived() -> ApiError {
        ApiError::new(400, 50083, "Thread is archived")
    }

    pub(crate) fn unknown_route() -> ApiError {
        ApiError::new(404, 0, "404: Not Found")
    }

    pub(crate) fn unknown_channel() -> ApiError {
        ApiError::new(404, 10003, "Unknown Channel")
    }

    pub(crate) fn unknown_overwrite() -> ApiError {
        ApiError::new(404, 10009, "Unknown Overwrite")
    }

    pub(crate) fn unknown_message() -> ApiError {
        ApiError::new(404, 10008, "Unknown Message")
    }

    pub(crate) fn unknown_webhook() -> ApiError {
        ApiError::new(404, 10015, "Unknown Webhook")
    }

    pub(crate) fn unknown_interaction() -> ApiError {
        ApiError::new(404, 10062, "Unknown interaction")
    }

    pub(crate) fn acknowledged() -> ApiError {
        ApiError::new(400, 40060, "Interaction has already been acknowledged.")
    }

    pub(crate) fn token_expired() -> ApiError {
        ApiError::new(401, 50027, "Invalid Webhook Token")
    }

    /// 50035 about one field; `path` is dotted (`data.components.0.custom_id`).
    pub(crate) fn invalid(path: &str, code: &str, message: &str) -> ApiError {
        let leaf = json!({ "_errors": [{ "code": code, "message": message }] });
        let errors = path.rsplit('.').fold(leaf, |inner, name| json!({ name: inner }));
        ApiError { status: 400, code: 50035, message: "Invalid Form Body".to_owned(), errors: Some(errors) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        (StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

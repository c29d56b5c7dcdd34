//! What can go wrong when Stripe is asked.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::lenient;

/// Why Stripe did not do what it was asked.
///
/// Neither `Display` nor `Debug` shows `message`: Stripe repeats what was sent in it, which may be an address or a key.
#[derive(thiserror::Error)]
pub enum StripeError {
    /// It will not, however often it is asked (4xx).
    #[error(
        "Stripe refused: status {status}, {kind}{}{}{}",
        part("code", code),
        part("parameter", param),
        part("request", request_id)
    )]
    Refused {
        /// HTTP status.
        status: u16,
        /// `invalid_request_error`, `card_error`, `idempotency_error`, `api_error` …
        kind: String,
        /// `resource_missing`, `coupon_expired` …
        code: Option<String>,
        /// The parameter that it is about.
        param: Option<String>,
        /// Stripe's words, for a developer.
        message: String,
        /// `req_…`, by which Stripe's support finds it.
        request_id: Option<String>,
    },
    /// Too many requests, or another request is at the same object (429, 409).
    #[error("Stripe is busy")]
    Busy {
        /// How long Stripe says to wait.
        retry_after: Option<Duration>,
    },
    /// No answer in time, no connection, or an error of Stripe's own (5xx). It may have done it or not: ask again with
    /// the same idempotency key.
    #[error("Stripe does not answer: {0}")]
    Down(String),
    /// An answer that can't be read.
    #[error("Stripe's answer is not understood: {0}")]
    Unexpected(String),
}

fn part(name: &str, value: &Option<String>) -> String {
    value.as_ref().map(|value| format!(", {name} {value}")).unwrap_or_default()
}

impl fmt::Debug for StripeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StripeError({self})")
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    #[serde(deserialize_with = "lenient::or_default")]
    error: Details,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    #[serde(rename = "type", deserialize_with = "lenient::or_default")]
    kind: String,
    code: Option<String>,
    param: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    message: String,
}

impl StripeError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StripeError::Busy { .. } | StripeError::Down(_))
    }

    pub(super) fn refused(status: u16, body: &[u8], request_id: Option<String>) -> StripeError {
        let Body { error } = serde_json::from_slice(body).unwrap_or_default();
        let kind = if error.kind.is_empty() { "unknown_error".to_owned() } else { error.kind };
        StripeError::Refused { status, kind, code: error.code, param: error.param, message: error.message, request_id }
    }

    /// What Stripe says of an id that it does not know.
    pub(super) fn no_such_object() -> StripeError {
        StripeError::Refused {
            status: 404,
            kind: "invalid_request_error".to_owned(),
            code: Some("resource_missing".to_owned()),
            param: Some("id".to_owned()),
            message: "not an id".to_owned(),
            request_id: None,
        }
    }

    /// Whether Stripe knows nothing of the object.
    pub fn is_not_found(&self) -> bool {
        matches!(self, StripeError::Refused { status: 404, .. })
    }
}

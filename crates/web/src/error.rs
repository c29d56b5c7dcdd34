//! One error, two renderers: problem+json for programs here, a page in `site`.

use api::{Problem, ProblemField};
use app::Error;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// An error of the API's.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// A use case's.
    App(Error),
    /// The request could not be read.
    Request {
        /// Status of the answer.
        status: StatusCode,
        /// Stable, snake_case.
        code: &'static str,
        /// What happened and what to do.
        detail: String,
    },
}

impl ApiError {
    pub(crate) fn request(status: StatusCode, code: &'static str, detail: impl Into<String>) -> ApiError {
        ApiError::Request { status, code, detail: detail.into() }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        ApiError::App(error)
    }
}

/// The status of a use case's error.
pub(crate) fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Conflict { .. } | Error::Locked { .. } => StatusCode::CONFLICT,
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::PaymentRequired { .. } => StatusCode::PAYMENT_REQUIRED,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy { .. } | Error::Contention(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Seconds after which it makes sense to try again.
pub(crate) fn retry_after(error: &Error) -> Option<i64> {
    match error {
        Error::TooMany { retry_after_ms } => Some((retry_after_ms + 999) / 1000),
        Error::Busy { .. } | Error::Contention(_) => Some(2),
        Error::Locked { .. } => Some(1),
        _ => None,
    }
}

/// Writes an error that is ours to mend into the log, once, with its causes.
pub(crate) fn log(error: &Error) {
    match error {
        Error::Internal(_) => tracing::error!(error = error.chain(), "internal error"),
        Error::Busy { .. } | Error::Contention(_) => tracing::warn!(error = error.chain(), "unavailable"),
        _ => {}
    }
}

/// What the caller reads.
pub(crate) fn detail_of(error: &Error) -> String {
    match error {
        Error::NotFound => "there is nothing here that you may see".to_owned(),
        Error::Invalid(fields) => {
            let list: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
            list.join("; ")
        }
        Error::TooMany { .. } => "too many requests; wait for the time in Retry-After".to_owned(),
        Error::Busy { .. } | Error::Contention(_) => {
            format!("{error}; nothing was changed, try again in a few seconds")
        }
        Error::Internal(_) => {
            "something went wrong on our side; nothing was changed. Tell support the request id".to_owned()
        }
        other => other.to_string(),
    }
}

/// The fields that were refused; `say` gives an error's words by its code and its English ones.
fn fields_of(error: &Error, say: impl Fn(&str, &str) -> String) -> Vec<ProblemField> {
    match error {
        Error::Invalid(fields) => fields
            .iter()
            .map(|f| ProblemField {
                field: f.field.to_owned(),
                code: f.code.to_owned(),
                detail: say(f.code, &f.detail),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// An error for a page's own script, in the words of the page.
pub(crate) fn for_script(error: &Error, say: impl Fn(&str, &str) -> String) -> Response {
    let detail = say(error.code(), &detail_of(error));
    problem(status_of(error), error.code(), detail, fields_of(error, say), retry_after(error))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match &self {
            ApiError::App(error) => {
                log(error);
                // A webhook with a bad signature is the one refusal that Stripe wants to see as 400.
                let status = match error.code() {
                    "invalid" if is_webhook(error) => StatusCode::BAD_REQUEST,
                    _ => status_of(error),
                };
                let fields = fields_of(error, |_, english| english.to_owned());
                problem(status, error.code(), detail_of(error), fields, retry_after(error))
            }
            ApiError::Request { status, code, detail } => problem(*status, code, detail.clone(), Vec::new(), None),
        }
    }
}

fn problem(status: StatusCode, code: &str, detail: String, errors: Vec<ProblemField>, retry: Option<i64>) -> Response {
    let problem = Problem {
        type_: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        code: code.to_owned(),
        errors,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn is_webhook(error: &Error) -> bool {
    matches!(error, Error::Invalid(fields) if fields.iter().any(|f| matches!(f.code, "signature_invalid" | "livemode_mismatch")))
}

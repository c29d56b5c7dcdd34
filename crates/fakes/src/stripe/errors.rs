//! Stripe's error bodies.

use serde_json::{Value, json};

/// A refusal, as Stripe words it.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// True when the request was refused before anything ran: such a reply is not kept under an idempotency key.
    pub(crate) before_running: bool,
}

impl ApiError {
    fn new(status: u16, code: Option<&'static str>, message: String, param: Option<&str>) -> ApiError {
        let param = param.map(str::to_owned);
        ApiError { status, kind: "invalid_request_error", code, message, param, before_running: false }
    }

    /// A parameter that cannot be read or accepted: 400, and nothing has run.
    pub(crate) fn parameter(code: Option<&'static str>, message: impl Into<String>, param: &str) -> ApiError {
        let mut error = ApiError::new(400, code, message.into(), Some(param));
        error.before_running = true;
        error
    }

    pub(crate) fn unknown(names: &[String]) -> ApiError {
        let plural = if names.len() == 1 { "" } else { "s" };
        let message = format!("Received unknown parameter{plural}: {}", names.join(", "));
        ApiError::parameter(Some("parameter_unknown"), message, names.first().map_or("", String::as_str))
    }

    pub(crate) fn missing(name: &str) -> ApiError {
        ApiError::parameter(Some("parameter_missing"), format!("Missing required param: {name}."), name)
    }

    pub(crate) fn exclusive(one: &str, other: &str) -> ApiError {
        let message = format!("You may only specify one of these parameters: {one}, {other}.");
        ApiError::parameter(Some("parameters_exclusive"), message, other)
    }

    /// A rule of the object's own, such as a state that does not allow this.
    pub(crate) fn invalid(code: Option<&'static str>, message: impl Into<String>, param: Option<&str>) -> ApiError {
        ApiError::new(400, code, message.into(), param)
    }

    /// An id in the path that names nothing.
    pub(crate) fn not_found(noun: &str, id: &str) -> ApiError {
        ApiError::new(404, Some("resource_missing"), format!("No such {noun}: '{id}'"), Some("id"))
    }

    /// An id in a parameter that names nothing: 400, as Stripe answers there.
    pub(crate) fn no_such(noun: &str, id: &str, param: &str) -> ApiError {
        ApiError::new(400, Some("resource_missing"), format!("No such {noun}: '{id}'"), Some(param))
    }

    /// The card does not pay: 402, and nothing was changed.
    pub(crate) fn declined() -> ApiError {
        let message = "Your card was declined.".to_owned();
        ApiError { kind: "card_error", ..ApiError::new(402, Some("card_declined"), message, None) }
    }

    pub(crate) fn unauthorized(message: String) -> ApiError {
        let mut error = ApiError::new(401, None, message, None);
        error.before_running = true;
        error
    }

    pub(crate) fn no_route(method: &str, path: &str) -> ApiError {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
        );
        ApiError::new(404, None, message, None)
    }

    /// The key was used for something else: 400.
    pub(crate) fn idempotency(message: String) -> ApiError {
        let mut error = ApiError::new(400, None, message, None);
        error.kind = "idempotency_error";
        error.before_running = true;
        error
    }

    /// The first request under the key is still running: 409.
    pub(crate) fn key_in_use(key: &str) -> ApiError {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, \
             and the other request is still going through): {key}. Please try again later."
        );
        let mut error = ApiError::new(409, Some("idempotency_key_in_use"), message, None);
        error.kind = "idempotency_error";
        error.before_running = true;
        error
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({ "error": error })
    }
}

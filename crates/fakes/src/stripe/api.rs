//! The door of the API: key, version, idempotency, then the one function of the path.

use super::errors::ApiError;
use super::form::Params;
use super::idempotency::Saved;
use super::state::{API_VERSION, Cx};
use super::trouble::Trouble;
use super::{
    Inner, charges, checkout, coupons, customers, events, invoices, lists, lock, payments, portal, prices, products,
    promotions, schedules, subscriptions,
};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;

/// One request that reached the API, for a test to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The `Stripe-Version` header.
    pub stripe_version: Option<String>,
    /// The parameters, one `name=value` a line, in name order.
    pub params: String,
    /// The status of the reply.
    pub status: u16,
    /// Whether the reply came from an earlier request under the same key.
    pub replayed: bool,
}

struct Reply {
    status: u16,
    body: String,
    replayed: bool,
    original: Option<String>,
}

impl Reply {
    fn error(error: &ApiError) -> Reply {
        Reply { status: error.status, body: pretty(&error.body()), replayed: false, original: None }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Every path under `/v1/`.
pub(crate) async fn serve(Shared(inner): Shared<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let method = head.method.as_str().to_owned();
    let path = head.uri.path().to_owned();
    let key = text(&head.headers, "idempotency-key").filter(|_| method == "POST");
    let version = text(&head.headers, "stripe-version");
    let request_id = format!("req_{}", inner.letters(14));

    let trouble = lock(&inner.plan).take(&path);
    match trouble {
        Some(Trouble::TooMany) => return gone_wrong(429, "rate_limit", "Request rate limit exceeded."),
        Some(Trouble::Broken) => return gone_wrong(500, "api_error", "An unknown error occurred."),
        Some(Trouble::BrokenAfter | Trouble::AnswerLost | Trouble::Hang) | None => {}
    }
    let mut params = Params::default();
    let reply = match answer(&inner, &head, body, key.as_deref(), &request_id, &mut params).await {
        Ok(reply) => reply,
        Err(error) => Reply::error(&error),
    };
    inner.log(LoggedRequest {
        method,
        path,
        idempotency_key: key.clone(),
        stripe_version: version,
        params: params.canonical(),
        status: reply.status,
        replayed: reply.replayed,
    });

    match trouble {
        Some(Trouble::BrokenAfter) => return gone_wrong(500, "api_error", "An unknown error occurred."),
        Some(Trouble::Hang) => return std::future::pending().await,
        // Unwinding drops the connection; no panic hook runs, so nothing is printed.
        Some(Trouble::AnswerLost) => std::panic::resume_unwind(Box::new("the answer is lost")),
        _ => {}
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    put("content-type", "application/json");
    put("request-id", &request_id);
    put("stripe-version", API_VERSION);
    if let Some(key) = &key {
        put("idempotency-key", key);
    }
    if reply.replayed {
        put("idempotent-replayed", "true");
    }
    if let Some(original) = &reply.original {
        put("original-request", original);
    }
    (status, headers, reply.body).into_response()
}

/// The error of a bad day, which no request has asked for.
fn gone_wrong(status: u16, code: &str, message: &str) -> Response {
    let kind = if status == 429 { "invalid_request_error" } else { "api_error" };
    let mut error = json!({ "type": kind, "message": message });
    if status == 429 {
        error["code"] = json!(code);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [("content-type", "application/json"), ("stripe-should-retry", "true")];
    (status, headers, pretty(&json!({ "error": error }))).into_response()
}

async fn answer(
    inner: &Inner,
    head: &axum::http::request::Parts,
    body: Body,
    key: Option<&str>,
    request_id: &str,
    sent: &mut Params,
) -> Result<Reply, ApiError> {
    authorize(&head.headers, &inner.secret_key)?;
    if let Some(version) = text(&head.headers, "stripe-version").filter(|version| version != API_VERSION) {
        let message = format!("Invalid Stripe API version: {version}. This pretend Stripe speaks {API_VERSION}.");
        return Err(ApiError::parameter(None, message, "Stripe-Version"));
    }
    let _in_use = key.map(|key| inner.running.begin(key)).transpose()?;
    let params = read(head, body).await?;
    sent.clone_from(&params);

    let method = head.method.as_str();
    let endpoint = head.uri.path();
    let now = (inner.now)();
    inner.with_state(|state| {
        let current = key.and_then(|key| state.replies.get(key)).filter(|saved| saved.at > now - 24 * 3600).cloned();
        if let (Some(saved), Some(key)) = (current, key) {
            saved.fits(key, endpoint, &params.canonical())?;
            return Ok(Reply {
                status: saved.status,
                body: saved.body,
                replayed: true,
                original: Some(saved.request_id),
            });
        }
        let mut cx = inner.cx(state, now, (Some(request_id.to_owned()), key.map(str::to_owned)));
        checkout::expire_due(&mut cx);
        let result = route(&mut cx, method, endpoint, &params)
            .and_then(|object| lists::expand(cx.state, &object, &params.list("expand")));
        let (reply, keep) = match result {
            Ok(object) => (Reply { status: 200, body: pretty(&object), replayed: false, original: None }, true),
            Err(error) => (Reply::error(&error), !error.before_running),
        };
        if let (Some(key), true) = (key, keep) {
            let saved = Saved::new(endpoint, params.canonical(), reply.status, reply.body.clone(), request_id, now);
            state.replies.insert(key.to_owned(), saved);
        }
        Ok(reply)
    })
}

fn authorize(headers: &HeaderMap, secret_key: &str) -> Result<(), ApiError> {
    let given = text(headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
    let key = match given.split_once(' ') {
        Some(("Bearer", key)) => key.trim().to_owned(),
        Some(("Basic", pair)) => base64::engine::general_purpose::STANDARD
            .decode(pair.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pair| pair.split(':').next().map(str::to_owned))
            .unwrap_or_default(),
        _ => String::new(),
    };
    if key.is_empty() {
        return Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth \
             (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we \
             can help at https://support.stripe.com/."
                .to_owned(),
        ));
    }
    if bool::from(key.as_bytes().ct_eq(secret_key.as_bytes())) {
        return Ok(());
    }
    let tail: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    Err(ApiError::unauthorized(format!(
        "Invalid API Key provided: {}{tail}",
        "*".repeat(key.chars().count().saturating_sub(4))
    )))
}

async fn read(head: &axum::http::request::Parts, body: Body) -> Result<Params, ApiError> {
    let bytes: Bytes = axum::body::to_bytes(body, LARGEST)
        .await
        .map_err(|_| ApiError::parameter(None, "Invalid request: the body could not be read.", ""))?;
    if bytes.is_empty() {
        return Params::parse(head.uri.query().unwrap_or_default().as_bytes());
    }
    let form =
        text(&head.headers, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !form {
        let message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any \
                       questions, we can help at https://support.stripe.com/.";
        return Err(ApiError::parameter(None, message, ""));
    }
    Params::parse(&bytes)
}

fn route(cx: &mut Cx<'_>, method: &str, path: &str, p: &Params) -> Result<Value, ApiError> {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["customers"]) => customers::create(cx, p),
        ("GET", ["customers"]) => customers::list(cx, p),
        ("GET", ["customers", id]) => customers::retrieve(cx, id, p),
        ("POST", ["customers", id]) => customers::update(cx, id, p),
        ("POST", ["customers", id, "balance_transactions"]) => customers::add_to_balance(cx, id, p),
        ("GET", ["customers", id, "balance_transactions"]) => customers::balance_transactions(cx, id, p),
        ("DELETE", ["customers", id]) => customers::delete(cx, id, p),
        ("POST", ["products"]) => products::create(cx, p),
        ("GET", ["products"]) => products::list(cx, p),
        ("GET", ["products", id]) => products::retrieve(cx, id, p),
        ("POST", ["prices"]) => prices::create(cx, p),
        ("GET", ["prices"]) => prices::list(cx, p),
        ("GET", ["prices", id]) => prices::retrieve(cx, id, p),
        ("POST", ["prices", id]) => prices::update(cx, id, p),
        ("POST", ["coupons"]) => coupons::create(cx, p),
        ("GET", ["coupons", id]) => coupons::retrieve(cx, id, p),
        ("POST", ["promotion_codes"]) => promotions::create(cx, p),
        ("GET", ["promotion_codes"]) => promotions::list(cx, p),
        ("GET", ["promotion_codes", id]) => promotions::retrieve(cx, id, p),
        ("POST", ["promotion_codes", id]) => promotions::update(cx, id, p),
        ("POST", ["checkout", "sessions"]) => checkout::create(cx, p),
        ("GET", ["checkout", "sessions"]) => checkout::list(cx, p),
        ("GET", ["checkout", "sessions", id]) => checkout::retrieve(cx, id, p),
        ("GET", ["checkout", "sessions", id, "line_items"]) => checkout::line_items(cx, id, p),
        ("POST", ["checkout", "sessions", id, "expire"]) => checkout::expire(cx, id, p),
        ("GET", ["subscriptions"]) => subscriptions::list(cx, p),
        ("GET", ["subscriptions", id]) => subscriptions::retrieve(cx, id, p),
        ("POST", ["subscriptions", id]) => subscriptions::update(cx, id, p),
        ("DELETE", ["subscriptions", id]) => subscriptions::cancel(cx, id, p),
        ("POST", ["subscription_schedules"]) => schedules::create(cx, p),
        ("GET", ["subscription_schedules", id]) => schedules::retrieve(cx, id, p),
        ("POST", ["subscription_schedules", id]) => schedules::update(cx, id, p),
        ("POST", ["subscription_schedules", id, "release"]) => schedules::release(cx, id, p),
        ("GET", ["invoices"]) => invoices::list(cx, p),
        ("GET", ["invoices", id]) => invoices::retrieve(cx, id, p),
        ("GET", ["invoice_payments"]) => charges::payments(cx, p),
        ("GET", ["charges", id]) => charges::retrieve(cx, id, p),
        ("POST", ["refunds"]) => charges::refund(cx, p),
        ("GET", ["disputes", id]) => charges::retrieve_dispute(cx, id, p),
        ("GET", ["disputes"]) => charges::disputes(cx, p),
        ("GET", ["payment_intents", id]) => payments::retrieve_intent(cx, id, p),
        ("GET", ["payment_methods", id]) => payments::retrieve_method(cx, id, p),
        ("GET", ["billing_portal", "configurations"]) => portal::configurations(cx, p),
        ("POST", ["billing_portal", "configurations", id]) => portal::configure(cx, id, p),
        ("POST", ["billing_portal", "sessions"]) => portal::create(cx, p),
        ("GET", ["events"]) => events::list(cx, p),
        ("GET", ["events", id]) => events::retrieve(cx, id, p),
        _ => Err(ApiError::no_route(method, path)),
    }
}

//! Webhooks of outside services.

use app::App;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;

use crate::error::ApiError;
use crate::extract::unreadable;

/// Takes an event of Stripe's. 200 once it is stored; 400 for a bad signature, and then nothing is written.
#[utoipa::path(
    post, path = "/stripe/webhook", tag = "payments", request_body(content = String, content_type = "application/json"),
    params(("Stripe-Signature" = String, Header, description = "As Stripe signs it")),
    responses((status = 200, description = "Stored"), (status = 400, description = "Signature refused", body = api::Problem),
        (status = 503, description = "Send it again later", body = api::Problem))
)]
pub(crate) async fn stripe(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(), ApiError> {
    let body = body.map_err(unreadable)?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(app::stripe_event::receive(&app, &body, signature).await?)
}

//! All routes on one router, and what is true for all of them.

use std::time::Duration;

use app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use crate::context::{Ctx, Settings};
use crate::error::ApiError;
use crate::{client, gateway, headers, json, request_id, rest, site};

/// Longest time that a request may take; outside services are given up on before.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The site, the API (at `/backend/api` and at `/api/v1`), the webhook, and what gateways ask.
pub fn router(app: App, settings: Settings) -> Router {
    let ctx = Ctx::new(app.for_people(), settings);
    let api = json::router(&ctx);
    Router::new()
        .nest("/backend/api", api.clone())
        .nest("/api/v1", api)
        .nest("/gateway/v1", gateway::router())
        .merge(site::router())
        .layer(DefaultBodyLimit::max(json::MAX_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(ctx.clone(), frame))
        .with_state(ctx)
}

/// What is true for every request. One layer for all of it: each costs every request a copy of all that it covers.
async fn frame(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    client::find(&ctx.settings.trusted_proxies, &mut request);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let rest = rest::of(&mut request);
    let mut response = request_id::named(&ctx.app, request, |request| in_time(request, next)).await;
    headers::secure(&ctx.headers, is_read, response.headers_mut());
    rest.read_away().await;
    response
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::from(app::Error::Busy { what: "the service", source: None }).into_response(),
    }
}

fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    ApiError::from(app::Error::internal(format!("panic: {words}"))).into_response()
}

/// `/metrics`, for a listener of its own that only the operator reaches. From here on metrics must be kept: counters that
/// alerts watch are shown from the first reading on.
pub fn metrics_router<F>(render: F) -> Router
where
    F: Fn() -> String + Clone + Send + Sync + 'static,
{
    app::gauges::begin();
    metrics::counter!("mirai_connections_refused_total").increment(0);
    Router::new()
        .route("/metrics", get(move || std::future::ready(render())))
        .fallback(|| async { (StatusCode::NOT_FOUND, "only /metrics is here\n") })
}

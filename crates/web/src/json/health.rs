//! Health.

use app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// Whether the service can do its work. Always 200: `ok` tells.
#[utoipa::path(get, path = "/health", tag = "service", responses((status = 200, body = api::Health)))]
pub(crate) async fn health(State(app): State<App>) -> Json<api::Health> {
    Json(check(&app).await)
}

/// The same for load balancers: 503 while the service can't do its work.
#[utoipa::path(get, path = "/readyz", tag = "service",
    responses((status = 200, body = api::Health), (status = 503, body = api::Health)))]
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, Json<api::Health>) {
    let health = check(&app).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn check(app: &App) -> api::Health {
    let health = app::health::check(app).await;
    api::Health {
        ok: health.database,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        release: app.config.release.clone(),
        database: if health.database { "up" } else { "down" }.to_owned(),
    }
}

//! Servers.

use app::{App, server};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::vpn::balancer::Wish;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::extract::{OptionalJson, Session};
use crate::json::billing;

fn server_json(row: &server::ServerRow, load: f64) -> api::Server {
    api::Server {
        id: row.id,
        name: row.name.clone(),
        region: row.region.clone(),
        country: row.country.clone(),
        city: row.city.clone(),
        status: row.status.clone(),
        load: (load * 1000.0).round() / 1000.0,
        ping_ms: row.ping_ms,
    }
}

/// All servers with status and load. Carries an ETag.
#[utoipa::path(get, path = "/vps/status", tag = "servers", security(("key" = [])),
    responses((status = 200, body = api::ServerList), (status = 304, description = "Unchanged")))]
pub(crate) async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let rows = server::list(&app).await?;
    let servers = rows.iter().map(|row| server_json(&row.server, server::load(row))).collect();
    let body = serde_json::to_vec(&api::ServerList { servers }).map_err(|e| app::Error::Internal(Box::new(e)))?;
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|list| list.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// The server that the balancer picks now. Nothing is reserved.
#[utoipa::path(post, path = "/vps/choose", tag = "servers", request_body = Option<api::ChooseServer>,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Server), (status = 401, body = api::Problem),
        (status = 409, description = "no_server_free", body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn choose(
    State(app): State<App>,
    _session: Session,
    OptionalJson(body): OptionalJson<api::ChooseServer>,
) -> Result<axum::Json<api::Server>, ApiError> {
    let region = billing::region(body.region.as_deref())?;
    let wish = region.map_or(Wish::Any, |region| Wish::Region(region.as_str().to_owned()));
    let chosen = server::choose(&app, wish).await?;
    Ok(axum::Json(server_json(&chosen, chosen.load.unwrap_or(0.0))))
}

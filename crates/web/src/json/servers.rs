//! Servers.

use std::sync::{Arc, Mutex, PoisonError};

use app::{App, server};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::vpn::balancer::Wish;
use sha2::{Digest, Sha256};

use crate::context::Ctx;
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

/// The list as it was last sent: as long as the servers are the same reading, so are its bytes.
#[derive(Debug, Default)]
pub(crate) struct Rendered(Mutex<Option<Page>>);

#[derive(Debug, Clone)]
struct Page {
    of: Arc<[server::ServerRow]>,
    body: Bytes,
    etag: HeaderValue,
}

impl Rendered {
    fn page(&self, rows: Arc<[server::ServerRow]>) -> Result<Page, app::Error> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = last.as_ref().filter(|page| Arc::ptr_eq(&page.of, &rows)) {
            return Ok(page.clone());
        }
        let servers = rows.iter().map(|row| server_json(row, server::load(row))).collect();
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| app::Error::Internal(error);
        let body = serde_json::to_vec(&api::ServerList { servers }).map_err(|e| internal(e.into()))?;
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
        let etag = HeaderValue::try_from(etag).map_err(|e| internal(e.into()))?;
        Ok(last.insert(Page { of: rows, body: body.into(), etag }).clone())
    }
}

/// All servers with status and load. Carries an ETag.
#[utoipa::path(get, path = "/vps/status", tag = "servers", security(("key" = [])),
    responses((status = 200, body = api::ServerList), (status = 304, description = "Unchanged")))]
pub(crate) async fn status(State(ctx): State<Ctx>, headers: HeaderMap) -> Result<Response, ApiError> {
    let page = ctx.server_list.page(server::list(&ctx.app).await?)?;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = known.flat_map(|list| list.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    let etag = [(header::ETAG, page.etag.clone())];
    if tags.any(|tag| tag.as_bytes() == page.etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((etag, json, page.body).into_response())
}

/// The server that the balancer picks now. Nothing is reserved.
#[utoipa::path(post, path = "/vps/choose", tag = "servers", request_body = Option<api::ChooseServer>,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Server), (status = 401, body = api::Problem),
        (status = 409, description = "no_server_free, region_not_in_plan", body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn choose(
    State(app): State<App>,
    Session(who): Session,
    OptionalJson(body): OptionalJson<api::ChooseServer>,
) -> Result<axum::Json<api::Server>, ApiError> {
    let region = billing::region(body.region.as_deref())?;
    let wish = region.map_or(Wish::Any, |region| Wish::Region(region.as_str().to_owned()));
    let chosen = server::choose(&app, &who, wish).await?;
    Ok(axum::Json(server_json(&chosen, chosen.load.unwrap_or(0.0))))
}

//! Devices and their configurations.

use std::sync::Arc;

use app::device::{self, Device};
use app::device_add::{self, Made};
use app::device_change::{self, Change};
use app::{App, Error};
use axum::Json as Reply;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::names::DeviceName;
use domain::page::{Order, Place};
use domain::vpn::balancer::Wish;
use domain::vpn::key::PublicKey;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder};
use serde::Deserialize;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Id, Json, OptionalJson, Pages, Query, Session};
use crate::idempotency::{Replay, Request};
use crate::json::billing;

/// A device as JSON.
pub(crate) fn device_json(device: &Device) -> api::Device {
    let row = &device.row;
    api::Device {
        id: row.id,
        name: row.name.clone(),
        subscription_id: row.subscription_id,
        server_id: row.server_id,
        server: device.server.name.clone(),
        region: device.server.region.clone(),
        public_key: row.public_key.clone(),
        address_v4: device.address_v4.to_string(),
        address_v6: device.address_v6.to_string(),
        dns: device::dns_of(row).into(),
        served: device.is_served,
        created_at: api::time(row.created_at),
    }
}

/// A device with its file; with the QR only where the file holds its key, since nobody has the key afterwards.
pub(crate) fn made_json(made: &Made) -> api::DeviceMade {
    api::DeviceMade {
        device: device_json(&made.device),
        config: made.config.clone(),
        qr: made.holds_key.then(|| qr_svg(&made.config)).flatten(),
        replayed: false,
    }
}

/// The reply with what was made, and beside it what a replay of it says: the file without the private key.
fn made_reply(app: &App, status: StatusCode, made: Made) -> Response {
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Reply(made_json(&made))).into_response();
    let app = app.clone();
    let replay = move || {
        let config = device::config_text(&app, &made.device, None)?;
        let json = made_json(&Made { device: made.device.clone(), config, holds_key: false });
        let json = api::DeviceMade { replayed: true, ..json };
        serde_json::to_vec(&json).map_err(|error| Error::Internal(Box::new(error)))
    };
    response.extensions_mut().insert(Replay(Arc::new(replay)));
    response
}

/// A configuration as a QR code. `None` if it were too long for one, which ours never are.
pub(crate) fn qr_svg(config: &str) -> Option<String> {
    let code = QRBuilder::new(config.as_bytes()).ecl(ECL::M).build().ok()?;
    Some(SvgBuilder::default().to_str(&code))
}

/// Parses a device's name from a request.
pub(crate) fn device_name(text: &str) -> Result<DeviceName, Error> {
    DeviceName::parse(text).map_err(|e| Error::invalid("name", e.code(), e.to_string()))
}

/// Parses a WireGuard key from a request.
pub(crate) fn public_key(text: Option<&str>) -> Result<Option<PublicKey>, Error> {
    let parse = |text| PublicKey::parse(text).map_err(|e| Error::invalid("public_key", e.code(), e.to_string()));
    text.map(parse).transpose()
}

/// A wish for a server from the two ways to say it.
pub(crate) fn wish(region: Option<&str>, server: Option<Uuid>) -> Result<Wish, Error> {
    match (billing::region(region)?, server) {
        (Some(_), Some(_)) => Err(Error::invalid("server_id", "wish_double", "give a region or a server, not both")),
        (Some(region), None) => Ok(Wish::Region(region.as_str().to_owned())),
        (None, Some(id)) => Ok(Wish::Server(id)),
        (None, None) => Ok(Wish::Any),
    }
}

pub(crate) fn new_device(body: &api::NewDevice, request: Request) -> Result<device_add::NewDevice, Error> {
    Ok(device_add::NewDevice {
        name: body.name.as_deref().map(device_name).transpose()?,
        wish: wish(body.region.as_deref(), body.server_id)?,
        public_key: public_key(body.public_key.as_deref())?,
        mtu: body.mtu.into(),
        routes: body.routes.into(),
        dns: body.dns.into(),
        request: request.0,
    })
}

/// Add a device. The same as `POST /vps/confirm`.
#[utoipa::path(post, path = "/devices", tag = "devices", request_body = api::NewDevice,
    security(("key" = [], "session" = [])),
    responses((status = 201, body = api::DeviceMade), (status = 401, body = api::Problem),
        (status = 402, description = "no_subscription", body = api::Problem),
        (status = 409, description = "device_limit, no_server_free, pool_exhausted", body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn add(
    State(app): State<App>,
    Session(who): Session,
    request: Request,
    Json(body): Json<api::NewDevice>,
) -> Result<Response, ApiError> {
    let made = device_add::device_add(&app, &who, &new_device(&body, request)?).await?;
    Ok(made_reply(&app, StatusCode::CREATED, made))
}

/// Add a device. The same as `POST /devices`.
#[utoipa::path(post, path = "/vps/confirm", tag = "devices", request_body = Option<api::NewDevice>,
    security(("key" = [], "session" = [])),
    responses((status = 201, body = api::DeviceMade), (status = 401, body = api::Problem),
        (status = 402, description = "no_subscription", body = api::Problem),
        (status = 409, description = "device_limit, no_server_free, pool_exhausted", body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn confirm(
    State(app): State<App>,
    Session(who): Session,
    request: Request,
    OptionalJson(body): OptionalJson<api::NewDevice>,
) -> Result<Response, ApiError> {
    let made = device_add::device_add(&app, &who, &new_device(&body, request)?).await?;
    Ok(made_reply(&app, StatusCode::CREATED, made))
}

/// Which configuration, and how.
#[derive(Deserialize)]
pub(crate) struct ConfigWish {
    device: Uuid,
    #[serde(default)]
    format: ConfigFormat,
}

#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfigFormat {
    #[default]
    Text,
    Qr,
}

/// The device's wg-quick file, with the private key left as a marked blank: only its owner has it.
#[utoipa::path(get, path = "/vps/config", tag = "devices", security(("key" = [], "session" = [])),
    params(("device" = Uuid, Query), ("format" = Option<String>, Query, description = "text (if left out) or qr")),
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, description = "key_not_held", body = api::Problem)))]
pub(crate) async fn config(
    State(app): State<App>,
    Session(who): Session,
    Query(query): Query<ConfigWish>,
) -> Result<Response, ApiError> {
    let device = device::get(&app, &who, query.device).await?;
    if query.format == ConfigFormat::Qr {
        let detail = "the private key is not kept, so there is no QR code any more; re-key the device for a new one";
        return Err(Error::conflict("key_not_held", detail).into());
    }
    let text = device::config_text(&app, &device, None)?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

/// Own devices, oldest first.
#[utoipa::path(get, path = "/devices", tag = "devices", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::DeviceList), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn list(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::DeviceList>, ApiError> {
    let page = ask.cut(device::list(&app, &who).await?, Order::OldestFirst, |device| Place::of_id(device.row.id));
    Ok(Reply(api::DeviceList { devices: page.rows.iter().map(device_json).collect(), next_cursor: page.next }))
}

/// One device.
#[utoipa::path(get, path = "/devices/{id}", tag = "devices", security(("key" = [], "session" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = api::Device), (status = 401, body = api::Problem), (status = 404, body = api::Problem)))]
pub(crate) async fn get(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<Reply<api::Device>, ApiError> {
    Ok(Reply(device_json(&device::get(&app, &who, id).await?)))
}

/// Change a device's name or resolvers.
#[utoipa::path(patch, path = "/devices/{id}", tag = "devices", request_body = api::ChangeDevice,
    security(("key" = [], "session" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = api::Device), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn change(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    Json(body): Json<api::ChangeDevice>,
) -> Result<Reply<api::Device>, ApiError> {
    let name = body.name.as_deref().map(device_name).transpose()?;
    let change = Change { name, dns: body.dns.map(Into::into) };
    Ok(Reply(device_json(&device_change::change(&app, &who, id, &change).await?)))
}

/// Remove a device. Its slot is free at once.
#[utoipa::path(delete, path = "/devices/{id}", tag = "devices", security(("key" = [], "session" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "Removed"), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem)))]
pub(crate) async fn delete(State(app): State<App>, Session(who): Session, Id(id): Id) -> Result<StatusCode, ApiError> {
    device_change::delete(&app, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a device another key: the client's own, or one made for this reply alone.
#[utoipa::path(post, path = "/devices/{id}/rekey", tag = "devices", request_body = Option<api::Rekey>,
    security(("key" = [], "session" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = api::DeviceMade), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn rekey(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    OptionalJson(body): OptionalJson<api::Rekey>,
) -> Result<Response, ApiError> {
    let key = public_key(body.public_key.as_deref())?;
    let made = device_change::rekey(&app, &who, id, key).await?;
    Ok(made_reply(&app, StatusCode::OK, made))
}

/// Move a device to another server. Address and keys stay.
#[utoipa::path(post, path = "/devices/{id}/move", tag = "devices", request_body = Option<api::MoveDevice>,
    security(("key" = [], "session" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = api::DeviceMade), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn relocate(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    OptionalJson(body): OptionalJson<api::MoveDevice>,
) -> Result<Reply<api::DeviceMade>, ApiError> {
    let wish = wish(body.region.as_deref(), body.server_id)?;
    Ok(Reply(made_json(&device_change::relocate(&app, &who, id, wish).await?)))
}

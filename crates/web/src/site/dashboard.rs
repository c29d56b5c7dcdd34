//! What a customer sees: after the payment, their subscription, their devices.

use std::collections::BTreeSet;

use app::checkout::{self, Standing};
use app::device::{self, Device};
use app::subscription::{self, View};
use app::{device_add, device_change, server};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::account::SessionForm;
use super::visit::{Fault, Visit};
use crate::error::ApiError;
use crate::json::devices;

#[derive(Deserialize)]
pub(crate) struct Purchase {
    csrf: String,
    plan: String,
}

/// On to Stripe's page.
pub(crate) async fn buy(visit: Visit, Form(form): Form<Purchase>) -> Result<Redirect, Fault> {
    if visit.who.is_none() {
        return Err(visit.redirect("/login?next=/pricing"));
    }
    let who = visit.sent_by(&form.csrf)?;
    let opened = checkout::start(&visit.ctx.app, who, &form.plan, None, None).await;
    Ok(Redirect::to(&opened.map_err(|error| visit.fault(error))?.url))
}

/// On to Stripe's page for payment methods, invoices and cancellation.
pub(crate) async fn portal(visit: Visit, Form(form): Form<SessionForm>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let url = subscription::portal(&visit.ctx.app, who).await;
    Ok(Redirect::to(&url.map_err(|error| visit.fault(error))?))
}

#[derive(Deserialize)]
pub(crate) struct Bought {
    session_id: String,
}

#[derive(Template)]
#[template(path = "thanks.html")]
struct ThanksPage<'a> {
    v: &'a Visit,
    standing: Standing,
    poll: String,
}

pub(crate) async fn thanks(visit: Visit, Query(query): Query<Bought>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let standing = checkout::standing(&visit.ctx.app, who, &query.session_id).await;
    let standing = standing.map_err(|error| visit.fault(error))?;
    let session: String = url::form_urlencoded::byte_serialize(query.session_id.as_bytes()).collect();
    let page = ThanksPage { v: &visit, standing, poll: format!("/thanks/state?session_id={session}") };
    Ok(visit.page(StatusCode::OK, &page))
}

/// How a purchase stands, for the page that waits for it.
pub(crate) async fn thanks_state(visit: Visit, Query(query): Query<Bought>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let standing = checkout::standing(&visit.ctx.app, who, &query.session_id).await;
    let state = match standing.map_err(|error| visit.fault(error))? {
        Standing::Active => "active",
        Standing::Processing => "pending",
        Standing::NotPaid => "not_paid",
    };
    Ok(axum::Json(json!({ "state": state })).into_response())
}

/// A device as a line of the list.
struct Line {
    id: Uuid,
    name: String,
    server: String,
    region: String,
    since: String,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage<'a> {
    v: &'a Visit,
    subscription: Option<Current>,
    devices: Vec<Line>,
}

/// The newest subscription.
struct Current {
    plan: String,
    is_on: bool,
    is_ending: bool,
    until: String,
}

fn current(visit: &Visit, view: View) -> Current {
    Current {
        plan: view.plan_name,
        is_on: view.entitled,
        is_ending: view.row.cancel_at_period_end,
        until: visit.t.date(view.row.paid_until),
    }
}

fn line(visit: &Visit, device: Device) -> Line {
    Line {
        id: device.row.id,
        name: device.row.name,
        server: device.server.name,
        region: device.server.region,
        since: visit.t.date(device.row.created_at),
    }
}

pub(crate) async fn dashboard(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let subscriptions = subscription::list(app, who).await.map_err(|error| visit.fault(error))?;
    let devices = device::list(app, who).await.map_err(|error| visit.fault(error))?;
    let page = DashboardPage {
        v: &visit,
        subscription: subscriptions.into_iter().next().map(|view| current(&visit, view)),
        devices: devices.into_iter().map(|device| line(&visit, device)).collect(),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "device_new.html")]
struct NewDevicePage<'a> {
    v: &'a Visit,
    regions: BTreeSet<String>,
}

pub(crate) async fn new_device(visit: Visit) -> Result<Response, Fault> {
    visit.signed_in()?;
    let servers = server::list(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let regions = servers.into_iter().map(|row| row.server.region).collect();
    Ok(visit.page(StatusCode::OK, &NewDevicePage { v: &visit, regions }))
}

/// The form of a new device. An empty field is one that was left out.
#[derive(Deserialize)]
pub(crate) struct NewDeviceForm {
    csrf: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    region: String,
    public_key: Option<String>,
    #[serde(default)]
    mtu: api::Mtu,
    #[serde(default)]
    routes: api::Routes,
}

#[derive(Template)]
#[template(path = "device_made.html")]
struct MadePage<'a> {
    v: &'a Visit,
    name: &'a str,
    config: &'a str,
    qr: String,
    id: Uuid,
}

/// Makes a device. The page's script sends the public key of a pair that it made and gets the file as JSON; a form
/// without a script gets a key made here, on this one page.
pub(crate) async fn add_device(
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<NewDeviceForm>,
) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let given = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let body = api::NewDevice {
        name: given(form.name),
        region: given(form.region),
        server_id: None,
        public_key: form.public_key,
        mtu: form.mtu,
        routes: form.routes,
    };
    let made = match devices::new_device(&body) {
        Ok(new) => device_add::device_add(&visit.ctx.app, who, &new).await,
        Err(error) => Err(error),
    };
    let wants_json = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    match made {
        Ok(made) if wants_json => {
            let name = &made.device.row.name;
            let reply = json!({
                "device": devices::device_json(&made.device),
                "config": made.config,
                "filename": file_name(name),
                "page": format!("/dashboard/devices/{}", made.device.row.id),
            });
            Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(reply)).into_response())
        }
        Ok(made) => {
            let page = MadePage {
                v: &visit,
                name: &made.device.row.name,
                config: &made.config,
                qr: devices::qr_svg(&made.config).unwrap_or_default(),
                id: made.device.row.id,
            };
            let mut response = visit.page(StatusCode::OK, &page);
            response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Err(error) if wants_json => Ok(ApiError::from(error).into_response()),
        Err(error) => Err(visit.fault(error)),
    }
}

/// `mirai-phone.conf`: wg-quick makes the interface's name of it, of letters, digits and hyphens, at most 15.
fn file_name(device: &str) -> String {
    let plain: String =
        device.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let short: String = plain.trim_matches('-').chars().take(9).collect();
    let short = short.trim_end_matches('-');
    if short.is_empty() { "mirai.conf".to_owned() } else { format!("mirai-{short}.conf") }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage<'a> {
    v: &'a Visit,
    line: Line,
    config: String,
    address: String,
}

pub(crate) async fn device(visit: Visit, Path(id): Path<String>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let device = device::get(&visit.ctx.app, who, id_of(&visit, &id)?).await.map_err(|error| visit.fault(error))?;
    let config = device::config_text(&visit.ctx.app, &device, None).map_err(|error| visit.fault(error))?;
    let address = format!("{}, {}", device.address_v4, device.address_v6);
    Ok(visit.page(StatusCode::OK, &DevicePage { v: &visit, line: line(&visit, device), config, address }))
}

pub(crate) async fn delete_device(
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<SessionForm>,
) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id = id_of(&visit, &id)?;
    device_change::delete(&visit.ctx.app, who, id).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard"))
}

fn id_of(visit: &Visit, text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|_| visit.fault(app::Error::NotFound))
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_name_is_an_interface_name_that_wg_quick_takes() {
        for (device, name) in [
            ("Phone", "mirai-phone.conf"),
            ("Mika's new laptop", "mirai-mika-s-ne.conf"),
            ("電話", "mirai.conf"),
            ("../../etc", "mirai-etc.conf"),
        ] {
            assert_eq!(file_name(device), name);
            assert!(name.len() - ".conf".len() <= 15);
        }
    }
}

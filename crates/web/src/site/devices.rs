//! A customer's devices: added, shown, renamed, given a new key, moved, deleted.

use std::collections::{BTreeMap, BTreeSet};

use app::device::{self, Device};
use app::device_add::{self, Made};
use app::device_change::{self, Change};
use app::{Error, server};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::vpn::dns::Dns;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::dashboard::{Line, line};
use super::form::{Asked, ConfirmPage, Filled};
use super::visit::{Fault, Visit};
use crate::error::status_of;
use crate::idempotency::Request;
use crate::json::devices;

/// A field that was left empty was left out.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

fn id_of(visit: &Visit, text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|_| visit.fault(Error::NotFound))
}

/// A region and its cities.
type Regions = BTreeMap<String, BTreeSet<String>>;

async fn regions(visit: &Visit) -> Result<Regions, Fault> {
    let mut regions = Regions::new();
    for row in server::list(&visit.ctx.app).await.map_err(|error| visit.fault(error))?.iter() {
        regions.entry(row.region.clone()).or_default().insert(row.city.clone());
    }
    Ok(regions)
}

#[derive(Template)]
#[template(path = "device_new.html")]
struct NewDevicePage<'a> {
    v: &'a Visit,
    regions: Regions,
    resolvers: Vec<Resolver>,
    typed: &'a str,
    name_error: String,
    region_error: String,
}

/// A choice of resolvers as the page shows it.
struct Resolver {
    value: &'static str,
    words: String,
    is_chosen: bool,
}

/// What is offered; nothing where there is no choice.
fn resolvers(visit: &Visit, chosen: Dns) -> Vec<Resolver> {
    let offered = Dns::ALL.into_iter().filter(|dns| visit.ctx.app.config.resolvers.offers(*dns).is_ok());
    let words = |dns| match dns {
        Dns::Plain => visit.t.say("device-dns-plain"),
        Dns::AdBlocking => visit.t.say("device-dns-ads"),
        Dns::Family => visit.t.say("device-dns-family"),
    };
    let list: Vec<Resolver> =
        offered.map(|dns| Resolver { value: dns.as_str(), words: words(dns), is_chosen: dns == chosen }).collect();
    if list.len() > 1 { list } else { Vec::new() }
}

#[derive(Template)]
#[template(path = "device_none.html")]
struct NoRoomPage<'a> {
    v: &'a Visit,
    why: String,
    is_unpaid: bool,
}

/// The form of a new device, or why there can be none.
pub(crate) async fn new_device(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    match device_add::room(&visit.ctx.app, who).await {
        Ok(()) => {
            let regions = regions(&visit).await?;
            let (name_error, region_error) = Default::default();
            let resolvers = resolvers(&visit, Dns::default());
            let page = NewDevicePage { v: &visit, regions, resolvers, typed: "", name_error, region_error };
            Ok(visit.page(StatusCode::OK, &page))
        }
        Err(error @ (Error::PaymentRequired { .. } | Error::Conflict { .. })) => {
            let is_unpaid = matches!(error, Error::PaymentRequired { .. });
            let why = visit.words(error.code(), &error.to_string());
            Ok(visit.page(StatusCode::OK, &NoRoomPage { v: &visit, why, is_unpaid }))
        }
        Err(error) => Err(visit.fault(error)),
    }
}

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
    #[serde(default)]
    dns: api::Dns,
}

/// Makes a device. The page's script sends the public key of a pair that it made and gets the file as JSON; a form
/// without a script gets a key made here, on this one page.
pub(crate) async fn add(Filled { visit, form }: Filled<NewDeviceForm>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let body = api::NewDevice {
        name: given(&form.name).map(str::to_owned),
        region: given(&form.region).map(str::to_owned),
        server_id: None,
        public_key: form.public_key,
        mtu: form.mtu,
        routes: form.routes,
        dns: form.dns,
    };
    let made = match devices::new_device(&body, Request(None)) {
        Ok(new) => device_add::device_add(&visit.ctx.app, who, &new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => handed_over(&visit, &made),
        Err(error @ Error::Invalid(_)) if !visit.is_by_script() => {
            let page = NewDevicePage {
                v: &visit,
                regions: regions(&visit).await?,
                resolvers: resolvers(&visit, form.dns.into()),
                typed: &form.name,
                name_error: visit.field_words(&error, "name"),
                region_error: visit.field_words(&error, "region"),
            };
            Ok(visit.page(status_of(&error), &page))
        }
        Err(error) => Err(visit.fault(error)),
    }
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

/// The file of a device that has a new key, once.
fn handed_over(visit: &Visit, made: &Made) -> Result<Response, Fault> {
    let (id, name) = (made.device.row.id, &made.device.row.name);
    let mut response = if visit.is_by_script() {
        let reply = json!({
            "device": devices::device_json(&made.device),
            "config": made.config,
            "filename": file_name(name),
            "page": format!("/dashboard/devices/{id}"),
        });
        axum::Json(reply).into_response()
    } else {
        let qr = devices::qr_svg(&made.config).unwrap_or_default();
        visit.page(StatusCode::OK, &MadePage { v: visit, name, config: &made.config, qr, id })
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
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
    regions: Regions,
    resolvers: Vec<Resolver>,
    /// What its owner has to copy into the app, after a change: a sentence on what is new, and one on what to do.
    news: Option<(String, String)>,
    has_stayed: bool,
    /// What was typed as the new name, and what is wrong with it.
    typed: String,
    name_error: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct AfterChange {
    moved: Option<String>,
    stayed: Option<String>,
    dns: Option<String>,
}

pub(crate) async fn device(
    visit: Visit,
    Path(id): Path<String>,
    Asked(query): Asked<AfterChange>,
) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let device = device::get(&visit.ctx.app, who, id_of(&visit, &id)?).await.map_err(|error| visit.fault(error))?;
    let mut page = device_page(&visit, &device).await?;
    if query.moved.is_some() {
        let what = visit.t.with("device-moved", "server", &page.line.server);
        page.news = Some((what, visit.t.say("device-moved-how")));
    } else if query.dns.is_some() {
        page.news = Some((visit.t.say("device-dns-changed"), visit.t.say("device-dns-how")));
    }
    page.has_stayed = query.stayed.is_some();
    Ok(visit.page(StatusCode::OK, &page))
}

async fn device_page<'a>(visit: &'a Visit, device: &Device) -> Result<DevicePage<'a>, Fault> {
    Ok(DevicePage {
        v: visit,
        line: line(visit, device),
        config: device::config_text(&visit.ctx.app, device, None).map_err(|error| visit.fault(error))?,
        address: format!("{}, {}", device.address_v4, device.address_v6),
        regions: regions(visit).await?,
        resolvers: resolvers(visit, device::dns_of(&device.row)),
        news: None,
        has_stayed: false,
        typed: device.row.name.clone(),
        name_error: String::new(),
    })
}

#[derive(Deserialize)]
pub(crate) struct NewName {
    csrf: String,
    name: String,
}

pub(crate) async fn rename(Path(id): Path<String>, Filled { visit, form }: Filled<NewName>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let (app, id) = (&visit.ctx.app, id_of(&visit, &id)?);
    let renamed = match devices::device_name(&form.name) {
        Ok(name) => device_change::change(app, who, id, &Change { name: Some(name), dns: None }).await,
        Err(error) => Err(error),
    };
    match renamed {
        Ok(_) => Ok(Redirect::to(&format!("/dashboard/devices/{id}")).into_response()),
        Err(error @ Error::Invalid(_)) => {
            let device = device::get(app, who, id).await.map_err(|error| visit.fault(error))?;
            let mut page = device_page(&visit, &device).await?;
            page.name_error = visit.field_words(&error, "name");
            page.typed = form.name;
            Ok(visit.page(status_of(&error), &page))
        }
        Err(error) => Err(visit.fault(error)),
    }
}

#[derive(Deserialize)]
pub(crate) struct NewResolvers {
    csrf: String,
    dns: api::Dns,
}

/// Gives a device other resolvers, and shows the file that has them.
pub(crate) async fn change_dns(
    Path(id): Path<String>,
    Filled { visit, form }: Filled<NewResolvers>,
) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let (app, id) = (&visit.ctx.app, id_of(&visit, &id)?);
    let before = device::get(app, who, id).await.map_err(|error| visit.fault(error))?;
    let change = Change { name: None, dns: Some(form.dns.into()) };
    let after = device_change::change(app, who, id, &change).await.map_err(|error| visit.fault(error))?;
    let news = if after.row.dns == before.row.dns { "" } else { "?dns" };
    Ok(Redirect::to(&format!("/dashboard/devices/{id}{news}")))
}

#[derive(Deserialize)]
pub(crate) struct NewKey {
    csrf: String,
    public_key: Option<String>,
}

/// Gives a device another key; see [`add`] for whose it is.
pub(crate) async fn rekey(Path(id): Path<String>, Filled { visit, form }: Filled<NewKey>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id = id_of(&visit, &id)?;
    let made = match devices::public_key(form.public_key.as_deref()) {
        Ok(key) => device_change::rekey(&visit.ctx.app, who, id, key).await,
        Err(error) => Err(error),
    };
    handed_over(&visit, &made.map_err(|error| visit.fault(error))?)
}

#[derive(Deserialize)]
pub(crate) struct NewPlace {
    csrf: String,
    #[serde(default)]
    region: String,
}

pub(crate) async fn relocate(
    Path(id): Path<String>,
    Filled { visit, form }: Filled<NewPlace>,
) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let (app, id) = (&visit.ctx.app, id_of(&visit, &id)?);
    let before = device::get(app, who, id).await.map_err(|error| visit.fault(error))?;
    let moved = match devices::wish(given(&form.region), None) {
        Ok(wish) => device_change::relocate(app, who, id, wish).await,
        Err(error) => Err(error),
    };
    let after = moved.map_err(|error| visit.fault(error))?.device;
    let what = if after.server.id == before.server.id { "stayed" } else { "moved" };
    Ok(Redirect::to(&format!("/dashboard/devices/{id}?{what}")))
}

#[derive(Deserialize)]
pub(crate) struct Deletion {
    csrf: String,
    sure: Option<String>,
}

pub(crate) async fn delete(
    Path(id): Path<String>,
    Filled { visit, form }: Filled<Deletion>,
) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let (app, id) = (&visit.ctx.app, id_of(&visit, &id)?);
    if form.sure.is_none() {
        let device = device::get(app, who, id).await.map_err(|error| visit.fault(error))?;
        let page = ConfirmPage {
            v: &visit,
            question: visit.t.with("device-delete-ask", "name", &device.row.name),
            yes: visit.t.say("device-delete"),
            no: visit.t.say("device-keep"),
            back: &format!("/dashboard/devices/{id}"),
            wish: "",
        };
        return Ok(visit.page(StatusCode::OK, &page));
    }
    device_change::delete(app, who, id).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard").into_response())
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

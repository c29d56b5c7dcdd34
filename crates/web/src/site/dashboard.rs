//! What a customer sees first: the way to the payment and back, their subscription and their devices.

use app::checkout::{self, Standing};
use app::device::{self, Device};
use app::subscription::{self, View};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::form::{Asked, Button, Filled};
use super::visit::{Fault, Visit};

#[derive(Deserialize)]
pub(crate) struct Purchase {
    #[serde(default)]
    csrf: String,
    plan: String,
}

/// On to Stripe's page.
pub(crate) async fn buy(Filled { visit, form }: Filled<Purchase>) -> Result<Redirect, Fault> {
    if visit.who.is_none() {
        return Err(visit.redirect("/login?next=/pricing"));
    }
    let who = visit.sent_by(&form.csrf)?;
    let opened = checkout::start(&visit.ctx.app, who, &form.plan, None, None).await;
    Ok(Redirect::to(&opened.map_err(|error| visit.fault(error))?.url))
}

/// On to Stripe's page for payment methods, invoices and cancellation.
pub(crate) async fn portal(Filled { visit, form }: Filled<Button>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let url = subscription::portal(&visit.ctx.app, who).await;
    Ok(Redirect::to(&url.map_err(|error| visit.fault(error))?))
}

#[derive(Default, Deserialize)]
pub(crate) struct Bought {
    #[serde(default)]
    session_id: String,
}

#[derive(Template)]
#[template(path = "thanks.html")]
struct ThanksPage<'a> {
    v: &'a Visit,
    standing: Standing,
    poll: String,
}

pub(crate) async fn thanks(visit: Visit, Asked(query): Asked<Bought>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let standing = checkout::standing(&visit.ctx.app, who, &query.session_id).await;
    let standing = standing.map_err(|error| visit.fault(error))?;
    let session: String = url::form_urlencoded::byte_serialize(query.session_id.as_bytes()).collect();
    let page = ThanksPage { v: &visit, standing, poll: format!("/thanks/state?session_id={session}") };
    Ok(visit.page(StatusCode::OK, &page))
}

/// How a purchase stands, for the page that waits for it.
pub(crate) async fn thanks_state(visit: Visit, Asked(query): Asked<Bought>) -> Result<Response, Fault> {
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
pub(super) struct Line {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) server: String,
    pub(super) region: String,
    pub(super) since: String,
}

pub(super) fn line(visit: &Visit, device: &Device) -> Line {
    Line {
        id: device.row.id,
        name: device.row.name.clone(),
        server: device.server.name.clone(),
        region: device.server.region.clone(),
        since: visit.t.date(device.row.created_at),
    }
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage<'a> {
    v: &'a Visit,
    subscription: Option<Current>,
    /// Each with whether it is on the network.
    devices: Vec<(Line, bool)>,
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

pub(crate) async fn dashboard(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let subscriptions = subscription::list(app, who).await.map_err(|error| visit.fault(error))?;
    let devices = device::list(app, who).await.map_err(|error| visit.fault(error))?;
    let page = DashboardPage {
        v: &visit,
        devices: devices.iter().map(|device| (line(&visit, device), device.is_served)).collect(),
        subscription: subscriptions.into_iter().next().map(|view| current(&visit, view)),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

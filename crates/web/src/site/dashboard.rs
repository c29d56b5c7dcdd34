//! What a customer sees first: the way to the payment and back, their subscription and their devices.

use std::collections::VecDeque;

use app::checkout::{self, Standing};
use app::device::{self, Device};
use app::server;
use app::subscription::{self, View};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::coupon::{self, Coupon};
use super::form::{Asked, Button, Filled, PriceWord};
use super::pricing::{self, Look};
use super::subscription::standing;
use super::visit::{Fault, Visit};
use crate::error::status_of;

#[derive(Deserialize)]
pub(crate) struct Purchase {
    #[serde(default)]
    csrf: String,
    plan: PriceWord,
    /// As typed; empty for none.
    #[serde(default)]
    coupon: String,
}

/// On to Stripe's page.
pub(crate) async fn buy(Filled { visit, form }: Filled<Purchase>) -> Result<Response, Fault> {
    if visit.who.is_none() {
        return Err(visit.redirect("/login?next=/pricing"));
    }
    let who = visit.sent_by(&form.csrf)?;
    let app = &visit.ctx.app;
    let choice = form.plan.choice();
    let opened = match coupon::typed(&form.coupon) {
        Ok(coupon) => checkout::start(app, who, &form.plan.plan, choice, None, coupon.as_ref()).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(opened) => Ok(Redirect::to(&opened.url).into_response()),
        Err(error) => match Coupon::refused(&visit, form.coupon, &error) {
            Some(coupon) => pricing::page(&visit, status_of(&error), Look::at(choice), coupon).await,
            None => Err(visit.fault(error)),
        },
    }
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
    /// Whether its server is away or to be left.
    pub(super) is_server_away: bool,
}

pub(super) fn line(visit: &Visit, device: &Device) -> Line {
    Line {
        id: device.row.id,
        name: device.row.name.clone(),
        server: device.server.name.clone(),
        region: device.server.region.clone(),
        since: visit.t.date(device.row.created_at),
        is_server_away: server::is_to_be_left(&device.server),
    }
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage<'a> {
    v: &'a Visit,
    /// Whether a period was just paid with credit.
    is_paid: bool,
    subscription: Option<Current>,
    /// Each with whether it is on the network.
    devices: Vec<(Line, bool)>,
    /// Whether a subscription has not ended: without one no device can be added.
    can_add: bool,
}

/// The newest subscription, of those that have not ended if there is one.
struct Current {
    plan: String,
    is_on: bool,
    is_over: bool,
    is_by_credit: bool,
    standing: String,
}

fn current(visit: &Visit, view: View) -> Current {
    Current {
        standing: standing(visit, &view),
        plan: view.plan_name,
        is_on: view.entitled,
        is_over: view.row.has_ended(),
        is_by_credit: view.row.is_paid_with_credit(),
    }
}

/// Where the visitor comes from.
#[derive(Default, Deserialize)]
pub(crate) struct Arrival {
    paid: Option<String>,
}

pub(crate) async fn dashboard(visit: Visit, Asked(query): Asked<Arrival>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let subscriptions = subscription::list(app, who).await.map_err(|error| visit.fault(error))?;
    let devices = device::list(app, who).await.map_err(|error| visit.fault(error))?;
    let mut subscriptions: VecDeque<View> = subscriptions.into();
    let newest = subscriptions.iter().position(|view| !view.row.has_ended()).unwrap_or(0);
    let subscription = subscriptions.remove(newest).map(|view| current(&visit, view));
    let page = DashboardPage {
        v: &visit,
        is_paid: query.paid.is_some() && subscription.as_ref().is_some_and(|current| current.is_by_credit),
        devices: devices.iter().map(|device| (line(&visit, device), device.is_served)).collect(),
        can_add: subscription.as_ref().is_some_and(|current| !current.is_over),
        subscription,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

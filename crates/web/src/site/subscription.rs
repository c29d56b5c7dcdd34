//! A customer's subscriptions and invoices.

use app::invoice::{self, InvoiceRow};
use app::plan::{self, PlanRow};
use app::subscription::{self, View};
use app::{Error, device};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::page::Ask;
use domain::subscription::{Status, Wish};
use serde::Deserialize;
use uuid::Uuid;

use super::form::{ConfirmPage, Filled};
use super::visit::{Fault, Visit};

/// Invoices on the page; all of them are on Stripe's.
const INVOICES: u32 = 24;

/// A subscription as the page shows it.
struct Shown {
    id: Uuid,
    plan: String,
    is_on: bool,
    is_over: bool,
    is_ending: bool,
    until: String,
    devices: String,
    /// Used and granted, where there is a quota.
    traffic: Option<String>,
    /// Why it rests although it is paid.
    is_held: bool,
    /// Name of the plan that begins with the next period.
    next_plan: Option<String>,
    /// Other plans that it can have, with their prices.
    choices: Vec<(String, String)>,
}

/// An invoice as a line of the list.
struct Bill {
    day: String,
    number: String,
    amount: String,
    status: String,
    url: Option<String>,
}

#[derive(Template)]
#[template(path = "subscription.html")]
struct SubscriptionPage<'a> {
    v: &'a Visit,
    subscriptions: Vec<Shown>,
    invoices: Vec<Bill>,
}

pub(crate) async fn page(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let views = subscription::list(app, who).await.map_err(|error| visit.fault(error))?;
    let devices = device::list(app, who).await.map_err(|error| visit.fault(error))?;
    let invoices = invoice::list(app, who, &Ask::first(INVOICES)).await.map_err(|error| visit.fault(error))?;
    let in_use = |id: Uuid| devices.iter().filter(|device| device.row.subscription_id == id).count();
    let plans = plan::list(app).await.map_err(|error| visit.fault(error))?;
    let page = SubscriptionPage {
        v: &visit,
        subscriptions: views.iter().map(|view| shown(&visit, view, in_use(view.row.id), &plans)).collect(),
        invoices: invoices.rows.into_iter().map(|row| bill(&visit, row)).collect(),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn shown(visit: &Visit, view: &View, in_use: usize, plans: &[PlanRow]) -> Shown {
    let row = &view.row;
    let is_paid = row.status == Status::Active.as_str() || row.status == Status::Trialing.as_str();
    let coming = row.next_plan.as_ref().unwrap_or(&row.plan);
    let choice = |plan: &PlanRow| {
        let price = visit.t.money(plan.price_cents, &plan.currency);
        (plan.code.clone(), format!("{} · {price}", plan.name))
    };
    let others = plans.iter().filter(|plan| is_paid && plan.stripe_price_id.is_some() && plan.code != *coming);
    let traffic = row.quota_bytes.map(|quota| {
        let (used, quota) = (visit.t.size(row.used_bytes), visit.t.size(quota));
        visit.t.with_all("subscription-traffic-of", &[("used", (&used).into()), ("quota", (&quota).into())])
    });
    let is_over = row.status == Status::Ended.as_str();
    Shown {
        id: row.id,
        plan: view.plan_name.clone(),
        is_on: view.entitled,
        is_over,
        is_ending: row.cancel_at_period_end,
        until: visit.t.date(if is_over { row.ended_at.unwrap_or(row.paid_until) } else { row.paid_until }),
        devices: match row.devices {
            Some(limit) => format!("{in_use} / {limit}"),
            None => in_use.to_string(),
        },
        traffic,
        is_held: row.held,
        next_plan: row.next_plan.as_ref().map(|code| {
            plans.iter().find(|plan| plan.code == *code).map_or_else(|| code.clone(), |plan| plan.name.clone())
        }),
        choices: others.map(choice).collect(),
    }
}

fn bill(visit: &Visit, row: InvoiceRow) -> Bill {
    let amount = if row.status == "paid" { row.amount_paid } else { row.amount_due };
    Bill {
        day: visit.t.date(row.issued_at),
        number: row.number.unwrap_or_default(),
        amount: visit.t.money(amount, &row.currency),
        status: visit.t.say(match row.status.as_str() {
            "paid" => "invoice-paid",
            "draft" => "invoice-draft",
            "void" => "invoice-void",
            "uncollectible" => "invoice-uncollectible",
            _ => "invoice-open",
        }),
        // Only Stripe's own page is linked to, whatever the row says.
        url: row.hosted_url.filter(|url| url.starts_with("https://") || url.starts_with("http://localhost")),
    }
}

/// What the owner wishes.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Cancel,
    CancelNow,
    Resume,
    Plan,
}

#[derive(Deserialize)]
pub(crate) struct Change {
    csrf: String,
    wish: Asked,
    /// The answer to the question before what can't be taken back.
    sure: Option<String>,
    /// Code of the plan that is wished.
    #[serde(default)]
    plan: String,
}

pub(crate) async fn change(Path(id): Path<String>, Filled { visit, form }: Filled<Change>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id: Uuid = id.parse().map_err(|_| visit.fault(Error::NotFound))?;
    let wish = match form.wish {
        Asked::Plan => {
            let changed = subscription::change_plan(&visit.ctx.app, who, id, &form.plan).await;
            changed.map_err(|error| visit.fault(error))?;
            return Ok(Redirect::to("/dashboard/subscription").into_response());
        }
        Asked::Cancel => Wish::CancelAtPeriodEnd,
        Asked::Resume => Wish::Resume,
        Asked::CancelNow if form.sure.is_some() => Wish::CancelNow,
        Asked::CancelNow => {
            let page = ConfirmPage {
                v: &visit,
                question: visit.t.say("subscription-now-ask"),
                yes: visit.t.say("subscription-now"),
                no: visit.t.say("subscription-resume"),
                back: "/dashboard/subscription",
                wish: "cancel_now",
            };
            return Ok(visit.page(StatusCode::OK, &page));
        }
    };
    subscription::change(&visit.ctx.app, who, id, wish).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard/subscription").into_response())
}

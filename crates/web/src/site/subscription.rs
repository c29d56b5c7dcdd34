//! A customer's subscriptions.

use app::plan::{self, Offered, Price};
use app::subscription::{self, SubscriptionRow, View};
use app::{Error, device, plan_change, refund};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::change::{Begins, Terms, begins};
use domain::period::Every;
use domain::subscription::{Status, Wish};
use serde::Deserialize;
use uuid::Uuid;

use super::form::{ConfirmPage, Filled, PriceWord};
use super::pricing;
use super::visit::{Fault, Visit};

/// A subscription as the page shows it.
struct Shown {
    id: Uuid,
    plan: String,
    is_on: bool,
    is_over: bool,
    is_ending: bool,
    /// Whether its period was paid with credit: then it ends by itself, and earlier only at once.
    is_by_credit: bool,
    /// Until when it is paid, or when it ended, as a sentence.
    standing: String,
    /// What a period costs, if that is known.
    price: Option<String>,
    until: String,
    devices: String,
    /// Used and granted, where there is a quota.
    traffic: Option<String>,
    /// Why it rests although it is paid.
    is_held: bool,
    /// What begins with the next period, as a sentence.
    next: Option<String>,
    /// What it will cost.
    price_move: Option<String>,
    /// Other plans and periods that it can have, with their prices and when they begin.
    choices: Vec<(String, String)>,
    /// Until when the first purchase can be had back, as a sentence.
    money_back: Option<String>,
}

#[derive(Template)]
#[template(path = "subscription.html")]
struct SubscriptionPage<'a> {
    v: &'a Visit,
    subscriptions: Vec<Shown>,
    has_portal: bool,
}

pub(crate) async fn page(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let views = subscription::list(app, who).await.map_err(|error| visit.fault(error))?;
    let devices = device::list(app, who).await.map_err(|error| visit.fault(error))?;
    let in_use = |id: Uuid| devices.iter().filter(|device| device.row.subscription_id == id).count();
    let plans = plan::all_offered(app).await.map_err(|error| visit.fault(error))?;
    let mut subscriptions: Vec<_> = views.iter().map(|view| shown(&visit, view, in_use(view.row.id), &plans)).collect();
    for one in subscriptions.iter_mut().filter(|one| !one.is_over) {
        let until = refund::possible_until(app, who, one.id).await.map_err(|error| visit.fault(error))?;
        one.money_back = until.map(|until| visit.t.with("subscription-back-body", "date", &visit.t.date(until)));
    }
    let page = SubscriptionPage { v: &visit, subscriptions, has_portal: who.user.stripe_customer_id.is_some() };
    Ok(visit.page(StatusCode::OK, &page))
}

fn shown(visit: &Visit, view: &View, in_use: usize, plans: &[Offered]) -> Shown {
    let row = &view.row;
    let is_paid = row.status == Status::Active.as_str() || row.status == Status::Trialing.as_str();
    let is_by_credit = row.is_paid_with_credit();
    let can_change = is_paid && !is_by_credit && !row.held;
    let traffic = row.quota_bytes.map(|quota| {
        let (used, quota) = (visit.t.size(row.used_bytes), visit.t.size(quota));
        visit.t.with_all("subscription-traffic-of", &[("used", (&used).into()), ("quota", (&quota).into())])
    });
    Shown {
        id: row.id,
        plan: view.plan_name.clone(),
        is_on: view.entitled,
        is_over: row.has_ended(),
        is_ending: row.cancel_at_period_end,
        is_by_credit,
        standing: standing(visit, view),
        price: agreed(row).map(|price| pricing::in_words(visit, &price)),
        until: visit.t.date(row.paid_until),
        devices: match row.devices {
            Some(limit) => format!("{in_use} / {limit}"),
            None => in_use.to_string(),
        },
        traffic,
        is_held: row.held,
        next: next(visit, row, plans),
        price_move: view.price_move.as_ref().map(|planned| {
            let price = visit.t.money(planned.amount, &planned.currency);
            let date = visit.t.date(planned.due_at);
            visit.t.with_all("subscription-price-move", &[("price", (&price).into()), ("date", (&date).into())])
        }),
        choices: if can_change { choices(visit, row, plans) } else { Vec::new() },
        money_back: None,
    }
}

/// What was agreed.
fn agreed(row: &SubscriptionRow) -> Option<Price> {
    let every = row.period.as_deref()?.parse().ok()?;
    Some(Price { every, currency: row.currency.clone()?, amount: row.price_cents?, at_stripe: None })
}

/// What a subscription changes to when its period ends.
fn next(visit: &Visit, row: &SubscriptionRow, plans: &[Offered]) -> Option<String> {
    let code = row.next_plan.as_ref()?;
    let plan = plans.iter().find(|plan| plan.row.code == *code).map_or(code, |plan| &plan.row.name);
    let price = row.next_period.as_deref().and_then(|word| word.parse().ok()).and_then(|every| {
        let (amount, currency) = row.next_price_cents.zip(row.currency.clone())?;
        Some(pricing::in_words(visit, &Price { every, currency, amount, at_stripe: None }))
    });
    let what = price.map_or_else(|| plan.clone(), |price| format!("{plan} · {price}"));
    let date = visit.t.date(row.period_end);
    Some(visit.t.with_all("subscription-next-plan", &[("plan", (&what).into()), ("date", (&date).into())]))
}

/// What a subscription can change to: other plans and periods in its own currency. Where a change waits, staying is the
/// first choice, at the price that was agreed.
fn choices(visit: &Visit, row: &SubscriptionRow, plans: &[Offered]) -> Vec<(String, String)> {
    let present = plans.iter().find(|plan| plan.row.code == row.plan);
    let runs: Option<Every> = row.period.as_deref().and_then(|word| word.parse().ok());
    let runs = runs.or_else(|| Some(present?.prices[0].every));
    let coming = (row.next_plan.as_ref().unwrap_or(&row.plan), row.next_period.as_deref().or(runs.map(Every::as_str)));
    let size = present.map(|plan| plan.row.price_cents);
    let from = visit.t.with("subscription-plan-from", "date", &visit.t.date(row.period_end));
    let mut list = Vec::new();
    if let Some(price) = agreed(row).filter(|_| row.next_plan.is_some()) {
        let name = present.map_or(&row.plan, |plan| &plan.row.name);
        let words =
            format!("{name} · {} · {}", pricing::in_words(visit, &price), visit.t.say("subscription-plan-stay"));
        list.push((PriceWord::of(&row.plan, &price), words));
    }
    for plan in plans.iter().filter(|plan| plan.row.is_listed) {
        let currency = row.currency.as_deref().unwrap_or(&plan.prices[0].currency);
        let is_other = |price: &&Price| {
            let is =
                |(code, every): (&String, Option<&str>)| plan.row.code == *code && every == Some(price.every.as_str());
            let is_known = is(coming) || is((&row.plan, runs.map(Every::as_str)));
            price.at_stripe.is_some() && price.currency == currency && !is_known
        };
        let choice = |price: &Price| {
            let mut words = format!("{} · {}", plan.row.name, pricing::in_words(visit, price));
            let wished = Terms { every: price.every, size: Some(plan.row.price_cents) };
            if runs.is_some_and(|every| begins(Terms { every, size }, wished) == Begins::Later) {
                words = format!("{words} · {from}");
            }
            (PriceWord::of(&plan.row.code, price), words)
        };
        list.extend(plan.prices.iter().filter(is_other).map(choice));
    }
    list
}

/// Until when a subscription is paid, and what comes then.
pub(super) fn standing(visit: &Visit, view: &View) -> String {
    let row = &view.row;
    let (words, at) = if row.has_ended() {
        ("subscription-ended", row.ended_at.unwrap_or(row.paid_until))
    } else if row.is_paid_with_credit() {
        ("subscription-by-credit", row.paid_until)
    } else if row.cancel_at_period_end {
        ("dashboard-ends", row.paid_until)
    } else {
        ("dashboard-paid-until", row.paid_until)
    };
    visit.t.with(words, "date", &visit.t.date(at))
}

/// What the owner wishes.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Cancel,
    CancelNow,
    Resume,
    Plan,
    MoneyBack,
}

#[derive(Deserialize)]
pub(crate) struct Change {
    csrf: String,
    wish: Asked,
    /// The answer to the question before what can't be taken back.
    sure: Option<String>,
    /// The plan and period that are wished.
    plan: Option<PriceWord>,
}

pub(crate) async fn change(Path(id): Path<String>, Filled { visit, form }: Filled<Change>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id: Uuid = id.parse().map_err(|_| visit.fault(Error::NotFound))?;
    let wish = match form.wish {
        Asked::Plan => {
            let missing = || Error::invalid("plan", "plan_unknown", "choose a plan");
            let wished = form.plan.ok_or_else(|| visit.fault(missing()))?;
            let every = wished.choice().every;
            let changed = plan_change::plan_change(&visit.ctx.app, who, id, &wished.plan, every).await;
            changed.map_err(|error| visit.fault(error))?;
            return Ok(Redirect::to("/dashboard/subscription").into_response());
        }
        Asked::MoneyBack if form.sure.is_some() => {
            refund::by_owner(&visit.ctx.app, who, id).await.map_err(|error| visit.fault(error))?;
            return Ok(Redirect::to("/dashboard/subscription").into_response());
        }
        Asked::MoneyBack => return Ok(ask(&visit, "subscription-back-ask", "subscription-back", "money_back")),
        Asked::Cancel => Wish::CancelAtPeriodEnd,
        Asked::Resume => Wish::Resume,
        Asked::CancelNow if form.sure.is_some() => Wish::CancelNow,
        Asked::CancelNow => return Ok(ask(&visit, "subscription-now-ask", "subscription-now", "cancel_now")),
    };
    subscription::change(&visit.ctx.app, who, id, wish).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard/subscription").into_response())
}

/// The question before what can't be taken back, for browsers without scripts.
fn ask(visit: &Visit, question: &'static str, yes: &'static str, wish: &'static str) -> Response {
    let page = ConfirmPage {
        v: visit,
        question: visit.t.say(question),
        yes: visit.t.say(yes),
        no: visit.t.say("subscription-resume"),
        back: "/dashboard/subscription",
        wish,
    };
    visit.page(StatusCode::OK, &page)
}

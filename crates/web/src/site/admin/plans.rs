//! The price list.

use app::Error;
use app::admin::catalogue::{self, Mode};
use app::admin::plans::{self, Change, Limit, PriceRow};
use app::plan::{self, Offered, PlanRow, Price};
use app::price_move::{self, Moved};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::money::{Currency, Money};
use domain::names::Region;
use domain::period::Every;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back};
use super::sure::{Question, sure};
use super::table::{Cell, Table};
use crate::site::form::Asked;
use crate::site::pricing::in_words;
use crate::site::visit::{Fault, Visit};

/// Quotas are typed in gigabytes.
const GB: i64 = 1_000_000_000;

#[derive(Template)]
#[template(path = "admin_list.html")]
struct PlansPage<'a> {
    v: &'a Visit,
    title: String,
    body: String,
    tables: [Table; 1],
    next: Option<String>,
}

pub(super) async fn list(Admin(operator): Admin) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let rows = plan::list(operator.app()).await.map_err(|error| operator.fault(error))?;
    let say = |key: &str| visit.t.say(key);
    let or_none = |limit: Option<i64>| limit.map_or_else(|| visit.t.say("admin-no-limit"), |limit| limit.to_string());
    let line = |row: &PlanRow| {
        vec![
            Cell::link(&row.name, format!("/admin/plans/{}", row.code)),
            Cell::number(visit.t.money(row.price_cents, &row.currency)),
            Cell::number(or_none(row.devices)),
            Cell::number(row.quota_bytes.map_or_else(|| say("admin-no-limit"), |bytes| visit.t.size(bytes))),
            Cell::number(or_none(row.speed_mbit)),
            Cell::number(row.slow_mbit.map_or_else(|| say("admin-off"), |mbit| mbit.to_string())),
            Cell::text(row.stripe_price_id.clone().unwrap_or_default()),
        ]
    };
    let heads = vec![
        say("admin-plan"),
        say("admin-price"),
        say("dashboard-devices"),
        say("admin-quota"),
        say("admin-speed"),
        say("admin-slow"),
        say("admin-stripe-price"),
    ];
    let page = PlansPage {
        v: visit,
        title: say("admin-plans"),
        body: say("admin-plans-body"),
        tables: [Table::new(String::new(), heads, say("admin-none"), rows.iter().map(line).collect())],
        next: None,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "admin_plan.html")]
struct PlanPage<'a> {
    v: &'a Visit,
    plan: &'a PlanRow,
    form: &'a Fields,
    done: &'static str,
    problem: String,
    tables: [Table; 2],
}

async fn found(operator: &Operator, code: &str) -> Result<Offered, Fault> {
    let plans = plan::all_offered(operator.app()).await.map_err(|error| operator.fault(error))?;
    plans.into_iter().find(|plan| plan.row.code == code).ok_or_else(|| operator.fault(Error::NotFound))
}

async fn plan_page(
    operator: &Operator,
    plan: &Offered,
    form: &Fields,
    done: &'static str,
    problem: String,
) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let code = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let history = plans::price_history(operator.app(), &plan.row.code).await.map_err(|error| operator.fault(error))?;
    let tables = [prices_now(visit, plan), prices_so_far(visit, &history)];
    Ok(visit.page(code, &PlanPage { v: visit, plan: &plan.row, form, done, problem, tables }))
}

fn prices_now(visit: &Visit, plan: &Offered) -> Table {
    let say = |key: &str| visit.t.say(key);
    let line = |price: &Price| {
        let at_stripe = price.at_stripe.clone().unwrap_or_else(|| say("pricing-not-for-sale"));
        vec![Cell::number(in_words(visit, price)), Cell::text(at_stripe)]
    };
    let heads = vec![say("admin-price"), say("admin-stripe-price")];
    Table::new(say("admin-prices-now"), heads, say("admin-none"), plan.prices.iter().map(line).collect())
}

fn prices_so_far(visit: &Visit, history: &[PriceRow]) -> Table {
    let say = |key: &str| visit.t.say(key);
    let line = |row: &PriceRow| {
        let every = row.period.as_deref().and_then(|word| word.parse().ok());
        let words =
            row.price_cents.zip(row.currency.clone()).zip(every).map(|((amount, currency), every)| {
                in_words(visit, &Price { every, currency, amount, at_stripe: None })
            });
        vec![
            Cell::text(visit.t.date(row.since)),
            Cell::number(words.unwrap_or_else(|| "–".to_owned())),
            Cell::text(&row.stripe_price_id),
        ]
    };
    let heads = vec![say("subscription-day"), say("admin-price"), say("admin-stripe-price")];
    Table::new(say("admin-prices-so-far"), heads, say("admin-none"), history.iter().map(line).collect())
}

pub(super) async fn page(
    Admin(operator): Admin,
    Path(code): Path<String>,
    Asked(query): Asked<Done>,
) -> Result<Response, Fault> {
    let offered = found(&operator, &code).await?;
    let form = fields(&operator, &offered.row)?;
    let done = match query.done.as_str() {
        "set" => "admin-done-plan",
        "moved" => "admin-done-move",
        "synced" => "admin-done-sync",
        _ => "",
    };
    plan_page(&operator, &offered, &form, done, String::new()).await
}

/// What the form is filled with.
fn fields(operator: &Operator, plan: &PlanRow) -> Result<Fields, Fault> {
    let text = |limit: Option<i64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let price = currency(plan).map(|currency| Money::new(plan.price_cents, currency).decimal());
    // A quota that is no whole number of gigabytes was set from the command line; it is kept unless another is typed.
    Ok(Fields::of([
        ("price", price.map_err(|error| operator.fault(error))?),
        ("devices", text(plan.devices)),
        ("quota", text(plan.quota_bytes.map(|bytes| bytes / GB))),
        ("speed", text(plan.speed_mbit)),
        ("slow", text(plan.slow_mbit)),
        ("trial", plan.trial_days.to_string()),
        ("regions", plan.regions.clone().unwrap_or_default()),
        ("listed", if plan.is_listed { "yes" } else { "no" }.to_owned()),
    ]))
}

fn currency(plan: &PlanRow) -> app::Result<Currency> {
    app::credit::currency(&plan.currency)
}

/// Reads what a plan is to offer. An empty field is no limit.
fn change(plan: &PlanRow, form: &Fields) -> app::Result<Change> {
    let wrong = |field| Error::invalid(field, "number_invalid", "a whole number, or nothing for no limit");
    let limit = |name: &str, field| match form.get(name) {
        "" => Ok(Limit::Unlimited),
        text => text.parse().map(Limit::Of).map_err(|_| wrong(field)),
    };
    let price = Money::of_decimal(form.get("price"), currency(plan)?);
    let quota = match limit("quota", "quota_bytes")? {
        Limit::Of(gb) if plan.quota_bytes.is_some_and(|bytes| bytes / GB == gb) => Limit::Keep,
        Limit::Of(gb) => Limit::Of(gb.saturating_mul(GB)),
        other => other,
    };
    Ok(Change {
        price_cents: Some(price.ok_or_else(|| wrong("price"))?.minor),
        stripe_price: None,
        devices: limit("devices", "devices")?,
        quota_bytes: quota,
        speed_mbit: limit("speed", "speed_mbit")?,
        slow_mbit: limit("slow", "slow_mbit")?,
        trial_days: Some(match limit("trial", "trial_days")? {
            Limit::Of(days) => days,
            Limit::Keep | Limit::Unlimited => 0,
        }),
        is_listed: Some(form.get("listed") == "yes"),
        regions: Some(regions(form.get("regions"))?),
    })
}

/// Regions separated by commas; none is all.
fn regions(text: &str) -> app::Result<Vec<Region>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let parse = |word: &str| Region::parse(&word.to_lowercase());
    words
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::invalid("regions", error.code(), error.to_string()))
}

pub(super) async fn set(Path(code): Path<String>, AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let plan = found(&operator, &code).await?;
    let change = match change(&plan.row, &form) {
        Ok(change) => change,
        Err(error) => return plan_page(&operator, &plan, &form, "", operator.mendable(error)?).await,
    };
    let t = &operator.visit.t;
    let (title, path) = (t.say("admin-plan-set"), format!("/admin/plans/{code}"));
    let body = t.with("admin-plan-set-ask", "name", plan.row.name.as_str());
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: &path }).await?;
    match plans::set(operator.app(), &operator.actor(), &code, &change).await {
        Ok(_) => Ok(back(&path, "set")),
        Err(error) => plan_page(&operator, &plan, &form, "", operator.mendable(error)?).await,
    }
}

/// Sets or takes back a price for a period and in a currency. An empty amount is none.
pub(super) async fn set_price(
    Path(code): Path<String>,
    AdminForm(operator, form): AdminForm,
) -> Result<Response, Fault> {
    let plan = found(&operator, &code).await?;
    let done = match wished_price(&form) {
        Ok((every, currency, amount)) => {
            plans::set_price(operator.app(), &operator.actor(), &code, every, currency, amount).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(back(&format!("/admin/plans/{code}"), "set")),
        Err(error) => {
            let problem = operator.mendable(error)?;
            plan_page(&operator, &plan, &fields(&operator, &plan.row)?, "", problem).await
        }
    }
}

/// Brings present customers to the list's prices, once the operator has seen how many these are.
pub(super) async fn move_customers(
    Path(code): Path<String>,
    AdminForm(operator, form): AdminForm,
) -> Result<Response, Fault> {
    let plan = found(&operator, &code).await?;
    let (t, path) = (&operator.visit.t, format!("/admin/plans/{code}"));
    let moved = match moved(&operator, &code, &form, Mode::DryRun).await {
        Ok(moved) => moved,
        Err(error) => {
            let problem = operator.mendable(error)?;
            return plan_page(&operator, &plan, &fields(&operator, &plan.row)?, "", problem).await;
        }
    };
    let counts = [("raised", moved.raised.into()), ("lowered", moved.lowered.into()), ("left", moved.left.into())];
    let (title, body) = (t.say("admin-move"), t.with_all("admin-move-ask", &counts));
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: &path }).await?;
    match self::moved(&operator, &code, &form, Mode::Apply).await {
        Ok(_) => Ok(back(&path, "moved")),
        Err(error) => Err(operator.fault(error)),
    }
}

async fn moved(operator: &Operator, code: &str, form: &Fields, mode: Mode) -> app::Result<Moved> {
    let days = form.get("days").parse();
    let days = days.map_err(|_| Error::invalid("days", "number_invalid", "a whole number of days"))?;
    price_move::announce(operator.app(), &operator.actor(), code, days, mode).await
}

/// Makes the prices of all plans at Stripe that are not there yet.
pub(super) async fn sync(Path(code): Path<String>, AdminForm(operator, _): AdminForm) -> Result<Response, Fault> {
    let plan = found(&operator, &code).await?;
    match catalogue::sync(operator.app(), &operator.actor(), Mode::Apply).await {
        Ok(_) => Ok(back(&format!("/admin/plans/{code}"), "synced")),
        Err(error) => {
            let problem = operator.mendable(error)?;
            plan_page(&operator, &plan, &fields(&operator, &plan.row)?, "", problem).await
        }
    }
}

fn wished_price(form: &Fields) -> app::Result<(Every, Currency, Option<i64>)> {
    let every = form.get("period").parse::<Every>();
    let every = every.map_err(|error| Error::invalid("interval", "interval_unknown", error.to_string()))?;
    let currency = app::credit::currency(&form.get("currency").to_lowercase())?;
    let wrong = || Error::invalid("amount", "number_invalid", "an amount, or nothing to sell it no more");
    let amount = match form.get("amount") {
        "" => None,
        text => Some(Money::of_decimal(text, currency).ok_or_else(wrong)?.minor),
    };
    Ok((every, currency, amount))
}
